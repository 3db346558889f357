//! The settings.

use std::{fmt, net::SocketAddr, time::Duration};

use axum::http::HeaderName;
use billing::{receipt::Issuer, store::OrderLimits};
use jiff::tz::TimeZone;
use secrecy::SecretString;
use url::Url;

use crate::{legal, platform::PlatformSettings, telemetry::LogFormat};

/// The settings of the process. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `sqlite:…` or `postgres://…`; may hold a password.
    pub database_url: SecretString,
    /// The address of the PostgreSQL server itself, if `database_url` is that of a pooler in transaction mode.
    pub database_direct_url: Option<SecretString>,
    /// The limits of the connection pool.
    pub database_limits: DatabaseLimits,
    /// How long to wait at the start for a database that is not up yet.
    pub database_wait: Duration,
    /// How long the process goes on serving after a SIGTERM, while `/readyz` says that it is not ready.
    pub shutdown_delay: Duration,
    /// The shop's listen address.
    pub listen_addr: SocketAddr,
    /// The admin listener's address; if unset, [`default_admin_addr`](super::default_admin_addr).
    pub admin_addr: Option<SocketAddr>,
    /// The shop's public address; if unset, the listen address.
    pub public_url: Option<Url>,
    /// The payment provider.
    pub payments: Payments,
    /// Whether a shop in mock mode may be reached from other machines.
    pub public_mock_mode: bool,
    /// How much one tenant may order.
    pub order_limits: OrderLimits,
    /// The platform API.
    pub platform: PlatformSettings,
    /// The secrets that sign notifications; several during a rotation.
    pub webhook_secrets: Vec<SecretString>,
    /// The seller and the VAT rate.
    pub issuer: Issuer,
    /// The time zone of the times on pages.
    pub time_zone: TimeZone,
    /// How mails go out.
    pub mail: Mail,
    /// The pause after each mail.
    pub mail_pause: Duration,
    /// Who hears of what a person has to look at.
    pub operator_email: Option<lettre::Address>,
    /// Whether webhooks may go to private addresses, and without TLS.
    pub webhook_allow_private: bool,
    /// The operator's legal texts, or the samples.
    pub legal: legal::Read,
    /// The log filter, in `tracing`'s syntax.
    pub log_filter: String,
    /// The format of log lines.
    pub log_format: LogFormat,
    /// The folder of the front end's files.
    pub site_root: String,
    /// The header in which a reverse proxy names the client.
    pub client_ip_header: Option<HeaderName>,
    /// The prefix of the cookies' names.
    pub cookie_prefix: String,
    /// Whether `cargo leptos watch` runs the server.
    pub watch: bool,
}

/// The limits of the connection pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DatabaseLimits {
    /// The most connections; if unset, the database's default.
    pub connections: Option<u32>,
    /// How long a statement may take, and how long a caller waits for a connection.
    pub time: Duration,
}

/// The payment provider.
#[derive(Clone, Debug)]
pub enum Payments {
    /// Mock mode: no provider and no money.
    Mock,
    /// Stripe.
    Stripe {
        /// The secret or restricted key.
        key: SecretString,
        /// Whether it moves real money.
        live: bool,
        /// An address in place of Stripe's, for tests.
        api_base: Option<Url>,
    },
}

/// How mails go out.
#[derive(Clone, Debug)]
pub enum Mail {
    /// Into a mailbox that the admin listener shows at `/dev/mailbox`, only to this machine.
    Mailbox,
    /// By a mail server.
    Smtp {
        /// `smtps://…` or `smtp://…`; may hold a password.
        url: SecretString,
        /// The sender.
        from: lettre::message::Mailbox,
    },
}

impl Payments {
    /// The origin of the payment page: scheme, host and port. A test double serves it on its API's origin.
    pub fn checkout_origin(&self) -> String {
        match self {
            Self::Stripe { api_base: Some(base), .. } => base.origin().ascii_serialization(),
            Self::Stripe { api_base: None, .. } | Self::Mock => "https://checkout.stripe.com".to_owned(),
        }
    }
}

impl Settings {
    /// Whether the shop is in mock mode.
    pub fn mock(&self) -> bool {
        matches!(self.payments, Payments::Mock)
    }

    /// Whether real money moves.
    pub fn live(&self) -> bool {
        matches!(self.payments, Payments::Stripe { live: true, .. })
    }

    /// The mode in a sentence, for the log.
    pub fn mode(&self) -> &'static str {
        match self.payments {
            Payments::Mock => "mock mode: nobody pays, credits cost nothing",
            Payments::Stripe { live: false, .. } => "Stripe, with a test key: no real money moves",
            Payments::Stripe { live: true, .. } => "Stripe, with a live key: real money moves",
        }
    }
}

/// The errors in the settings: a sentence each, which names the variable and says what to do.
#[derive(Debug, PartialEq, Eq)]
pub struct WrongSettings(pub Vec<String>);

impl std::error::Error for WrongSettings {}

impl fmt::Display for WrongSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}
