//! The pool, with a limit on everything that waits for the server.
//!
//! A connection can be half-open: its peer is gone, and no packet tells. The driver waits for it for ever, in a query and in
//! the ping by which it takes a connection back, and each such wait costs the pool a connection for good. It offers no
//! socket options that would let the kernel notice.

use std::{
    io,
    ops::{Deref, DerefMut},
    time::Duration,
};

use futures_core::{future::BoxFuture, stream::BoxStream};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use sqlx::{
    Describe, Either, Error, Execute, Executor, PgConnection, Postgres, SqlStr,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgQueryResult, PgRow, PgStatement, PgTypeInfo},
};
use tokio::{runtime::Handle, time::timeout};

/// How long a connection may take to show that it is still there.
pub(crate) const PING_TIME_MAX: Duration = Duration::from_secs(2);
/// What an answer may take on its way, on top of the time that the server gives a statement.
const TRAVEL_TIME_MAX: Duration = Duration::from_secs(2);

/// Connections to the server; cheap to clone. As an executor it runs each query on a connection of its own, within the
/// limit.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    inner: sqlx::Pool<Postgres>,
    answer_time_max: Duration,
}

impl Pool {
    pub(crate) fn new(inner: sqlx::Pool<Postgres>, statement_time_max: Duration) -> Self {
        Self { inner, answer_time_max: statement_time_max + TRAVEL_TIME_MAX }
    }

    pub(crate) async fn acquire(&self) -> Result<Lease, Error> {
        Ok(Lease { connection: self.inner.acquire().await?, broken: false, answer_time_max: self.answer_time_max })
    }

    pub(crate) async fn begin(&self) -> Result<Transaction, Error> {
        let mut lease = self.acquire().await?;
        lease.broken = true;
        lease.command("BEGIN").await?;
        Ok(Transaction(lease))
    }

    pub(crate) async fn close(&self) {
        self.inner.close().await;
    }

    /// The driver's own pool.
    pub(crate) fn driver(&self) -> &sqlx::Pool<Postgres> {
        &self.inner
    }

    pub(crate) fn options(&self) -> PgConnectOptions {
        self.inner.connect_options().as_ref().clone()
    }
}

/// A connection, until this is dropped.
#[derive(Debug)]
pub(crate) struct Lease {
    connection: PoolConnection<Postgres>,
    /// Whether it is closed instead of given back: it does not answer, or is amid a transaction.
    broken: bool,
    answer_time_max: Duration,
}

impl Lease {
    async fn command(&mut self, statement: &'static str) -> Result<(), Error> {
        within(self.answer_time_max, sqlx::raw_sql(statement).execute(&mut *self.connection)).await?;
        Ok(())
    }
}

/// Waits for an answer no longer than that.
async fn within<T>(limit: Duration, answer: impl Future<Output = Result<T, Error>> + Send) -> Result<T, Error> {
    let late = || Error::Io(io::Error::new(io::ErrorKind::TimedOut, "the server did not answer in time"));
    timeout(limit, answer).await.unwrap_or_else(|_| Err(late()))
}

fn is_lost(error: &Error) -> bool {
    matches!(error, Error::Io(_))
}

impl Drop for Lease {
    fn drop(&mut self) {
        // The driver takes it back in a task that nothing ends. A task of ours has a limit, and what it still holds then is
        // closed, as is what no task takes up.
        let back = self.connection.return_to_pool();
        if let (false, Ok(runtime)) = (self.broken, Handle::try_current()) {
            runtime.spawn(timeout(PING_TIME_MAX, back));
        }
    }
}

impl Deref for Lease {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}

/// A transaction; the connection is closed, and so the transaction rolled back, when it is dropped before its end.
#[derive(Debug)]
pub(crate) struct Transaction(Lease);

impl Transaction {
    pub(crate) async fn commit(self) -> Result<(), Error> {
        self.end("COMMIT").await
    }

    pub(crate) async fn rollback(self) -> Result<(), Error> {
        self.end("ROLLBACK").await
    }

    async fn end(mut self, command: &'static str) -> Result<(), Error> {
        self.0.command(command).await?;
        self.0.broken = false;
        Ok(())
    }
}

impl Deref for Transaction {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.0
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.0
    }
}

impl<'p> Executor<'p> for &'p Pool {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Either<PgQueryResult, PgRow>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let all = async move {
            let mut lease = self.acquire().await?;
            let rows: Result<Vec<_>, _> = within(self.answer_time_max, lease.fetch_many(query).try_collect()).await;
            lease.broken = rows.as_ref().is_err_and(is_lost);
            Ok::<_, Error>(stream::iter(rows?).map(Ok))
        };
        Box::pin(stream::once(all).try_flatten())
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        Box::pin(async move {
            let mut lease = self.acquire().await?;
            let row = within(self.answer_time_max, lease.fetch_optional(query)).await;
            lease.broken = row.as_ref().is_err_and(is_lost);
            row
        })
    }

    fn prepare_with<'e>(self, sql: SqlStr, parameters: &'e [PgTypeInfo]) -> BoxFuture<'e, Result<PgStatement, Error>>
    where
        'p: 'e,
    {
        Box::pin(async move {
            let mut lease = self.acquire().await?;
            within(self.answer_time_max, lease.prepare_with(sql, parameters)).await
        })
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Postgres>, Error>>
    where
        'p: 'e,
    {
        Box::pin(async move {
            let mut lease = self.acquire().await?;
            within(self.answer_time_max, lease.describe(sql)).await
        })
    }
}
