//! The scenarios of the platform API: what is spent, held, granted and given back.

use std::{collections::BTreeSet, fmt::Write, sync::Arc};

use async_trait::async_trait;
use axum::http::StatusCode;
use billing::{
    api_key::Scope,
    outgoing_webhook::DeliveryState,
    store::EntryFilter,
    tenant::{ExternalId, TenantProfile},
    wallet::HoldStatus,
};
use jiff::SignedDuration;
use serde_json::{Value, json};
use server::{
    identity::KeyMode,
    operator::{self, keys::NewKey},
    system::{SystemClock, SystemEntropy},
};

use crate::{
    child::Act,
    scenario::{Place, Scenario},
    shop::{Answer, Call},
};

const TENANT: &str = "kim";

#[derive(Clone, Copy)]
struct PlatformScenario {
    name: &'static str,
    /// The path and body of a request that goes before, whose object is `{id}` in the path of the process's request.
    first: Option<(&'static str, &'static str)>,
    /// The path and body of the request that the process is killed at; without one, it expires holds.
    then: Option<(&'static str, &'static str)>,
    /// The expected end state: the answer, the entries, the holds, and what the platform is to be told.
    end: &'static str,
}

const SPEND: (&str, &str) = ("spends", r#"{"credits": 3}"#);
const HOLD: (&str, &str) = ("holds", r#"{"credits": 4, "ttl_seconds": 86400}"#);
const GRANT: (&str, &str) = ("grants", r#"{"credits": 5, "reason": "welcome"}"#);

/// The tenant has 10 credits, and the platform is told when there are less than 8.
const SCENARIOS: [PlatformScenario; 12] = [
    PlatformScenario {
        name: "Spend",
        first: None,
        then: Some(SPEND),
        end: "\
201: balance 7, held 0
GRANT 10 = 10
SPEND -3 = 7
to be told: balance.low
to be told: grant.made
",
    },
    PlatformScenario {
        name: "SpendRefused",
        first: None,
        then: Some(("spends", r#"{"credits": 11}"#)),
        end: "\
402: balance 10, held 0
GRANT 10 = 10
to be told: grant.made
",
    },
    PlatformScenario {
        name: "SpendBulk",
        first: None,
        then: Some(("spends/bulk", r#"{"lines": [{"credits": 1}, {"credits": 2}]}"#)),
        end: "\
201: balance 7, held 0
GRANT 10 = 10
SPEND -1 = 9
SPEND -2 = 7
to be told: balance.low
to be told: grant.made
",
    },
    PlatformScenario {
        name: "Hold",
        first: None,
        then: Some(HOLD),
        end: "\
201: balance 10, held 4
GRANT 10 = 10
hold: 4, 0 captured
to be told: grant.made
",
    },
    PlatformScenario {
        name: "Capture",
        first: Some(HOLD),
        then: Some(("holds/{id}/capture", r#"{"credits": 3, "final": false}"#)),
        end: "\
200: balance 7, held 1
GRANT 10 = 10
SPEND -3 = 7
hold: 4, 3 captured
to be told: balance.low
to be told: grant.made
",
    },
    PlatformScenario {
        name: "LastCapture",
        first: Some(HOLD),
        then: Some(("holds/{id}/capture", r#"{"credits": 3}"#)),
        end: "\
200: balance 7, held 0
GRANT 10 = 10
SPEND -3 = 7
to be told: balance.low
to be told: grant.made
",
    },
    PlatformScenario {
        name: "Release",
        first: Some(HOLD),
        then: Some(("holds/{id}/release", "{}")),
        end: "\
200: balance 10, held 0
GRANT 10 = 10
to be told: grant.made
",
    },
    PlatformScenario {
        name: "Extend",
        first: Some(HOLD),
        then: Some(("holds/{id}/extend", r#"{"ttl_seconds": 86400, "credits": 2}"#)),
        end: "\
200: balance 10, held 6
GRANT 10 = 10
hold: 6, 0 captured
to be told: grant.made
",
    },
    PlatformScenario {
        name: "ReverseSpend",
        first: Some(SPEND),
        then: Some(("spends/{id}/reversals", r#"{"credits": 2, "reason": "failed"}"#)),
        end: "\
201: balance 9, held 0
GRANT 10 = 10
SPEND -3 = 7
SPEND_REVERSAL 2 = 9
to be told: balance.low
to be told: grant.made
to be told: spend.reversed
",
    },
    PlatformScenario {
        name: "Grant",
        first: None,
        then: Some(GRANT),
        end: "\
201: balance 15, held 0
GRANT 10 = 10
GRANT 5 = 15
to be told: grant.made
to be told: grant.made
",
    },
    PlatformScenario {
        name: "ReverseGrant",
        first: Some(GRANT),
        then: Some(("grants/{id}/reversals", r#"{"credits": 4, "reason": "mistaken"}"#)),
        end: "\
201: balance 11, held 0
GRANT 10 = 10
GRANT 5 = 15
GRANT_REVERSAL -4 = 11
to be told: grant.made
to be told: grant.made
",
    },
    PlatformScenario {
        name: "ExpireHolds",
        first: Some(("holds", r#"{"credits": 4, "ttl_seconds": 60}"#)),
        then: None,
        end: "\
GRANT 10 = 10
to be told: grant.made
to be told: hold.expired
",
    },
];

pub fn all() -> impl Iterator<Item = Arc<dyn Scenario>> {
    SCENARIOS.into_iter().map(|scenario| Arc::new(scenario) as Arc<dyn Scenario>)
}

#[async_trait]
impl Scenario for PlatformScenario {
    fn name(&self) -> String {
        format!("Platform_{}", self.name)
    }

    /// Another hour, in which the use of the API key is noted anew.
    fn later(&self) -> SignedDuration {
        SignedDuration::from_hours(2)
    }

    async fn prepare(&self, place: &Place<'_>) -> Act {
        let call = place.platform().await;
        place.done(&call("grants", r#"{"credits": 10, "reason": "to begin with"}"#, "grant")).await;
        let id = match self.first {
            None => String::new(),
            Some((path, body)) => {
                let answer = place.done(&call(path, body, "first")).await;
                let object = ["hold", "spend", "grant"].into_iter().find(|object| answer.get(object).is_some());
                answer[object.unwrap()]["id"].as_str().unwrap().to_owned()
            }
        };
        self.then.map_or(Act::ExpireHolds, |(path, body)| Act::Call(call(&path.replace("{id}", &id), body, "then")))
    }

    async fn expected(&self, _: &Place<'_>) -> &'static str {
        self.end
    }

    async fn go_on(&self, place: &Place<'_>, act: &Act) -> String {
        let Act::Call(call) = act else {
            place.shop.expire_holds().await;
            return place.books(None).await;
        };
        let answer = place.shop.answer(call).await;
        let again = place.shop.answer(call).await;
        assert!(again.replayed, "{again:?}");
        assert_eq!((again.status, &again.body), (answer.status, &answer.body));
        place.books(Some(&answer)).await
    }
}

impl Place<'_> {
    /// A platform that knows the customer's tenant and hears of everything. Returns what makes its requests, of path, body
    /// and idempotency key.
    pub async fn platform(&self) -> impl Fn(&str, &str, &str) -> Call + use<> {
        let state = &self.shop.state;
        operator::webhooks::add(&state.webhooks, &self.receiver.url, Vec::new(), true).await.unwrap();
        let scopes = BTreeSet::from([Scope::Spend, Scope::Grant]);
        let wanted = NewKey { name: "platform".to_owned(), scopes, expires_days: None, daily_cap: None };
        let platform = &state.platform.platform;
        let key =
            operator::keys::create(platform, KeyMode::Test, (&SystemClock, &SystemEntropy), wanted).await.unwrap();
        let external_id = ExternalId::try_from(TENANT.to_owned()).unwrap();
        let email = Some(self.principal.email.clone());
        let profile =
            TenantProfile { email, low_balance: Some(billing::money::Credits(8)), ..TenantProfile::default() };
        let tenant = platform.upsert_tenant(&external_id, &profile).await.unwrap().tenant;
        assert_eq!(tenant.id, self.principal.tenant_id);
        let api_key = key.secret.expose().to_owned();
        move |path, body, idempotency_key| Call {
            api_key: api_key.clone(),
            path: format!("/v1/tenants/{TENANT}/{path}"),
            idempotency_key: idempotency_key.to_owned(),
            body: body.to_owned(),
        }
    }

    /// Makes a request, and expects to have it done.
    pub async fn done(&self, call: &Call) -> Value {
        let answer = self.shop.answer(call).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        serde_json::from_str(&answer.body).unwrap()
    }

    /// The tenant's books as text. The answer tells of what is in them.
    async fn books(&self, answer: Option<&Answer>) -> String {
        let (store, tenant) = (&self.shop.store, self.principal.tenant_id);
        let mut books = String::new();
        let mut ids = BTreeSet::new();
        let filter = EntryFilter { limit: 100, ..EntryFilter::default() };
        let mut entries = String::new();
        for described in store.described_entries(tenant, &filter).await.unwrap().into_iter().rev() {
            let booked = &described.entry.booked;
            writeln!(entries, "{} {} = {}", booked.kind, booked.credits.0, described.entry.balance_after.0).unwrap();
            ids.extend([booked.source.id(), booked.effect_ref.clone()]);
        }
        if let Some(answer) = answer {
            let json: Value = serde_json::from_str(&answer.body).unwrap();
            writeln!(books, "{}: balance {}, held {}", answer.status.as_u16(), json["balance"], json["held"]).unwrap();
            let objects = ["spend", "grant", "reversal"].into_iter().filter_map(|object| json.get(object));
            for object in objects.chain(json["spends"].as_array().into_iter().flatten()) {
                assert!(ids.contains(object["id"].as_str().unwrap()), "the answer tells of nothing booked: {json}");
            }
            if let Some(id) = json["hold"]["id"].as_str() {
                let hold = store.hold(tenant, id.parse().unwrap()).await.unwrap().unwrap();
                assert_eq!(json["hold"]["status"], json!(hold.status), "{json}");
            }
        }
        books += &entries;
        let now = self.shop.now();
        let mut held = 0;
        for hold in store.active_holds(tenant, now).await.unwrap() {
            assert_eq!(hold.status, HoldStatus::Active);
            writeln!(books, "hold: {}, {} captured", hold.credits.0, hold.captured.0).unwrap();
            held += hold.rest().0;
        }
        assert_eq!(store.funds(tenant, now).await.unwrap().held.0, held);
        let deliveries = store.deliveries(false, 100).await.unwrap();
        assert!(deliveries.iter().all(|delivery| matches!(delivery.state, DeliveryState::Due(_))), "{deliveries:?}");
        let mut told: Vec<_> = deliveries.iter().map(|delivery| delivery.event.event_type.as_str()).collect();
        told.sort_unstable();
        for event in told {
            writeln!(books, "to be told: {event}").unwrap();
        }
        books
    }
}
