//! Spends, grants and their reversals: what becomes a ledger entry.

use super::{Batch, Executor, batch::Source};
use crate::{
    ids::{EntryId, GrantId, HoldId, ReversalId, SpendId, TenantId},
    ledger::{self, EntryKind, NewEntry},
    money::Credits,
    wallet::{
        amount::Amount,
        command::SpendLine,
        details::{Details, Reason},
        outcome::{Booked, Refusal},
        request::Request,
        spend::{Grant, Reversal, ReversedSource, Spend},
    },
};

impl Executor<'_> {
    /// All lines or none.
    pub(super) fn spend(
        &self,
        batch: &mut Batch,
        request: &Request,
        lines: &[SpendLine],
    ) -> Result<Vec<Spend>, Refusal> {
        // At most Command::BULK_MAX lines of at most Amount::MAX credits.
        let required = Credits(lines.iter().map(|line| line.credits.credits().0).sum());
        batch.is_available(request.tenant_id, required)?;
        batch.within_cap(request.daily_cap, required)?;
        let book =
            |line: &SpendLine| self.book_spend(batch, request, None, line.credits.credits(), line.details.clone());
        Ok(lines.iter().map(book).collect())
    }

    pub(super) fn book_spend(
        &self,
        batch: &mut Batch,
        request: &Request,
        hold_id: Option<HoldId>,
        credits: Credits,
        details: Details,
    ) -> Spend {
        let spend = Spend {
            id: SpendId::new(self.now, self.entropy),
            tenant_id: request.tenant_id,
            hold_id,
            credits,
            reversed: Credits(0),
            details,
            created_at: self.now,
        };
        batch.count_towards_cap(request.daily_cap, credits);
        let entry =
            self.entry(spend.tenant_id, ledger::Source::Spend(spend.id), EntryKind::Spend, &spend.id.to_string());
        batch.book(NewEntry { credits: Credits(-credits.0), ..entry }, Source::Spend(spend.clone()));
        batch.loaded.spends.insert(spend.id, spend.clone());
        spend
    }

    pub(super) fn reverse_spend(
        &self,
        batch: &mut Batch,
        tenant: TenantId,
        id: SpendId,
        credits: Option<Amount>,
        reason: &Reason,
    ) -> Result<Booked, Refusal> {
        let spend = batch.loaded.spends.get(&id).filter(|spend| spend.tenant_id == tenant);
        let mut spend = spend.cloned().ok_or(Refusal::NotFound)?;
        let left = Credits(spend.credits.0 - spend.reversed.0);
        let credits = credits.map_or(left, Amount::credits);
        if credits > left || credits.0 == 0 {
            return Err(Refusal::ExceedsSpend { left });
        }
        batch.stays_in_range(tenant, credits)?;
        spend.reversed = Credits(spend.reversed.0 + credits.0);
        batch.loaded.spends.insert(id, spend.clone());
        let reversal = self.reversal(tenant, ReversedSource::Spend(id), credits, reason);
        let effect_ref = reversal.id.to_string();
        let entry = self.entry(tenant, ledger::Source::Spend(id), EntryKind::SpendReversal, &effect_ref);
        batch.book(NewEntry { credits, ..entry }, Source::Reversal(reversal.clone()));
        Ok(Booked::SpendReversal { reversal, spend })
    }

    pub(super) fn grant(
        &self,
        batch: &mut Batch,
        request: &Request,
        credits: Amount,
        reason: &Reason,
    ) -> Result<Booked, Refusal> {
        let credits = credits.credits();
        batch.stays_in_range(request.tenant_id, credits)?;
        let grant = Grant {
            id: GrantId::new(self.now, self.entropy),
            tenant_id: request.tenant_id,
            credits,
            reversed: Credits(0),
            reason: reason.clone(),
            granted_by: request.asked_by.clone(),
            created_at: self.now,
        };
        let effect_ref = grant.id.to_string();
        let entry = self.entry(grant.tenant_id, ledger::Source::Grant(grant.id), EntryKind::Grant, &effect_ref);
        batch.book(NewEntry { credits, ..entry }, Source::Grant(grant.clone()));
        batch.loaded.grants.insert(grant.id, grant.clone());
        Ok(Booked::Grant(grant))
    }

    /// May make the balance negative, as a refund may.
    pub(super) fn reverse_grant(
        &self,
        batch: &mut Batch,
        tenant: TenantId,
        id: GrantId,
        credits: Option<Amount>,
        reason: &Reason,
    ) -> Result<Booked, Refusal> {
        let grant = batch.loaded.grants.get(&id).filter(|grant| grant.tenant_id == tenant);
        let mut grant = grant.cloned().ok_or(Refusal::NotFound)?;
        let left = Credits(grant.credits.0 - grant.reversed.0);
        let credits = credits.map_or(left, Amount::credits);
        if credits > left || credits.0 == 0 {
            return Err(Refusal::ExceedsGrant { left });
        }
        let taken = Credits(-credits.0);
        batch.stays_in_range(tenant, taken)?;
        grant.reversed = Credits(grant.reversed.0 + credits.0);
        batch.loaded.grants.insert(id, grant.clone());
        let reversal = self.reversal(tenant, ReversedSource::Grant(id), credits, reason);
        let effect_ref = reversal.id.to_string();
        let entry = self.entry(tenant, ledger::Source::Grant(id), EntryKind::GrantReversal, &effect_ref);
        batch.book(NewEntry { credits: taken, ..entry }, Source::Reversal(reversal.clone()));
        Ok(Booked::GrantReversal { reversal, grant })
    }

    fn reversal(&self, tenant_id: TenantId, source: ReversedSource, credits: Credits, reason: &Reason) -> Reversal {
        let id = ReversalId::new(self.now, self.entropy);
        Reversal { id, tenant_id, source, credits, reason: reason.clone(), created_at: self.now }
    }

    /// An entry without its credits.
    fn entry(&self, tenant_id: TenantId, source: ledger::Source, kind: EntryKind, effect_ref: &str) -> NewEntry {
        NewEntry {
            id: EntryId::new(self.now, self.entropy),
            tenant_id,
            source,
            kind,
            effect_ref: effect_ref.to_owned(),
            credits: Credits(0),
            created_at: self.now,
        }
    }
}
