//! Executing requests.

use std::sync::Arc;

use futures::future::join_all;

use super::{
    At, Trial, amount, capture, figures, grant, hold, hold_of, reason, refusal, request, spend, spend_of, written,
};
use crate::{
    api_key::ApiKey,
    ids::ApiKeyId,
    money::Credits,
    testing::AnyStore,
    wallet::{Booked, Command, DailyCap, Details, HOLDS_MAX, Outcome, Refusal, SpendLine},
};

pub async fn a_spend_takes_what_is_available_and_no_more(store: Arc<dyn AnyStore>) {
    let trial = Trial::with(store, 10).await;
    trial.ask("hold", hold(4, 900)).await;
    let refused = refusal(&trial.ask("too-much", spend(7)).await);
    assert!(
        matches!(refused, Some(Refusal::InsufficientCredits { required: Credits(7), funds }) if figures(funds) == (10, 4, 6, 1)),
        "{refused:?}"
    );
    assert_eq!(trial.funds().await, (10, 4, 6, 1));
    trial.ask("all", spend(6)).await;
    assert_eq!(trial.funds().await, (4, 4, 0, 2));
    assert_eq!(trial.store.balance(trial.tenant).await.expect("the store answers").credits, Credits(4));
}

pub async fn requests_of_a_group_are_executed_in_their_order(store: Arc<dyn AnyStore>) {
    let trial = Trial::with(store, 5).await;
    let other = trial.harness.another_principal().await.tenant_id;
    let group = [
        trial.request("a", hold(5, 900)),
        trial.request("b", spend(1)),
        request(other, "c", grant(3)),
        trial.request("d", grant(2)),
        trial.request("e", spend(2)),
        request(other, "f", spend(4)),
        request(other, "g", spend(3)),
        trial.request("h", hold(1, 900)),
    ];
    let refused: Vec<_> = trial.execute(&group).await.iter().map(|answer| refusal(answer).is_some()).collect();
    assert_eq!(refused, [false, true, false, false, false, true, false, true]);
    assert_eq!(trial.funds().await, (5, 5, 0, 3));
    let others = trial.store.funds(other, trial.now).await.expect("the store answers");
    assert_eq!(figures(others), (0, 0, 0, 2));
}

/// A capture frees credits in the same group that set them aside, and what comes after may hold them again.
pub async fn a_group_can_hold_capture_and_hold_again(store: Arc<dyn AnyStore>) {
    let trial = Trial::with(store, 5).await;
    let first = hold_of(&trial.ask("first", hold(5, 900)).await).id;
    let group = [
        trial.request("part", capture(first, 2, false)),
        trial.request("rest", capture(first, 1, true)),
        trial.request("again", hold(2, 900)),
        trial.request("gift", grant(1)),
        trial.request("spend", spend(1)),
    ];
    assert!(trial.execute(&group).await.iter().all(|answer| refusal(answer).is_none()));
    assert_eq!(trial.funds().await, (2, 2, 0, 5));
}

pub async fn spends_at_the_same_instant_never_take_more_than_there_is(store: Arc<dyn AnyStore>) {
    let trial = Arc::new(Trial::with(store, 5).await);
    let tasks = (0..16).map(|task| {
        let trial = trial.clone();
        async move { refusal(&trial.ask(&format!("task-{task}"), spend(1)).await).is_none() }
    });
    let taken = join_all(tasks).await.into_iter().filter(|done| *done).count();
    assert_eq!((taken, trial.funds().await), (5, (0, 0, 0, 6)));
}

pub async fn a_key_has_one_effect_and_one_answer_also_at_the_same_instant(store: Arc<dyn AnyStore>) {
    let trial = Arc::new(Trial::with(store, 10).await);
    let tasks = (0..8).map(|_| {
        let trial = trial.clone();
        async move {
            let entropy = trial.harness.entropy.as_ref();
            trial.store.execute(&[trial.request("same", spend(3))], &At(trial.now), entropy).await
        }
    });
    // Whoever meets the other's key is refused by the database, and asks again.
    let mut answers = Vec::new();
    for answer in join_all(tasks).await {
        match answer {
            Ok(mut one) => answers.append(&mut one),
            Err(_) => answers.push(trial.ask("same", spend(3)).await),
        }
    }
    assert_eq!(answers.iter().filter(|answer| !answer.replayed).count(), 1);
    assert!(answers.iter().all(|answer| answer.outcome == answers[0].outcome));
    assert_eq!(trial.funds().await, (7, 0, 7, 2));
}

pub async fn a_replay_is_the_first_answer_whatever_has_happened_since(store: Arc<dyn AnyStore>) {
    let trial = Trial::with(store, 10).await;
    let done = trial.ask("done", Command::Spend(SpendLine { credits: amount(4), details: super::details() })).await;
    let refused = trial.ask("refused", spend(7)).await;
    let held = trial.ask("held", hold(2, 900)).await;
    trial.ask("grant", grant(50)).await;
    let with_details = Command::Spend(SpendLine { credits: amount(4), details: super::details() });
    for (first, key, command) in
        [(done, "done", with_details), (refused, "refused", spend(7)), (held, "held", hold(2, 900))]
    {
        let again = trial.ask(key, command).await;
        assert_eq!((again.outcome, again.replayed), (first.outcome, true), "{key}");
    }
    let other = trial.ask("done", spend(5)).await;
    assert_eq!(refusal(&other), Some(Refusal::KeyReused));
    assert_eq!(trial.funds().await, (56, 2, 54, 3));
}

pub async fn a_hold_ends_by_itself_to_the_microsecond(store: Arc<dyn AnyStore>) {
    let mut trial = Trial::with(store, 10).await;
    let made = hold_of(&trial.ask("hold", hold(10, 60)).await);
    trial.now = made.expires_at - jiff::SignedDuration::from_micros(1);
    assert_eq!(trial.funds().await, (10, 10, 0, 1));
    assert!(refusal(&trial.ask("early", spend(1)).await).is_some());
    trial.now = made.expires_at;
    assert_eq!(trial.funds().await, (10, 0, 10, 1));
    assert!(refusal(&trial.ask("late", spend(1)).await).is_none());
}

pub async fn a_late_capture_is_a_spend_before_and_after_the_hold_is_tidied(store: Arc<dyn AnyStore>) {
    let mut trial = Trial::with(store, 10).await;
    let first = hold_of(&trial.ask("first", hold(4, 60)).await).id;
    let second = hold_of(&trial.ask("second", hold(4, 60)).await).id;
    trial.later(jiff::SignedDuration::from_secs(60));
    assert!(refusal(&trial.ask("late", capture(first, 4, true)).await).is_none());
    assert_eq!(trial.store.expire_holds(trial.now, 10).await.expect("the store answers").len(), 1);
    let tidied = trial.ask("later", capture(second, 4, true)).await;
    assert_eq!(spend_of(&tidied).hold_id, Some(second));
    assert_eq!(trial.funds().await, (2, 0, 2, 3));
}

pub async fn a_tenant_has_a_hundred_active_holds_at_most(store: Arc<dyn AnyStore>) {
    let trial = Trial::with(store, 1_000).await;
    let group: Vec<_> = (0..=HOLDS_MAX).map(|number| trial.request(&format!("hold-{number}"), hold(1, 60))).collect();
    let answers = trial.execute(&group).await;
    let refused: Vec<_> = answers.iter().filter_map(refusal).collect();
    assert_eq!(refused, [Refusal::TooManyHolds]);
    assert_eq!(trial.funds().await, (1_000, 100, 900, 1));
}

pub async fn what_is_reversed_is_added_up_whoever_reverses(store: Arc<dyn AnyStore>) {
    let trial = Trial::with(store, 10).await;
    let id = spend_of(&trial.ask("spend", spend(6)).await).id;
    let reverse = |credits: Option<i64>| Command::ReverseSpend {
        spend: id,
        credits: credits.map(amount),
        reason: reason("Ausfall"),
    };
    assert_eq!(spend_of(&trial.ask("part", reverse(Some(4))).await).reversed, Credits(4));
    let too_much = refusal(&trial.ask("too-much", reverse(Some(3))).await);
    assert_eq!(too_much, Some(Refusal::ExceedsSpend { left: Credits(2) }));
    assert_eq!(spend_of(&trial.ask("rest", reverse(None)).await).reversed, Credits(6));
    let read = trial.store.spend(trial.tenant, id).await.expect("the store answers");
    assert_eq!(read.map(|spend| spend.reversed), Some(Credits(6)));
    assert_eq!(trial.funds().await, (10, 0, 10, 4));
}

pub async fn a_grant_that_is_taken_back_can_overdraw(store: Arc<dyn AnyStore>) {
    let trial = Trial::with(store, 10).await;
    let answer = trial.ask("grant", grant(5)).await;
    let Booked::Grant(given) = written(&answer) else { panic!("no grant: {answer:?}") };
    trial.ask("spend", spend(13)).await;
    let take_back = Command::ReverseGrant { grant: given.id, credits: None, reason: reason("Irrtum") };
    trial.ask("back", take_back.clone()).await;
    assert_eq!(trial.funds().await, (-3, 0, -3, 4));
    let again = refusal(&trial.ask("again", take_back).await);
    assert_eq!(again, Some(Refusal::ExceedsGrant { left: Credits(0) }));
}

pub async fn another_tenant_reaches_no_hold_spend_or_grant(store: Arc<dyn AnyStore>) {
    let trial = Trial::with(store, 10).await;
    let stranger = trial.harness.another_principal().await.tenant_id;
    let held = hold_of(&trial.ask("hold", hold(1, 900)).await).id;
    let spent = spend_of(&trial.ask("spend", spend(1)).await).id;
    let answer = trial.ask("grant", grant(1)).await;
    let Booked::Grant(given) = written(&answer) else { panic!("no grant: {answer:?}") };
    let commands = [
        Command::Release { hold: held },
        capture(held, 1, true),
        Command::ReverseSpend { spend: spent, credits: None, reason: reason("x") },
        Command::ReverseGrant { grant: given.id, credits: None, reason: reason("x") },
    ];
    // In one group with the owner's request, which has the store load them.
    for (number, command) in commands.into_iter().enumerate() {
        let group = [
            trial.request(&format!("own-{number}"), spend(1)),
            request(stranger, &format!("foreign-{number}"), command),
        ];
        let answers = trial.execute(&group).await;
        assert_eq!(answers.iter().map(refusal).collect::<Vec<_>>(), [None, Some(Refusal::NotFound)], "{number}");
    }
    assert!(trial.store.hold(stranger, held).await.expect("the store answers").is_none());
    assert!(trial.store.spend(stranger, spent).await.expect("the store answers").is_none());
}

pub async fn an_unknown_tenant_has_no_wallet(store: Arc<dyn AnyStore>) {
    let trial = Trial::with(store, 10).await;
    let nobody = trial.harness.account().principal.tenant_id;
    let answers = trial.execute(&[request(nobody, "key", grant(5))]).await;
    assert_eq!(refusal(&answers[0]), Some(Refusal::NotFound));
}

pub async fn a_key_with_a_cap_spends_no_more_in_a_day(store: Arc<dyn AnyStore>) {
    let mut trial = Trial::with(store, 100).await;
    let api_key = api_key(&trial, "capped", Some(Credits(10))).await;
    let capped = async |trial: &Trial, key: &str, credits| {
        let cap = Some(DailyCap { api_key, credits: Credits(10) });
        let request = crate::wallet::Request { daily_cap: cap, ..trial.request(key, spend(credits)) };
        refusal(&trial.execute(&[request]).await[0])
    };
    assert_eq!(capped(&trial, "a", 7).await, None);
    assert_eq!(capped(&trial, "b", 4).await, Some(Refusal::DailyCap));
    assert_eq!(capped(&trial, "c", 3).await, None);
    trial.later(jiff::SignedDuration::from_hours(24));
    assert_eq!(capped(&trial, "b", 4).await, None);
}

/// Whatever the other requests of the group do, and a repeated one gets no answer either.
pub async fn a_revoked_key_has_nothing_written(store: Arc<dyn AnyStore>) {
    let trial = Trial::with(store, 10).await;
    let (revoked, other) = (api_key(&trial, "revoked", None).await, api_key(&trial, "other", None).await);
    let by =
        |api_key, key: &str, command| crate::wallet::Request { api_key: Some(api_key), ..trial.request(key, command) };
    let before = trial.execute(&[by(revoked, "before", spend(1))]).await;
    assert_eq!(refusal(&before[0]), None);
    assert_eq!(trial.store.revoke_api_key(revoked, trial.now).await.ok(), Some(true));
    let group = [
        by(other, "a", spend(2)),
        by(revoked, "b", spend(3)),
        by(revoked, "before", spend(1)),
        by(revoked, "c", hold(1, 900)),
        trial.request("d", spend(4)),
    ];
    let refused: Vec<_> = trial.execute(&group).await.iter().map(refusal).collect();
    let revoked = Some(Refusal::ApiKeyRevoked);
    assert_eq!(refused, [None, revoked, revoked, revoked, None]);
    assert_eq!(trial.funds().await, (3, 0, 3, 4));
    // The key is free for another.
    assert_eq!(refusal(&trial.execute(&[by(other, "b", spend(3))]).await[0]), None);
}

async fn api_key(trial: &Trial, name: &str, daily_cap: Option<Credits>) -> ApiKeyId {
    let key = ApiKey {
        id: ApiKeyId::new(trial.harness.now(), trial.harness.entropy.as_ref()),
        name: name.to_owned(),
        prefix: "ck_test_1".to_owned(),
        secret_hash: format!("hash of {name}"),
        scopes: std::collections::BTreeSet::new(),
        daily_cap,
        created_at: trial.now,
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
    };
    assert_eq!(trial.store.insert_api_key(&key).await.ok(), Some(true));
    key.id
}

pub async fn purchases_and_spends_share_one_ledger(store: Arc<dyn AnyStore>) {
    let trial = Trial::with(store, 1).await;
    let purchase = super::super::settled(&trial.harness).await;
    trial.ask("spend", spend(6)).await;
    assert_eq!(trial.funds().await, (0, 0, 0, 3));
    let entries = trial.store.ledger(trial.tenant, 10, None).await.expect("the store answers");
    assert_eq!(entries.iter().map(|entry| entry.balance_after.0).collect::<Vec<_>>(), [0, 6, 1]);
    assert_eq!(entries[1].booked.source, crate::ledger::Source::Purchase(purchase.id));
    assert_eq!(trial.store.entries(trial.tenant, purchase.id).await.expect("the store answers").len(), 1);
}

pub async fn a_bulk_is_all_or_nothing(store: Arc<dyn AnyStore>) {
    let trial = Trial::with(store, 5).await;
    let line = |credits| SpendLine { credits: amount(credits), details: Details::default() };
    assert!(refusal(&trial.ask("too-much", Command::SpendBulk(vec![line(3), line(3)])).await).is_some());
    assert_eq!(trial.funds().await, (5, 0, 5, 1));
    let done = trial.ask("fits", Command::SpendBulk(vec![line(3), line(2)])).await;
    assert!(
        matches!(&done.outcome, Outcome::Done { written, .. } if matches!(written.as_ref(), Booked::Spends(spends) if spends.len() == 2))
    );
    assert_eq!(trial.funds().await, (0, 0, 0, 3));
}
