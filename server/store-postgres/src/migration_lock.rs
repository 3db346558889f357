//! One process migrates at a time.
//!
//! The driver has a lock for that, too, but waits for it within a statement, which holds a snapshot. `CREATE INDEX
//! CONCURRENTLY` waits for all older snapshots: a process that waits for the driver's lock and one that holds it and
//! builds an index would deadlock. So this lock is polled, without a snapshot in between. Whoever has it finds the
//! driver's lock free.

use std::time::Duration;

use sqlx::PgConnection;
use tokio::time::sleep;

/// The advisory lock's number, which nothing else uses.
const KEY: i64 = i64::from_be_bytes(*b"migrates");
const ASK_EVERY: Duration = Duration::from_millis(100);

/// Waits until no other process migrates. The lock is given back when the connection is closed.
pub(crate) async fn acquire(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    loop {
        let asked = sqlx::query_scalar::<_, bool>("SELECT pg_try_advisory_lock($1)").bind(KEY);
        if asked.fetch_one(&mut *connection).await? {
            return Ok(());
        }
        sleep(ASK_EVERY).await;
    }
}
