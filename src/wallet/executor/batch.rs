//! What a group of requests has read, and what it will write.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Loaded;
use crate::{
    ids::{ApiKeyId, EntryId, TenantId},
    ledger::{Entry, NewEntry},
    money::Credits,
    wallet::{
        funds::Funds,
        hold::Hold,
        idempotency::KeyRecord,
        outcome::{Outcome, Refusal},
        request::{DailyCap, Request},
        spend::{Grant, Reversal, Spend},
    },
};

/// What is to be written, in one transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// In this order.
    pub waves: Vec<Wave>,
    /// The keys that were used, with their outcomes.
    pub keys: Vec<KeyRecord>,
    /// What API keys with a cap have now spent.
    pub usage: Vec<Usage>,
    /// The tenants whose balance has fallen below their threshold.
    pub low_balances: Vec<LowBalance>,
}

/// Writes that a database can take kind by kind, in the order of the fields, and still check each of them: credits are
/// freed, then booked, then set aside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wave {
    /// Holds that hold less than before, or as much; each once.
    pub freed: Vec<Hold>,
    /// What is booked.
    pub postings: Vec<Posting>,
    /// New holds.
    pub made: Vec<Hold>,
    /// Holds that are there and hold more than before; each once.
    pub extended: Vec<Hold>,
}

/// A ledger entry and what it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// The entry, with its number and the balance after it.
    pub entry: Entry,
    /// What is written beside it.
    pub source: Source,
}

/// What is written beside a ledger entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The spend.
    Spend(Spend),
    /// The grant.
    Grant(Grant),
    /// The reversal of a spend or grant.
    Reversal(Reversal),
}

/// What an API key with a cap has spent on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Which key.
    pub api_key: ApiKeyId,
    /// The day, counted from 1 January 1970 UTC.
    pub day: i64,
    /// In all, on that day.
    pub credits: Credits,
}

impl Usage {
    /// The day of an instant, counted from 1 January 1970 UTC.
    pub fn day_of(at: Timestamp) -> i64 {
        at.as_second().div_euclid(86_400)
    }
}

/// A balance that has fallen below the tenant's threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LowBalance {
    /// Whose.
    pub tenant_id: TenantId,
    /// The entry that took it there.
    pub entry_id: EntryId,
}

impl LowBalance {
    /// Whether a change of the balance crosses the threshold downwards.
    pub fn is_reached(threshold: Option<Credits>, before: Credits, after: Credits) -> bool {
        threshold.is_some_and(|threshold| before >= threshold && after < threshold)
    }
}

/// Far from what an `i64` can keep, so that refunds and sums over holds stay within it too.
const BALANCE_MAX: i64 = 1_000_000_000_000_000_000;

/// Where a tenant's next write goes.
#[derive(Clone, Copy, Default)]
struct Place {
    wave: usize,
    /// Whether the wave sets credits of the tenant aside already: whatever frees or books comes after that.
    sets_aside: bool,
}

pub(super) struct Batch {
    pub(super) loaded: Loaded,
    now: Timestamp,
    changes: Changes,
    places: BTreeMap<TenantId, Place>,
    usage: BTreeMap<ApiKeyId, Credits>,
}

impl Batch {
    pub(super) fn new(loaded: Loaded, now: Timestamp) -> Self {
        let usage = BTreeMap::new();
        Self { loaded, now, changes: Changes::default(), places: BTreeMap::new(), usage }
    }

    pub(super) fn into_changes(self) -> Changes {
        let day = Usage::day_of(self.now);
        let usage = self.usage.into_iter().map(|(api_key, credits)| Usage { api_key, day, credits }).collect();
        Changes { usage, ..self.changes }
    }

    /// What the tenant has after all that was decided so far.
    pub(super) fn funds(&self, tenant: TenantId) -> Funds {
        self.loaded.wallets.get(&tenant).map(|wallet| wallet.funds(self.now)).unwrap_or_default()
    }

    pub(super) fn keep_key(&mut self, request: &Request, outcome: &Outcome) {
        let record = KeyRecord {
            key: request.key.clone(),
            tenant_id: request.tenant_id,
            fingerprint: request.fingerprint.clone(),
            outcome: outcome.clone(),
            created_at: self.now,
        };
        self.loaded.keys.insert(request.key.clone(), record.clone());
        self.changes.keys.push(record);
    }

    /// Refuses what the tenant's available credits do not cover.
    pub(super) fn is_available(&self, tenant: TenantId, required: Credits) -> Result<(), Refusal> {
        let funds = self.funds(tenant);
        if funds.available() < required { Err(Refusal::InsufficientCredits { required, funds }) } else { Ok(()) }
    }

    /// Refuses a change that the balance, or a later sum of it, cannot take.
    pub(super) fn stays_in_range(&self, tenant: TenantId, change: Credits) -> Result<(), Refusal> {
        let after = self.funds(tenant).balance.checked_add(change);
        let in_range = after.is_some_and(|after| (-BALANCE_MAX..=BALANCE_MAX).contains(&after.0));
        if in_range { Ok(()) } else { Err(Refusal::BalanceOutOfRange) }
    }

    /// Refuses what leaves the key's cap.
    pub(super) fn within_cap(&self, cap: Option<DailyCap>, credits: Credits) -> Result<(), Refusal> {
        let Some(DailyCap { api_key, credits: most }) = cap else { return Ok(()) };
        let spent = self.spent_today(api_key);
        if spent.checked_add(credits).is_none_or(|total| total > most) { Err(Refusal::DailyCap) } else { Ok(()) }
    }

    pub(super) fn count_towards_cap(&mut self, cap: Option<DailyCap>, credits: Credits) {
        if let Some(DailyCap { api_key, .. }) = cap {
            let spent = self.spent_today(api_key);
            self.usage.insert(api_key, Credits(spent.0 + credits.0));
        }
    }

    fn spent_today(&self, api_key: ApiKeyId) -> Credits {
        self.usage.get(&api_key).or_else(|| self.loaded.usage.get(&api_key)).copied().unwrap_or_default()
    }

    /// Books an entry. The balance is in range: whoever takes has checked what is there, whoever gives the sum.
    pub(super) fn book(&mut self, booked: NewEntry, source: Source) {
        let tenant = booked.tenant_id;
        let wave = self.wave(tenant, false);
        let Some(wallet) = self.loaded.wallets.get_mut(&tenant) else { return };
        let before = wallet.balance;
        wallet.balance = Credits(before.0 + booked.credits.0);
        wallet.seq += 1;
        if LowBalance::is_reached(wallet.low_balance, before, wallet.balance) {
            self.changes.low_balances.push(LowBalance { tenant_id: tenant, entry_id: booked.id });
        }
        let entry = Entry { booked, seq: wallet.seq, balance_after: wallet.balance };
        self.changes.waves[wave].postings.push(Posting { entry, source });
    }

    /// Writes a hold that holds less than before, or as much.
    pub(super) fn free(&mut self, hold: Hold) {
        let wave = self.wave(hold.tenant_id, false);
        replace(&mut self.changes.waves[wave].freed, &hold);
        self.put(hold);
    }

    /// Writes a new hold.
    pub(super) fn make(&mut self, hold: Hold) {
        let wave = self.wave(hold.tenant_id, true);
        self.changes.waves[wave].made.push(hold.clone());
        self.put(hold);
    }

    /// Writes a hold that holds more than before.
    pub(super) fn extend(&mut self, hold: Hold) {
        let wave = self.wave(hold.tenant_id, true);
        let Wave { made, extended, .. } = &mut self.changes.waves[wave];
        match made.iter_mut().find(|new| new.id == hold.id) {
            Some(new) => new.clone_from(&hold),
            None => replace(extended, &hold),
        }
        self.put(hold);
    }

    fn put(&mut self, hold: Hold) {
        if let Some(wallet) = self.loaded.wallets.get_mut(&hold.tenant_id) {
            wallet.holds.insert(hold.id, hold);
        }
    }

    fn wave(&mut self, tenant: TenantId, sets_aside: bool) -> usize {
        let place = self.places.entry(tenant).or_default();
        if place.sets_aside && !sets_aside {
            place.wave += 1;
        }
        place.sets_aside = sets_aside;
        if self.changes.waves.len() == place.wave {
            self.changes.waves.push(Wave::default());
        }
        place.wave
    }
}

fn replace(holds: &mut Vec<Hold>, hold: &Hold) {
    match holds.iter_mut().find(|known| known.id == hold.id) {
        Some(known) => known.clone_from(hold),
        None => holds.push(hold.clone()),
    }
}
