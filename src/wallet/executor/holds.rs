//! Holds: made, captured, released, extended.

use super::{Batch, Executor};
use crate::{
    ids::{HoldId, TenantId},
    money::Credits,
    wallet::{
        amount::Amount,
        command::Ttl,
        details::Details,
        hold::{HOLDS_MAX, Hold, HoldStatus},
        outcome::{Booked, Refusal},
        request::Request,
    },
};

/// A capture, as it is asked for.
pub(super) struct Capture<'a> {
    pub(super) hold: HoldId,
    pub(super) credits: Option<Amount>,
    pub(super) last: bool,
    pub(super) description: &'a Option<String>,
}

impl Executor<'_> {
    pub(super) fn hold(
        &self,
        batch: &mut Batch,
        tenant: TenantId,
        credits: Amount,
        ttl: Ttl,
        details: &Details,
    ) -> Result<Booked, Refusal> {
        self.may_hold_once_more(batch, tenant)?;
        batch.is_available(tenant, credits.credits())?;
        let hold = Hold {
            id: HoldId::new(self.now, self.entropy),
            tenant_id: tenant,
            credits: credits.credits(),
            captured: Credits(0),
            status: HoldStatus::Active,
            details: details.clone(),
            created_at: self.now,
            updated_at: self.now,
            expires_at: ttl.end(self.now),
            finished_at: None,
        };
        batch.make(hold.clone());
        Ok(Booked::Hold(hold))
    }

    /// A hold that is active can always be captured, unless refunds have taken the balance from under it. One whose time is
    /// over is an ordinary spend.
    pub(super) fn capture(
        &self,
        batch: &mut Batch,
        request: &Request,
        capture: &Capture<'_>,
    ) -> Result<Booked, Refusal> {
        let mut hold = unfinished(batch, request.tenant_id, capture.hold)?;
        let left = hold.rest();
        let credits = capture.credits.map_or(left, Amount::credits);
        if credits > left || credits.0 == 0 {
            return Err(Refusal::ExceedsHold { left });
        }
        let funds = batch.funds(request.tenant_id);
        if Credits(funds.available().0 + hold.held_at(self.now).0) < credits {
            return Err(match hold.status_at(self.now) {
                HoldStatus::Expired => Refusal::HoldExpired { funds },
                _ => Refusal::InsufficientCredits { required: credits, funds },
            });
        }
        batch.within_cap(request.daily_cap, credits)?;

        hold.captured = Credits(hold.captured.0 + credits.0);
        hold.updated_at = self.now;
        if capture.last || hold.rest().0 == 0 {
            hold.finish(HoldStatus::Captured, self.now);
        }
        batch.free(hold.clone());
        let mut details = hold.details.clone();
        if capture.description.is_some() {
            details.description.clone_from(capture.description);
        }
        let spend = self.book_spend(batch, request, Some(hold.id), credits, details);
        Ok(Booked::Capture { hold: self.as_of_now(hold), spend })
    }

    /// A hold that is released already stays as it is.
    pub(super) fn release(&self, batch: &mut Batch, tenant: TenantId, id: HoldId) -> Result<Booked, Refusal> {
        let mut hold = find(batch, tenant, id)?;
        match hold.status {
            HoldStatus::Captured => return Err(Refusal::HoldFinished),
            HoldStatus::Released => {}
            HoldStatus::Active | HoldStatus::Expired => {
                hold.finish(HoldStatus::Released, self.now);
                batch.free(hold.clone());
            }
        }
        Ok(Booked::Hold(hold))
    }

    /// One whose time is over is set aside again, as a new hold would be.
    pub(super) fn extend(
        &self,
        batch: &mut Batch,
        tenant: TenantId,
        id: HoldId,
        ttl: Ttl,
        more: Option<Amount>,
    ) -> Result<Booked, Refusal> {
        let mut hold = unfinished(batch, tenant, id)?;
        let more = more.map_or(Credits(0), Amount::credits);
        // So that it can be captured at once.
        let credits = hold.credits.checked_add(more).and_then(|credits| Amount::try_from(credits.0).ok());
        let credits = credits.ok_or(Refusal::HoldTooLarge)?.credits();
        let expired = hold.status_at(self.now) == HoldStatus::Expired;
        let required = if expired { Credits(hold.rest().0 + more.0) } else { more };
        if expired {
            self.may_hold_once_more(batch, tenant)?;
        }
        let funds = batch.funds(tenant);
        if required.0 > 0 && funds.available() < required {
            return Err(if expired {
                Refusal::HoldExpired { funds }
            } else {
                Refusal::InsufficientCredits { required, funds }
            });
        }
        hold.credits = credits;
        hold.status = HoldStatus::Active;
        hold.expires_at = ttl.end(self.now);
        hold.updated_at = self.now;
        if required.0 > 0 {
            batch.extend(hold.clone());
        } else {
            batch.free(hold.clone());
        }
        Ok(Booked::Hold(hold))
    }

    fn may_hold_once_more(&self, batch: &Batch, tenant: TenantId) -> Result<(), Refusal> {
        let holds = batch.loaded.wallets.get(&tenant).map(|wallet| &wallet.holds);
        let active = holds.into_iter().flat_map(|holds| holds.values());
        let count = active.filter(|hold| hold.status_at(self.now) == HoldStatus::Active).count();
        if count < HOLDS_MAX { Ok(()) } else { Err(Refusal::TooManyHolds) }
    }

    fn as_of_now(&self, hold: Hold) -> Hold {
        Hold { status: hold.status_at(self.now), ..hold }
    }
}

fn find(batch: &Batch, tenant: TenantId, id: HoldId) -> Result<Hold, Refusal> {
    let wallet = batch.loaded.wallets.get(&tenant).ok_or(Refusal::NotFound)?;
    wallet.holds.get(&id).cloned().ok_or(Refusal::NotFound)
}

fn unfinished(batch: &Batch, tenant: TenantId, id: HoldId) -> Result<Hold, Refusal> {
    let hold = find(batch, tenant, id)?;
    if hold.is_finished() { Err(Refusal::HoldFinished) } else { Ok(hold) }
}
