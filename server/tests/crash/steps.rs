//! Wrappers of the ports that make each call a step, at which the process can end.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
};

use async_trait::async_trait;
use billing::{
    account::EmailAddress,
    api_key::ApiKey,
    clock::{Clock, Entropy},
    consent::{ConsentText, ConsentVersion},
    event::{ClosedEvent, EventStatus, NewEvent, StoredEvent},
    ids::{ApiKeyId, EventId, HoldId, PurchaseId, SpendId, TenantId, WebhookEndpointId, WebhookEventId, WithdrawalId},
    ledger::{Balance, Entry},
    mail::{Mail, Topic},
    outgoing_webhook::{
        Attempt, ClaimedDelivery, Delivery, EventContext, SigningSecret, WebhookEndpoint, WebhookEvent,
    },
    provider::{CheckoutSession, EventPage, PaymentProvider, PaymentRecord, ProviderError, SaleRecord},
    purchase::Purchase,
    receipt::{Issuer, Receipt, ReceiptSeries, Seller},
    store::{
        ApiKeyStore, Backlog, Change, Committed, ConsentStore, DescribedEntry, EntryFilter, EventStore, Inserted,
        LedgerStore, MailStore, OrderLimits, PageRequest, PoolUse, PurchaseStore, ReceiptStore, Recorded, Store,
        StoreError, TenantStore, UpsertedTenant, WalletStore, WebhookStore, WithdrawalStore,
    },
    tenant::{ExternalId, Tenant, TenantProfile},
    testing::AnyStore,
    wallet::{Answer, Funds, Hold, Request, Spend},
    withdrawal::Withdrawal,
};
use futures::{future::poll_fn, stream::BoxStream};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// When the process ends, relative to a step.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum Moment {
    /// The call is not made.
    Before,
    /// The call was polled this many times, so its effect is unknown.
    Amid { turns: u8 },
    /// The call is complete, but its answer is not used.
    After,
}

/// Where the process ends.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Kill {
    /// The number of the step, from 0.
    pub step: usize,
    pub moment: Moment,
}

/// The steps of one process. Each is printed on standard output when it begins.
pub struct Steps {
    kill: Option<Kill>,
    begun: AtomicUsize,
}

impl Steps {
    pub fn new(kill: Option<Kill>) -> Arc<Self> {
        Arc::new(Self { kill, begun: AtomicUsize::new(0) })
    }

    #[expect(clippy::print_stdout, reason = "what the parent reads")]
    async fn take<T>(&self, name: &str, call: impl Future<Output = T>) -> T {
        let step = self.begun.fetch_add(1, Ordering::SeqCst);
        println!("{name}");
        let moment = self.kill.filter(|kill| kill.step == step).map(|kill| kill.moment);
        let mut turns_left = match moment {
            Some(Moment::Before) => die(),
            Some(Moment::Amid { turns }) => Some(turns),
            Some(Moment::After) | None => None,
        };
        let mut call = pin!(call);
        let answer = poll_fn(|context| {
            let polled = call.as_mut().poll(context);
            if let (Poll::Pending, Some(left)) = (&polled, turns_left.as_mut()) {
                *left = left.saturating_sub(1);
                if *left == 0 {
                    die();
                }
            }
            polled
        })
        .await;
        // A call that needs fewer polls ends the process when it is complete.
        if moment.is_some() {
            die();
        }
        answer
    }
}

fn die() -> ! {
    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL).unwrap();
    unreachable!("nobody survives SIGKILL");
}

/// A port whose calls are steps.
pub struct Stepped<P: ?Sized> {
    pub port: Arc<P>,
    pub steps: Arc<Steps>,
}

/// Implements a port: first the methods that are steps, then those that are passed through.
macro_rules! stepped {
    (
        $port:literal, $trait:ident of $whole:ident:
        $(async fn $name:ident($($argument:ident: $type:ty),* $(,)?) -> $answer:ty;)+
        ---
        $($other:item)*
    ) => {
        #[async_trait]
        impl $trait for Stepped<dyn $whole> {
            $(
                async fn $name(&self $(, $argument: $type)*) -> $answer {
                    self.steps.take(concat!($port, ".", stringify!($name)), self.port.$name($($argument),*)).await
                }
            )+
            $($other)*
        }
    };
}

stepped! { "store", PurchaseStore of AnyStore:
    async fn insert_purchase(purchase: &Purchase, limits: Option<OrderLimits>) -> Result<Inserted, StoreError>;
    async fn purchase(tenant: TenantId, id: PurchaseId) -> Result<Option<Purchase>, StoreError>;
    async fn purchase_by_checkout(tenant: TenantId, provider_ref: &str) -> Result<Option<Purchase>, StoreError>;
    async fn locate(
        provider_ref: &str,
        purchase_id: Option<PurchaseId>,
    ) -> Result<Option<(TenantId, PurchaseId)>, StoreError>;
    async fn locate_payment(payment_ref: &str) -> Result<Option<(TenantId, PurchaseId)>, StoreError>;
    async fn has_checkout_without_prefix(prefix: &str) -> Result<bool, StoreError>;
    async fn purchases(tenant: TenantId, page: PageRequest) -> Result<Vec<Purchase>, StoreError>;
    async fn claim_pending(
        now: Timestamp,
        leased_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<(TenantId, PurchaseId)>, StoreError>;
    async fn pending_since(before: Timestamp) -> Result<Vec<(TenantId, PurchaseId)>, StoreError>;
    ---
}

stepped! { "store", LedgerStore of AnyStore:
    async fn balance(tenant: TenantId) -> Result<Balance, StoreError>;
    async fn ledger(tenant: TenantId, limit: u32, before: Option<i64>) -> Result<Vec<Entry>, StoreError>;
    async fn entries(tenant: TenantId, purchase: PurchaseId) -> Result<Vec<Entry>, StoreError>;
    ---
}

stepped! { "store", WalletStore of AnyStore:
    async fn execute(
        requests: &[Request],
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Result<Vec<Answer>, StoreError>;
    async fn funds(tenant: TenantId, now: Timestamp) -> Result<Funds, StoreError>;
    async fn hold(tenant: TenantId, id: HoldId) -> Result<Option<Hold>, StoreError>;
    async fn active_holds(tenant: TenantId, now: Timestamp) -> Result<Vec<Hold>, StoreError>;
    async fn spend(tenant: TenantId, id: SpendId) -> Result<Option<Spend>, StoreError>;
    async fn described_entries(tenant: TenantId, filter: &EntryFilter) -> Result<Vec<DescribedEntry>, StoreError>;
    async fn expire_holds(now: Timestamp, limit: u32) -> Result<Vec<Hold>, StoreError>;
    async fn delete_refused_keys(before: Timestamp) -> Result<u64, StoreError>;
    ---
}

stepped! { "store", TenantStore of AnyStore:
    async fn upsert_tenant(
        external_id: &ExternalId,
        profile: &TenantProfile,
        new: TenantId,
        now: Timestamp,
    ) -> Result<UpsertedTenant, StoreError>;
    async fn tenant_by_external_id(external_id: &ExternalId) -> Result<Option<Tenant>, StoreError>;
    ---
}

stepped! { "store", ApiKeyStore of AnyStore:
    async fn insert_api_key(key: &ApiKey) -> Result<bool, StoreError>;
    async fn api_key(secret_hash: &str) -> Result<Option<ApiKey>, StoreError>;
    async fn api_keys() -> Result<Vec<ApiKey>, StoreError>;
    async fn revoke_api_key(id: ApiKeyId, at: Timestamp) -> Result<bool, StoreError>;
    async fn note_api_key_use(id: ApiKeyId, hour: Timestamp) -> Result<(), StoreError>;
    ---
}

stepped! { "store", WebhookStore of AnyStore:
    async fn insert_webhook_endpoint(endpoint: &WebhookEndpoint) -> Result<(), StoreError>;
    async fn webhook_endpoints() -> Result<Vec<WebhookEndpoint>, StoreError>;
    async fn webhook_endpoint(id: WebhookEndpointId) -> Result<Option<WebhookEndpoint>, StoreError>;
    async fn set_webhook_secrets(
        id: WebhookEndpointId,
        before: &[SigningSecret],
        after: &[SigningSecret],
    ) -> Result<bool, StoreError>;
    async fn disable_webhook_endpoint(
        id: WebhookEndpointId,
        at: Timestamp,
        note: &str,
        mail: bool,
    ) -> Result<bool, StoreError>;
    async fn enable_webhook_endpoint(id: WebhookEndpointId, at: Timestamp) -> Result<bool, StoreError>;
    async fn remove_webhook_endpoint(id: WebhookEndpointId, at: Timestamp) -> Result<bool, StoreError>;
    async fn webhook_endpoints_due(now: Timestamp) -> Result<Vec<WebhookEndpoint>, StoreError>;
    async fn claim_deliveries(
        endpoint: WebhookEndpointId,
        now: Timestamp,
        leased_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<ClaimedDelivery>, StoreError>;
    async fn webhook_context(event: &WebhookEvent, now: Timestamp) -> Result<EventContext, StoreError>;
    async fn keep_webhook_payload(event: WebhookEventId, payload: &str) -> Result<String, StoreError>;
    async fn delivery_succeeded(
        event: WebhookEventId,
        endpoint: WebhookEndpointId,
        status: u16,
        at: Timestamp,
    ) -> Result<(), StoreError>;
    async fn delivery_failed(
        claimed: &ClaimedDelivery,
        attempt: &Attempt,
        at: Timestamp,
        next: Option<Timestamp>,
    ) -> Result<Timestamp, StoreError>;
    async fn deliveries(failed: bool, limit: u32) -> Result<Vec<Delivery>, StoreError>;
    async fn replay_deliveries(
        event: WebhookEventId,
        endpoint: Option<WebhookEndpointId>,
        now: Timestamp,
    ) -> Result<u64, StoreError>;
    ---
}

stepped! { "store", EventStore of AnyStore:
    async fn record_event(event: &NewEvent) -> Result<Recorded, StoreError>;
    async fn close_event(event: &ClosedEvent) -> Result<bool, StoreError>;
    async fn defer_event(id: EventId, until: Timestamp, note: &str) -> Result<(), StoreError>;
    async fn claim_events(
        now: Timestamp,
        leased_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError>;
    async fn backfilled_until() -> Result<Option<Timestamp>, StoreError>;
    async fn set_backfilled_until(until: Timestamp) -> Result<(), StoreError>;
    async fn events(status: Option<EventStatus>, limit: u32) -> Result<Vec<StoredEvent>, StoreError>;
    async fn event(id: &str) -> Result<Option<StoredEvent>, StoreError>;
    async fn tenant_events(tenant: TenantId, limit: u32) -> Result<Vec<StoredEvent>, StoreError>;
    ---
}

stepped! { "store", ConsentStore of AnyStore:
    async fn keep_consent_text(text: &ConsentText) -> Result<(), StoreError>;
    async fn consent_text(version: &ConsentVersion) -> Result<Option<ConsentText>, StoreError>;
    ---
}

stepped! { "store", ReceiptStore of AnyStore:
    async fn begin_receipt_series(seller: &Seller, series: ReceiptSeries) -> Result<(), StoreError>;
    async fn number_receipts(issuer: &Issuer, at: Timestamp, limit: u32) -> Result<u32, StoreError>;
    async fn receipt(tenant: TenantId, purchase: PurchaseId) -> Result<Option<Receipt>, StoreError>;
    ---
}

stepped! { "store", Store of AnyStore:
    async fn commit(change: &Change) -> Result<Committed, StoreError>;
    async fn backlog() -> Result<Backlog, StoreError>;
    async fn ready() -> Result<(), StoreError>;
    ---
    fn pool_use(&self) -> PoolUse {
        self.port.pool_use()
    }

    async fn close(&self) {
        self.port.close().await;
    }

    fn changes(&self) -> BoxStream<'static, TenantId> {
        self.port.changes()
    }
}

stepped! { "store", MailStore of AnyStore:
    async fn claim_mails(now: Timestamp, leased_until: Timestamp, limit: u32) -> Result<Vec<Mail>, StoreError>;
    async fn mail_sent(topic: Topic, at: Timestamp) -> Result<(), StoreError>;
    async fn put_off_mail(topic: Topic, until: Option<Timestamp>, note: &str) -> Result<(), StoreError>;
    async fn mail(topic: Topic) -> Result<Option<Mail>, StoreError>;
    async fn mails(unsent: bool, limit: u32) -> Result<Vec<Mail>, StoreError>;
    async fn tenant_mails(tenant: TenantId, limit: u32) -> Result<Vec<Mail>, StoreError>;
    async fn retry_mails(now: Timestamp) -> Result<u64, StoreError>;
    async fn resend_mail(topic: Topic, now: Timestamp) -> Result<bool, StoreError>;
    ---
}

stepped! { "store", WithdrawalStore of AnyStore:
    async fn insert_withdrawal(withdrawal: &Withdrawal) -> Result<(), StoreError>;
    async fn purchase_ordered_by(email: &EmailAddress, id: PurchaseId) -> Result<Option<TenantId>, StoreError>;
    async fn withdrawal(id: WithdrawalId) -> Result<Option<Withdrawal>, StoreError>;
    async fn withdrawals(limit: u32) -> Result<Vec<Withdrawal>, StoreError>;
    async fn tenant_withdrawals(tenant: TenantId, limit: u32) -> Result<Vec<Withdrawal>, StoreError>;
    ---
}

stepped! { "provider", PaymentProvider of PaymentProvider:
    async fn create_checkout(purchase: &Purchase, buyer_email: &str) -> Result<CheckoutSession, ProviderError>;
    async fn retrieve_checkout(purchase: &Purchase) -> Result<Option<CheckoutSession>, ProviderError>;
    async fn expire_checkout(purchase: &Purchase) -> Result<Option<CheckoutSession>, ProviderError>;
    async fn retrieve_sale(reference: &str) -> Result<Option<SaleRecord>, ProviderError>;
    async fn retrieve_payment(payment_ref: &str) -> Result<Option<PaymentRecord>, ProviderError>;
    async fn events_since(since: Timestamp, page: Option<&str>) -> Result<EventPage, ProviderError>;
    ---
    fn livemode(&self) -> bool {
        self.port.livemode()
    }
}
