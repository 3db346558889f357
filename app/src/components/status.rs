//! The badge with a purchase's status.

use billing::purchase::{FailureReason, Status};
use leptos::prelude::*;

use crate::{locales::island_texts, views::PurchaseView, wording::status_text};

/// The status of a purchase.
#[component]
pub(crate) fn StatusBadge(purchase: PurchaseView) -> impl IntoView {
    let class = match purchase.status {
        Status::Paid if purchase.disputed => "badge badge-bad",
        Status::Paid if purchase.refunded.cents > 0 => "badge badge-plain",
        Status::Paid => "badge badge-good",
        Status::Pending => "badge badge-waiting",
        // Discarded by the buyer, which is no error.
        Status::Failed if purchase.failure == Some(FailureReason::Cancelled) => "badge badge-plain",
        Status::Failed => "badge badge-bad",
        Status::Refunded => "badge badge-plain",
    };
    view! { <span class=class>{status_text(&purchase, island_texts())}</span> }
}
