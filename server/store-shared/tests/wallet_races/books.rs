//! The books after a race: what was answered is what is booked, once.

use std::collections::{BTreeMap, BTreeSet};

use billing::{
    ids::TenantId,
    ledger::{Entry, EntryKind, Source},
    money::Credits,
    reversal::{ObservedAt, Reversals, Snapshot, Sold},
    store::{EntryFilter, LedgerStore as _, PageRequest, PurchaseStore as _, WalletStore as _},
    wallet::{Booked, Outcome, Refusal},
};

use super::{
    action::Action,
    journal::{Answered, Line},
    process::refund,
};
use crate::Store;

/// The final answer to each key.
type Answers = BTreeMap<String, (Action, Answered)>;

/// Checks the tenant's books against all that was answered. Returns what to say of the race.
pub async fn check(store: &Store, tenant: TenantId, lines: &[Line]) -> String {
    let answers = answers(lines);
    let entries = entries(store, tenant).await;
    check_wallet(&entries, &answers);
    check_purchases(store, tenant, &entries, &answers).await;
    check_holds(store, tenant, &answers).await;
    let asked = lines.iter().filter(|line| line.answer.is_none()).count();
    let counts = count_effects(lines, &answers);
    format!("{asked} requests with {} keys, {} entries; effects: {counts:?}", answers.len(), entries.len())
}

/// The final answer to each key, which is the same each time and in each process.
fn answers(lines: &[Line]) -> Answers {
    let mut answers = Answers::new();
    let mut unanswered = 0;
    for Line { key, action, answer } in lines {
        let Some(answer) = answer else {
            unanswered += 1;
            continue;
        };
        unanswered -= 1;
        let is_final = match answer {
            Answered::Wallet(Outcome::Refused(refusal)) => {
                assert_ne!(*refusal, Refusal::KeyReused, "{key}");
                refusal.is_kept()
            }
            // It has no key.
            Answered::Expired(_) => false,
            _ => true,
        };
        if is_final {
            let (_, first) = answers.entry(key.clone()).or_insert_with(|| (*action, answer.clone()));
            assert_eq!(first, answer, "two answers to {key}");
        }
    }
    assert_eq!(unanswered, 0, "requests without an answer");
    answers
}

/// The tenant's entries, oldest first: a chain without a break, in which no spend has overdrawn the balance.
async fn entries(store: &Store, tenant: TenantId) -> Vec<Entry> {
    let filter = EntryFilter { limit: u32::MAX / 2, ..EntryFilter::default() };
    let described = store.described_entries(tenant, &filter).await.unwrap();
    let entries: Vec<Entry> = described.into_iter().rev().map(|described| described.entry).collect();
    let mut balance = 0;
    for (entry, seq) in entries.iter().zip(1..) {
        balance += entry.booked.credits.0;
        assert_eq!((entry.seq, entry.balance_after), (seq, Credits(balance)), "the chain has a break");
        assert!(entry.booked.kind != EntryKind::Spend || balance >= 0, "a spend has overdrawn the balance: {entry:?}");
    }
    assert_eq!(store.balance(tenant).await.unwrap().credits, Credits(balance));
    entries
}

/// Each answer tells of entries of its own, and no other entry is about spends or grants.
fn check_wallet(entries: &[Entry], answers: &Answers) {
    let mut told = BTreeSet::new();
    for (key, (_, answer)) in answers {
        let Answered::Wallet(Outcome::Done { written, funds }) = answer else { continue };
        let end = usize::try_from(funds.seq).unwrap();
        let postings = postings(written);
        for (seq, posting) in (end - postings.len()..end).zip(postings) {
            let Entry { booked, .. } = &entries[seq];
            assert_eq!((booked.source, booked.kind, booked.credits.0), posting, "{key}");
            assert!(told.insert(seq), "{key}: another key tells of the same entry");
        }
        assert_eq!(end.checked_sub(1).map_or(Credits(0), |seq| entries[seq].balance_after), funds.balance, "{key}");
        if matches!(written.as_ref(), Booked::Spend(_) | Booked::Spends(_)) {
            assert!(funds.available().0 >= 0, "{key} has taken what others hold: {funds:?}");
        }
    }
    let booked = entries.iter().filter(|entry| entry.booked.source.purchase().is_none()).count();
    assert_eq!(booked, told.len(), "entries that no answer tells of");
}

/// What was booked for a request, in its order.
fn postings(written: &Booked) -> Vec<(Source, EntryKind, i64)> {
    match written {
        Booked::Spend(spend) | Booked::Capture { spend, .. } => {
            vec![(Source::Spend(spend.id), EntryKind::Spend, -spend.credits.0)]
        }
        Booked::Spends(spends) => {
            spends.iter().map(|spend| (Source::Spend(spend.id), EntryKind::Spend, -spend.credits.0)).collect()
        }
        Booked::Grant(grant) => vec![(Source::Grant(grant.id), EntryKind::Grant, grant.credits.0)],
        Booked::SpendReversal { reversal, spend } => {
            vec![(Source::Spend(spend.id), EntryKind::SpendReversal, reversal.credits.0)]
        }
        Booked::GrantReversal { reversal, grant } => {
            vec![(Source::Grant(grant.id), EntryKind::GrantReversal, -reversal.credits.0)]
        }
        Booked::Hold(_) => Vec::new(),
    }
}

/// Each order is one purchase, credited once, less what its refunds take.
async fn check_purchases(store: &Store, tenant: TenantId, entries: &[Entry], answers: &Answers) {
    let mut refunds = BTreeMap::<_, Reversals>::new();
    let mut bought = BTreeSet::new();
    for (key, (action, answer)) in answers {
        match (action, answer) {
            (_, Answered::Bought(purchase)) => assert!(bought.insert(*purchase), "two orders are one purchase"),
            (Action::Refund { purchase, cents }, _) => {
                let snapshot = Snapshot::Refund(refund(key, *cents));
                refunds.entry(*purchase).or_default().record(&snapshot, ObservedAt::default());
            }
            _ => {}
        }
    }
    let purchases = store.purchases(tenant, PageRequest { limit: u32::MAX / 2, older_than: None }).await.unwrap();
    assert_eq!(purchases.iter().map(|purchase| purchase.id).collect::<BTreeSet<_>>(), bought);
    for purchase in purchases {
        let of_it =
            || entries.iter().map(|entry| &entry.booked).filter(|it| it.source == Source::Purchase(purchase.id));
        assert_eq!(of_it().filter(|entry| entry.kind == EntryKind::Purchase).count(), 1, "{}", purchase.id);
        let sold = Sold { credits: purchase.item.credits, amount: purchase.item.price.cents };
        let taken = refunds.get(&purchase.id).map_or(Credits(0), |refunds| refunds.credits_taken(sold));
        assert_eq!(of_it().map(|entry| entry.credits.0).sum::<i64>(), sold.credits.0 - taken.0, "{}", purchase.id);
    }
}

/// Each hold has set aside what was asked for, and was captured as often as was answered.
async fn check_holds(store: &Store, tenant: TenantId, answers: &Answers) {
    let mut expected = BTreeMap::<_, (i64, i64)>::new();
    for (action, answer) in answers.values() {
        let Answered::Wallet(Outcome::Done { written, .. }) = answer else { continue };
        match (action, written.as_ref()) {
            (Action::Hold { credits, .. } | Action::Extend { credits, .. }, Booked::Hold(hold)) => {
                expected.entry(hold.id).or_default().0 += credits.credits().0;
            }
            (Action::Capture { hold, .. }, Booked::Capture { spend, .. }) => {
                expected.entry(*hold).or_default().1 += spend.credits.0;
            }
            _ => {}
        }
    }
    for (id, (credits, captured)) in expected {
        let hold = store.hold(tenant, id).await.unwrap().unwrap();
        assert_eq!((hold.credits, hold.captured), (Credits(credits), Credits(captured)), "{hold:?}");
    }
}

/// How many keys had an effect, by the name of their action; each must be among them, and the credits must have run out.
fn count_effects(lines: &[Line], answers: &Answers) -> BTreeMap<String, usize> {
    let mut counts: BTreeMap<String, usize> = Action::NAMES.into_iter().map(|name| (name.to_owned(), 0)).collect();
    let mut refused = 0;
    for (action, answer) in answers.values() {
        match answer {
            Answered::Wallet(Outcome::Refused(Refusal::InsufficientCredits { .. })) => refused += 1,
            Answered::Wallet(Outcome::Refused(_)) => {}
            _ => *counts.entry(action.name()).or_default() += 1,
        }
    }
    for line in lines {
        if let Some(Answered::Expired(holds)) = line.answer {
            *counts.entry(line.action.name()).or_default() += holds;
        }
    }
    assert!(counts.values().all(|count| *count > 0) && refused > 0, "{counts:?}, {refused} refusals");
    counts
}
