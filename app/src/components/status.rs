//! How a purchase stands, in words.

use billing::purchase::{FailureReason, Status};
use leptos::prelude::*;

use crate::{
    api::PurchaseView,
    locales::{Texts, texts},
};

/// How a purchase stands.
pub(crate) fn status_text(purchase: &PurchaseView, t: &'static Texts) -> &'static str {
    match (purchase.status, purchase.failure) {
        (Status::Pending, _) if purchase.processing => t.status_processing,
        (Status::Pending, _) => t.status_pending,
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
        Status::Paid => "badge badge-good",
        Status::Pending => "badge badge-waiting",
        Status::Failed => "badge badge-bad",
        Status::Refunded => "badge badge-plain",
    };
    view! { <span class=class>{status_text(&purchase, texts())}</span> }
}
