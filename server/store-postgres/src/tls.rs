//! Checks whether the connection to the server is encrypted.

use std::{io, net::IpAddr};

use sqlx::{PgConnection, error::DatabaseError, postgres::PgConnectOptions};

/// Logs a warning when customers' data leaves this machine unencrypted.
pub(crate) async fn warn_when_readable(
    options: &PgConnectOptions,
    connection: &mut PgConnection,
) -> Result<(), sqlx::Error> {
    let host = options.get_host();
    if is_socket(options) || is_this_machine(host) {
        return Ok(());
    }
    let question = "SELECT COALESCE((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), FALSE)";
    let encrypted: bool = sqlx::query_scalar(question).fetch_one(connection).await?;
    if !encrypted {
        tracing::warn!(
            host,
            "the connection to PostgreSQL is not encrypted: others on the way can read it. Put sslmode=verify-full, or at \
             least sslmode=require, into DATABASE_URL"
        );
    }
    Ok(())
}

fn is_socket(options: &PgConnectOptions) -> bool {
    options.get_socket().is_some() || options.get_host().starts_with('/')
}

fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

/// Whether the server refuses connections without TLS. PostgreSQL has no error code of its own for it.
pub(crate) fn is_demanded(error: &dyn DatabaseError) -> bool {
    let message = error.message();
    error.code().is_some_and(|code| code == "28000")
        && ["no encryption", "SSL off"].iter().any(|words| message.ends_with(words))
}

/// Whether a server answered, and TLS with it failed.
pub(crate) fn has_failed(options: &PgConnectOptions, error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Tls(_) => true,
        // A certificate that rustls does not trust, or a missing file of certificates.
        sqlx::Error::Io(error) => match error.kind() {
            io::ErrorKind::InvalidData => true,
            io::ErrorKind::NotFound => !is_socket(options),
            _ => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_this_machine;

    #[test]
    fn only_what_leaves_this_machine_is_worth_a_warning() {
        for host in ["localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]"] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in ["10.0.0.5", "db.example.com", "[2001:db8::1]", "localhost.example.com"] {
            assert!(!is_this_machine(host), "{host}");
        }
    }
}
