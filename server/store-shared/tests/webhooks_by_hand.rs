//! A person at the database's own prompt tries to break the rules of webhooks out.

use std::sync::Arc;

use billing::{
    clock::Clock,
    ids::WebhookEndpointId,
    outgoing_webhook::{SigningSecret, WebhookEndpoint},
    store::{WalletStore as _, WebhookStore as _},
    testing::harness::Harness,
    wallet::{Amount, Command, IdempotencyKey, Reason, Request},
};

use crate::{TestDatabase, try_by_hand};

/// What both databases must refuse, and by which rule. An event with a payload is owed to an endpoint; another endpoint is
/// removed.
const ATTACKS: &[(&str, &str)] = &[
    ("webhook_endpoints_keep", "DELETE FROM webhook_endpoints WHERE removed_at IS NOT NULL"),
    ("webhook_endpoints_snapshot", "UPDATE webhook_endpoints SET url = 'https://else.example' WHERE id = '{endpoint}'"),
    ("webhook_endpoints_snapshot", "UPDATE webhook_endpoints SET removed_at = NULL WHERE removed_at IS NOT NULL"),
    ("webhook_endpoints_removed_check", "UPDATE webhook_endpoints SET removed_at = 1 WHERE id = '{endpoint}'"),
    (
        "webhook_endpoints_secrets_json_check",
        "UPDATE webhook_endpoints SET secrets_json = '{}' WHERE id = '{endpoint}'",
    ),
    ("webhook_events_keep", "DELETE FROM webhook_events"),
    ("webhook_events_snapshot", "UPDATE webhook_events SET payload_json = '{\"n\":2}'"),
    ("webhook_events_snapshot", "UPDATE webhook_events SET payload_json = NULL"),
    ("webhook_events_snapshot", "UPDATE webhook_events SET type = 'purchase.paid'"),
    ("webhook_events_type_check", "{insert_event} 'nonsense', entry_id, NULL, 0 FROM webhook_events"),
    ("webhook_events_subject_check", "{insert_event} 'grant.made', NULL, NULL, 0 FROM webhook_events"),
    ("webhook_events_subject_check", "{insert_event} 'hold.expired', entry_id, NULL, 0 FROM webhook_events"),
    ("webhook_deliveries_keep", "DELETE FROM webhook_deliveries"),
    ("webhook_deliveries_state_check", "UPDATE webhook_deliveries SET delivered_at = 1"),
    ("webhook_deliveries_state_check", "UPDATE webhook_deliveries SET given_up_at = 1"),
    ("mails_kind_check", "INSERT INTO mails (kind, subject_id, created_at) VALUES ('ADVERTISEMENT', 'x', 0)"),
];

struct Stopped(jiff::Timestamp);

impl Clock for Stopped {
    fn now(&self) -> jiff::Timestamp {
        self.0
    }
}

#[tokio::test]
async fn nothing_that_is_typed_by_hand_breaks_a_rule_of_webhooks_out() {
    let database = TestDatabase::create().await.unwrap_or_else(|error| panic!("{error}"));
    let store = database.store().await.unwrap();
    let harness = Harness::open(Arc::new(store.clone()), 1).await;
    let now = harness.now();
    let mut endpoints = Vec::new();
    for _ in 0..2 {
        let endpoint = WebhookEndpoint {
            id: WebhookEndpointId::new(now, harness.entropy.as_ref()),
            url: "https://platform.example/hooks".to_owned(),
            secrets: vec![SigningSecret { secret: "whsec_AAAA".to_owned(), expires_at: None }],
            event_types: None,
            created_at: now,
            failing_since: None,
            disabled: None,
        };
        store.insert_webhook_endpoint(&endpoint).await.unwrap();
        endpoints.push(endpoint.id);
    }
    store.remove_webhook_endpoint(endpoints[1], now).await.unwrap();
    let command =
        Command::Grant { credits: Amount::try_from(5).unwrap(), reason: Reason::try_from("x".to_owned()).unwrap() };
    let key = IdempotencyKey::try_from("grant".to_owned()).unwrap();
    let request = Request::new(harness.principal.tenant_id, key, command, "platform".to_owned());
    store.execute(&[request], &Stopped(now), harness.entropy.as_ref()).await.unwrap();
    let before = store.deliveries(false, 10).await.unwrap();
    assert_eq!(before.len(), 1);
    store.keep_webhook_payload(before[0].event.id, r#"{"n":1}"#).await.unwrap();

    for (rule, attack) in ATTACKS {
        let insert =
            "INSERT INTO webhook_events (id, tenant_id, type, entry_id, hold_id, created_at) SELECT 'x', tenant_id,";
        let attack = attack.replace("{endpoint}", &endpoints[0].to_string()).replace("{insert_event}", insert);
        let Err(error) = try_by_hand(&database.url(), format!("BEGIN; {attack}; COMMIT")).await else {
            panic!("{rule} let it pass: {attack}");
        };
        assert!(error.to_string().to_lowercase().contains(rule), "{attack}\nnot refused by {rule}, but: {error}");
        assert_eq!(store.deliveries(false, 10).await.unwrap(), before, "{attack}");
    }
    store.close().await;
    database.remove().await.unwrap();
}
