//! How a purchase stands, in words.

use billing::purchase::{FailureReason, Status};
use leptos::prelude::*;

use crate::{api::PurchaseView, context::texts, locales::Texts};

/// How a purchase stands.
pub(crate) fn status_text(purchase: &PurchaseView, t: &'static Texts) -> &'static str {
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

/// The same, as a mark beside the purchase.
#[component]
pub(crate) fn StatusBadge(purchase: PurchaseView) -> impl IntoView {
    let class = match purchase.status {
        Status::Paid if purchase.disputed => "badge badge-bad",
        Status::Paid if purchase.refunded.cents > 0 => "badge badge-plain",
        Status::Paid => "badge badge-good",
        Status::Pending => "badge badge-waiting",
        // Dropped by the buyer: nothing went wrong.
        Status::Failed if purchase.failure == Some(FailureReason::Cancelled) => "badge badge-plain",
        Status::Failed => "badge badge-bad",
        Status::Refunded => "badge badge-plain",
    };
    view! { <span class=class>{status_text(&purchase, texts())}</span> }
}
