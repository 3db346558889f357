//! Reports faults at the provider that an operator has to fix: each writes an ERROR line and counts in a metric.

use crate::{ids::PurchaseId, provider::ProviderError};

/// Reports a failed call if only an operator can fix it. Temporary faults are left to the retries.
pub(super) fn report(error: &ProviderError) {
    let reason = match error {
        ProviderError::Unavailable { .. } => return,
        ProviderError::AccessDenied { .. } => "provider_access",
        ProviderError::Rejected { .. } => "provider_refusal",
        ProviderError::Unreadable { .. } => "provider_answer",
    };
    tracing::error!(%error, reason, "a call to the payment provider failed; a person has to look");
    count(reason);
}

/// Reports that the provider does not know the checkout session that it once opened for a purchase.
pub(super) fn report_missing_session(purchase: PurchaseId) {
    tracing::error!(
        %purchase,
        "the payment provider has no such checkout session; is the key that of another account?"
    );
    count("session_missing");
}

fn count(reason: &'static str) {
    metrics::counter!("billing_attention_total", "reason" => reason).increment(1);
}
