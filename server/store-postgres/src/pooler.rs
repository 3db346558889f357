//! Detects a pooler that gives each transaction another session of the server, such as `PgBouncer` in transaction mode.
//!
//! With such a pooler, the driver's prepared statements, session settings and `LISTEN` end up in other clients'
//! sessions.

use sqlx::{Connection, PgConnection, Row, postgres::PgConnectOptions};

use crate::connect::connect;

const SET_MARK: &str =
    "SELECT set_config('credit_shop.session', md5(random()::TEXT || clock_timestamp()::TEXT), FALSE)";
const READ_MARK: &str = "SELECT COALESCE(current_setting('credit_shop.session', TRUE), '')";
const REMOVE_MARK: &str = "SELECT set_config('credit_shop.session', '', FALSE)";

/// Whether a second connection sees a session setting of the first one.
pub(crate) async fn shares_sessions(options: &PgConnectOptions, first: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let mark = ask(first, SET_MARK).await?;
    let mut second = connect(options).await?;
    let seen = ask(&mut second, READ_MARK).await?;
    second.close().await?;
    ask(first, REMOVE_MARK).await?;
    Ok(seen == mark)
}

/// A simple query, because a prepared statement of the same name may exist from another connection.
async fn ask(connection: &mut PgConnection, question: &'static str) -> Result<String, sqlx::Error> {
    sqlx::raw_sql(question).fetch_one(connection).await?.try_get(0)
}
