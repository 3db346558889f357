//! The scenarios of webhooks out: the platform hears of an effect.

use std::{collections::BTreeSet, fmt::Write, sync::Arc};

use async_trait::async_trait;
use axum::http::StatusCode;
use billing::outgoing_webhook::DeliveryState;
use jiff::SignedDuration;

use crate::{
    child::Act,
    scenario::{Place, Scenario},
};

/// What the platform's endpoint answers to the process that is killed. The next one it accepts.
#[derive(Clone, Copy, Debug)]
enum WebhookScenario {
    Accepted,
    Failed,
    Gone,
}

pub fn all() -> impl Iterator<Item = Arc<dyn Scenario>> {
    let all = [WebhookScenario::Accepted, WebhookScenario::Failed, WebhookScenario::Gone];
    all.into_iter().map(|scenario| Arc::new(scenario) as Arc<dyn Scenario>)
}

impl WebhookScenario {
    fn answer(self) -> StatusCode {
        match self {
            Self::Accepted => StatusCode::NO_CONTENT,
            Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Gone => StatusCode::GONE,
        }
    }
}

#[async_trait]
impl Scenario for WebhookScenario {
    fn name(&self) -> String {
        format!("Webhook_{self:?}")
    }

    fn later(&self) -> SignedDuration {
        SignedDuration::ZERO
    }

    async fn prepare(&self, place: &Place<'_>) -> Act {
        let call = place.platform().await;
        place.done(&call("grants", r#"{"credits": 10, "reason": "to begin with"}"#, "grant")).await;
        place.receiver.answer(self.answer());
        Act::DeliverWebhooks
    }

    async fn expected(&self, _: &Place<'_>) -> &'static str {
        match self {
            Self::Accepted | Self::Failed => "grant.made: delivered\nthe endpoint is on\n",
            Self::Gone => "grant.made: suspended\nthe endpoint is off\n",
        }
    }

    async fn go_on(&self, place: &Place<'_>, _: &Act) -> String {
        if let Self::Failed = self {
            place.receiver.answer(Self::Accepted.answer());
        }
        place.shop.deliver_webhooks().await;
        let received = place.receiver.received();
        // The killed process and the next one have told it once each, if at all.
        assert!((1..=2).contains(&received.len()), "{received:?}");
        assert_eq!(received.iter().collect::<BTreeSet<_>>().len(), 1, "each attempt says the same: {received:?}");
        let mut end = String::new();
        for delivery in place.shop.store.deliveries(false, 100).await.unwrap() {
            assert_eq!(received[0].0, delivery.event.id.to_string());
            let state = match delivery.state {
                DeliveryState::Due(_) => "due",
                DeliveryState::Suspended => "suspended",
                DeliveryState::Delivered(_) => "delivered",
                DeliveryState::GivenUp(_) => "given up",
            };
            writeln!(end, "{}: {state}", delivery.event.event_type).unwrap();
        }
        for endpoint in place.shop.store.webhook_endpoints().await.unwrap() {
            writeln!(end, "the endpoint is {}", if endpoint.disabled.is_none() { "on" } else { "off" }).unwrap();
        }
        end
    }
}
