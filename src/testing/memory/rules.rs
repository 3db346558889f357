//! The rules of `migrations/`, under the same names.

use super::Tables;
use crate::{
    ledger::{EntryKind, NewEntry},
    money::Credits,
    purchase::{Purchase, Status},
    store::{OrderLimits, StoreError},
};

pub(super) fn refuse_if(broken: bool, rule: &str) -> Result<(), StoreError> {
    if broken { Err(StoreError::Refused(rule.to_owned())) } else { Ok(()) }
}

pub(super) fn may_insert(tables: &Tables, purchase: &Purchase) -> Result<(), StoreError> {
    let orderer = tables.users.get(&purchase.ordered_by);
    let known = orderer.is_some_and(|account| account.principal.tenant_id == purchase.tenant_id);
    refuse_if(!known, "purchases_ordered_by_fkey")?;
    refuse_if(tables.purchases.contains_key(&purchase.id), "purchases_id_key")?;
    refuse_if(purchase.status() != Status::Pending || purchase.version != 1, "purchases_start")?;
    refuse_if(purchase.item.price.cents <= 0, "purchases_amount_cents_check")?;
    refuse_if(purchase.item.credits <= Credits(0), "purchases_credits_amount_check")?;
    may_have_checkout(tables, purchase)
}

pub(super) fn may_order(tables: &Tables, purchase: &Purchase, limits: OrderLimits) -> bool {
    let own = || tables.purchases.values().filter(|other| other.tenant_id == purchase.tenant_id);
    let open = own().filter(|other| other.status() == Status::Pending).count();
    let window_start = purchase.created_at - OrderLimits::WINDOW;
    let recent = own().filter(|other| other.created_at > window_start).count();
    let under = |count: usize, max: u32| u32::try_from(count).is_ok_and(|count| count < max);
    under(open, limits.open_max) && under(recent, limits.per_minute_max)
}

pub(super) fn may_update(tables: &Tables, stored: &Purchase, wanted: &Purchase) -> Result<(), StoreError> {
    let kept = Purchase {
        checkout: wanted.checkout.clone(),
        payment_ref: wanted.payment_ref.clone(),
        state: wanted.state,
        reversals: wanted.reversals.clone(),
        updated_at: wanted.updated_at,
        ..stored.clone()
    };
    let session = |purchase: &Purchase| purchase.checkout.as_ref().map(|checkout| checkout.provider_ref.clone());
    let session_changed = stored.checkout.is_some() && session(stored) != session(wanted);
    let payment_moved = stored.state.paid_at().is_some_and(|at| wanted.state.paid_at() != Some(at));
    let from = stored.status();
    let to = wanted.status();
    let allowed = matches!(
        (from, to),
        (Status::Pending | Status::Failed, Status::Paid)
            | (Status::Pending, Status::Failed)
            | (Status::Paid, Status::Refunded)
    );
    refuse_if(from != to && !allowed, "purchases_move")?;
    refuse_if(kept != *wanted || session_changed || payment_moved, "purchases_snapshot")?;
    may_have_checkout(tables, wanted)
}

fn may_have_checkout(tables: &Tables, purchase: &Purchase) -> Result<(), StoreError> {
    let holder = purchase.checkout.as_ref().and_then(|checkout| tables.by_checkout(&checkout.provider_ref));
    refuse_if(holder.is_some_and(|holder| holder.id != purchase.id), "purchases_provider_ref_key")
}

/// `changed` is the purchase that the same transaction writes; `earlier` are the entries before this one.
pub(super) fn may_book(
    tables: &Tables,
    changed: &Purchase,
    entry: &NewEntry,
    earlier: &[NewEntry],
) -> Result<(), StoreError> {
    let mut booked = tables.ledgers.values().flatten().map(|entry| &entry.booked).chain(earlier);
    let same_effect = |other: &&NewEntry| {
        (other.tenant_id, other.source, other.kind) == (entry.tenant_id, entry.source, entry.kind)
            && other.effect_ref == entry.effect_ref
    };
    refuse_if(booked.clone().any(|other| other.id == entry.id), "ledger_entries_id_key")?;
    refuse_if(booked.find(same_effect).is_some(), "ledger_entries_effect_key")?;
    refuse_if(entry.source.kind() != entry.kind.source_kind(), "ledger_entries_source_check")?;
    let stored = entry.source.purchase().and_then(|id| tables.own_purchase(entry.tenant_id, id));
    let Some(stored) = stored else { return Err(StoreError::Refused("ledger_entries_purchase_fkey".to_owned())) };
    let sold = if stored.id == changed.id { changed } else { stored };
    let is_purchase = entry.kind == EntryKind::Purchase;
    let paid = sold.state.paid_at().is_some();
    refuse_if(!paid || (is_purchase && entry.credits != sold.item.credits), "ledger_entries_sold")?;
    refuse_if(entry.effect_ref.is_empty() != is_purchase, "ledger_entries_effect_ref_check")?;
    let right_sign = match entry.kind {
        EntryKind::Purchase | EntryKind::SpendReversal | EntryKind::Grant => entry.credits > Credits(0),
        EntryKind::Refund | EntryKind::Dispute => entry.credits <= Credits(0),
        EntryKind::RefundReversal | EntryKind::DisputeReversal => entry.credits >= Credits(0),
        EntryKind::Spend | EntryKind::GrantReversal => entry.credits < Credits(0),
    };
    refuse_if(!right_sign, "ledger_entries_credits_check")?;
    let before = tables.balance(entry.tenant_id).credits;
    let mut added = earlier.iter().chain([entry]).map(|entry| entry.credits);
    let sum = added.try_fold(before, Credits::checked_add);
    refuse_if(sum.is_none(), "the balance leaves its range")
}
