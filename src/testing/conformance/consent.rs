//! The buyers' consent.

use std::sync::Arc;

use crate::{
    Order, OrderError,
    consent::ConsentText,
    locale::Locale,
    store::StoreError,
    testing::{
        AnyStore,
        fixtures::{consent_text, consent_version},
        harness::Harness,
    },
};

pub async fn a_consented_wording_is_kept_as_it_was(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let order = || Order { consent: Some(consent_version()), ..Order::of("credits_5") };
    // No buyer can have agreed to a wording that does not exist.
    let refused = harness.billing.order(&harness.principal, order()).await;
    assert!(matches!(refused, Err(OrderError::UnknownConsent)), "{refused:?}");
    assert_eq!(harness.purchases(harness.principal.tenant_id).await, []);

    store.keep_consent_text(&consent_text()).await.expect("it is kept");
    let other = ConsentText { locale: Locale::De, text: "Nein.".to_owned(), ..consent_text() };
    store.keep_consent_text(&other).await.expect("it is kept already");
    assert_eq!(store.consent_text(&consent_version()).await.ok(), Some(Some(consent_text())));
    assert_eq!(store.consent_text(&"other".parse().expect("a version")).await.ok(), Some(None));
    let empty = ConsentText { version: "empty".parse().expect("a version"), text: String::new(), ..consent_text() };
    let refused = store.keep_consent_text(&empty).await;
    assert!(matches!(refused, Err(StoreError::Refused(ref rule)) if rule == "consent_texts_text_check"), "{refused:?}");

    let ordered = harness.billing.order(&harness.principal, order()).await.expect("it is ordered");
    assert_eq!(ordered.consent, Some(consent_version()));
    let without = harness.billing.order(&harness.principal, Order::of("credits_5")).await.expect("it is ordered");
    assert_eq!(without.consent, None);
    let stored = harness.purchases(harness.principal.tenant_id).await;
    assert_eq!(stored, [ordered, without]);
}
