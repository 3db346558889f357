//! The end state as text: the data of the shop and of Stripe, without values that differ between runs.

use std::fmt::Write;

use billing::mail::Topic;

use crate::scenario::Place;

/// The shop's purchases as Stripe knows them, the ledger, and the notifications.
pub async fn write(place: &Place<'_>) -> String {
    let mut end = String::new();
    let store = &place.shop.store;
    let tenant = place.principal.tenant_id;
    let mut sessions = place.double.books().await;
    let mut ledger = Vec::new();
    for purchase in place.purchases().await.iter().rev() {
        let id = purchase.id.to_string();
        let of_purchase: Vec<_> = sessions.extract_if(.., |session| session["client_reference_id"] == *id).collect();
        assert!(of_purchase.len() <= 1, "two sessions were opened for one purchase");
        let stripe = match (of_purchase.first(), &purchase.checkout) {
            (None, None) => "no session",
            (Some(session), Some(checkout)) if session["session"] == *checkout.provider_ref => {
                session["payment_status"].as_str().unwrap()
            }
            (session, checkout) => panic!("the shop has {checkout:?}, Stripe {session:?}"),
        };
        write!(end, "{} {}, {stripe} at Stripe's", purchase.item.product_id, purchase.status()).unwrap();
        let receipt = store.receipt(tenant, purchase.id).await.unwrap().map(|receipt| receipt.number);
        assert_eq!(purchase.receipt_number, receipt);
        writeln!(end, "{}", receipt.map_or_else(String::new, |number| format!(", receipt {}", number.position)))
            .unwrap();
        ledger.extend(store.entries(tenant, purchase.id).await.unwrap());
        let confirmed = store.mail(Topic::Confirmation(tenant, purchase.id)).await.unwrap().is_some();
        assert_eq!(confirmed, purchase.state.paid_at().is_some(), "what is paid is confirmed, and nothing else");
    }
    assert!(sessions.is_empty(), "sessions were opened for nobody's purchase: {sessions:?}");
    ledger.sort_by_key(|entry| entry.seq);
    let mut sum = 0;
    for (entry, seq) in ledger.iter().zip(1..) {
        let credits = entry.booked.credits.0;
        sum += credits;
        assert_eq!((entry.seq, entry.balance_after.0), (seq, sum), "the chain has a break");
        // Only the kind of the object that the effect names.
        let object = entry.booked.effect_ref.split('_').next().filter(|object| !object.is_empty());
        let object = object.map_or_else(String::new, |object| format!(" {object}"));
        writeln!(end, "{}{object} {credits} = {sum}", entry.booked.kind).unwrap();
    }
    let balance = store.balance(tenant).await.unwrap();
    assert_eq!((balance.credits.0, balance.seq), (sum, i64::try_from(ledger.len()).unwrap()));
    let mut events: Vec<_> = store.events(None, 100).await.unwrap();
    events.sort_by(|one, other| one.event_type.cmp(&other.event_type));
    for event in events {
        writeln!(end, "{} {}", event.event_type, event.status).unwrap();
    }
    end
}
