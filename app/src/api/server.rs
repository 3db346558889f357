//! What a page being rendered knows: the shop, who asks, and how to answer.

use billing::{account::Caller, locale::Locale};
use http::StatusCode;
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;

use crate::{
    context::{Shop, Visitor},
    error::ShopError,
};

/// The shop.
pub(super) fn shop() -> Result<Shop, ShopError> {
    use_context::<Shop>().ok_or(ShopError::Unavailable)
}

/// The shop, and who is signed in.
pub(super) fn signed_in() -> Result<(Shop, Caller), ShopError> {
    let caller = use_context::<Visitor>().and_then(|visitor| visitor.caller).ok_or(ShopError::NotSignedIn)?;
    Ok((shop()?, caller))
}

/// The visitor's language.
pub(super) fn locale() -> Locale {
    use_context::<Visitor>().map(|visitor| visitor.locale).unwrap_or_default()
}

/// Gives the page being rendered that HTTP status.
pub(crate) fn page_status(status: u16) {
    if let (Some(response), Ok(status)) = (use_context::<ResponseOptions>(), StatusCode::from_u16(status)) {
        response.set_status(status);
    }
}
