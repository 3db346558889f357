//! Connections of their own, outside the pool, in bounded time.

use std::{io, time::Duration};

use sqlx::{ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions};
use tokio::time::timeout;

/// How long a server may take to let somebody in.
pub(crate) const CONNECT_TIME_MAX: Duration = Duration::from_secs(10);
/// How long a connection may take to show that it is still there.
pub(crate) const PING_TIME_MAX: Duration = Duration::from_secs(2);

/// Opens a connection.
pub(crate) async fn connect(options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    timeout(CONNECT_TIME_MAX, options.connect()).await.unwrap_or_else(|_| Err(no_answer()))
}

/// Checks that the server is still at the other end.
pub(crate) async fn ping(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    timeout(PING_TIME_MAX, connection.ping()).await.unwrap_or_else(|_| Err(no_answer()))
}

/// The error of an answer that did not come in time.
pub(crate) fn no_answer() -> sqlx::Error {
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "the server did not answer in time"))
}
