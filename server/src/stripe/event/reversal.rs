//! Refunds and disputes. The object decides, not the event's type: recorded events exist where the two disagree.

use billing::{
    event::{EventMeaning, ReversalUpdate},
    reversal::Snapshot,
};
use jiff::Timestamp;
use serde_json::Value;

use crate::stripe::object::{dispute, purchase_in_metadata, reference, refund, text};

/// `made_at` is when Stripe made the event.
pub(super) fn read(object: &Value, made_at: Option<Timestamp>) -> Result<EventMeaning, &'static str> {
    let (charge, snapshots) = match text(object, "object").ok_or("object")? {
        "charge" => (text(object, "id"), charge(object)?),
        "refund" => (reference(object, "charge"), vec![Snapshot::Refund(refund(object)?)]),
        "dispute" => (reference(object, "charge"), vec![Snapshot::Dispute(dispute(object)?)]),
        _ => return Ok(EventMeaning::Irrelevant("neither a charge, a refund nor a dispute")),
    };
    Ok(EventMeaning::Reversal(ReversalUpdate {
        payment_ref: reference(object, "payment_intent").map(str::to_owned),
        charge_ref: charge.map(str::to_owned),
        purchase_id: purchase_in_metadata(object),
        livemode: object.get("livemode").and_then(Value::as_bool).ok_or("livemode")?,
        made_at,
        snapshots,
    }))
}

/// A charge has its cumulative figure; API versions before 2022-11-15 also list its refunds
/// (<https://docs.stripe.com/upgrades#2022-11-15>).
fn charge(object: &Value) -> Result<Vec<Snapshot>, &'static str> {
    let provider_ref = text(object, "id").ok_or("id")?.to_owned();
    let amount = object.get("amount_refunded").and_then(Value::as_i64).ok_or("amount_refunded")?;
    let listed = object.pointer("/refunds/data").and_then(Value::as_array);
    let refunds = listed.into_iter().flatten().map(|listed| refund(listed).map(Snapshot::Refund));
    std::iter::once(Ok(Snapshot::RefundedTotal { provider_ref, amount })).chain(refunds).collect()
}
