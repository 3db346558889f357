//! What stands in place of a page that could not be shown.

use leptos::prelude::*;

use crate::{address, api, components::ErrorView, error::ShopError};

/// Says what went wrong, and gives the page the status to match.
#[component]
pub(super) fn PageError(error: ShopError) -> impl IntoView {
    api::page_status(error.status());
    view! { <ErrorView error=error here=address::here() /> }
}
