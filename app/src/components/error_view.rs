//! The replacement for a part of a page that cannot be shown.

use leptos::prelude::*;

use super::notice::{Notice, Tone};
use crate::{error::ShopError, locales::island_texts, routes, wording::error_text};

/// Shows the error and offers what helps.
#[component]
pub(crate) fn ErrorView(
    error: ShopError,
    /// The page's URL, to come back to it.
    here: String,
) -> impl IntoView {
    let t = island_texts();
    let (href, offer) = match error {
        ShopError::NotSignedIn => (routes::sign_in(&here), t.sign_in),
        ShopError::Unavailable
        | ShopError::Unreachable
        | ShopError::ProviderUnavailable
        | ShopError::PaymentUnknown => (here, t.reload),
        _ => (routes::SHOP.to_owned(), t.to_shop),
    };
    view! {
        <Notice tone=Tone::Bad>
            <p>{error_text(error, t)}</p>
            <p>
                <a class="link" href=href>
                    {offer}
                </a>
            </p>
        </Notice>
    }
}
