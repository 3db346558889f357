//! Ordering: from a product id to a checkout session.

use std::sync::PoisonError;

use super::{Billing, BillingError, attention, outcome::Applied, settlement::SessionContext, trigger::Trigger};
use crate::{
    account::Principal,
    catalog::Product,
    consent::ConsentVersion,
    ids::PurchaseId,
    locale::Locale,
    provider::ProviderError,
    purchase::{FailureReason, Item, OrderKey, Pending, Purchase, State},
    reversal::Reversals,
    store::{Change, Inserted, StoreError},
};

/// What a buyer orders.
#[derive(Clone, Debug)]
pub struct Order<'a> {
    /// The id of a product on sale.
    pub product_id: &'a str,
    /// The idempotency key: the same key is the same order. Without a key, every call is a new order.
    pub key: Option<OrderKey>,
    /// The buyer's language.
    pub locale: Locale,
    /// The wording with which the buyer agrees to immediate delivery ([`crate::consent`]).
    pub consent: Option<ConsentVersion>,
}

impl<'a> Order<'a> {
    /// An order of a product in the default language, without key or consent.
    pub fn of(product_id: &'a str) -> Self {
        Self { product_id, key: None, locale: Locale::default(), consent: None }
    }
}

/// Why an order was not taken.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// No such product is on sale; nothing was written.
    #[error("no product of that id is on sale")]
    UnknownProduct,
    /// The consent names a wording that does not exist; nothing was written.
    #[error("no wording of that version was ever shown")]
    UnknownConsent,
    /// The idempotency key was used for another product; nothing was written.
    #[error("the idempotency key was used for another order")]
    KeyReused,
    /// The tenant has too many open purchases, or has just ordered too often; nothing was written. The same order with
    /// the same key can succeed later.
    #[error("the tenant has reached its limit on orders")]
    TooMany,
    /// The provider refused to open a checkout session; the purchase is FAILED.
    #[error("the payment provider refused the order")]
    Rejected,
    /// Anything else. When the provider was not available, or did not accept the shop's key, the purchase stays
    /// PENDING, and the same order with the same key continues it.
    #[error(transparent)]
    Billing(#[from] BillingError),
}

impl From<StoreError> for OrderError {
    fn from(error: StoreError) -> Self {
        Self::Billing(error.into())
    }
}

impl Billing {
    /// Orders a product and opens its checkout session. The same key again returns the purchase of the first call, in
    /// its present state.
    pub async fn order(&self, buyer: &Principal, order: Order<'_>) -> Result<Purchase, OrderError> {
        let product = Product::find(order.product_id).ok_or(OrderError::UnknownProduct)?;
        if let Some(version) = &order.consent
            && !self.was_shown(version).await?
        {
            return Err(OrderError::UnknownConsent);
        }
        let ordered = self.new_purchase(buyer, product, order);
        let purchase = match self.store.insert_purchase(&ordered, self.order_limits).await? {
            Inserted::New => ordered,
            Inserted::Existing(earlier) if earlier.item.product_id != product.id => return Err(OrderError::KeyReused),
            Inserted::Existing(earlier) => *earlier,
            Inserted::LimitReached => {
                metrics::counter!("orders_refused_total", "reason" => "limit").increment(1);
                return Err(OrderError::TooMany);
            }
        };
        self.open_checkout(buyer, purchase).await
    }

    /// Whether a wording of that version is kept. Wordings are kept for good, so each is looked up once.
    async fn was_shown(&self, version: &ConsentVersion) -> Result<bool, StoreError> {
        let known = || self.known_consents.lock().unwrap_or_else(PoisonError::into_inner);
        if known().contains(version) {
            return Ok(true);
        }
        let kept = self.store.consent_text(version).await?.is_some();
        if kept {
            known().insert(version.clone());
        }
        Ok(kept)
    }

    /// A fresh idempotency key for an order form to carry.
    pub fn order_key(&self) -> OrderKey {
        OrderKey::new(self.now(), self.entropy.as_ref())
    }

    fn new_purchase(&self, buyer: &Principal, product: &Product, order: Order<'_>) -> Purchase {
        let Order { key, locale, consent, .. } = order;
        let now = self.now();
        Purchase {
            id: PurchaseId::new(now, self.entropy.as_ref()),
            tenant_id: buyer.tenant_id,
            ordered_by: buyer.user_id,
            order_key: key,
            item: Item::from(product),
            locale,
            consent,
            checkout: None,
            payment_ref: None,
            state: State::Pending(Pending),
            reversals: Reversals::default(),
            receipt_number: None,
            created_at: now,
            updated_at: now,
            version: 1,
        }
    }

    /// Opens the checkout session of a purchase that has none yet. The provider opens one session for one purchase, so
    /// this may run twice, concurrently or after a crash.
    pub(super) async fn open_checkout(&self, buyer: &Principal, purchase: Purchase) -> Result<Purchase, OrderError> {
        match (&purchase.checkout, purchase.state) {
            (Some(_), _) => return Ok(purchase),
            (None, State::Failed(_)) => return Err(OrderError::Rejected),
            (None, _) => {}
        }
        let opened = self.provider.create_checkout(&purchase, buyer.email.as_str()).await;
        let session = match opened.inspect_err(attention::report) {
            Ok(session) => session,
            Err(ProviderError::Rejected { .. }) => {
                tracing::error!(purchase = %purchase.id, "the purchase failed: no checkout session can be opened for it");
                self.reject(purchase).await?;
                return Err(OrderError::Rejected);
            }
            Err(error) => return Err(BillingError::Provider(error).into()),
        };
        let noted = self.apply_checkout_to(purchase, &session, SessionContext::None, Trigger::Request).await?;
        noted.map(Applied::into_purchase).ok_or(OrderError::Billing(BillingError::Contended))
    }

    async fn reject(&self, purchase: Purchase) -> Result<(), OrderError> {
        let now = self.now();
        let state = purchase.state.fail(FailureReason::ProviderRejected, now).map_err(BillingError::from)?;
        let change = Change {
            purchase: Purchase { state, updated_at: now, ..purchase },
            entries: Vec::new(),
            event: None,
            outbox: Vec::new(),
        };
        // If this is stale, another request for the same order has written its result, and that one stays.
        self.store.commit(&change).await?;
        Ok(())
    }
}
