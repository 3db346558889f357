//! The machine's clock and randomness.

use billing::clock::{Clock, Entropy};
use jiff::Timestamp;

/// The machine's clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    /// Rounded to microseconds, the precision of both databases.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }
}

/// The operating system's randomness.
#[derive(Clone, Copy, Debug)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn bytes(&self) -> [u8; 10] {
        let mut bytes = [0; 10];
        if let Err(error) = getrandom::fill(&mut bytes) {
            // Without randomness ids could be guessed, so the process aborts.
            tracing::error!(%error, "the operating system gives no randomness");
            std::process::abort();
        }
        bytes
    }
}
