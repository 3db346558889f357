//! The settings of the platform API.

use std::num::NonZeroU32;

use super::{reader::Reader, settings::Payments};
use crate::{identity::KeyMode, platform::PlatformSettings};

/// Far more than a person's clicks cause, and few enough that one platform gone wild leaves room for others.
const CALLS_PER_SECOND_MAX_DEFAULT: u32 = 1_000;

pub(super) fn platform(reader: &mut Reader<'_>, payments: &Payments) -> PlatformSettings {
    let calls = reader.parsed(
        "API_REQUESTS_PER_SECOND_MAX",
        |text| text.parse().ok().filter(|calls| *calls <= 1_000_000).and_then(NonZeroU32::new),
        "set it to the calls that an API key may make in a second, from 1 to 1000000",
    );
    let coalescing = reader.parsed(
        "COALESCING",
        |text| match text {
            "on" => Some(true),
            "off" => Some(false),
            _ => None,
        },
        "set it to on or off",
    );
    let live = matches!(payments, Payments::Stripe { live: true, .. });
    PlatformSettings {
        coalescing: coalescing.unwrap_or(true),
        calls_per_second_max: calls
            .or_else(|| NonZeroU32::new(CALLS_PER_SECOND_MAX_DEFAULT))
            .unwrap_or(NonZeroU32::MAX),
        key_mode: if live { KeyMode::Live } else { KeyMode::Test },
    }
}
