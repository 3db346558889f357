//! Tables that check each write as a database does.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::Counter;
use crate::{
    ids::{ApiKeyId, GrantId, HoldId, SpendId, TenantId},
    ledger::{self, Entry, EntryKind},
    money::Credits,
    wallet::{
        Answer, Changes, Executor, Funds, Grant, Hold, IdempotencyKey, KeyRecord, Loaded, LowBalance, Posting, Request,
        ReversedSource, Source, Spend, Usage, Wallet,
    },
};

#[derive(Default)]
pub(super) struct Tables {
    pub(super) entries: BTreeMap<TenantId, Vec<Entry>>,
    pub(super) holds: BTreeMap<HoldId, Hold>,
    pub(super) spends: BTreeMap<SpendId, Spend>,
    pub(super) grants: BTreeMap<GrantId, Grant>,
    pub(super) keys: BTreeMap<IdempotencyKey, KeyRecord>,
    pub(super) usage: BTreeMap<(ApiKeyId, i64), Credits>,
    pub(super) low_balances: Vec<LowBalance>,
    pub(super) low_balance: Option<Credits>,
    pub(super) entropy: Counter,
}

impl Tables {
    pub(super) fn execute(&mut self, now: Timestamp, requests: &[Request]) -> Vec<Answer> {
        let loaded = self.load(now, requests);
        let (answers, changes) = Executor { now, entropy: &self.entropy }.execute(loaded, requests);
        self.write(now, changes);
        answers
    }

    pub(super) fn one(&mut self, now: Timestamp, request: &Request) -> Answer {
        self.execute(now, std::slice::from_ref(request)).remove(0)
    }

    pub(super) fn funds(&self, tenant: TenantId, now: Timestamp) -> Funds {
        self.wallet(tenant, now, &[]).funds(now)
    }

    fn wallet(&self, tenant: TenantId, now: Timestamp, requests: &[Request]) -> Wallet {
        let newest = self.entries.get(&tenant).and_then(|entries| entries.last());
        let named = |id| requests.iter().any(|request| request.command.hold() == Some(id));
        let holds = self.holds.values().filter(|hold| hold.tenant_id == tenant);
        Wallet {
            balance: newest.map(|entry| entry.balance_after).unwrap_or_default(),
            seq: newest.map_or(0, |entry| entry.seq),
            low_balance: self.low_balance,
            holds: holds
                .filter(|hold| named(hold.id) || hold.held_at(now).0 > 0)
                .map(|hold| (hold.id, hold.clone()))
                .collect(),
        }
    }

    fn load(&self, now: Timestamp, requests: &[Request]) -> Loaded {
        let tenants = requests.iter().map(|request| request.tenant_id);
        Loaded {
            wallets: tenants.map(|tenant| (tenant, self.wallet(tenant, now, requests))).collect(),
            spends: self.spends.clone(),
            grants: self.grants.clone(),
            keys: self.keys.clone(),
            usage: self
                .usage
                .iter()
                .filter(|((_, day), _)| *day == Usage::day_of(now))
                .map(|((key, _), credits)| (*key, *credits))
                .collect(),
            revoked: BTreeSet::new(),
        }
    }

    fn write(&mut self, now: Timestamp, changes: Changes) {
        for wave in changes.waves {
            for hold in wave.freed {
                let before = self.holds.get(&hold.id).expect("a hold that was made in an earlier wave");
                assert!(hold.held_at(now) <= before.held_at(now), "freed, and yet it holds more");
                assert!(!before.is_finished(), "a finished hold never changes");
                self.put(hold);
            }
            for posting in wave.postings {
                self.book(now, posting);
            }
            for hold in &wave.made {
                assert!(!self.holds.contains_key(&hold.id), "a new hold is new");
            }
            for hold in &wave.extended {
                assert!(self.holds.contains_key(&hold.id), "a hold that is extended is there");
            }
            let more: Vec<_> = wave.made.into_iter().chain(wave.extended).collect();
            let held: Vec<_> = more.iter().map(|hold| hold.tenant_id).collect();
            for hold in more {
                self.put(hold);
            }
            for tenant in held {
                assert!(self.funds(tenant, now).available().0 >= 0, "more is set aside than there is");
            }
        }
        for record in changes.keys {
            assert!(self.keys.insert(record.key.clone(), record).is_none(), "a key was used twice");
        }
        for Usage { api_key, day, credits } in changes.usage {
            self.usage.insert((api_key, day), credits);
        }
        self.low_balances.extend(changes.low_balances);
    }

    fn put(&mut self, hold: Hold) {
        assert!((0..=hold.credits.0).contains(&hold.captured.0), "more was captured than was held");
        assert_eq!(hold.is_finished(), hold.finished_at.is_some());
        self.holds.insert(hold.id, hold);
    }

    fn book(&mut self, now: Timestamp, Posting { entry, source }: Posting) {
        let booked = &entry.booked;
        let own_hold = match &source {
            Source::Spend(spend) => {
                assert_eq!((booked.source, -booked.credits.0), (ledger::Source::Spend(spend.id), spend.credits.0));
                assert!(self.spends.insert(spend.id, spend.clone()).is_none());
                spend.hold_id
            }
            Source::Grant(grant) => {
                assert_eq!((booked.source, booked.credits), (ledger::Source::Grant(grant.id), grant.credits));
                assert!(self.grants.insert(grant.id, grant.clone()).is_none());
                None
            }
            Source::Reversal(reversal) => {
                let (reversed, most) = match reversal.source {
                    ReversedSource::Spend(id) => {
                        let spend = self.spends.get_mut(&id).expect("a spend");
                        spend.reversed.0 += reversal.credits.0;
                        (spend.reversed, spend.credits)
                    }
                    ReversedSource::Grant(id) => {
                        let grant = self.grants.get_mut(&id).expect("a grant");
                        grant.reversed.0 += reversal.credits.0;
                        (grant.reversed, grant.credits)
                    }
                };
                assert!(reversed <= most, "more was reversed than there was");
                None
            }
        };
        let entries = self.entries.entry(booked.tenant_id).or_default();
        let (seq, balance) = entries.last().map_or((0, 0), |last| (last.seq, last.balance_after.0));
        assert_eq!((entry.seq, entry.balance_after.0), (seq + 1, balance + booked.credits.0), "the chain is broken");
        if booked.kind == EntryKind::Spend {
            let others =
                self.holds.values().filter(|hold| hold.tenant_id == booked.tenant_id && Some(hold.id) != own_hold);
            let held: i64 = others.map(|hold| hold.held_at(now).0).sum();
            assert!(entry.balance_after.0 - held >= 0, "a spend took what was not there");
        }
        entries.push(entry);
    }
}
