//! Typed identifiers: `UUIDv7` (RFC 9562), which sort by the time of creation.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::Entropy;

macro_rules! typed_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Uuid);

        impl $name {
            /// Makes a new id from the given instant and randomness.
            pub fn new(at: Timestamp, entropy: &dyn Entropy) -> Self {
                Self(uuid_v7(at, entropy))
            }

            /// The id behind a stored or received UUID.
            pub fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// When the id was made, to the millisecond; `None` for a UUID of another version.
            pub fn made_at(&self) -> Option<Timestamp> {
                let (second, nanosecond) = self.0.get_timestamp()?.to_unix();
                Timestamp::new(second.try_into().ok()?, nanosecond.try_into().ok()?).ok()
            }

            /// The bare UUID.
            pub fn as_uuid(&self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            /// Accepts only the hyphenated form, so that each id has one spelling.
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let uuid = Uuid::try_parse(text).map_err(|_| InvalidId)?;
                if uuid.hyphenated().to_string() == text { Ok(Self(uuid)) } else { Err(InvalidId) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.to_string()
            }
        }
    };
}

typed_id!(
    /// Who owns a balance (Mandant).
    TenantId
);
typed_id!(
    /// Who signs in.
    UserId
);
typed_id!(
    /// One order of one product.
    PurchaseId
);
typed_id!(
    /// One line of the ledger (Buchung).
    EntryId
);
typed_id!(
    /// One stored notification from the provider.
    EventId
);
typed_id!(
    /// One declaration of withdrawal.
    WithdrawalId
);
typed_id!(
    /// Credits set aside for a job.
    HoldId
);
typed_id!(
    /// Credits taken for good.
    SpendId
);
typed_id!(
    /// Credits that nobody bought.
    GrantId
);
typed_id!(
    /// Credits given back of a spend, or taken back of a grant.
    ReversalId
);
typed_id!(
    /// A key to the platform API.
    ApiKeyId
);

typed_id!(
    /// Where webhooks go.
    WebhookEndpointId
);
typed_id!(
    /// What webhooks tell of one effect.
    WebhookEventId
);

/// The text is not the hyphenated, lower-case form of a UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID in its hyphenated form")]
pub struct InvalidId;

pub(crate) fn uuid_v7(at: Timestamp, entropy: &dyn Entropy) -> Uuid {
    // A clock before 1970 is wrong, but even then the ids are unique.
    let millis = u64::try_from(at.as_millisecond()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &entropy.bytes()).into_uuid()
}
