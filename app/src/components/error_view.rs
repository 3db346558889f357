//! What stands in place of a page, or a part of one, that could not be shown.

use leptos::prelude::*;

use super::{Notice, Tone};
use crate::{api, context::texts, error::ShopError, locales::Texts, routes};

/// The error in words; of use to somebody who wants to go on.
pub(crate) fn error_text(error: ShopError, t: &'static Texts) -> &'static str {
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
    }
}

/// Says what went wrong and offers what helps. Gives the page being rendered the status to match.
#[component]
pub(crate) fn ErrorView(error: ShopError) -> impl IntoView {
    api::page_status(error.status());
    let t = texts();
    let here = routes::here();
    let offer = match error {
        ShopError::NotSignedIn => view! { <a class="link" href=routes::sign_in(&here)>{t.sign_in}</a> }.into_any(),
        ShopError::Unavailable | ShopError::ProviderUnavailable | ShopError::PaymentUnknown => {
            view! { <a class="link" href=here>{t.reload}</a> }.into_any()
        }
        _ => view! { <a class="link" href=routes::SHOP>{t.to_shop}</a> }.into_any(),
    };
    view! {
        <Notice tone=Tone::Bad>
            <p>{error_text(error, t)}</p>
            <p>{offer}</p>
        </Notice>
    }
}
