//! What the operator has set.

use std::{fmt, net::SocketAddr, time::Duration};

use axum::http::HeaderName;
use billing::{receipt::Issuer, store::OrderLimits};
use jiff::tz::TimeZone;
use secrecy::SecretString;
use url::Url;

use crate::{legal, telemetry::LogFormat};

/// What the operator has set. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `sqlite:…` or `postgres://…`; may hold a password.
    pub database_url: SecretString,
    /// The PostgreSQL server itself, where `database_url` leads to a pooler in transaction mode.
    pub database_direct_url: Option<SecretString>,
    /// How many connections to the database a process opens, and how long it waits for them.
    pub database_limits: DatabaseLimits,
    /// How long to wait at the start for a database that is not there yet.
    pub database_wait: Duration,
    /// How long the process goes on serving after a SIGTERM, while it says that it is not ready.
    pub shutdown_delay: Duration,
    /// Where to listen.
    pub listen_addr: SocketAddr,
    /// Where to listen for the operator; unset, on this machine alone
    /// ([`default_admin_addr`](super::default_admin_addr)).
    pub admin_addr: Option<SocketAddr>,
    /// The address that customers come by; unset, it is where the process listens.
    pub public_url: Option<Url>,
    /// Who takes the money.
    pub payments: Payments,
    /// Whether anybody may reach a shop in mock mode.
    pub public_mock_mode: bool,
    /// How much one tenant may order.
    pub order_limits: OrderLimits,
    /// What notifications are signed with; several while one is being rotated.
    pub webhook_secrets: Vec<SecretString>,
    /// Who sells, and at which VAT rate.
    pub issuer: Issuer,
    /// The zone that pages show times in.
    pub time_zone: TimeZone,
    /// How mails go out.
    pub mail: Mail,
    /// How long to rest after each mail.
    pub mail_pause: Duration,
    /// The operator's texts, or samples.
    pub legal: legal::Read,
    /// Which log lines are written, in `tracing`'s words.
    pub log_filter: String,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Where the front end's files are.
    pub site_root: String,
    /// The header in which a reverse proxy names the client.
    pub client_ip_header: Option<HeaderName>,
    /// What the names of the cookies begin with.
    pub cookie_prefix: String,
    /// `cargo leptos watch` is at work.
    pub watch: bool,
}

/// The pool, as far as it is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DatabaseLimits {
    /// Connections in it; unset, what suits the database.
    pub connections: Option<u32>,
    /// How long a statement may take, and how long a caller waits for a connection.
    pub time: Duration,
}

/// Who takes the money.
#[derive(Clone, Debug)]
pub enum Payments {
    /// Nobody: sessions are made up.
    Mock,
    /// Stripe.
    Stripe {
        /// The secret or restricted key.
        key: SecretString,
        /// Whether it moves real money.
        live: bool,
        /// Another address than Stripe's, for tests.
        api_base: Option<Url>,
    },
}

/// How mails go out.
#[derive(Clone, Debug)]
pub enum Mail {
    /// Into a mailbox that the admin listener shows at `/dev/mailbox`, on this machine alone.
    Mailbox,
    /// By a mail server.
    Smtp {
        /// `smtps://…` or `smtp://…`; may hold a password.
        url: SecretString,
        /// Whom they are from.
        from: lettre::message::Mailbox,
    },
}

impl Payments {
    /// Where buyers are sent to pay: scheme, host and port. A test double has its payment page where its API is.
    pub fn checkout_origin(&self) -> String {
        match self {
            Self::Stripe { api_base: Some(base), .. } => base.origin().ascii_serialization(),
            Self::Stripe { api_base: None, .. } | Self::Mock => "https://checkout.stripe.com".to_owned(),
        }
    }
}

impl Settings {
    /// Whether nobody pays.
    pub fn mock(&self) -> bool {
        matches!(self.payments, Payments::Mock)
    }

    /// Whether real money moves.
    pub fn live(&self) -> bool {
        matches!(self.payments, Payments::Stripe { live: true, .. })
    }

    /// Who takes the money, in a sentence.
    pub fn mode(&self) -> &'static str {
        match self.payments {
            Payments::Mock => "mock mode: nobody pays, credits cost nothing",
            Payments::Stripe { live: false, .. } => "Stripe, with a test key: no real money moves",
            Payments::Stripe { live: true, .. } => "Stripe, with a live key: real money moves",
        }
    }
}

/// What is wrong with the settings: all of it, a sentence each, naming the variable and the mend.
#[derive(Debug, PartialEq, Eq)]
pub struct WrongSettings(pub Vec<String>);

impl std::error::Error for WrongSettings {}

impl fmt::Display for WrongSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}
