use jiff::Timestamp;

use super::*;
use crate::{money::Credits, provider::CheckoutSession};

fn record(product_id: Option<&str>, credits: Option<i64>, cents: i64) -> SaleRecord {
    SaleRecord {
        session: CheckoutSession {
            provider_ref: "cs_1".to_owned(),
            purchase_id: None,
            tenant_id: None,
            url: None,
            status: SessionStatus::Complete,
            payment: PaymentStatus::Paid,
            amount_total: Some(cents),
            currency: Some("eur".to_owned()),
            livemode: false,
            payment_ref: None,
        },
        created_at: Timestamp::UNIX_EPOCH,
        ordered_by: None,
        buyer_email: None,
        product_id: product_id.map(str::to_owned),
        credits: credits.map(Credits),
        amount_cents: None,
        consent: None,
        locale: None,
    }
}

fn sold(product_id: Option<&str>, credits: Option<i64>, cents: i64) -> Option<(String, i64, i64)> {
    let item = item_sold(&record(product_id, credits, cents))?;
    Some((item.product_id, item.credits.0, item.price.cents))
}

#[test]
fn what_was_sold_is_what_the_session_says_at_the_price_that_was_charged() {
    // Sold when it was cheaper, and more of it.
    assert_eq!(sold(Some("credits_5"), Some(6), 599), Some(("credits_5".to_owned(), 6, 599)));
    assert_eq!(sold(Some("credits_5"), Some(0), 699), None);
    assert_eq!(sold(Some("credits_2"), Some(2), 299), None);
}

#[test]
fn what_was_ordered_counts_and_not_what_was_charged() {
    let record = SaleRecord { amount_cents: Some(699), ..record(Some("credits_5"), Some(5), 599) };
    assert_eq!(item_sold(&record).unwrap().price.cents, 699, "the charge is refused when it is settled");
}

#[test]
fn an_older_session_sold_the_product_of_that_price_or_nobody_knows_what() {
    assert_eq!(sold(None, None, 699), Some(("credits_5".to_owned(), 5, 699)));
    assert_eq!(sold(None, None, 698), None);
    assert_eq!(sold(Some("credits_5"), None, 599), None);
    assert_eq!(sold(None, None, 0), None);
}

#[test]
fn a_session_without_money_is_not_recovered() {
    let check = |status, payment| {
        let paid = record(None, None, 699);
        check_paid(&SaleRecord { session: CheckoutSession { status, payment, ..paid.session }, ..paid })
    };
    assert!(check(SessionStatus::Complete, PaymentStatus::Paid).is_ok());
    assert!(matches!(check(SessionStatus::Complete, PaymentStatus::Unpaid), Err(RecoverError::Unpaid)));
    assert!(matches!(check(SessionStatus::Open, PaymentStatus::Unpaid), Err(RecoverError::Unpaid)));
    assert!(matches!(check(SessionStatus::Expired, PaymentStatus::Unpaid), Err(RecoverError::Ended)));
    assert!(matches!(check(SessionStatus::Complete, PaymentStatus::Failed), Err(RecoverError::Ended)));
}
