//! Time and randomness as parameters, so that a test can set both.

use jiff::Timestamp;

/// A clock.
pub trait Clock: Send + Sync {
    /// The present instant, UTC.
    fn now(&self) -> Timestamp;
}

/// A source of random bytes.
pub trait Entropy: Send + Sync {
    /// Ten unpredictable bytes, as many as a `UUIDv7` needs.
    fn bytes(&self) -> [u8; 10];
}
