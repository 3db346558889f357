//! The limits of a store.

use std::time::Duration;

/// The limits of the connection pool, and whether writes share transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most connections; on SQLite, those for reading.
    pub connections: u32,
    /// How long a statement may take, and how long a caller waits for a connection.
    pub time: Duration,
    /// Whether changes that arrive together are written together; otherwise each by itself, to compare with.
    pub coalescing: bool,
}

impl Limits {
    /// How long a statement waits for a lock.
    pub(crate) fn lock_time(self) -> Duration {
        self.time / 2
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: crate::CONNECTIONS_DEFAULT, time: Duration::from_secs(10), coalescing: true }
    }
}
