//! Times as the clock on the wall shows them.

use serde::{Deserialize, Serialize};

/// A minute on the wall clock of the shop's time zone. The server works it out, so that both sides show the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WallTime {
    pub(crate) year: i16,
    /// From 1.
    pub(crate) month: i8,
    /// From 1.
    pub(crate) day: i8,
    pub(crate) hour: i8,
    pub(crate) minute: i8,
}

#[cfg(feature = "ssr")]
impl WallTime {
    /// The instant on the wall clock of that zone.
    pub(crate) fn at(at: jiff::Timestamp, zone: &jiff::tz::TimeZone) -> Self {
        let at = zone.to_datetime(at);
        Self { year: at.year(), month: at.month(), day: at.day(), hour: at.hour(), minute: at.minute() }
    }
}
