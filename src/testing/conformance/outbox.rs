//! Mails and withdrawals.

use std::sync::Arc;

use jiff::SignedDuration;

use super::{apply, assert_refused, balance, bare, insert, settled, settlement};
use crate::{
    ids::WithdrawalId,
    locale::Locale,
    mail::{Mail, MailState, NewMail, Topic},
    purchase::Purchase,
    store::{Change, Committed},
    testing::{AnyStore, harness::Harness},
    withdrawal::{Declaration, Withdrawal, WithdrawalDecision},
};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn confirmation(purchase: &Purchase) -> Topic {
    Topic::Confirmation(purchase.tenant_id, purchase.id)
}

fn declared(harness: &Harness, purchase: Option<&Purchase>, decision: WithdrawalDecision) -> Withdrawal {
    Withdrawal {
        id: WithdrawalId::new(harness.now(), harness.entropy.as_ref()),
        declaration: Declaration::new("Kim Ä", "5 Credits", "kim@example.com").expect("it is complete"),
        locale: Locale::En,
        received_at: harness.now(),
        purchase: purchase.map(|purchase| (purchase.tenant_id, purchase.id)),
        decision,
    }
}

async fn mail(harness: &Harness, topic: Topic) -> Mail {
    harness.store.mail(topic).await.expect("the store answers").expect("it is owed")
}

async fn claimed(harness: &Harness, at: jiff::Timestamp) -> Vec<(Topic, u32)> {
    let claimed = harness.store.claim_mails(at, at + HOUR, 10).await.expect("the store answers");
    claimed.into_iter().map(|mail| (mail.topic, mail.attempts)).collect()
}

pub async fn a_confirmation_is_owed_once_and_with_what_it_confirms(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let purchase = harness.purchase();
    insert(&harness, &purchase).await;
    let topic = confirmation(&purchase);
    let settle = settlement(&harness, &purchase);
    let outdated = Change { purchase: Purchase { version: 7, ..settle.purchase.clone() }, ..settle.clone() };
    assert_eq!(store.commit(&outdated).await.ok(), Some(Committed::Stale));
    assert_eq!(store.mail(topic).await.ok(), Some(None), "nothing is written of what is not written");

    let paid = apply(&harness, settle.clone()).await;
    let owed = mail(&harness, topic).await;
    let at = paid.updated_at;
    let state = MailState::Due(at);
    let note = String::new();
    assert_eq!(owed, Mail { topic, created_at: at, attempts: 0, state, first_sent_at: None, copies: 0, note });
    let again = Change { outbox: settle.outbox.clone(), ..bare(paid.clone()) };
    assert_refused(&harness, &again, "mails_pkey").await;
    apply(&harness, bare(paid.clone())).await;
    assert_eq!(store.mails(false, 10).await.ok(), Some(vec![owed]), "and no change but that owes one");
    assert_eq!(balance(&harness, paid.tenant_id).await, super::credits(5, 1));
}

pub async fn a_change_enqueues_the_mails_it_names_and_when_they_are_due(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let purchase = harness.purchase();
    insert(&harness, &purchase).await;
    let (now, withdrawal) = (harness.now(), WithdrawalId::new(harness.now(), harness.entropy.as_ref()));
    let later = NewMail { topic: confirmation(&purchase), created_at: now, due_at: now + HOUR };
    let at_once = NewMail::due_at_once(Topic::Withdrawal(withdrawal), now);
    let twice = Change { outbox: vec![later, at_once, later], ..bare(purchase.clone()) };
    assert_refused(&harness, &twice, "mails_pkey").await;
    assert_eq!(store.mails(false, 10).await.ok(), Some(Vec::new()), "of a refused change no mail is sent");

    apply(&harness, Change { outbox: vec![later, at_once], ..bare(purchase) }).await;
    for NewMail { topic, created_at, due_at } in [later, at_once] {
        let stored = mail(&harness, topic).await;
        assert_eq!((stored.created_at, stored.state), (created_at, MailState::Due(due_at)));
    }
    assert_eq!(claimed(&harness, now).await, [(at_once.topic, 1)]);
}

pub async fn due_mails_are_claimed_by_one_alone(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store, 1).await;
    let purchase = settled(&harness).await;
    let topic = confirmation(&purchase);
    let due = purchase.updated_at;
    assert_eq!(claimed(&harness, due - HOUR).await, []);
    assert_eq!(claimed(&harness, due).await, [(topic, 1)]);
    assert_eq!(claimed(&harness, due).await, [], "it is leased");
    assert_eq!(claimed(&harness, due + HOUR).await, [(topic, 2)], "and its sender may have crashed");
    settled(&harness).await;
    let limited = harness.store.claim_mails(due + HOUR * 9, due + HOUR * 10, 1).await.expect("the store answers");
    assert_eq!(limited.len(), 1);
}

pub async fn acknowledgements_go_before_confirmations_and_of_each_the_longest_due(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let (first, second) = (confirmation(&settled(&harness).await), confirmation(&settled(&harness).await));
    let acknowledged = async || {
        let withdrawal = declared(&harness, None, WithdrawalDecision::Unclear);
        store.insert_withdrawal(&withdrawal).await.expect("it is stored");
        Topic::Withdrawal(withdrawal.id)
    };
    let (third, fourth) = (acknowledged().await, acknowledged().await);
    let now = harness.now() + HOUR;
    for (topic, due) in [(first, now), (second, now - HOUR), (third, now), (fourth, now - HOUR)] {
        store.put_off_mail(topic, Some(due), "").await.expect("it is owed");
    }
    for next in [fourth, third, second, first] {
        let claimed = store.claim_mails(now, now + HOUR, 1).await.expect("the store answers");
        assert_eq!(claimed.into_iter().map(|mail| mail.topic).collect::<Vec<_>>(), [next]);
    }
}

pub async fn a_mail_is_sent_once_or_given_up_or_tried_again(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let (first, second) = (settled(&harness).await, settled(&harness).await);
    let (sent, tried) = (confirmation(&first), confirmation(&second));
    let at = second.updated_at;
    store.mail_sent(sent, at + HOUR).await.expect("it is there");
    store.mail_sent(sent, at + HOUR * 2).await.expect("it is there");
    store.put_off_mail(sent, Some(at), "too late").await.expect("it is there");
    let stands = mail(&harness, sent).await;
    assert_eq!((stands.state, stands.note.as_str()), (MailState::Sent(at + HOUR), ""));

    store.put_off_mail(tried, Some(at + HOUR * 3), "no answer\0").await.expect("it is there");
    assert_eq!(claimed(&harness, at + HOUR * 2).await, []);
    assert_eq!(claimed(&harness, at + HOUR * 3).await, [(tried, 1)]);
    store.put_off_mail(tried, None, "refused").await.expect("it is there");
    let stands = mail(&harness, tried).await;
    assert_eq!((stands.state, stands.note.as_str()), (MailState::GivenUp, "refused"));
    assert_eq!(claimed(&harness, at + HOUR * 99).await, []);

    let topics = async |unsent, limit| {
        let mails = store.mails(unsent, limit).await.expect("the store answers");
        mails.into_iter().map(|mail| mail.topic).collect::<Vec<_>>()
    };
    assert_eq!(topics(false, 10).await, [tried, sent], "newest first");
    assert_eq!(topics(false, 1).await, [tried]);
    assert_eq!(topics(true, 10).await, [tried]);
    assert_eq!(store.retry_mails(at + HOUR * 100).await.ok(), Some(1));
    assert_eq!(claimed(&harness, at + HOUR * 100).await, [(tried, 2)]);
    store.mail_sent(tried, at + HOUR * 100).await.expect("it is there");
    assert_eq!(mail(&harness, tried).await.note, "");
    assert_eq!(store.retry_mails(at + HOUR * 101).await.ok(), Some(0));
}

pub async fn a_mail_that_is_being_sent_is_not_made_due_again(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let (first, second) = (confirmation(&settled(&harness).await), confirmation(&settled(&harness).await));
    let now = harness.now();
    store.put_off_mail(second, Some(now + HOUR * 9), "no answer").await.expect("it is owed");
    assert_eq!(claimed(&harness, now).await, [(first, 1)], "for an hour");
    assert_eq!(store.retry_mails(now + HOUR / 2).await.ok(), Some(1), "what is put off, and not what is being sent");
    assert_eq!(store.resend_mail(first, now + HOUR / 2).await.ok(), Some(false));
    assert_eq!(mail(&harness, first).await.state, MailState::Due(now + HOUR));
    assert_eq!(claimed(&harness, now + HOUR / 2).await, [(second, 1)]);

    // The lease has ended, so its holder may have crashed. A deferred mail has no lease.
    assert_eq!(store.resend_mail(first, now + HOUR).await.ok(), Some(true));
    assert_eq!(claimed(&harness, now + HOUR).await, [(first, 2)]);
    store.put_off_mail(first, Some(now + HOUR * 9), "no answer").await.expect("it is owed");
    assert_eq!(store.retry_mails(now + HOUR).await.ok(), Some(1));
    assert_eq!(claimed(&harness, now + HOUR).await, [(first, 3)]);
    store.mail_sent(first, now + HOUR).await.expect("it is owed");
    assert_eq!(store.resend_mail(first, now + HOUR).await.ok(), Some(true));
}

pub async fn another_copy_of_a_mail_takes_back_nothing_of_the_first(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let topic = confirmation(&settled(&harness).await);
    let unknown = confirmation(&harness.purchase());
    let now = harness.now();
    assert_eq!(store.resend_mail(unknown, now).await.ok(), Some(false), "there is none");
    let stands = async || {
        let mail = mail(&harness, topic).await;
        (mail.state, mail.first_sent_at, mail.copies)
    };
    store.put_off_mail(topic, None, "refused").await.expect("it is owed");
    assert_eq!(store.resend_mail(topic, now).await.ok(), Some(true));
    assert_eq!(stands().await, (MailState::Due(now), None, 0), "given up: still the first");
    store.mail_sent(topic, now).await.expect("it is owed");
    assert_eq!(stands().await, (MailState::Sent(now), Some(now), 0));

    for copies in 1..3 {
        let at = now + HOUR * i32::try_from(copies).expect("few");
        for _ in 0..2 {
            assert_eq!(store.resend_mail(topic, at).await.ok(), Some(true));
            assert_eq!(stands().await, (MailState::Due(at), Some(now), copies), "asked for twice, it is one more");
        }
        assert_eq!(claimed(&harness, at).await.len(), 1);
        store.mail_sent(topic, at).await.expect("it is owed");
        assert_eq!(stands().await, (MailState::Sent(at), Some(now), copies));
    }
}

pub async fn a_withdrawal_is_kept_as_it_came_and_acknowledged(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let purchase = settled(&harness).await;
    let certain = declared(&harness, Some(&purchase), WithdrawalDecision::Delivered);
    let unclear = declared(&harness, None, WithdrawalDecision::Unclear);
    for withdrawal in [&certain, &unclear] {
        store.insert_withdrawal(withdrawal).await.expect("it is stored");
        assert_eq!(store.withdrawal(withdrawal.id).await.ok(), Some(Some(withdrawal.clone())));
        let acknowledgement = mail(&harness, Topic::Withdrawal(withdrawal.id)).await;
        assert_eq!(acknowledgement.state, MailState::Due(withdrawal.received_at));
    }
    assert!(store.insert_withdrawal(&certain).await.is_err(), "once");
    assert_eq!(store.withdrawals(10).await.ok(), Some(vec![unclear.clone(), certain]), "newest first");
    assert_eq!(store.withdrawals(1).await.ok(), Some(vec![unclear]));
    let unknown = WithdrawalId::new(harness.now(), harness.entropy.as_ref());
    assert_eq!(store.withdrawal(unknown).await.ok(), Some(None));

    let other = harness.another_principal().await;
    let found = async |email, id| store.purchase_ordered_by(email, id).await.expect("the store answers");
    assert_eq!(found(&harness.principal.email, purchase.id).await, Some(purchase.tenant_id));
    assert_eq!(found(&other.email, purchase.id).await, None, "another's address opens nothing");
    assert_eq!(found(&harness.principal.email, harness.purchase().id).await, None);
}
