//! The use cases on a real database and the Stripe double, and the platform API over them.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{Request, StatusCode, header},
};

use billing::{
    Billing,
    account::{Account, Principal},
    clock::Clock,
    ids::{TenantId, UserId},
    provider::PaymentProvider,
    testing::{AnyStore, fixtures::issuer},
};
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use server::{
    config::Settings,
    database::Stores,
    lifecycle, operator,
    router::router,
    state::AppState,
    stripe::client::{StripeProvider, StripeSettings, call::RetryPolicy},
    system::{SystemClock, SystemEntropy},
    webhooks::WebhookSender,
    worker::Worker,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::{
    database::Database,
    steps::{Stepped, Steps},
};

/// The key that the double is called with.
pub const KEY: &str = "sk_test_double";

/// The machine's clock, set ahead.
#[derive(Clone, Copy)]
struct LaterClock(SignedDuration);

impl Clock for LaterClock {
    fn now(&self) -> Timestamp {
        SystemClock.now() + self.0
    }
}

/// A platform's request.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Call {
    pub api_key: String,
    pub path: String,
    pub idempotency_key: String,
    pub body: String,
}

/// The answer to a [`Call`].
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    /// Whether it says that it is the first answer again.
    pub replayed: bool,
    pub body: String,
}

/// The shop in one process.
pub struct Shop {
    pub billing: Billing,
    pub store: Arc<dyn AnyStore>,
    /// The rest of the process, on the same ports.
    pub state: AppState,
    database: Database,
    clock: LaterClock,
}

impl Shop {
    /// Opens the shop with its clock ahead. With `steps`, each call of a port is a step.
    pub async fn open(database_url: &str, api_base: &str, later: SignedDuration, steps: Option<Arc<Steps>>) -> Self {
        let database = Database::open(database_url).await;
        let clock = LaterClock(later);
        let settings = StripeSettings {
            secret_key: KEY.to_owned().into(),
            api_base: Some(api_base.parse().unwrap()),
            public_url: "http://127.0.0.1:3000".parse().unwrap(),
            retry_policy: RetryPolicy::BUYER,
        };
        let provider = StripeProvider::new(&settings, Arc::new(clock), Arc::new(SystemEntropy)).unwrap();
        let mut provider: Arc<dyn PaymentProvider> = Arc::new(provider);
        let store = database.store();
        let mut stores = database.stores();
        if let Some(steps) = steps {
            provider = Arc::new(Stepped { port: provider, steps: steps.clone() });
            let stepped = Arc::new(Stepped { port: store.clone(), steps });
            stores = Stores { store: stepped.clone(), platform: stepped.clone(), webhooks: stepped, ..stores };
        }
        let settings = Settings::read(|name| (name == "DATABASE_URL").then(|| database_url.to_owned())).unwrap();
        let public_url = "http://127.0.0.1:3000".parse().unwrap();
        let state =
            lifecycle::assemble(&settings, public_url, stores, provider, Arc::new(clock), CancellationToken::new());
        Self { billing: state.shop.billing.clone(), store, state, database, clock }
    }

    /// Answers a platform's request.
    pub async fn answer(&self, call: &Call) -> Answer {
        let peer = SocketAddr::from(([127, 0, 0, 1], 40_000));
        let request = Request::post(&call.path)
            .header(header::AUTHORIZATION, format!("Bearer {}", call.api_key))
            .header(header::CONTENT_TYPE, "application/json")
            .header("Idempotency-Key", &call.idempotency_key)
            .extension(ConnectInfo(peer));
        let response = router(&self.state).oneshot(request.body(Body::from(call.body.clone())).unwrap()).await.unwrap();
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let replayed = head.headers.contains_key("idempotent-replayed");
        Answer { status: head.status, replayed, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    /// Stores holds that are over as expired.
    pub async fn expire_holds(&self) {
        self.state.platform.platform.tidy().await.unwrap();
    }

    /// Attempts the deliveries that are due.
    pub async fn deliver_webhooks(&self) {
        let shutdown = CancellationToken::new();
        let sender = WebhookSender::new(self.state.webhooks.clone(), Arc::new(self.clock), true, shutdown);
        sender.deliver_due().await.unwrap();
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The same shop over another provider.
    pub fn billing_over(&self, provider: Arc<dyn PaymentProvider>) -> Billing {
        Billing::new(self.store.clone(), provider, Arc::new(self.clock), Arc::new(SystemEntropy))
    }

    /// Signs up a customer, without a password.
    pub async fn customer(&self) -> Principal {
        let now = self.clock.now();
        let user_id = UserId::new(now, &SystemEntropy);
        let principal = Principal {
            tenant_id: TenantId::new(now, &SystemEntropy),
            user_id,
            email: format!("{user_id}@example.com").parse().unwrap(),
        };
        let account = Account { principal, password_hash: "none".to_owned(), created_at: now };
        self.store.insert_account(&account).await.unwrap();
        account.principal
    }

    /// The account of a customer.
    pub async fn principal(&self, id: UserId) -> Principal {
        self.store.account(id).await.unwrap().unwrap().principal
    }

    /// Does all of the worker's jobs once.
    pub async fn reconcile(&self) {
        let worker = Worker {
            billing: self.billing.clone(),
            accounts: self.store.clone(),
            asks_provider: true,
            issuer: issuer(),
        };
        operator::reconcile::reconcile(&worker, self.clock.now(), false).await.unwrap();
    }

    pub async fn close(self) {
        self.database.close().await;
    }
}
