//! How many connections a process holds, and how long it waits for them.

use std::time::Duration;

/// What the operator has set of the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The connections that the pool may open; on SQLite those that read.
    pub connections: u32,
    /// How long a statement may take, and how long a caller waits for a connection.
    pub time: Duration,
}

impl Limits {
    /// How long a statement waits for a lock.
    pub(crate) fn lock_time(self) -> Duration {
        self.time / 2
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: crate::CONNECTIONS_DEFAULT, time: Duration::from_secs(10) }
    }
}
