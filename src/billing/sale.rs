//! Sales that the database has lost: the provider has the money, but the purchase is missing, for example because an
//! older back-up was restored. Their events need attention; an operator writes the sales anew.
//!
//! The provider's record says what was paid and by whom; the event itself is not trusted. One transaction writes the
//! tenant, the user and the PENDING purchase under their old ids. Then [`Billing::apply_checkout`] settles the purchase
//! and books its refunds and disputes, as for any other. A second run changes nothing.

#[cfg(test)]
mod tests;

use super::{
    Billing, BillingError, attention,
    outcome::{Applied, Discrepancy, Processed, Received},
    reversal::Observation,
    settlement::SessionContext,
    trigger::Trigger,
};
use crate::{
    account::{Account, EmailAddress, Principal, UNUSABLE_PASSWORD_HASH},
    catalog::{CATALOG, Product},
    event::{EventMeaning, EventStatus, ReversalUpdate, StoredEvent},
    ids::{EventId, PurchaseId, TenantId, UserId},
    money::{Currency, Money},
    provider::{PaymentStatus, ProviderError, SaleRecord, SessionStatus},
    purchase::{Checkout, Item, Pending, Purchase, State},
    reversal::Reversals,
    store::{AccountStore, InsertedSale, StoreError},
};

/// How the note of an event begins whose purchase is not in the database.
pub const UNKNOWN_PURCHASE: &str = "unknown_purchase";

/// How many events of lost sales are looked at in one run.
const EVENTS_MAX: u32 = 1_000;

/// A sale that is in the database now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveredSale {
    /// The purchase as it stands.
    pub purchase: Purchase,
    /// Whether it was missing.
    pub was_missing: bool,
    /// How many events were closed with it.
    pub events: usize,
}

/// Why a sale was not written anew.
#[derive(Debug, thiserror::Error)]
pub enum RecoverError {
    /// The provider knows nothing of it.
    #[error("the payment provider has no such checkout session")]
    NoSession,
    /// Another kind of event.
    #[error("the event is about no checkout session and no payment")]
    NotASale,
    /// The session carries none of our metadata.
    #[error("the checkout session is not this shop's: its metadata names no tenant and purchase")]
    Foreign,
    /// Test money for a live key, or the reverse.
    #[error("the checkout session is of the other mode than STRIPE_SECRET_KEY: one is live and one a test")]
    Livemode,
    /// The payment may still arrive.
    #[error("the checkout session is not paid yet: try again when it is")]
    Unpaid,
    /// The payment will not arrive.
    #[error("the checkout session has ended without payment: there is nothing to recover")]
    Ended,
    /// The provider's record does not say what was sold.
    #[error("neither the checkout session nor the catalogue says what was sold for that amount")]
    UnknownItem,
    /// The provider's record names no e-mail address.
    #[error("the checkout session has no e-mail address: name the customer's account by --to EMAIL")]
    NoEmail,
    /// Another account has signed up with the customer's address.
    #[error(
        "the customer's e-mail address belongs to another account by now: --to EMAIL books the sale to that account"
    )]
    EmailTaken,
    /// The account named does not exist.
    #[error("no account signs in by the address that --to names")]
    NoAccount,
    /// The customer's own account is there, and another was named.
    #[error("the customer's own account is there: run it without --to")]
    OwnAccount,
    /// The purchase exists, and belongs to another account than the one named.
    #[error("the sale is booked already, to another account than --to names")]
    BookedElsewhere,
    /// The user exists, in another tenant.
    #[error("the checkout session's user belongs to another tenant here")]
    ForeignUser,
    /// The provider's record contradicts the purchase that is there.
    #[error("nothing was booked: {0}")]
    Discrepant(Discrepancy),
    /// The database or the provider failed.
    #[error(transparent)]
    Billing(#[from] BillingError),
}

impl From<StoreError> for RecoverError {
    fn from(error: StoreError) -> Self {
        Self::Billing(error.into())
    }
}

impl From<ProviderError> for RecoverError {
    fn from(error: ProviderError) -> Self {
        Self::Billing(error.into())
    }
}

impl Billing {
    /// Closes an event about a payment for a purchase of this shop that is not in the database.
    pub(super) async fn raise_unknown_purchase(
        &self,
        trigger: Trigger<'_>,
        tenant: TenantId,
        id: PurchaseId,
    ) -> Result<Processed, BillingError> {
        let note = format!("{UNKNOWN_PURCHASE}: there is no purchase {id} of tenant {tenant}");
        if self.close_about(trigger, (tenant, id), EventStatus::Attention, &note).await? {
            tracing::error!(
                purchase = %id,
                %tenant,
                "money came for a purchase that is not in the database. Was a back-up restored? Then begin a new series of \
                 receipt numbers (server receipts new-series), and run: server purchases recover --all"
            );
            metrics::counter!("billing_attention_total", "reason" => UNKNOWN_PURCHASE).increment(1);
        }
        Ok(Processed::new(Received::Attention, note))
    }

    /// For the operator: the events about lost sales, oldest first.
    pub async fn lost_sale_events(&self) -> Result<Vec<StoredEvent>, BillingError> {
        let mut events = self.store.events(Some(EventStatus::Attention), EVENTS_MAX).await?;
        events.retain(|event| event.note.starts_with(UNKNOWN_PURCHASE));
        events.reverse();
        Ok(events)
    }

    /// For the operator: writes anew the sale that a stored event is about, and closes the event. `to` names the
    /// account that gets it if the customer's own account cannot be written any more.
    pub async fn recover_event(
        &self,
        accounts: &dyn AccountStore,
        event: &StoredEvent,
        meaning: &EventMeaning,
        to: Option<&EmailAddress>,
    ) -> Result<RecoveredSale, RecoverError> {
        let reference = match meaning {
            EventMeaning::Checkout(session) | EventMeaning::PaymentFailed(session) => session.provider_ref.clone(),
            EventMeaning::Reversal(news) => self.payment_of(news).await?,
            EventMeaning::Irrelevant(_) | EventMeaning::Unreadable(_) => return Err(RecoverError::NotASale),
        };
        self.recover(accounts, &reference, Some(event.id), to).await
    }

    /// For the operator: writes a sale anew, by its checkout session (`cs_…`) or its payment (`pi_…`).
    pub async fn recover_sale(
        &self,
        accounts: &dyn AccountStore,
        reference: &str,
        to: Option<&EmailAddress>,
    ) -> Result<RecoveredSale, RecoverError> {
        self.recover(accounts, reference, None, to).await
    }

    async fn payment_of(&self, news: &ReversalUpdate) -> Result<String, RecoverError> {
        if let Some(payment) = &news.payment_ref {
            return Ok(payment.clone());
        }
        let charge = news.charge_ref.as_deref().ok_or(RecoverError::NotASale)?;
        let record = self.provider.retrieve_payment(charge).await.inspect_err(attention::report)?;
        record.map(|record| record.payment_ref).ok_or(RecoverError::NoSession)
    }

    async fn recover(
        &self,
        accounts: &dyn AccountStore,
        reference: &str,
        event: Option<EventId>,
        to: Option<&EmailAddress>,
    ) -> Result<RecoveredSale, RecoverError> {
        let record = self
            .provider
            .retrieve_sale(reference)
            .await
            .inspect_err(attention::report)?
            .ok_or(RecoverError::NoSession)?;
        let session = &record.session;
        let (Some(tenant), Some(id)) = (session.tenant_id, session.purchase_id) else {
            return Err(RecoverError::Foreign);
        };
        if session.livemode != self.provider.livemode() {
            return Err(RecoverError::Livemode);
        }
        // Read before the provider's record: an event that comes later may not be in that record, and must stay open.
        let mut events: Vec<EventId> = self
            .lost_sale_events()
            .await?
            .into_iter()
            .filter(|event| event.is_about(id))
            .map(|event| event.id)
            .collect();
        events.extend(event.filter(|event| !events.contains(event)));
        let known = self.store.locate(&session.provider_ref, Some(id)).await?;
        if let (Some((tenant, _)), Some(to)) = (known, to) {
            let named = accounts.account_by_email(to).await?.ok_or(RecoverError::NoAccount)?;
            if named.principal.tenant_id != tenant {
                return Err(RecoverError::BookedElsewhere);
            }
        }
        if known.is_none()
            && let Err(refusal) = check_paid(&record)
        {
            if matches!(refusal, RecoverError::Ended) {
                self.close_all(&events, EventStatus::Ignored, "the checkout session has ended without payment").await?;
            }
            return Err(refusal);
        }
        let (tenant, id) = match known {
            Some(known) => known,
            None => self.insert_sale(accounts, &record, (tenant, id), to).await?,
        };
        self.bring_up_to_date(tenant, id, &record).await?;
        let purchase = self.store.purchase(tenant, id).await?.ok_or(BillingError::Contended)?;
        if purchase.state.paid_at().is_none() {
            return Err(RecoverError::Unpaid);
        }
        self.close_all(&events, EventStatus::Applied, "the sale was recovered").await?;
        if known.is_none() {
            tracing::warn!(purchase = %id, "a lost sale was written anew");
        }
        Ok(RecoveredSale { purchase, was_missing: known.is_none(), events: events.len() })
    }

    /// Settles the purchase, and books its refunds and disputes.
    async fn bring_up_to_date(
        &self,
        tenant: TenantId,
        id: PurchaseId,
        record: &SaleRecord,
    ) -> Result<(), RecoverError> {
        let session = &record.session;
        refuse_discrepant(
            self.apply_checkout(tenant, id, session, SessionContext::None, Trigger::Request).await?.as_ref(),
        )?;
        let Some(payment_ref) = &session.payment_ref else { return Ok(()) };
        let Some(payment) = self.provider.retrieve_payment(payment_ref).await.inspect_err(attention::report)? else {
            return Ok(());
        };
        let payment = payment.readable().inspect_err(attention::report)?;
        let observation = Observation::of_record(&payment);
        refuse_discrepant(self.apply_reversals(tenant, id, &observation, Trigger::Request).await?.as_ref())
    }

    async fn close_all(&self, events: &[EventId], status: EventStatus, note: &str) -> Result<(), BillingError> {
        for event in events {
            self.close(Trigger::StoredEvent(*event), status, note).await?;
        }
        Ok(())
    }

    /// Writes tenant, user and purchase. Returns the purchase's ids, which differ from the session's if another account
    /// gets it.
    async fn insert_sale(
        &self,
        accounts: &dyn AccountStore,
        record: &SaleRecord,
        (tenant, id): (TenantId, PurchaseId),
        to: Option<&EmailAddress>,
    ) -> Result<(TenantId, PurchaseId), RecoverError> {
        let account = self.buyer(accounts, record, tenant, to).await?;
        let item = item_sold(record).ok_or(RecoverError::UnknownItem)?;
        let SaleRecord { session, created_at, .. } = record;
        let purchase = Purchase {
            id,
            tenant_id: account.principal.tenant_id,
            ordered_by: account.principal.user_id,
            order_key: None,
            item,
            locale: record.locale.unwrap_or_default(),
            consent: record.consent.clone(),
            checkout: Some(Checkout {
                provider_ref: session.provider_ref.clone(),
                url: session.url.clone().unwrap_or_default(),
            }),
            payment_ref: None,
            state: State::Pending(Pending),
            reversals: Reversals::default(),
            receipt_number: None,
            created_at: *created_at,
            updated_at: *created_at,
            version: 1,
        };
        match accounts.insert_sale(&account, &purchase).await {
            Ok(InsertedSale::Yes) => Ok((purchase.tenant_id, id)),
            Ok(InsertedSale::EmailTaken) => Err(RecoverError::EmailTaken),
            // A concurrent run has written it.
            Err(StoreError::Refused(rule)) => {
                let known = self.store.locate(&session.provider_ref, Some(id)).await?;
                Ok(known.ok_or(StoreError::Refused(rule))?)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The account that gets the sale: the customer's own, existing or new, or the one that the operator names.
    async fn buyer(
        &self,
        accounts: &dyn AccountStore,
        record: &SaleRecord,
        tenant: TenantId,
        to: Option<&EmailAddress>,
    ) -> Result<Account, RecoverError> {
        let email = record.buyer_email.as_deref().and_then(|email| email.parse::<EmailAddress>().ok());
        let holder = match &email {
            Some(email) => accounts.account_by_email(email).await?,
            None => None,
        };
        let own = match record.ordered_by {
            Some(user) => accounts.account(user).await?,
            None => holder.clone().filter(|holder| holder.principal.tenant_id == tenant),
        };
        if let Some(own) = own {
            return match to {
                _ if own.principal.tenant_id != tenant => Err(RecoverError::ForeignUser),
                Some(to) if *to != own.principal.email => Err(RecoverError::OwnAccount),
                _ => Ok(own),
            };
        }
        if let Some(to) = to {
            return accounts.account_by_email(to).await?.ok_or(RecoverError::NoAccount);
        }
        if holder.is_some() {
            return Err(RecoverError::EmailTaken);
        }
        let user_id = record.ordered_by.unwrap_or_else(|| UserId::new(self.now(), self.entropy.as_ref()));
        let principal = Principal { tenant_id: tenant, user_id, email: email.ok_or(RecoverError::NoEmail)? };
        // The password is lost: an operator sets a new one.
        Ok(Account { principal, password_hash: UNUSABLE_PASSWORD_HASH.to_owned(), created_at: record.created_at })
    }
}

impl StoredEvent {
    /// Whether it is about a purchase that was not there.
    fn is_about(&self, lost: PurchaseId) -> bool {
        self.note.contains(&lost.to_string())
    }
}

fn check_paid(SaleRecord { session, .. }: &SaleRecord) -> Result<(), RecoverError> {
    match (session.payment, session.status) {
        (PaymentStatus::Paid | PaymentStatus::NotRequired, SessionStatus::Complete) => Ok(()),
        (PaymentStatus::Failed, _) | (PaymentStatus::Unpaid, SessionStatus::Expired) => Err(RecoverError::Ended),
        _ => Err(RecoverError::Unpaid),
    }
}

fn refuse_discrepant(applied: Option<&Applied>) -> Result<(), RecoverError> {
    match applied {
        Some(Applied::Discrepant(_, discrepancy)) => Err(RecoverError::Discrepant(*discrepancy)),
        Some(Applied::Changed(_) | Applied::Unchanged(_)) => Ok(()),
        None => Err(BillingError::Contended.into()),
    }
}

/// The item and its price. Sessions of older versions name neither; then the price is the amount charged, and the item
/// is the product with that price, if there is exactly one.
fn item_sold(record: &SaleRecord) -> Option<Item> {
    let currency: Currency = record.session.currency.as_deref()?.parse().ok()?;
    let cents = record.amount_cents.or(record.session.amount_total).filter(|cents| *cents > 0)?;
    let price = Money { cents, currency };
    let product = if let Some(id) = &record.product_id {
        Product::find(id)?
    } else {
        let mut of_that_price = CATALOG.iter().filter(|product| product.price == price);
        let product = of_that_price.next()?;
        if of_that_price.next().is_some() {
            return None;
        }
        product
    };
    let credits = match record.credits {
        Some(credits) => Some(credits).filter(|credits| credits.0 > 0)?,
        None if product.price == price => product.credits,
        None => return None,
    };
    Some(Item { credits, price, ..Item::from(product) })
}
