//! Which webhooks an effect owes.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{apply, booking, insert, settled, settlement};
use crate::{
    clock::Clock,
    ids::{EntryId, TenantId, WebhookEndpointId},
    ledger::{EntryKind, NewEntry},
    money::Credits,
    outgoing_webhook::{
        Delivery, DeliveryState, EventSource, EventSubject, SigningSecret, WebhookEndpoint, WebhookEventType,
    },
    purchase::Purchase,
    store::{Change, Committed},
    tenant::{ExternalId, TenantProfile},
    testing::{AnyStore, harness::Harness},
    wallet::{Amount, Booked, Command, Details, IdempotencyKey, Outcome, Reason, Request, SpendLine, Ttl},
};

pub(super) async fn endpoint(harness: &Harness, types: Option<&[WebhookEventType]>) -> WebhookEndpoint {
    let now = harness.now();
    let endpoint = WebhookEndpoint {
        id: WebhookEndpointId::new(now, harness.entropy.as_ref()),
        url: "https://platform.example/hooks".to_owned(),
        secrets: vec![SigningSecret { secret: "whsec_AAAA".to_owned(), expires_at: None }],
        event_types: types.map(|types| types.iter().copied().collect()),
        created_at: now,
        failing_since: None,
        disabled: None,
    };
    harness.store.insert_webhook_endpoint(&endpoint).await.expect("it is new");
    endpoint
}

/// Every delivery, the oldest first.
pub(super) async fn owed(harness: &Harness) -> Vec<Delivery> {
    let mut deliveries = harness.store.deliveries(false, 1_000).await.expect("the store answers");
    deliveries.sort_by_key(|delivery| (delivery.event.created_at, delivery.event.id, delivery.endpoint_id));
    deliveries
}

async fn owed_types(harness: &Harness) -> Vec<(WebhookEventType, WebhookEndpointId)> {
    let owed = owed(harness).await;
    owed.iter().map(|delivery| (delivery.event.event_type, delivery.endpoint_id)).collect()
}

struct At(Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}

fn amount(credits: i64) -> Amount {
    Amount::try_from(credits).expect("an amount")
}

fn reason(text: &str) -> Reason {
    Reason::try_from(text.to_owned()).expect("a reason")
}

fn grant(credits: i64) -> Command {
    Command::Grant { credits: amount(credits), reason: reason("welcome") }
}

fn spend(credits: i64) -> Command {
    let details = Details::new(Some("job-1".to_owned()), None, [].into()).expect("good details");
    Command::Spend(SpendLine { credits: amount(credits), details })
}

/// Executes commands of the customer's in one group, and gives what was booked.
pub(super) async fn execute(harness: &Harness, commands: Vec<Command>) -> Vec<Booked> {
    let now = harness.now();
    let tenant = harness.principal.tenant_id;
    let request = |command| {
        let key = IdempotencyKey::try_from(EntryId::new(now, harness.entropy.as_ref()).to_string()).expect("a key");
        Request::new(tenant, key, command, "platform".to_owned())
    };
    let requests: Vec<_> = commands.into_iter().map(request).collect();
    let answers = harness.store.execute(&requests, &At(now), harness.entropy.as_ref()).await;
    let booked = answers.expect("the store answers").into_iter().filter_map(|answer| match answer.outcome {
        Outcome::Done { written, .. } => Some(*written),
        Outcome::Refused(_) => None,
    });
    booked.collect()
}

pub(super) async fn grant_credits(harness: &Harness, credits: i64) {
    execute(harness, vec![grant(credits)]).await;
}

async fn set_threshold(harness: &Harness, credits: i64) {
    let email = Some(harness.principal.email.clone());
    let profile = TenantProfile { email, name: None, low_balance: Some(Credits(credits)) };
    let name = ExternalId::try_from("user-1".to_owned()).expect("a name");
    let new = TenantId::new(harness.now(), harness.entropy.as_ref());
    let upserted = harness.store.upsert_tenant(&name, &profile, new, harness.now()).await.expect("the store answers");
    assert_eq!(upserted.tenant.id, harness.principal.tenant_id);
}

fn taking(harness: &Harness, paid: &Purchase, kind: EntryKind, effect: &str, credits: i64) -> NewEntry {
    NewEntry { kind, effect_ref: effect.to_owned(), credits: Credits(credits), ..harness.entry(paid) }
}

pub async fn an_effect_owes_a_webhook_only_to_an_enabled_endpoint_that_wants_it(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    grant_credits(&harness, 5).await;
    settled(&harness).await;
    let (all, other, off, gone) = (
        endpoint(&harness, None).await,
        endpoint(&harness, Some(&[WebhookEventType::PurchasePaid, WebhookEventType::HoldExpired])).await,
        endpoint(&harness, None).await,
        endpoint(&harness, None).await,
    );
    assert_eq!(owed(&harness).await, [], "nothing is owed of what was before");
    assert_eq!(store.disable_webhook_endpoint(off.id, harness.now(), "", false).await.ok(), Some(true));
    assert_eq!(store.remove_webhook_endpoint(gone.id, harness.now()).await.ok(), Some(true));
    let made = execute(&harness, vec![grant(5)]).await;
    assert_eq!(owed_types(&harness).await, [(WebhookEventType::GrantMade, all.id)]);
    settled(&harness).await;
    let paid = |endpoint: &WebhookEndpoint| (WebhookEventType::PurchasePaid, endpoint.id);
    assert_eq!(owed_types(&harness).await[1..], [paid(&all), paid(&other)]);

    let first = owed(&harness).await.remove(0);
    let Booked::Grant(grant) = &made[0] else { panic!("{made:?}") };
    assert_eq!((first.event.tenant_id, first.event.created_at), (grant.tenant_id, grant.created_at));
    assert_eq!((first.attempts, first.state), (0, DeliveryState::Due(grant.created_at)));
    let context = store.webhook_context(&first.event, harness.now()).await.expect("it is stored");
    assert_eq!((context.external_id, context.funds.balance, context.funds.seq), (None, Credits(20), 4));
    let EventSource::Entry { entry, reason, .. } = context.source else { panic!("it is a grant") };
    assert_eq!((entry.booked.credits, entry.seq, reason.as_deref()), (Credits(5), 3, Some("welcome")));
    assert_eq!(first.event.subject, EventSubject::Entry(entry.booked.id));
}

pub async fn a_change_of_a_purchase_owes_a_webhook_with_the_change_or_not_at_all(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let to = endpoint(&harness, None).await.id;
    let purchase = harness.purchase();
    insert(&harness, &purchase).await;
    let settle = settlement(&harness, &purchase);
    let outdated = Change { purchase: Purchase { version: 7, ..settle.purchase.clone() }, ..settle.clone() };
    assert_eq!(store.commit(&outdated).await.ok(), Some(Committed::Stale));
    assert_eq!(owed(&harness).await, [], "nothing is owed of what is not written");
    let mut paid = apply(&harness, settle).await;
    for (kind, effect, credits) in [
        (EntryKind::Refund, "re_1", -2),
        (EntryKind::RefundReversal, "re_1", 2),
        (EntryKind::Dispute, "dp_1", -5),
        (EntryKind::DisputeReversal, "dp_1", 5),
    ] {
        let entry = taking(&harness, &paid, kind, effect, credits);
        paid = apply(&harness, booking(&paid, entry)).await;
    }
    let told = [WebhookEventType::PurchasePaid, WebhookEventType::PurchaseRefunded, WebhookEventType::PurchaseDisputed];
    assert_eq!(owed_types(&harness).await, told.map(|event_type| (event_type, to)));
    let ids: std::collections::BTreeSet<_> = owed(&harness).await.iter().map(|delivery| delivery.event.id).collect();
    assert_eq!(ids.len(), 3);
}

pub async fn a_low_balance_is_told_once_for_each_time_that_it_falls_below(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let to = endpoint(&harness, Some(&[WebhookEventType::BalanceLow])).await.id;
    set_threshold(&harness, 10).await;
    let count = async || owed_types(&harness).await.len();
    grant_credits(&harness, 12).await;
    execute(&harness, vec![spend(2)]).await;
    assert_eq!(count().await, 0, "at the threshold is not below it");
    execute(&harness, vec![spend(1), spend(1)]).await;
    assert_eq!(owed_types(&harness).await, [(WebhookEventType::BalanceLow, to)], "the first one crosses it");
    execute(&harness, vec![spend(1)]).await;
    assert_eq!(count().await, 1, "it was below already");

    // By refunds and disputes too, and anew after it has risen: from 7 to 12, to 10, to 9.
    let paid = settled(&harness).await;
    let refund = |effect, credits| taking(&harness, &paid, EntryKind::Refund, effect, credits);
    let (first, second) = (refund("re_1", -2), refund("re_2", -1));
    let crossing = second.id;
    apply(&harness, Change { entries: vec![first, second.clone()], ..booking(&paid, second) }).await;
    assert_eq!(count().await, 2);
    let told = owed(&harness).await.pop().expect("it is owed").event;
    assert_eq!(told.subject, EventSubject::Entry(crossing), "the second one crosses it");
    let paid = settled(&harness).await;
    let entry = taking(&harness, &paid, EntryKind::Dispute, "dp_1", -5);
    let paid = apply(&harness, booking(&paid, entry)).await;
    assert_eq!(count().await, 3);
    let entry = taking(&harness, &paid, EntryKind::Refund, "re_3", -1);
    apply(&harness, booking(&paid, entry)).await;
    assert_eq!(count().await, 3, "it was below already");
}

pub async fn a_reversal_and_each_expiry_of_a_hold_owe_a_webhook(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    endpoint(&harness, None).await;
    set_threshold(&harness, 0).await;
    grant_credits(&harness, 50).await;
    let spent = execute(&harness, vec![spend(7)]).await;
    let Booked::Spend(made) = &spent[0] else { panic!("{spent:?}") };
    let undo = Command::ReverseSpend { spend: made.id, credits: Some(amount(3)), reason: reason("failed") };
    execute(&harness, vec![undo]).await;
    let told = owed(&harness).await.pop().expect("it is owed").event;
    assert_eq!(told.event_type, WebhookEventType::SpendReversed);
    let context = store.webhook_context(&told, harness.now()).await.expect("it is stored");
    assert_eq!(context.external_id.map(String::from).as_deref(), Some("user-1"));
    let EventSource::Entry { entry, reference, reason } = context.source else { panic!("it is an entry") };
    assert_eq!((entry.booked.credits, reason.as_deref()), (Credits(3), Some("failed")));
    assert_eq!(reference.map(String::from).as_deref(), Some("job-1"));

    let ttl = Ttl::try_from(60).expect("a ttl");
    let made = execute(&harness, vec![Command::Hold { credits: amount(4), ttl, details: Details::default() }]).await;
    let Booked::Hold(hold) = &made[0] else { panic!("{made:?}") };
    let before = owed(&harness).await.len();
    let mut ends = Vec::new();
    for _ in 0..2 {
        let stored = store.hold(hold.tenant_id, hold.id).await.expect("the store answers").expect("it is kept");
        ends.push(stored.expires_at);
        store.expire_holds(stored.expires_at, 10).await.expect("the store answers");
        store.expire_holds(stored.expires_at, 10).await.expect("the store answers");
        harness.clock.advance(SignedDuration::from_mins(2));
        execute(&harness, vec![Command::Extend { hold: hold.id, ttl, credits: None }]).await;
    }
    let told = owed(&harness).await.split_off(before);
    let told: Vec<_> = told.iter().map(|delivery| (delivery.event.subject, delivery.event.created_at)).collect();
    assert_eq!(told, [(EventSubject::Hold(hold.id), ends[0]), (EventSubject::Hold(hold.id), ends[1])]);
}
