//! Reading the settings.

#[cfg(test)]
mod tests;

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use axum::http::HeaderName;
use billing::receipt::Issuer;
use jiff::tz::TimeZone;
use secrecy::SecretString;
use tracing_subscriber::EnvFilter;
use url::{Host, Url};

use super::{
    database_url,
    limits::{self, number},
    platform::platform,
    reader::{Reader, is_word},
    seller::seller,
    settings::{Mail, Payments, Settings, WrongSettings},
};
use crate::{legal, mail::smtp, telemetry::LogFormat};

const MAIL_PAUSE_DEFAULT: Duration = Duration::from_millis(50);
const COOKIE_PREFIX_DEFAULT: &str = "iza_credits";
/// Long enough for a health check every second or two that has to fail a few times.
const SHUTDOWN_DELAY_LIVE: Duration = Duration::from_secs(5);
const LOG_FILTER_DEFAULT: &str = "info,tower_sessions_core=error";
const LISTEN_ADDR_DEFAULT: &str = "127.0.0.1:3000";
/// The distance from the shop's port to the default port of the admin listener.
const ADMIN_PORT_DISTANCE: u16 = 1_000;

impl Settings {
    /// Reads the settings by name. An empty value counts as unset.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, WrongSettings> {
        settings(&mut Reader::new(&lookup))
    }
}

fn settings(reader: &mut Reader<'_>) -> Result<Settings, WrongSettings> {
    let watch = reader.get("LEPTOS_WATCH").is_some();
    let (database_url, database_direct_url) = database_url::both(reader);
    let database_limits = limits::database(reader);
    let database_wait = reader.parsed(
        "DATABASE_WAIT_SECONDS",
        |text| number(text, 0..=3_600),
        "set it to the seconds, from 0 to 3600, that the start waits for a database that is not there yet",
    );
    let listen_addr = listen_addr(reader, watch);
    let admin_addr = admin_addr(reader, listen_addr);
    let public_url = public_url(reader, listen_addr);
    let webhook_secrets: Vec<_> = reader.list("STRIPE_WEBHOOK_SECRET").into_iter().map(SecretString::from).collect();
    let payments = payments(reader, &webhook_secrets);
    let public_mock_mode = public_mock_mode(reader, &payments, listen_addr, public_url.as_ref());
    let order_limits = limits::orders(reader);
    let platform = platform(reader, &payments);
    let shutdown_delay = reader
        .parsed(
            "SHUTDOWN_DELAY_SECONDS",
            |text| number(text, 0..=600),
            "set it to the seconds, from 0 to 600, that the process goes on serving after a SIGTERM",
        )
        .map(|seconds| Duration::from_secs(seconds.into()));
    let seller = seller(reader, is_live(&payments));
    let mail = mail(reader, &payments);
    let mail_pause = reader.parsed("MAIL_PAUSE_MS", milliseconds, "set it to milliseconds from 0 to 60000, such as 50");
    let operator_email =
        reader.parsed("OPERATOR_EMAIL", |text| text.parse().ok(), "set it to an address, such as ops@example.com");
    let webhook_allow_private =
        reader.parsed("WEBHOOK_ALLOW_PRIVATE", |text| (text == "yes").then_some(()), "set it to yes, or unset it");
    let vat = reader.parsed("VAT_RATE", basis_points, "set it to a per cent from 0 to 100, such as 19 or 8.1");
    let zone = reader.parsed("TIME_ZONE", |name| TimeZone::get(name).ok(), "set it to a name such as Europe/Berlin");
    let log_filter = log_filter(reader);
    let log_format = reader.parsed("LOG_FORMAT", log_format, "set it to text or json");
    let header = |name: &str| HeaderName::try_from(name).ok();
    let client_ip_header =
        reader.parsed("CLIENT_IP_HEADER", header, "set it to the header in which your proxy names the client");
    let cookie_prefix =
        reader.parsed("COOKIE_PREFIX", cookie_prefix, "set it to 1 to 40 letters, digits, _ or -, such as iza_credits");
    let Some(legal) = legal(reader) else { return Err(reader.wrong()) };
    let settings = Settings {
        database_url,
        database_direct_url,
        database_limits,
        database_wait: Duration::from_secs(database_wait.unwrap_or(30).into()),
        shutdown_delay: shutdown_delay.unwrap_or_else(|| shutdown_delay_default(&payments)),
        listen_addr,
        admin_addr,
        public_url,
        payments,
        public_mock_mode,
        order_limits,
        platform,
        webhook_secrets,
        issuer: Issuer { seller, vat_rate_basis_points: vat.unwrap_or(1_900) },
        mail,
        mail_pause: mail_pause.unwrap_or(MAIL_PAUSE_DEFAULT),
        operator_email,
        webhook_allow_private: webhook_allow_private.is_some(),
        legal,
        time_zone: zone.or_else(|| TimeZone::get("Europe/Berlin").ok()).unwrap_or(TimeZone::UTC),
        log_filter,
        log_format: log_format.unwrap_or_default(),
        site_root: reader.get("LEPTOS_SITE_ROOT").unwrap_or_else(|| "target/site".to_owned()),
        client_ip_header,
        cookie_prefix: cookie_prefix.unwrap_or_else(|| COOKIE_PREFIX_DEFAULT.to_owned()),
        watch,
    };
    if reader.is_fine() { Ok(settings) } else { Err(reader.wrong()) }
}

/// The texts; `None` after an error in one of them.
fn legal(reader: &mut Reader<'_>) -> Option<legal::Read> {
    let folder = reader.get("LEGAL_DIR").map(PathBuf::from);
    if folder.as_ref().is_some_and(|folder| !folder.is_dir()) {
        reader.complain("LEGAL_DIR is wrong: set it to the folder that holds your texts, such as imprint.de.md.");
        return None;
    }
    legal::read(folder.as_deref()).map_err(|sentence| reader.complain(sentence)).ok()
}

fn listen_addr(reader: &mut Reader<'_>, watch: bool) -> SocketAddr {
    let fallback = SocketAddr::from(([127, 0, 0, 1], 3_000));
    // `cargo leptos watch` sets the address, and opens the browser there.
    let watched = watch.then(|| reader.get("LEPTOS_SITE_ADDR")).flatten();
    let wanted = reader.get("LISTEN_ADDR").or(watched);
    let text = wanted.unwrap_or_else(|| LISTEN_ADDR_DEFAULT.to_owned());
    socket_addr(&text).unwrap_or_else(|| {
        reader.complain("LISTEN_ADDR is wrong: set it to an IP address and a port, such as 127.0.0.1:3000.");
        fallback
    })
}

fn socket_addr(text: &str) -> Option<SocketAddr> {
    text.replacen("localhost:", "127.0.0.1:", 1).parse().ok()
}

fn admin_addr(reader: &mut Reader<'_>, listen_addr: SocketAddr) -> Option<SocketAddr> {
    let mend = "set it to an IP address and a port, such as 127.0.0.1:4000";
    let address = reader.parsed("ADMIN_ADDR", socket_addr, mend)?;
    let same = address.port() != 0 && address.port() == listen_addr.port();
    if same && (address.ip() == listen_addr.ip() || address.ip().is_unspecified() || listen_addr.ip().is_unspecified())
    {
        reader.complain(format!(
            "ADMIN_ADDR {address} is where LISTEN_ADDR {listen_addr} listens already: set it to another port."
        ));
    }
    Some(address)
}

/// The default address of the admin listener: on the loopback interface, a thousand ports above the shop's. Port 0
/// means any free port.
pub fn default_admin_addr(listen_addr: SocketAddr) -> SocketAddr {
    let port = match listen_addr.port() {
        0 => 0,
        port => port.checked_add(ADMIN_PORT_DISTANCE).unwrap_or(0),
    };
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn public_url(reader: &mut Reader<'_>, listen_addr: SocketAddr) -> Option<Url> {
    const MEND: &str = "set it to the address that customers come by, such as https://shop.example.com";
    let Some(text) = reader.get("PUBLIC_URL") else {
        let ip = listen_addr.ip();
        if !ip.is_loopback() && !ip.is_unspecified() {
            reader.complain(format!(
                "PUBLIC_URL is missing, and LISTEN_ADDR {listen_addr} can be reached by others: {MEND}."
            ));
        }
        return None;
    };
    let url = Url::parse(&text).ok().filter(|url| {
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let anonymous = url.username().is_empty() && url.password().is_none();
        bare && anonymous && url.has_host() && matches!(url.scheme(), "http" | "https")
    });
    match &url {
        None => reader.complain(format!("PUBLIC_URL is wrong: {MEND}, without a path.")),
        Some(url) if url.scheme() == "http" && !is_loopback(url) => reader.complain(
            "PUBLIC_URL is wrong: off this machine it must begin with https://, or passwords and sessions could be read \
             on the way. Put a proxy with TLS in front, and name its address.",
        ),
        Some(_) => {}
    }
    url
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

fn payments(reader: &mut Reader<'_>, webhook_secrets: &[SecretString]) -> Payments {
    let base = |text: &str| {
        let url = Url::parse(text).ok()?;
        (url.scheme() == "https" || url.scheme() == "http" && is_loopback(&url)).then_some(url)
    };
    let api_base =
        reader.parsed("STRIPE_API_BASE", base, "leave it unset, or name a test double by https:// or on this machine");
    let Some(key) = reader.get("STRIPE_SECRET_KEY") else {
        if api_base.is_some() {
            reader.complain("STRIPE_API_BASE is set, but STRIPE_SECRET_KEY is not: set both, or neither.");
        }
        return Payments::Mock;
    };
    if !is_word(&key) {
        reader.complain("STRIPE_SECRET_KEY is wrong: there is a blank in it, or a character that is not ASCII.");
    }
    let live = key.starts_with("sk_live_") || key.starts_with("rk_live_");
    if !live && !key.starts_with("sk_test_") && !key.starts_with("rk_test_") {
        reader.complain(
            "STRIPE_SECRET_KEY is wrong: it begins with sk_test_, rk_test_, sk_live_ or rk_live_. Copy it from Stripe's \
             Dashboard, or leave it unset for mock mode.",
        );
    }
    if live && webhook_secrets.is_empty() {
        reader.complain(
            "STRIPE_WEBHOOK_SECRET is missing, and STRIPE_SECRET_KEY is a live key: without it no payment is heard of. \
             Copy the endpoint's whsec_… from Stripe's Dashboard.",
        );
    }
    if live && api_base.is_some() {
        reader.complain("STRIPE_API_BASE is for tests, and STRIPE_SECRET_KEY is a live key: unset STRIPE_API_BASE.");
    }
    Payments::Stripe { key: SecretString::from(key), live, api_base }
}

/// Mock mode gives credits away, so it listens beyond the loopback interface only if a setting allows that. Returns
/// whether it can be reached from other machines.
fn public_mock_mode(
    reader: &mut Reader<'_>,
    payments: &Payments,
    listen_addr: SocketAddr,
    public_url: Option<&Url>,
) -> bool {
    let wanted =
        reader.parsed("ALLOW_PUBLIC_MOCK_MODE", |text| (text == "yes").then_some(()), "set it to yes, or unset it");
    let exposed = match public_url {
        _ if !matches!(payments, Payments::Mock) => return false,
        _ if !listen_addr.ip().is_loopback() => format!("LISTEN_ADDR {listen_addr}"),
        Some(url) if url.scheme() == "https" => format!("PUBLIC_URL {url}"),
        _ => return false,
    };
    if wanted.is_none() {
        reader.complain(format!(
            "STRIPE_SECRET_KEY is missing, and others can come by {exposed}: without a key this is mock mode, where credits \
             cost nothing. Set STRIPE_SECRET_KEY; or, for a demo that is open to anybody, set ALLOW_PUBLIC_MOCK_MODE=yes."
        ));
    }
    true
}

fn mail(reader: &mut Reader<'_>, payments: &Payments) -> Mail {
    let from = reader.parsed(
        "MAIL_FROM",
        |text| text.parse().ok(),
        "set it to the address that mails are from, such as Shop <shop@example.com>",
    );
    let Some(url) = reader.get("SMTP_URL") else {
        if is_live(payments) {
            reader.complain(
                "SMTP_URL is missing, and STRIPE_SECRET_KEY is a live key: purchases must be confirmed by e-mail. Set it \
                 to your mail server, such as smtps://user:password@mail.example.com.",
            );
        }
        return Mail::Mailbox;
    };
    if !smtp::is_address(&url) {
        reader.complain(
            "SMTP_URL is wrong: set it to smtps://user:password@mail.example.com, or to \
             smtp://user:password@mail.example.com:587?tls=required.",
        );
    }
    let Some(from) = from else {
        if reader.get("MAIL_FROM").is_none() {
            reader.complain("MAIL_FROM is missing, and SMTP_URL is set: set it, such as Shop <shop@example.com>.");
        }
        return Mail::Mailbox;
    };
    Mail::Smtp { url: SecretString::from(url), from }
}

/// Parses a percentage with up to two decimal places into basis points.
fn basis_points(text: &str) -> Option<i64> {
    let text = text.strip_suffix('%').unwrap_or(text).trim_end().replace(',', ".");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, "0"));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty()
        || whole.len() > 3
        || fraction.is_empty()
        || fraction.len() > 2
        || !digits(whole)
        || !digits(fraction)
    {
        return None;
    }
    let hundredths = format!("{fraction:0<2}");
    let rate = whole.parse::<i64>().ok()? * 100 + hundredths.parse::<i64>().ok()?;
    (rate <= 10_000).then_some(rate)
}

/// Part of a cookie's name. Browsers give `__Host-` and `__Secure-` a special meaning, so these are refused.
fn cookie_prefix(text: &str) -> Option<String> {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    (plain && text.len() <= 40 && !text.starts_with("__")).then(|| text.to_owned())
}

fn milliseconds(text: &str) -> Option<Duration> {
    text.parse().ok().filter(|&count| count <= 60_000).map(Duration::from_millis)
}

fn is_live(payments: &Payments) -> bool {
    matches!(payments, Payments::Stripe { live: true, .. })
}

/// A live shop is behind a proxy that has to notice the shutdown; any other shop stops at once.
fn shutdown_delay_default(payments: &Payments) -> Duration {
    if is_live(payments) { SHUTDOWN_DELAY_LIVE } else { Duration::ZERO }
}

fn log_filter(reader: &mut Reader<'_>) -> String {
    let Some(filter) = reader.get("RUST_LOG") else { return LOG_FILTER_DEFAULT.to_owned() };
    if filter.split(',').any(|directive| directive.trim().is_empty()) || EnvFilter::builder().parse(&filter).is_err() {
        reader.complain("RUST_LOG is wrong: set it to a level, or to several such as info,sqlx=warn.");
    }
    filter
}

fn log_format(text: &str) -> Option<LogFormat> {
    match text {
        "text" => Some(LogFormat::Text),
        "json" => Some(LogFormat::Json),
        _ => None,
    }
}

/// The default public address: this machine.
pub fn local_url(listening: SocketAddr) -> Option<Url> {
    let ip = match listening.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::from([127, 0, 0, 1]),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::from([127, 0, 0, 1]),
        ip => ip,
    };
    Url::parse(&format!("http://{}", SocketAddr::new(ip, listening.port()))).ok()
}
