//! The use cases on a real database and the Stripe double, without pages.

use std::sync::Arc;

use billing::{
    Billing,
    account::{Account, Principal},
    clock::Clock,
    ids::{TenantId, UserId},
    provider::PaymentProvider,
    store::Store,
    testing::{AnyStore, fixtures::issuer},
};
use jiff::{SignedDuration, Timestamp};
use server::{
    operator,
    stripe::client::{StripeProvider, StripeSettings, call::RetryPolicy},
    system::{SystemClock, SystemEntropy},
    worker::Worker,
};

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

/// The shop in one process.
pub struct Shop {
    pub billing: Billing,
    pub store: Arc<dyn AnyStore>,
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
        let mut store: Arc<dyn Store> = database.store();
        if let Some(steps) = steps {
            provider = Arc::new(Stepped { port: provider, steps: steps.clone() });
            store = Arc::new(Stepped { port: store, steps });
        }
        let billing = Billing::new(store, provider, Arc::new(clock), Arc::new(SystemEntropy));
        Self { billing, store: database.store(), database, clock }
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
