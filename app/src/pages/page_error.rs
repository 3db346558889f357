//! The replacement for a page that cannot be shown.

use leptos::prelude::*;

use crate::{address, api, components::ErrorView, error::ShopError};

/// Shows the error, and sets the page's status.
#[component]
pub(super) fn PageError(error: ShopError) -> impl IntoView {
    api::page_status(error.status());
    view! { <ErrorView error=error here=address::here() /> }
}
