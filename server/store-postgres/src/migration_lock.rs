//! One process migrates at a time.
//!
//! The driver has a lock for that, too, but waits for it in a statement, and a statement holds a snapshot. `CREATE INDEX
//! CONCURRENTLY` waits for every older snapshot to go: who waits for the driver's lock, and who holds it and builds an index,
//! would wait for each other. So this lock is asked for again and again, with nothing held in between; whoever has it
//! finds the driver's free.

use std::time::Duration;

use sqlx::PgConnection;
use tokio::time::sleep;

/// Which lock of the database's; the number is nobody else's.
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
