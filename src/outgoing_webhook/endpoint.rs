//! Where webhooks go.

use std::{collections::BTreeSet, fmt};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::event::WebhookEventType;
use crate::ids::WebhookEndpointId;

/// How long the secrets of before sign beside a new one.
const ROTATION_TIME: SignedDuration = SignedDuration::from_hours(24);
/// An endpoint that fails for so long is switched off.
const FAILING_TIME_MAX: SignedDuration = SignedDuration::from_hours(3 * 24);

/// Where webhooks go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookEndpoint {
    /// Its id.
    pub id: WebhookEndpointId,
    /// Where requests go.
    pub url: String,
    /// What they are signed with; several while one is being rotated.
    pub secrets: Vec<SigningSecret>,
    /// What it wants to hear of; `None`: everything.
    pub event_types: Option<BTreeSet<WebhookEventType>>,
    /// When it was added.
    pub created_at: Timestamp,
    /// The first failed attempt after the last one that succeeded.
    pub failing_since: Option<Timestamp>,
    /// Whether and why it gets nothing.
    pub disabled: Option<Disabled>,
}

/// Since when, and why, an endpoint gets nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disabled {
    /// Since when.
    pub at: Timestamp,
    /// Why, for the operator.
    pub note: String,
}

/// What webhooks are signed with. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningSecret {
    /// `whsec_` and the key in Base64.
    pub secret: String,
    /// From when on it signs no longer; `None`: it is the newest.
    pub expires_at: Option<Timestamp>,
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningSecret").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

impl WebhookEndpoint {
    /// Whether it gets events of that type.
    pub fn wants(&self, event_type: WebhookEventType) -> bool {
        self.disabled.is_none() && self.event_types.as_ref().is_none_or(|types| types.contains(&event_type))
    }

    /// The secrets that sign at that instant, the newest first.
    pub fn active_secrets(&self, now: Timestamp) -> impl Iterator<Item = &str> {
        let active = self.secrets.iter().filter(move |secret| secret.expires_at.is_none_or(|end| end > now));
        active.map(|secret| secret.secret.as_str())
    }

    /// The secrets with a new one; those of before sign for another day.
    pub fn rotated(&self, new: String, now: Timestamp) -> Vec<SigningSecret> {
        let end = now + ROTATION_TIME;
        let before = self.secrets.iter().filter(|secret| secret.expires_at.is_none_or(|end| end > now));
        let before = before.map(|secret| {
            let expires_at = Some(secret.expires_at.map_or(end, |earlier| earlier.min(end)));
            SigningSecret { secret: secret.secret.clone(), expires_at }
        });
        [SigningSecret { secret: new, expires_at: None }].into_iter().chain(before).collect()
    }

    /// Whether an attempt that fails at `now` is one too many, when attempts fail since `failing_since`.
    pub fn has_failed_too_long(failing_since: Timestamp, now: Timestamp) -> bool {
        now >= failing_since + FAILING_TIME_MAX
    }
}
