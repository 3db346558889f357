//! Noticing a pooler that gives each transaction another session of the server (PgBouncer's transaction mode).
//!
//! It passes on everything that the driver does, and so the driver's prepared statements, session settings and `LISTEN` end
//! up in sessions that are not its own.

use std::time::{SystemTime, UNIX_EPOCH};

use sqlx::{AssertSqlSafe, Connection, PgConnection, Row, postgres::PgConnectOptions};

use crate::connect::connect;

/// Whether another connection sees what the first one has set for its session.
pub(crate) async fn shares_sessions(options: &PgConnectOptions, first: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let nanoseconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    let mark = format!("{}-{nanoseconds}", std::process::id());
    set_mark(first, &mark).await?;
    let mut second = connect(options).await?;
    // As a simple query: a prepared statement could be there already, from another connection.
    let seen = sqlx::raw_sql("SELECT COALESCE(current_setting('credit_shop.session', TRUE), '')");
    let seen: String = seen.fetch_one(&mut second).await?.try_get(0)?;
    second.close().await?;
    set_mark(first, "").await?;
    Ok(seen == mark)
}

async fn set_mark(connection: &mut PgConnection, mark: &str) -> Result<(), sqlx::Error> {
    let statement = format!("SET credit_shop.session = '{mark}'");
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(connection).await?;
    Ok(())
}
