//! The pool, with a limit on everything that waits for the server.
//!
//! A connection can be half-open: its peer is gone, but no packet says so. The driver waits without a timeout, both in
//! a query and in the ping when a connection is returned, and each such wait costs the pool a connection for good. It
//! has no socket options that would let the kernel notice.

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
    time::Duration,
};

use futures_core::{future::BoxFuture, stream::BoxStream};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use sqlx::{
    AssertSqlSafe, Describe, Either, Error, Execute, Executor, Postgres, SqlStr,
    error::BoxDynError,
    pool::PoolConnection,
    postgres::{PgArguments, PgConnectOptions, PgPoolOptions, PgQueryResult, PgRow, PgStatement, PgTypeInfo},
};
use tokio::{runtime::Handle, time::timeout};

use crate::{
    breaker::Breaker,
    connect::{PING_TIME_MAX, ping},
    portable::{Limits, is_suspect},
};

/// The time for the network, on top of the server's limit for a statement.
const TRAVEL_TIME_MAX: Duration = Duration::from_secs(2);
/// How long an idle connection is used without a ping.
const TRUSTED_FOR: Duration = Duration::from_secs(5);

/// The other end of the pool's connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// A session of the server, for as long as the connection lives.
    Session,
    /// A pooler that may use another session for each transaction, so that session state does not survive one.
    Transactions,
}

/// The connections to the server; cheap to clone. As an executor it runs each query on a connection of its own, with a
/// timeout.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    inner: sqlx::Pool<Postgres>,
    breaker: Arc<Breaker>,
    rules: Rules,
}

/// How statements run on the pool's connections.
#[derive(Clone, Debug)]
struct Rules {
    route: Route,
    answer_time_max: Duration,
    /// The statement that begins a transaction.
    begin: Arc<str>,
}

impl Pool {
    pub(crate) async fn open(options: &PgConnectOptions, limits: Limits, route: Route) -> Result<Self, Error> {
        let breaker = Breaker::new(options.clone());
        let rules = Rules {
            route,
            answer_time_max: limits.time + TRAVEL_TIME_MAX,
            begin: match route {
                Route::Session => "BEGIN".into(),
                Route::Transactions => format!("BEGIN; {}", bounds(limits, "SET LOCAL")).into(),
            },
        };
        Ok(Self { inner: connections(options, limits, route, &breaker).await?, breaker, rules })
    }

    pub(crate) async fn acquire(&self) -> Result<Lease, Error> {
        let connection = self.breaker.run(self.rules.answer_time_max, self.inner.acquire()).await?;
        Ok(Lease {
            connection,
            broken: false,
            in_transaction: false,
            breaker: self.breaker.clone(),
            rules: self.rules.clone(),
        })
    }

    pub(crate) async fn begin(&self) -> Result<Transaction, Error> {
        let mut lease = self.acquire().await?;
        lease.begin().await?;
        Ok(Transaction(lease))
    }

    pub(crate) async fn close(&self) {
        self.inner.close().await;
    }

    /// The driver's own pool.
    pub(crate) fn driver(&self) -> &sqlx::Pool<Postgres> {
        &self.inner
    }
}

async fn connections(
    options: &PgConnectOptions,
    limits: Limits,
    route: Route,
    breaker: &Arc<Breaker>,
) -> Result<sqlx::Pool<Postgres>, Error> {
    // The server limits waits for locks and statements. With TCP keepalive it notices when a client is gone, and
    // releases its locks; the keepalive packets also keep firewalls from dropping an idle connection.
    let session: Arc<str> = match route {
        Route::Session => format!(
            "{}; SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3;
            SET tcp_user_timeout = 20000",
            bounds(limits, "SET")
        )
        .into(),
        // Settings of a session would stay in it for the next client.
        Route::Transactions => "".into(),
    };
    let is_outdated = {
        let breaker = breaker.clone();
        move |age| is_suspect(age) || breaker.predates_outage(age)
    };
    PgPoolOptions::new()
        .max_connections(limits.connections)
        .acquire_timeout(limits.time)
        // A ping before each use would double the round trips of most requests.
        .test_before_acquire(false)
        .before_acquire({
            let is_outdated = is_outdated.clone();
            move |connection, about| {
                let outdated = is_outdated(about.age);
                Box::pin(async move {
                    if !outdated && about.idle_for > TRUSTED_FOR {
                        ping(connection).await?;
                    }
                    Ok(!outdated)
                })
            }
        })
        .after_release(move |_, about| {
            let outdated = is_outdated(about.age);
            Box::pin(async move { Ok(!outdated) })
        })
        .after_connect(move |connection, _| {
            let session = session.clone();
            Box::pin(async move {
                if !session.is_empty() {
                    sqlx::raw_sql(AssertSqlSafe(session)).execute(connection).await?;
                }
                Ok(())
            })
        })
        .connect_with(options.clone())
        .await
}

/// The statement that sets the timeouts for statements and locks.
fn bounds(limits: Limits, set: &str) -> String {
    let (lock, statement) = (limits.lock_time().as_millis(), limits.time.as_millis());
    format!("{set} lock_timeout = {lock}; {set} statement_timeout = {statement}")
}

/// A connection that is returned on drop. As an executor it has a timeout.
#[derive(Debug)]
pub(crate) struct Lease {
    connection: PoolConnection<Postgres>,
    /// Whether it is closed instead of returned, because it does not answer or is inside a transaction.
    broken: bool,
    in_transaction: bool,
    breaker: Arc<Breaker>,
    rules: Rules,
}

impl Lease {
    async fn begin(&mut self) -> Result<(), Error> {
        self.broken = true;
        self.command(self.rules.begin.clone()).await?;
        self.in_transaction = true;
        Ok(())
    }

    /// Ends a transaction, by `COMMIT` or `ROLLBACK`.
    async fn end(&mut self, command: &'static str) -> Result<(), Error> {
        self.command(command.into()).await?;
        (self.in_transaction, self.broken) = (false, false);
        Ok(())
    }

    async fn command(&mut self, statement: Arc<str>) -> Result<(), Error> {
        let command = sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut *self.connection);
        self.breaker.run_statement(self.rules.answer_time_max, command).await?;
        Ok(())
    }

    /// Runs a statement. Through a pooler it is wrapped in a transaction, because the driver first prepares a statement
    /// and then executes it.
    async fn run<'q, E: Execute<'q, Postgres> + 'q>(
        &mut self,
        statement: E,
    ) -> Result<Vec<Either<PgQueryResult, PgRow>>, Error> {
        let alone = self.rules.route == Route::Transactions && !self.in_transaction;
        if alone {
            self.begin().await?;
        }
        let statement = Statement { inner: statement, can_be_named: self.rules.route == Route::Session };
        let rows = self.connection.fetch_many(statement).try_collect();
        let rows = self.breaker.run_statement(self.rules.answer_time_max, rows).await;
        self.broken |= rows.as_ref().is_err_and(is_lost);
        match &rows {
            Ok(_) if alone => self.end("COMMIT").await?,
            Err(error) if alone && !is_lost(error) => self.end("ROLLBACK").await?,
            _ => {}
        }
        rows
    }
}

fn is_lost(error: &Error) -> bool {
    matches!(error, Error::Io(_))
}

impl Drop for Lease {
    fn drop(&mut self) {
        // The driver would return it in a task without a timeout. This task has one, and closes a connection that
        // cannot be returned in time.
        let back = self.connection.return_to_pool();
        if let (false, Ok(runtime)) = (self.broken, Handle::try_current()) {
            runtime.spawn(timeout(PING_TIME_MAX, back));
        }
    }
}

/// A statement, prepared by name or not: behind a pooler, a name may belong to another client's statement.
struct Statement<E> {
    inner: E,
    can_be_named: bool,
}

impl<'q, E: Execute<'q, Postgres>> Execute<'q, Postgres> for Statement<E> {
    fn sql(self) -> SqlStr {
        self.inner.sql()
    }

    fn statement(&self) -> Option<&PgStatement> {
        self.inner.statement()
    }

    fn take_arguments(&mut self) -> Result<Option<PgArguments>, BoxDynError> {
        self.inner.take_arguments()
    }

    fn persistent(&self) -> bool {
        self.can_be_named && self.inner.persistent()
    }
}

/// A transaction. If it is dropped before its end, the connection is closed, which rolls the transaction back.
#[derive(Debug)]
pub(crate) struct Transaction(Lease);

impl Transaction {
    pub(crate) async fn commit(mut self) -> Result<(), Error> {
        self.0.end("COMMIT").await
    }

    pub(crate) async fn rollback(mut self) -> Result<(), Error> {
        self.0.end("ROLLBACK").await
    }
}

impl Deref for Transaction {
    type Target = Lease;

    fn deref(&self) -> &Lease {
        &self.0
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut Lease {
        &mut self.0
    }
}

fn first_row(answer: Vec<Either<PgQueryResult, PgRow>>) -> Option<PgRow> {
    answer.into_iter().find_map(Either::right)
}

impl<'c> Executor<'c> for &'c mut Lease {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Either<PgQueryResult, PgRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let all = async move { Ok::<_, Error>(stream::iter(self.run(query).await?).map(Ok)) };
        Box::pin(stream::once(all).try_flatten())
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        Box::pin(async move { Ok(first_row(self.run(query).await?)) })
    }

    fn prepare_with<'e>(self, sql: SqlStr, parameters: &'e [PgTypeInfo]) -> BoxFuture<'e, Result<PgStatement, Error>>
    where
        'c: 'e,
    {
        Box::pin(async move {
            let prepared = self.connection.prepare_with(sql, parameters);
            self.breaker.run_statement(self.rules.answer_time_max, prepared).await
        })
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Postgres>, Error>>
    where
        'c: 'e,
    {
        Box::pin(async move {
            let described = self.connection.describe(sql);
            self.breaker.run_statement(self.rules.answer_time_max, described).await
        })
    }
}

impl<'p> Executor<'p> for &'p Pool {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Either<PgQueryResult, PgRow>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let all = async move { Ok::<_, Error>(stream::iter(self.acquire().await?.run(query).await?).map(Ok)) };
        Box::pin(stream::once(all).try_flatten())
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        Box::pin(async move { Ok(first_row(self.acquire().await?.run(query).await?)) })
    }

    fn prepare_with<'e>(self, sql: SqlStr, parameters: &'e [PgTypeInfo]) -> BoxFuture<'e, Result<PgStatement, Error>>
    where
        'p: 'e,
    {
        Box::pin(async move { self.acquire().await?.prepare_with(sql, parameters).await })
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Postgres>, Error>>
    where
        'p: 'e,
    {
        Box::pin(async move { self.acquire().await?.describe(sql).await })
    }
}
