//! Local times.

use serde::{Deserialize, Serialize};

/// A local time in the shop's time zone, to the minute. Computed by the server, so that both sides show the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "[i16; 5]", into = "[i16; 5]")]
pub(crate) struct WallTime {
    pub(crate) year: i16,
    /// From 1.
    pub(crate) month: i16,
    /// From 1.
    pub(crate) day: i16,
    pub(crate) hour: i16,
    pub(crate) minute: i16,
}

impl From<[i16; 5]> for WallTime {
    fn from([year, month, day, hour, minute]: [i16; 5]) -> Self {
        Self { year, month, day, hour, minute }
    }
}

impl From<WallTime> for [i16; 5] {
    fn from(WallTime { year, month, day, hour, minute }: WallTime) -> Self {
        [year, month, day, hour, minute]
    }
}

#[cfg(feature = "ssr")]
impl WallTime {
    /// The local time of an instant in a time zone.
    pub(crate) fn at(at: jiff::Timestamp, zone: &jiff::tz::TimeZone) -> Self {
        let at = zone.to_datetime(at);
        let (month, day, hour, minute) = (at.month(), at.day(), at.hour(), at.minute());
        Self { year: at.year(), month: month.into(), day: day.into(), hour: hour.into(), minute: minute.into() }
    }
}
