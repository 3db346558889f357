//! Rate limits for log lines that clients can cause, so that a flood of them does not hide the others.

use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// The shortest time between two lines of a kind.
const QUIET: SignedDuration = SignedDuration::from_mins(1);

/// Lets one line through each minute, and counts those that it holds back.
#[derive(Debug, Default)]
pub struct LogLimit(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    last_line_at: Option<Timestamp>,
    held_back: u64,
}

impl LogLimit {
    /// No line yet.
    pub const fn new() -> Self {
        Self(Mutex::new(State { last_line_at: None, held_back: 0 }))
    }

    /// Counts an occurrence. When a line is due, returns the number of occurrences since the last line, with this one.
    pub fn count(&self, now: Timestamp) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back must not suppress lines for longer.
        let quiet = state.last_line_at.is_some_and(|last| last <= now && now.duration_since(last) < QUIET);
        if quiet {
            state.held_back += 1;
            return None;
        }
        state.last_line_at = Some(now);
        Some(std::mem::take(&mut state.held_back) + 1)
    }
}

/// The limits of one process.
#[derive(Debug, Default)]
pub struct LogLimits {
    /// Notifications that arrive while no secret is set.
    pub unverifiable_notifications: LogLimit,
    /// Notifications with a wrong signature.
    pub forged_notifications: LogLimit,
    /// Notifications that cannot be read.
    pub unreadable_notifications: LogLimit,
    /// Requests that another site makes a browser send.
    pub cross_site_requests: LogLimit,
    /// Requests from a proxy without the header that `CLIENT_IP_HEADER` names.
    pub unnamed_clients: LogLimit,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + seconds).unwrap()
    }

    #[test]
    fn a_flood_fills_a_line_a_minute_and_none_of_it_is_lost() {
        let limit = LogLimit::default();
        let lines: Vec<_> =
            (0..180).filter_map(|second| limit.count(at(second)).map(|count| (second, count))).collect();
        assert_eq!(lines, [(0, 1), (60, 60), (120, 60)]);
        assert_eq!(limit.count(at(10_000)), Some(60));
        assert_eq!(limit.count(at(20_000)), Some(1));
    }

    #[test]
    fn a_clock_that_is_set_back_silences_nothing() {
        let limit = LogLimit::default();
        assert_eq!(limit.count(at(10_000)), Some(1));
        assert_eq!(limit.count(at(0)), Some(1));
        assert_eq!(limit.count(at(1)), None);
    }
}
