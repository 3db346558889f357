//! The lock that lets one process migrate at a time.
//!
//! The driver has such a lock too, but waits for it within a statement, which holds a snapshot. `CREATE INDEX
//! CONCURRENTLY` waits for all older snapshots. So a process that waits for the driver's lock, and another that holds
//! it and builds an index, would deadlock. This lock is polled instead, and holds no snapshot between two polls. The
//! process that has it finds the driver's lock free.

use std::time::Duration;

use sqlx::PgConnection;
use tokio::time::sleep;

/// The advisory lock's key; nothing else uses it.
const KEY: i64 = i64::from_be_bytes(*b"migrates");
const ASK_EVERY: Duration = Duration::from_millis(100);

/// Waits until no other process migrates, and takes the lock. Closing the connection releases it.
pub(crate) async fn acquire(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    loop {
        let asked = sqlx::query_scalar::<_, bool>("SELECT pg_try_advisory_lock($1)").bind(KEY);
        if asked.fetch_one(&mut *connection).await? {
            return Ok(());
        }
        sleep(ASK_EVERY).await;
    }
}
