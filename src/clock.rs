//! Time and randomness as parameters, so that a test can set both.

use jiff::Timestamp;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The present instant, UTC.
    fn now(&self) -> Timestamp;
}

/// Gives random bytes.
pub trait Entropy: Send + Sync {
    /// Ten unpredictable bytes: what a `UUIDv7` takes.
    fn bytes(&self) -> [u8; 10];
}
