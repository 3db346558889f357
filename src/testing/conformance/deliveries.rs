//! Webhook endpoints, and the deliveries to them.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::webhooks::{endpoint, grant_credits, owed};
use crate::{
    ids::{WebhookEndpointId, WebhookEventId},
    mail::{MailState, Topic},
    outgoing_webhook::{Attempt, ClaimedDelivery, DeliveryState, SigningSecret, WebhookEndpoint, WebhookEventType},
    testing::{AnyStore, harness::Harness},
};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

async fn claim(harness: &Harness, to: WebhookEndpointId, at: Timestamp, limit: u32) -> Vec<ClaimedDelivery> {
    harness.store.claim_deliveries(to, at, at + HOUR, limit).await.expect("the store answers")
}

async fn due(harness: &Harness, at: Timestamp) -> Vec<WebhookEndpointId> {
    let due = harness.store.webhook_endpoints_due(at).await.expect("the store answers");
    due.into_iter().map(|endpoint| endpoint.id).collect()
}

async fn known(harness: &Harness, id: WebhookEndpointId) -> WebhookEndpoint {
    harness.store.webhook_endpoint(id).await.expect("the store answers").expect("it is there")
}

fn failure(status: u16) -> Attempt {
    Attempt { status: Some(status), note: format!("answered {status}\0") }
}

pub async fn a_due_webhook_is_claimed_by_one_alone_and_for_its_endpoint(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let (first, second) = (endpoint(&harness, None).await.id, endpoint(&harness, None).await.id);
    let before = harness.now();
    for _ in 0..3 {
        grant_credits(&harness, 5).await;
    }
    let now = harness.now();
    assert_eq!(due(&harness, before).await, []);
    assert_eq!(due(&harness, now).await, [first, second]);
    let claimed = claim(&harness, first, now, 2).await;
    assert_eq!(claimed.iter().map(|claimed| claimed.attempts).collect::<Vec<_>>(), [1, 1]);
    let rest = claim(&harness, first, now, 9).await;
    assert_eq!(rest.len(), 1, "the others are leased");
    assert!(claimed.iter().all(|claimed| claimed.event.created_at < rest[0].event.created_at), "the longest due first");
    assert_eq!(due(&harness, now).await, [second]);
    assert_eq!(claim(&harness, second, now, 9).await.len(), 3);
    assert_eq!(due(&harness, now).await, []);
    assert_eq!(claim(&harness, first, now + HOUR, 9).await.len(), 3, "whoever claimed them may have died");
}

pub async fn each_attempt_of_a_webhook_carries_the_payload_of_the_first(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let to = endpoint(&harness, None).await.id;
    grant_credits(&harness, 5).await;
    let claimed = claim(&harness, to, harness.now(), 1).await.remove(0);
    assert_eq!(claimed.payload, None);
    let kept = async |payload: &str| store.keep_webhook_payload(claimed.event.id, payload).await.ok();
    assert_eq!(kept(r#"{"n":1}"#).await.as_deref(), Some(r#"{"n":1}"#));
    assert_eq!(kept(r#"{"n":2}"#).await.as_deref(), Some(r#"{"n":1}"#), "another process came first");
    let again = claim(&harness, to, harness.now() + HOUR, 1).await.remove(0);
    assert_eq!((again.payload.as_deref(), again.attempts), (Some(r#"{"n":1}"#), 2));
    assert!(
        store.keep_webhook_payload(WebhookEventId::new(harness.now(), harness.entropy.as_ref()), "{}").await.is_err()
    );
}

pub async fn a_webhook_is_delivered_once_or_put_off_or_given_up(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let to = endpoint(&harness, None).await.id;
    grant_credits(&harness, 5).await;
    let state = async || {
        let delivery = owed(&harness).await.remove(0);
        (delivery.state, delivery.attempts, delivery.last_status, delivery.note)
    };
    let now = harness.now();
    let first = claim(&harness, to, now, 1).await.remove(0);
    let since = store.delivery_failed(&first, &failure(500), now, Some(now + HOUR)).await;
    assert_eq!(since.ok(), Some(now));
    let note = |status: u16| format!("answered {status}").to_owned();
    let (stands, attempts, status, said) = state().await;
    assert_eq!((stands, attempts, status), (DeliveryState::Due(now + HOUR), 1, Some(500)));
    assert!(said.starts_with(&note(500)));
    assert_eq!(known(&harness, to).await.failing_since, Some(now));
    assert_eq!(claim(&harness, to, now, 1).await, []);

    // A process whose lease has ended while it waited changes nothing of another's attempt.
    let second = claim(&harness, to, now + HOUR, 1).await.remove(0);
    assert_eq!(store.delivery_failed(&first, &failure(503), now + HOUR, None).await.ok(), Some(now));
    assert_eq!(state().await.0, DeliveryState::Due(now + HOUR * 2), "still leased");
    store.delivery_failed(&second, &failure(502), now + HOUR, None).await.expect("it is there");
    assert_eq!(state().await.0, DeliveryState::GivenUp(now + HOUR));
    assert_eq!(claim(&harness, to, now + HOUR * 99, 1).await, []);
    assert_eq!(store.deliveries(true, 9).await.map(|failed| failed.len()).ok(), Some(1));

    assert_eq!(store.replay_deliveries(second.event.id, Some(to), now + HOUR * 3).await.ok(), Some(1));
    let third = claim(&harness, to, now + HOUR * 3, 1).await.remove(0);
    assert_eq!(third.attempts, 1, "the attempts begin anew");
    for at in [now + HOUR * 3, now + HOUR * 4] {
        store.delivery_succeeded(third.event.id, to, 204, at).await.expect("it is there");
    }
    assert_eq!(state().await, (DeliveryState::Delivered(now + HOUR * 3), 1, Some(204), String::new()));
    assert_eq!(known(&harness, to).await.failing_since, None);
    store.delivery_failed(&third, &failure(500), now + HOUR * 5, Some(now)).await.expect("it is there");
    assert_eq!(state().await.0, DeliveryState::Delivered(now + HOUR * 3), "what is delivered stays so");
    assert_eq!(store.deliveries(true, 9).await.ok(), Some(vec![]));
}

pub async fn a_replay_passes_over_what_is_being_sent_and_endpoints_that_are_off(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let (first, second) = (endpoint(&harness, None).await.id, endpoint(&harness, None).await.id);
    grant_credits(&harness, 5).await;
    let event = owed(&harness).await[0].event.id;
    let now = harness.now();
    let replay = async |endpoint| store.replay_deliveries(event, endpoint, now).await.ok();
    claim(&harness, first, now, 1).await;
    assert_eq!(replay(None).await, Some(1), "the other one is being sent");
    assert_eq!(replay(Some(first)).await, Some(0));
    assert_eq!(store.disable_webhook_endpoint(second, now, "", false).await.ok(), Some(true));
    assert_eq!(replay(Some(second)).await, Some(0));
    let unknown = WebhookEventId::new(now, harness.entropy.as_ref());
    assert_eq!(store.replay_deliveries(unknown, None, now).await.ok(), Some(0));
}

pub async fn an_endpoint_that_is_off_gets_nothing_and_catches_up_once_it_is_on(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let to = endpoint(&harness, None).await.id;
    grant_credits(&harness, 5).await;
    let now = harness.now();
    let claimed = claim(&harness, to, now, 1).await.remove(0);
    store.delivery_failed(&claimed, &failure(500), now, Some(now)).await.expect("it is there");
    let mail = async || store.mail(Topic::WebhookEndpoint(to)).await.expect("the store answers");
    let disable = async |at, mail| store.disable_webhook_endpoint(to, at, "why\0", mail).await.ok();
    assert_eq!(disable(now, false).await, Some(true));
    assert_eq!(mail().await, None);
    assert_eq!(disable(now + HOUR, true).await, Some(false), "it is off already");
    assert_eq!(mail().await, None, "and nobody hears of it twice");
    let disabled = known(&harness, to).await.disabled.expect("it is off");
    assert_eq!((disabled.at, disabled.note.starts_with("why")), (now, true));
    grant_credits(&harness, 5).await;
    assert_eq!(owed(&harness).await.len(), 1, "nothing more is owed");
    assert_eq!(owed(&harness).await[0].state, DeliveryState::Suspended);
    assert_eq!(store.backlog().await.map(|backlog| backlog.webhooks_due).ok(), Some(0));
    assert_eq!((due(&harness, now + HOUR).await, claim(&harness, to, now + HOUR, 9).await), (vec![], vec![]));
    store.delivery_failed(&claimed, &failure(500), now, Some(now)).await.expect("it is there");
    assert_eq!(owed(&harness).await[0].state, DeliveryState::Suspended, "an attempt that ends late changes nothing");

    let enable = async || store.enable_webhook_endpoint(to, now + HOUR * 2).await.ok();
    assert_eq!((enable().await, enable().await), (Some(true), Some(false)));
    let on = known(&harness, to).await;
    assert_eq!((on.disabled, on.failing_since), (None, None));
    let backlog = store.backlog().await.expect("the store answers");
    assert_eq!((backlog.webhooks_due, backlog.oldest_webhook), (1, Some(claimed.event.created_at)));
    assert_eq!(claim(&harness, to, now + HOUR * 2, 9).await[0].attempts, 1, "the attempts begin anew");

    // Each time it is switched off by itself, the operator hears of it.
    for copies in 0..2 {
        let at = now + HOUR * (3 + i32::try_from(copies).expect("few"));
        assert_eq!(disable(at, true).await, Some(true));
        let owed = mail().await.expect("it is owed");
        assert_eq!((owed.state, owed.copies), (MailState::Due(at), copies));
        store.mail_sent(Topic::WebhookEndpoint(to), at).await.expect("it is owed");
        enable().await;
    }
}

pub async fn a_removed_endpoint_is_gone_with_its_secrets_and_what_it_was_owed(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let kept = endpoint(&harness, Some(&[WebhookEventType::BalanceLow])).await;
    let removed = endpoint(&harness, None).await.id;
    grant_credits(&harness, 5).await;
    let now = harness.now();
    let remove = async || store.remove_webhook_endpoint(removed, now).await.ok();
    assert_eq!((remove().await, remove().await), (Some(true), Some(false)));
    assert_eq!(store.webhook_endpoints().await.ok(), Some(vec![kept]));
    assert_eq!(store.webhook_endpoint(removed).await.ok(), Some(None));
    assert_eq!(owed(&harness).await[0].state, DeliveryState::GivenUp(now));
    assert_eq!(store.enable_webhook_endpoint(removed, now).await.ok(), Some(false));
    assert_eq!(store.disable_webhook_endpoint(removed, now, "", true).await.ok(), Some(false));
    assert_eq!(store.set_webhook_secrets(removed, &[], &[]).await.ok(), Some(false));
    assert_eq!(store.replay_deliveries(owed(&harness).await[0].event.id, None, now).await.ok(), Some(0));
}

pub async fn two_rotations_at_once_lose_no_secret(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let endpoint = endpoint(&harness, None).await;
    let now = harness.now();
    let (first, second) = (endpoint.rotated("whsec_B".to_owned(), now), endpoint.rotated("whsec_C".to_owned(), now));
    let write = async |before: &[SigningSecret], after: &[SigningSecret]| {
        store.set_webhook_secrets(endpoint.id, before, after).await.ok()
    };
    assert_eq!(write(&endpoint.secrets, &first).await, Some(true));
    assert_eq!(write(&endpoint.secrets, &second).await, Some(false));
    assert_eq!(known(&harness, endpoint.id).await.secrets, first);
}
