//! Refunds and disputes. The object decides, not the event's type: recorded events exist where the two disagree.

use billing::{
    event::{EventMeaning, ReversalNews},
    reversal::{DisputeFact, DisputeState, Fact, RefundFact, RefundState},
};
use serde_json::Value;

use super::{livemode, purchase_in_metadata, reference, text};

pub(super) fn read(event: &Value, object: &Value) -> Result<EventMeaning, &'static str> {
    let kind = text(object, "object").ok_or("data.object.object")?;
    let (charge_ref, facts) = match kind {
        "charge" => charge(object).map(|(id, facts)| (Some(id), facts))?,
        "refund" => (reference(object, "charge"), vec![Fact::Refund(refund(object)?)]),
        "dispute" => (reference(object, "charge"), vec![Fact::Dispute(dispute(object)?)]),
        _ => return Ok(EventMeaning::Irrelevant("neither a charge, a refund nor a dispute")),
    };
    Ok(EventMeaning::Reversal(ReversalNews {
        payment_ref: reference(object, "payment_intent"),
        charge_ref,
        purchase_id: purchase_in_metadata(object),
        livemode: livemode(event, object).ok_or("livemode")?,
        facts,
    }))
}

/// A charge has its cumulative figure; API versions before 2022-11-15 also list its refunds
/// (<https://docs.stripe.com/upgrades#2022-11-15>).
fn charge(object: &Value) -> Result<(String, Vec<Fact>), &'static str> {
    let id = text(object, "id").ok_or("data.object.id")?.to_owned();
    let refunded = amount(object, "amount_refunded").ok_or("data.object.amount_refunded")?;
    let listed = object.pointer("/refunds/data").and_then(Value::as_array);
    let refunds = listed.into_iter().flatten().map(|listed| refund(listed).map(Fact::Refund));
    let total = Fact::RefundedTotal { provider_ref: id.clone(), amount: refunded };
    let facts: Result<Vec<Fact>, _> = std::iter::once(Ok(total)).chain(refunds).collect();
    Ok((id, facts?))
}

/// Stripe's refund, from an event or from its list (<https://docs.stripe.com/api/refunds/object>).
pub(crate) fn refund(object: &Value) -> Result<RefundFact, &'static str> {
    let state = match text(object, "status") {
        Some("failed" | "canceled") => RefundState::Failed,
        // Old API versions have none for one that went through.
        Some("succeeded" | "pending" | "requires_action") | None => RefundState::Standing,
        Some(_) => return Err("refund status"),
    };
    Ok(RefundFact {
        provider_ref: text(object, "id").ok_or("refund id")?.to_owned(),
        amount: amount(object, "amount").ok_or("refund amount")?,
        state,
    })
}

/// Stripe's dispute, from an event or from its list (<https://docs.stripe.com/api/disputes/object>).
pub(crate) fn dispute(object: &Value) -> Result<DisputeFact, &'static str> {
    let state = match text(object, "status").ok_or("dispute status")? {
        "warning_needs_response" | "warning_under_review" | "warning_closed" | "prevented" => DisputeState::Inquiry,
        "needs_response" | "under_review" | "lost" | "charge_refunded" => DisputeState::Withdrawn,
        "won" => DisputeState::Reinstated,
        _ => return Err("dispute status"),
    };
    // Events of old API versions exist that name the charge alone; it has but one dispute.
    let charge = || reference(object, "charge");
    Ok(DisputeFact {
        provider_ref: text(object, "id").map(str::to_owned).or_else(charge).ok_or("dispute id")?,
        amount: amount(object, "amount").ok_or("dispute amount")?,
        state,
    })
}

fn amount(object: &Value, member: &str) -> Option<i64> {
    object.get(member)?.as_i64().filter(|amount| *amount >= 0)
}
