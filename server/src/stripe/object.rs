//! Parses Stripe's objects from the raw JSON. Reads only the fields that the shop uses, so that an object of another
//! API version is still understood. Has no default for a field that decides about money: an error names the field that
//! is missing or unknown.

use std::str::FromStr;

use billing::{
    ids::{PurchaseId, TenantId},
    money::Credits,
    provider::{CheckoutSession, PaymentStatus, SaleRecord, SessionStatus},
    reversal::{DisputeSnapshot, DisputeState, RefundSnapshot, RefundState},
};
use jiff::Timestamp;
use serde_json::Value;

/// The longest identifier that is accepted.
const TEXT_LENGTH_MAX: usize = 255;

/// Parses a checkout session; errors name the unusable field.
pub fn checkout_session(object: &Value) -> Result<CheckoutSession, &'static str> {
    let payment = match text(object, "payment_status").ok_or("payment_status")? {
        "paid" => PaymentStatus::Paid,
        "no_payment_required" => PaymentStatus::NotRequired,
        "unpaid" => PaymentStatus::Unpaid,
        _ => return Err("payment_status"),
    };
    let status = match text(object, "status") {
        Some("open") => SessionStatus::Open,
        Some("complete") => SessionStatus::Complete,
        Some("expired") => SessionStatus::Expired,
        Some(_) => return Err("status"),
        None if object.get("status").is_some_and(|status| !status.is_null()) => return Err("status"),
        // API versions before 2021 have no status.
        None if payment == PaymentStatus::Unpaid => SessionStatus::Open,
        None => SessionStatus::Complete,
    };
    // If the session contains its payment, that shows whether a delayed payment has failed. Stripe's session stays
    // complete and unpaid then (<https://docs.stripe.com/payments/paymentintents/lifecycle>).
    let promise_broken = status == SessionStatus::Complete
        && matches!(
            object.get("payment_intent").and_then(|payment| text(payment, "status")),
            Some("requires_payment_method" | "canceled")
        );
    let payment = if payment == PaymentStatus::Unpaid && promise_broken { PaymentStatus::Failed } else { payment };
    let given = |field: &str| object.get(field).filter(|value| !value.is_null());
    // A paid session must have an amount.
    if payment == PaymentStatus::Paid {
        if given("amount_total").is_some_and(|amount| !amount.is_i64()) {
            return Err("amount_total");
        }
        if given("currency").is_some() && text(object, "currency").is_none() {
            return Err("currency");
        }
    }
    Ok(CheckoutSession {
        provider_ref: text(object, "id").ok_or("id")?.to_owned(),
        purchase_id: purchase_of_session(object),
        tenant_id: tenant_in_metadata(object),
        url: object.get("url").and_then(Value::as_str).filter(|url| leads_to_a_page(url)).map(str::to_owned),
        status,
        payment,
        amount_total: object.get("amount_total").and_then(Value::as_i64),
        currency: text(object, "currency").map(str::to_owned),
        livemode: object.get("livemode").and_then(Value::as_bool).ok_or("livemode")?,
        payment_ref: reference(object, "payment_intent").map(str::to_owned),
    })
}

/// The purchase that a checkout session was opened for.
pub fn purchase_of_session(object: &Value) -> Option<PurchaseId> {
    text(object, "client_reference_id").and_then(|id| id.parse().ok()).or_else(|| purchase_in_metadata(object))
}

/// Parses a checkout session with the data that its sale can be restored from; errors name the unusable field.
pub fn sale(object: &Value) -> Result<SaleRecord, &'static str> {
    let created = object.get("created").and_then(Value::as_i64).ok_or("created")?;
    let typed_by_buyer = || object.get("customer_details").and_then(|details| text(details, "email"));
    Ok(SaleRecord {
        session: checkout_session(object)?,
        created_at: Timestamp::from_second(created).map_err(|_| "created")?,
        ordered_by: in_metadata(object, "ordered_by"),
        buyer_email: text(object, "customer_email").or_else(typed_by_buyer).map(str::to_owned),
        product_id: in_metadata(object, "product_id"),
        credits: in_metadata(object, "credits").map(Credits),
        amount_cents: in_metadata(object, "amount_cents"),
        consent: in_metadata(object, "consent"),
        locale: text(object, "locale").and_then(|tag| tag.parse().ok()),
    })
}

/// Parses a refund; errors name the unusable field.
pub fn refund(object: &Value) -> Result<RefundSnapshot, &'static str> {
    let state = match text(object, "status") {
        Some("failed" | "canceled") => RefundState::Failed,
        // Refunds from before 2015 have no status. `requires_action` waits for the buyer, while the money is set aside.
        _ => RefundState::Standing,
    };
    Ok(RefundSnapshot {
        provider_ref: text(object, "id").ok_or("id")?.to_owned(),
        amount: object.get("amount").and_then(Value::as_i64).ok_or("amount")?,
        state,
        made_at: object.get("created").and_then(Value::as_i64),
    })
}

/// Parses a dispute; errors name the unusable field. The balance transactions say how much money moved; the status is
/// used only without them.
pub fn dispute(object: &Value) -> Result<DisputeSnapshot, &'static str> {
    let status = text(object, "status").ok_or("status")?;
    let amount = object.get("amount").and_then(Value::as_i64).ok_or("amount")?;
    let moves = object.get("balance_transactions").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let amounts = || moves.iter().filter_map(|transaction| transaction.get("amount")?.as_i64());
    let out = amounts().filter(|amount| *amount < 0).fold(0, i64::saturating_sub);
    let back = amounts().filter(|amount| *amount > 0).fold(0, i64::saturating_add);
    let state = match status {
        _ if back > 0 => DisputeState::Reinstated,
        // The money can come back later than the verdict.
        "won" => DisputeState::Reinstated,
        _ if out > 0 => DisputeState::Withdrawn,
        "needs_response" | "under_review" | "lost" => DisputeState::Withdrawn,
        // `warning_…` is an inquiry. With `prevented` and unknown statuses, only a balance transaction shows a movement
        // of money.
        _ => DisputeState::Inquiry,
    };
    // Some events of old API versions name only the charge, which has at most one dispute.
    let provider_ref = text(object, "id").or_else(|| reference(object, "charge")).ok_or("id")?.to_owned();
    let mut dispute = DisputeSnapshot::new(provider_ref, amount, state);
    // The transactions of an account in another currency are converted, each at the rate of its day. So their
    // difference is not the amount that the bank has kept.
    let is_converted = |transaction: &Value| match (text(transaction, "currency"), text(object, "currency")) {
        (Some(of_account), Some(of_dispute)) => !of_account.eq_ignore_ascii_case(of_dispute),
        _ => false,
    };
    if back > 0 && !moves.iter().any(is_converted) {
        dispute.withdrawn = (out - back).max(0);
    }
    Ok(DisputeSnapshot { made_at: object.get("created").and_then(Value::as_i64), ..dispute })
}

/// The purchase that the object's metadata names.
pub fn purchase_in_metadata(object: &Value) -> Option<PurchaseId> {
    in_metadata(object, "purchase_id")
}

/// The tenant that the object's metadata names.
pub fn tenant_in_metadata(object: &Value) -> Option<TenantId> {
    in_metadata(object, "tenant_id")
}

fn in_metadata<T: FromStr>(object: &Value, name: &str) -> Option<T> {
    text(object.get("metadata")?, name)?.parse().ok()
}

/// The id of another object, which Stripe sends as an id or expanded.
pub fn reference<'a>(object: &'a Value, member: &str) -> Option<&'a str> {
    match object.get(member)? {
        expanded @ Value::Object(_) => text(expanded, "id"),
        _ => text(object, member),
    }
}

/// A member that is an identifier or a name: visible ASCII of bounded length, which every database accepts.
pub fn text<'a>(object: &'a Value, member: &str) -> Option<&'a str> {
    let text = object.get(member)?.as_str()?;
    let plain = (1..=TEXT_LENGTH_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    plain.then_some(text)
}

/// Whether a browser may be redirected to the URL; a `javascript:` URL would run a script.
fn leads_to_a_page(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;

    const PURCHASE: &str = "0198f2a4-7b1c-7def-8a2b-0123456789ab";

    /// A paid session in Stripe's form, with changed members.
    pub fn paid_object(changes: &Value) -> Value {
        let mut object = json!({
            "id": "cs_test_1", "object": "checkout.session", "mode": "payment", "status": "complete",
            "payment_status": "paid", "amount_total": 699, "currency": "eur", "livemode": false,
            "client_reference_id": PURCHASE, "payment_intent": "pi_1", "url": null,
        });
        for (member, value) in changes.as_object().unwrap() {
            object[member] = value.clone();
        }
        object
    }

    /// What is read from it without changes.
    pub fn paid_session() -> CheckoutSession {
        CheckoutSession {
            provider_ref: "cs_test_1".to_owned(),
            purchase_id: PURCHASE.parse().ok(),
            tenant_id: None,
            url: None,
            status: SessionStatus::Complete,
            payment: PaymentStatus::Paid,
            amount_total: Some(699),
            currency: Some("eur".to_owned()),
            livemode: false,
            payment_ref: Some("pi_1".to_owned()),
        }
    }

    fn session(changes: &Value) -> Result<CheckoutSession, &'static str> {
        checkout_session(&paid_object(changes))
    }

    #[test]
    fn a_session_of_another_shape_is_the_same_session() {
        assert_eq!(session(&json!({})), Ok(paid_session()));
        // Expanded, without a status, and with the purchase in the metadata.
        let other = json!({
            "payment_intent": {"id": "pi_1", "object": "payment_intent"}, "status": null,
            "client_reference_id": null, "metadata": {"purchase_id": PURCHASE}, "a_field_of_tomorrow": [1],
        });
        assert_eq!(session(&other), Ok(paid_session()));
    }

    #[test]
    fn what_decides_about_money_is_not_guessed() {
        for member in ["id", "payment_status", "livemode"] {
            assert_eq!(session(&json!({member: null})), Err(member));
        }
        assert_eq!(session(&json!({"payment_status": "almost"})), Err("payment_status"));
        assert_eq!(session(&json!({"status": "paused"})), Err("status"));
        assert_eq!(session(&json!({"amount_total": 6.5})), Err("amount_total"));
        assert_eq!(session(&json!({"status": {}})), Err("status"));
        let expired = json!({"status": "expired", "payment_status": "unpaid", "amount_total": 6.5});
        assert_eq!(session(&expired).unwrap().amount_total, None, "an amount that nobody paid decides nothing");
        assert_eq!(refund(&json!({"id": "re_1"})), Err("amount"));
        assert_eq!(dispute(&json!({"id": "dp_1", "amount": 1})), Err("status"));
    }

    #[test]
    fn a_promised_payment_that_did_not_come_has_failed() {
        let with = |session_status: &str, payment_status: &str| {
            let payment = json!({"id": "pi_1", "status": payment_status});
            let changes = json!({"status": session_status, "payment_status": "unpaid", "payment_intent": payment});
            session(&changes).unwrap().payment
        };
        assert_eq!(with("complete", "requires_payment_method"), PaymentStatus::Failed);
        assert_eq!(with("complete", "canceled"), PaymentStatus::Failed);
        assert_eq!(with("complete", "processing"), PaymentStatus::Unpaid);
        // A card was declined, and the buyer may try another one.
        assert_eq!(with("open", "requires_payment_method"), PaymentStatus::Unpaid);
    }

    #[test]
    fn nobody_is_sent_to_a_script() {
        assert_eq!(session(&json!({"url": "javascript:alert(1)"})).unwrap().url, None);
        assert_eq!(
            session(&json!({"url": "https://checkout.test/c"})).unwrap().url.unwrap(),
            "https://checkout.test/c"
        );
    }

    #[test]
    fn a_refund_stands_unless_it_failed_or_was_cancelled() {
        for (status, state) in [
            (json!("pending"), RefundState::Standing),
            (json!("requires_action"), RefundState::Standing),
            (json!("succeeded"), RefundState::Standing),
            (json!(null), RefundState::Standing),
            (json!("failed"), RefundState::Failed),
            (json!("canceled"), RefundState::Failed),
        ] {
            let read = refund(&json!({"id": "re_1", "amount": 140, "status": status, "created": 1_767_225_600}));
            let made_at = Some(1_767_225_600);
            let expected = RefundSnapshot { provider_ref: "re_1".to_owned(), amount: 140, state, made_at };
            assert_eq!(read, Ok(expected), "{status}");
        }
    }

    #[test]
    fn a_dispute_withdraws_from_its_opening_until_it_is_won() {
        let (out, back) = (json!({"amount": -699}), json!({"amount": 699}));
        for (status, moves, state) in [
            ("needs_response", json!([]), DisputeState::Withdrawn),
            ("under_review", json!([out]), DisputeState::Withdrawn),
            ("lost", json!([out]), DisputeState::Withdrawn),
            ("won", json!([]), DisputeState::Reinstated),
            ("won", json!([out]), DisputeState::Reinstated),
            ("won", json!([out, back]), DisputeState::Reinstated),
            ("warning_needs_response", json!([]), DisputeState::Inquiry),
            ("warning_under_review", json!([out]), DisputeState::Withdrawn),
            ("warning_closed", json!([]), DisputeState::Inquiry),
            ("prevented", json!([]), DisputeState::Inquiry),
            ("prevented", json!([out]), DisputeState::Withdrawn),
            ("a_status_of_tomorrow", json!([out, back]), DisputeState::Reinstated),
        ] {
            let read = dispute(&json!({
                "id": "dp_1", "amount": 699, "status": status, "balance_transactions": moves,
            }));
            assert_eq!(read, Ok(DisputeSnapshot::new("dp_1".to_owned(), 699, state)), "{status} {moves}");
        }
    }

    #[test]
    fn what_a_dispute_moved_counts_where_it_came_back_in_part() {
        let moved = |currency: &str, amount: i64| json!({"amount": amount, "currency": currency});
        for (status, amount, moves, withdrawn) in [
            ("won", 699, json!([moved("eur", -699), moved("eur", 300)]), 399),
            ("lost", 699, json!([moved("eur", -699), moved("eur", 300)]), 399),
            ("lost", 699, json!([moved("eur", -699), moved("eur", 699)]), 0),
            ("won", 699, json!([moved("eur", -699), moved("eur", 300), moved("eur", 399)]), 0),
            ("needs_response", 699, json!([moved("eur", -350), moved("eur", 350), moved("eur", -699)]), 699),
            // The amount was corrected, and the second withdrawal has not happened yet.
            ("needs_response", 699, json!([moved("eur", -350)]), 699),
            // Converted at two rates.
            ("won", 699, json!([moved("usd", -768), moved("usd", 751)]), 0),
            ("lost", 699, json!([moved("usd", -768)]), 699),
            ("prevented", 699, json!([moved("usd", -768)]), 699),
        ] {
            let read = dispute(&json!({
                "id": "dp_1", "amount": amount, "currency": "eur", "status": status, "balance_transactions": moves,
            }));
            assert_eq!(read.unwrap().withdrawn, withdrawn, "{status} {moves}");
        }
    }
}
