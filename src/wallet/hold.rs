//! Credits that are set aside for a job.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantNames};

use super::details::Details;
use crate::{
    ids::{HoldId, TenantId},
    money::Credits,
};

/// The most active holds of one tenant.
pub const HOLDS_MAX: usize = 100;

/// How a hold stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Display, EnumString, IntoStaticStr, VariantNames,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum HoldStatus {
    /// Its rest is set aside.
    Active,
    /// It was captured for the last time.
    Captured,
    /// Its rest was let go.
    Released,
    /// Its time is over. Whether it is stored so, or ACTIVE with an end that has passed, makes no difference.
    Expired,
}

impl HoldStatus {
    /// The name in the database and the API.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Credits that are set aside for a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Its id.
    pub id: HoldId,
    /// Whose credits.
    pub tenant_id: TenantId,
    /// How many were set aside in all; positive.
    pub credits: Credits,
    /// How many of them were captured; never more than `credits`.
    pub captured: Credits,
    /// How it is stored. See [`Hold::status_at`].
    pub status: HoldStatus,
    /// What the platform says about it.
    pub details: Details,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was made or last changed.
    pub updated_at: Timestamp,
    /// From this instant on it holds nothing.
    pub expires_at: Timestamp,
    /// When it was captured for the last time or released.
    pub finished_at: Option<Timestamp>,
}

impl Hold {
    /// How it stands at that instant.
    pub fn status_at(&self, now: Timestamp) -> HoldStatus {
        match self.status {
            HoldStatus::Active if self.expires_at <= now => HoldStatus::Expired,
            status => status,
        }
    }

    /// What is not captured of it, whether it is still set aside or not.
    pub fn rest(&self) -> Credits {
        Credits(self.credits.0 - self.captured.0)
    }

    /// What it sets aside at that instant.
    pub fn held_at(&self, now: Timestamp) -> Credits {
        if self.status_at(now) == HoldStatus::Active { self.rest() } else { Credits(0) }
    }

    /// Whether it was captured for the last time or released.
    pub fn is_finished(&self) -> bool {
        matches!(self.status, HoldStatus::Captured | HoldStatus::Released)
    }

    pub(super) fn finish(&mut self, status: HoldStatus, now: Timestamp) {
        self.status = status;
        self.updated_at = now;
        self.finished_at = Some(now);
    }
}
