//! Decides upon requests, in memory.

mod batch;
mod holds;
mod postings;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use self::batch::Batch;
pub use self::batch::{Changes, LowBalance, Posting, Source, Usage, Wave};
use super::{
    command::Command,
    funds::Funds,
    hold::Hold,
    idempotency::{IdempotencyKey, KeyRecord},
    outcome::{Answer, Booked, Outcome, Refusal},
    request::Request,
    spend::{Grant, Spend},
};
use crate::{
    clock::Entropy,
    ids::{ApiKeyId, GrantId, HoldId, SpendId, TenantId},
    money::Credits,
};

/// What a store has read, under the locks of the tenants of all requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// The tenants.
    pub wallets: BTreeMap<TenantId, Wallet>,
    /// The spends that the requests name.
    pub spends: BTreeMap<SpendId, Spend>,
    /// The grants that the requests name.
    pub grants: BTreeMap<GrantId, Grant>,
    /// The keys of the requests that were used before.
    pub keys: BTreeMap<IdempotencyKey, KeyRecord>,
    /// What API keys with a cap have spent on the day of `now`.
    pub usage: BTreeMap<ApiKeyId, Credits>,
    /// Those of the API keys that ask which are revoked.
    pub revoked: BTreeSet<ApiKeyId>,
}

/// What a tenant has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wallet {
    /// The sum of the ledger entries.
    pub balance: Credits,
    /// The number of the newest entry; 0 while there is none.
    pub seq: i64,
    /// Below which balance the platform is told, if at all.
    pub low_balance: Option<Credits>,
    /// All its active holds, and those that the requests name.
    pub holds: BTreeMap<HoldId, Hold>,
}

impl Wallet {
    /// What the tenant has at that instant.
    pub fn funds(&self, now: Timestamp) -> Funds {
        let held = self.holds.values().map(|hold| hold.held_at(now).0).sum();
        Funds { balance: self.balance, held: Credits(held), seq: self.seq }
    }
}

/// Decides upon requests, in memory.
#[derive(Clone, Copy)]
pub struct Executor<'a> {
    /// The present instant, read after the tenants were locked.
    pub now: Timestamp,
    /// For new ids.
    pub entropy: &'a dyn Entropy,
}

impl Executor<'_> {
    /// Decides upon the requests in their order, each upon what the ones before it have left. Gives the answers in that
    /// order, and what is to be written.
    pub fn execute(&self, loaded: Loaded, requests: &[Request]) -> (Vec<Answer>, Changes) {
        let mut batch = Batch::new(loaded, self.now);
        let answers = requests.iter().map(|request| self.answer(&mut batch, request)).collect();
        (answers, batch.into_changes())
    }

    fn answer(&self, batch: &mut Batch, request: &Request) -> Answer {
        if request.api_key.is_some_and(|api_key| batch.loaded.revoked.contains(&api_key)) {
            return Answer { outcome: Outcome::Refused(Refusal::ApiKeyRevoked), replayed: false };
        }
        if let Some(known) = batch.loaded.keys.get(&request.key) {
            return if known.fingerprint == request.fingerprint && known.tenant_id == request.tenant_id {
                Answer { outcome: known.outcome.clone(), replayed: true }
            } else {
                Answer { outcome: Outcome::Refused(Refusal::KeyReused), replayed: false }
            };
        }
        let outcome = match self.decide(batch, request) {
            Ok(written) => Outcome::Done { written: Box::new(written), funds: batch.funds(request.tenant_id) },
            Err(refusal) => Outcome::Refused(refusal),
        };
        let kept = if let Outcome::Refused(refusal) = &outcome { refusal.is_kept() } else { true };
        if kept {
            batch.keep_key(request, &outcome);
        }
        Answer { outcome, replayed: false }
    }

    /// Checks all before it changes anything: a refusal leaves the batch as it was.
    fn decide(&self, batch: &mut Batch, request: &Request) -> Result<Booked, Refusal> {
        let tenant = request.tenant_id;
        if !batch.loaded.wallets.contains_key(&tenant) {
            return Err(Refusal::NotFound);
        }
        match &request.command {
            Command::Spend(line) => {
                let mut spends = self.spend(batch, request, std::slice::from_ref(line))?;
                spends.pop().map(Booked::Spend).ok_or(Refusal::NotFound)
            }
            Command::SpendBulk(lines) => self.spend(batch, request, lines).map(Booked::Spends),
            Command::Hold { credits, ttl, details } => self.hold(batch, tenant, *credits, *ttl, details),
            Command::Capture { hold, credits, last, description } => {
                let capture = holds::Capture { hold: *hold, credits: *credits, last: *last, description };
                self.capture(batch, request, &capture)
            }
            Command::Release { hold } => self.release(batch, tenant, *hold),
            Command::Extend { hold, ttl, credits } => self.extend(batch, tenant, *hold, *ttl, *credits),
            Command::ReverseSpend { spend, credits, reason } => {
                self.reverse_spend(batch, tenant, *spend, *credits, reason)
            }
            Command::Grant { credits, reason } => self.grant(batch, request, *credits, reason),
            Command::ReverseGrant { grant, credits, reason } => {
                self.reverse_grant(batch, tenant, *grant, *credits, reason)
            }
        }
    }
}
