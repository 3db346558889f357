//! Texts for the domain's values.

use billing::{
    catalog::PurchaseType,
    ledger::EntryKind,
    purchase::{FailureReason, Status},
    withdrawal::WithdrawalDecision,
};

use crate::{
    error::ShopError,
    format,
    locales::{IslandTexts, Texts},
    views::{ProductView, PurchaseView},
};

/// The status of a purchase.
pub(crate) fn status_text(purchase: &PurchaseView, t: &'static IslandTexts) -> &'static str {
    match (purchase.status, purchase.failure) {
        (Status::Pending, _) if purchase.processing => t.status_processing,
        (Status::Pending, _) => t.status_pending,
        (Status::Paid, _) if purchase.disputed => t.status_disputed,
        (Status::Paid, _) if purchase.refunded.cents > 0 => t.status_partly_refunded,
        (Status::Paid, _) => t.status_paid,
        (Status::Refunded, _) => t.status_refunded,
        (Status::Failed, Some(FailureReason::Expired)) => t.status_expired,
        (Status::Failed, Some(FailureReason::Cancelled)) => t.status_cancelled,
        (Status::Failed, Some(FailureReason::PaymentFailed | FailureReason::ProviderRejected) | None) => {
            t.status_failed
        }
    }
}

/// The credits of a purchase; `None` if the product's name already says them.
pub(crate) fn credits_beside_name(purchase: &PurchaseView, t: &'static IslandTexts) -> Option<String> {
    (purchase.kind != PurchaseType::Credits).then(|| format::credits(purchase.credits, t.locale))
}

/// The price of a credit in a pack, and the saving: `1,40 € je Credit, 0,46 € gespart`.
pub(crate) fn price_per_credit(product: &ProductView, t: &'static IslandTexts) -> Option<String> {
    let price = (t.per_credit)(&format::money(product.price_per_credit?, t.locale));
    Some(match product.saving {
        Some(saving) => format!("{price}, {}", (t.saved)(&format::money(saving, t.locale))),
        None => price,
    })
}

/// The kinds of ledger entries, in the order of the filter.
pub(crate) const ENTRY_KINDS: [EntryKind; 9] = [
    EntryKind::Purchase,
    EntryKind::Spend,
    EntryKind::SpendReversal,
    EntryKind::Grant,
    EntryKind::GrantReversal,
    EntryKind::Refund,
    EntryKind::RefundReversal,
    EntryKind::Dispute,
    EntryKind::DisputeReversal,
];

/// The kind of a ledger entry.
pub(crate) fn entry_text(kind: EntryKind, t: &'static Texts) -> &'static str {
    match kind {
        EntryKind::Purchase => t.entry_purchase,
        EntryKind::Refund => t.entry_refund,
        EntryKind::RefundReversal => t.entry_refund_reversal,
        EntryKind::Dispute => t.entry_dispute,
        EntryKind::DisputeReversal => t.entry_dispute_reversal,
        EntryKind::Spend => t.entry_spend,
        EntryKind::SpendReversal => t.entry_spend_reversal,
        EntryKind::Grant => t.entry_grant,
        EntryKind::GrantReversal => t.entry_grant_reversal,
    }
}

/// The reason of a ledger entry.
pub(crate) fn entry_reason(kind: EntryKind, t: &'static Texts) -> &'static str {
    match kind {
        EntryKind::Purchase => t.why_purchase,
        EntryKind::Refund => t.why_refund,
        EntryKind::RefundReversal => t.why_refund_reversal,
        EntryKind::Dispute => t.why_dispute,
        EntryKind::DisputeReversal => t.why_dispute_reversal,
        EntryKind::Spend => t.why_spend,
        EntryKind::SpendReversal => t.why_spend_reversal,
        EntryKind::Grant => t.why_grant,
        EntryKind::GrantReversal => t.why_grant_reversal,
    }
}

/// The decision on a declaration of withdrawal, with its reason.
pub(crate) fn withdrawal_decision(
    decision: WithdrawalDecision,
    ordered: &str,
    paid: &str,
    t: &'static Texts,
) -> String {
    match decision {
        WithdrawalDecision::Effective => t.decision_effective.to_owned(),
        WithdrawalDecision::Delivered => (t.decision_delivered)(ordered, paid),
        WithdrawalDecision::Late => (t.decision_late)(ordered),
        WithdrawalDecision::Refunded => t.decision_refunded.to_owned(),
        WithdrawalDecision::Unpaid => t.decision_unpaid.to_owned(),
        WithdrawalDecision::Unclear => t.decision_unclear.to_owned(),
    }
}

/// The text of an error, with what to do next.
pub(crate) fn error_text(error: ShopError, t: &'static IslandTexts) -> &'static str {
    match error {
        ShopError::NotSignedIn => t.error_not_signed_in,
        ShopError::NotFound => t.error_not_found,
        ShopError::UnknownProduct => t.error_unknown_product,
        ShopError::ConsentMissing => t.error_consent_missing,
        ShopError::KeyReused => t.error_key_reused,
        ShopError::TooManyOrders => t.error_too_many_orders,
        ShopError::ProviderUnavailable => t.error_provider_unavailable,
        ShopError::PaymentUnknown => t.error_payment_unknown,
        ShopError::Rejected => t.error_rejected,
        ShopError::Unavailable => t.error_unavailable,
        ShopError::Malformed => t.error_malformed,
        ShopError::Unreachable => t.error_unreachable,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use strum::VariantNames;

    use super::*;

    #[test]
    fn every_kind_of_entry_can_be_filtered_by() {
        let offered: BTreeSet<_> = ENTRY_KINDS.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(offered, EntryKind::VARIANTS.iter().copied().collect());
    }
}
