//! Refunds and disputes. The object's type is used, not the event's, because there are recorded events in which the two
//! differ.

use billing::{
    event::{EventMeaning, ReversalUpdate, Unreadable},
    reversal::Snapshot,
};
use jiff::Timestamp;
use serde_json::Value;

use crate::stripe::object::{dispute, purchase_in_metadata, reference, refund, text};

/// Reads the payment's id first, because with it everything else can be retrieved from Stripe. `made_at` is when Stripe
/// created the event.
pub(super) fn read(object: &Value, made_at: Option<Timestamp>) -> EventMeaning {
    let kind = text(object, "object");
    if kind.is_some_and(|kind| !["charge", "refund", "dispute"].contains(&kind)) {
        return EventMeaning::Irrelevant("neither a charge, a refund nor a dispute");
    }
    let charge_ref = if kind == Some("charge") { text(object, "id") } else { reference(object, "charge") };
    let payment_ref = reference(object, "payment_intent");
    if let (None, None, Some(field)) = (payment_ref, charge_ref, unusable_reference(object)) {
        return EventMeaning::Unreadable(Unreadable { why: format!("no usable {field}"), session: None });
    }
    let refs = ReversalUpdate {
        payment_ref: payment_ref.map(str::to_owned),
        charge_ref: charge_ref.map(str::to_owned),
        purchase_id: purchase_in_metadata(object),
        made_at,
        ..ReversalUpdate::default()
    };
    EventMeaning::Reversal(match figures(object, kind) {
        Ok((livemode, snapshots)) => ReversalUpdate { livemode, snapshots, ..refs },
        Err(field) => ReversalUpdate { unreadable: Some(field), ..refs },
    })
}

/// The field whose reference to a payment is not a valid id.
fn unusable_reference(object: &Value) -> Option<&'static str> {
    ["payment_intent", "charge"].into_iter().find(|field| object.get(field).is_some_and(|value| !value.is_null()))
}

/// The event's own figures.
fn figures(object: &Value, kind: Option<&str>) -> Result<(bool, Vec<Snapshot>), &'static str> {
    let snapshots = match kind.ok_or("object")? {
        "charge" => charge(object)?,
        "refund" => vec![Snapshot::Refund(refund(object)?)],
        _ => vec![Snapshot::Dispute(dispute(object)?)],
    };
    Ok((object.get("livemode").and_then(Value::as_bool).ok_or("livemode")?, snapshots))
}

/// A charge has a cumulative total; API versions before 2022-11-15 also list its refunds
/// (<https://docs.stripe.com/upgrades#2022-11-15>).
fn charge(object: &Value) -> Result<Vec<Snapshot>, &'static str> {
    let provider_ref = text(object, "id").ok_or("id")?.to_owned();
    let amount = object.get("amount_refunded").and_then(Value::as_i64).ok_or("amount_refunded")?;
    let listed = object.pointer("/refunds/data").and_then(Value::as_array);
    let refunds = listed.into_iter().flatten().map(|listed| refund(listed).map(Snapshot::Refund));
    std::iter::once(Ok(Snapshot::RefundedTotal { provider_ref, amount })).chain(refunds).collect()
}
