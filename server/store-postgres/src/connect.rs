//! Opens connections outside the pool, with timeouts.

use std::{io, time::Duration};

use sqlx::{ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions};
use tokio::time::timeout;

/// The timeout for opening a connection.
pub(crate) const CONNECT_TIME_MAX: Duration = Duration::from_secs(10);
/// The timeout of a ping.
pub(crate) const PING_TIME_MAX: Duration = Duration::from_secs(2);

/// Opens a connection.
pub(crate) async fn connect(options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    timeout(CONNECT_TIME_MAX, options.connect()).await.unwrap_or_else(|_| Err(no_answer()))
}

/// Checks that the server is still at the other end.
pub(crate) async fn ping(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    timeout(PING_TIME_MAX, connection.ping()).await.unwrap_or_else(|_| Err(no_answer()))
}

/// The error of a timeout.
pub(crate) fn no_answer() -> sqlx::Error {
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "the server did not answer in time"))
}
