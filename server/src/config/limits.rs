//! Limits: whole numbers, each within its range.

use std::{ops::RangeInclusive, time::Duration};

use billing::store::OrderLimits;

use super::{reader::Reader, settings::DatabaseLimits};

/// What the database may be asked for.
pub(super) fn database(reader: &mut Reader<'_>) -> DatabaseLimits {
    let connections = reader.parsed(
        "DATABASE_CONNECTIONS",
        |text| number(text, 2..=1_000),
        "set it to the connections that a process may open, from 2 to 1000",
    );
    let seconds = reader.parsed(
        "DATABASE_TIMEOUT_SECONDS",
        |text| number(text, 1..=600),
        "set it to the seconds that a statement may take, from 1 to 600",
    );
    DatabaseLimits { connections, time: Duration::from_secs(seconds.unwrap_or(10).into()) }
}

/// How much a customer may order.
pub(super) fn orders(reader: &mut Reader<'_>) -> OrderLimits {
    let open_max = reader.parsed(
        "OPEN_PURCHASES_MAX",
        |text| number(text, 1..=1_000_000),
        "set it to the unpaid purchases that one customer may have, from 1 to 1000000",
    );
    let per_minute_max = reader.parsed(
        "ORDERS_PER_MINUTE_MAX",
        |text| number(text, 1..=1_000_000),
        "set it to the orders that one customer may place in a minute, from 1 to 1000000",
    );
    OrderLimits { open_max: open_max.unwrap_or(20), per_minute_max: per_minute_max.unwrap_or(10) }
}

/// A whole number of that range.
pub(super) fn number(text: &str, range: RangeInclusive<u32>) -> Option<u32> {
    text.parse().ok().filter(|number| range.contains(number))
}
