//! Reading the wallet back.

use std::sync::Arc;

use jiff::SignedDuration;

use super::{Trial, amount, capture, details, grant, hold, hold_of, reason, spend, spend_of};
use crate::{
    ledger::EntryKind,
    money::Credits,
    store::EntryFilter,
    testing::AnyStore,
    wallet::{Command, HoldStatus, Reference, SpendLine},
};

pub async fn a_hold_and_a_spend_are_read_back_as_they_were_written(store: Arc<dyn AnyStore>) {
    let trial = Trial::with(store, 10).await;
    let held = hold_of(&trial.ask("hold", hold(6, 900)).await);
    assert_eq!(trial.store.hold(trial.tenant, held.id).await.expect("the store answers"), Some(held.clone()));
    let answer = trial.ask("capture", capture(held.id, 4, false)).await;
    let (after, spent) = (hold_of(&answer), spend_of(&answer));
    assert_eq!((after.captured, after.status), (Credits(4), HoldStatus::Active));
    assert_eq!((spent.hold_id, &spent.details), (Some(held.id), &details()));
    assert_eq!(trial.store.hold(trial.tenant, held.id).await.expect("the store answers"), Some(after));
    assert_eq!(trial.store.spend(trial.tenant, spent.id).await.expect("the store answers"), Some(spent));
    let released = hold_of(&trial.ask("release", Command::Release { hold: held.id }).await);
    assert_eq!(trial.store.hold(trial.tenant, held.id).await.expect("the store answers"), Some(released));
}

pub async fn entries_are_described_by_their_source_and_filtered(store: Arc<dyn AnyStore>) {
    let trial = Trial::with(store, 20).await;
    let id =
        spend_of(&trial.ask("spend", Command::Spend(SpendLine { credits: amount(5), details: details() })).await).id;
    trial.ask("plain", spend(1)).await;
    let reverse = Command::ReverseSpend { spend: id, credits: Some(amount(2)), reason: reason("Ausfall") };
    trial.ask("reverse", reverse).await;
    trial.ask("grant", grant(3)).await;
    super::super::settled(&trial.harness).await;

    let filter = EntryFilter { limit: 10, ..EntryFilter::default() };
    let read = async |filter: EntryFilter| {
        let entries = trial.store.described_entries(trial.tenant, &filter).await.expect("the store answers");
        entries
            .into_iter()
            .map(|described| {
                let reference = described.reference.map(String::from);
                (described.entry.seq, described.entry.booked.kind, reference, described.description)
            })
            .collect::<Vec<_>>()
    };
    let text = |text: &str| Some(text.to_owned());
    let what = details().description;
    let all = [
        (6, EntryKind::Purchase, None, None),
        (5, EntryKind::Grant, None, text("Willkommen")),
        (4, EntryKind::SpendReversal, text("job-1"), text("Ausfall")),
        (3, EntryKind::Spend, None, None),
        (2, EntryKind::Spend, text("job-1"), what),
        (1, EntryKind::Grant, None, text("Willkommen")),
    ];
    assert_eq!(read(filter.clone()).await, all);
    let page = EntryFilter { before: Some(5), limit: 2, ..filter.clone() };
    assert_eq!(read(page).await, all[2..4]);
    let spends = EntryFilter { kind: Some(EntryKind::Spend), ..filter.clone() };
    assert_eq!(read(spends).await, all[3..5]);
    let job = Reference::try_from("job-1".to_owned()).expect("a reference");
    let of_job = EntryFilter { reference: Some(job.clone()), ..filter.clone() };
    assert_eq!(read(of_job).await, [all[2].clone(), all[4].clone()]);
    let both = EntryFilter { reference: Some(job), kind: Some(EntryKind::SpendReversal), before: Some(5), limit: 1 };
    assert_eq!(read(both).await, [all[2].clone()]);

    let stranger = trial.harness.another_principal().await.tenant_id;
    let foreign = trial.store.described_entries(stranger, &filter).await.expect("the store answers");
    assert!(foreign.is_empty());
}

pub async fn active_holds_are_told_until_their_end_and_to_their_tenant_alone(store: Arc<dyn AnyStore>) {
    let mut trial = Trial::with(store, 20).await;
    let active = async |trial: &Trial, tenant| {
        let holds = trial.store.active_holds(tenant, trial.now).await.expect("the store answers");
        holds.into_iter().map(|hold| (hold.id, hold.rest().0)).collect::<Vec<_>>()
    };
    let late = hold_of(&trial.ask("late", hold(5, 60)).await).id;
    let early = hold_of(&trial.ask("early", hold(4, 30)).await).id;
    let released = hold_of(&trial.ask("released", hold(3, 60)).await).id;
    trial.ask("release", Command::Release { hold: released }).await;
    trial.ask("capture", capture(late, 2, false)).await;
    assert_eq!(active(&trial, trial.tenant).await, [(early, 4), (late, 3)], "the next to end first");
    assert_eq!(trial.funds().await, (18, 7, 11, 2));
    trial.later(SignedDuration::from_secs(30));
    assert_eq!(active(&trial, trial.tenant).await, [(late, 3)], "a hold ends at its end, stored so or not");
    let stranger = trial.harness.another_principal().await.tenant_id;
    assert_eq!(active(&trial, stranger).await, []);
}
