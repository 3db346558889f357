//! What a page being rendered knows: the shop, who asks, and how to answer.

use billing::{account::Principal, locale::Locale};
use http::{
    HeaderValue, StatusCode,
    header::{ACCEPT, LOCATION},
    request::Parts,
};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;

use crate::{
    context::{RequestContext, Shop},
    error::ShopError,
};

/// The shop.
pub(super) fn shop() -> Result<Shop, ShopError> {
    use_context::<Shop>().ok_or(ShopError::Unavailable)
}

/// The shop, and who is signed in.
pub(super) fn signed_in() -> Result<(Shop, Principal), ShopError> {
    let caller = use_context::<RequestContext>().and_then(|visitor| visitor.caller).ok_or(ShopError::NotSignedIn)?;
    Ok((shop()?, caller))
}

/// The visitor's language.
pub(super) fn locale() -> Locale {
    use_context::<RequestContext>().map(|visitor| visitor.locale).unwrap_or_default()
}

/// Gives the page being rendered that HTTP status.
pub(crate) fn page_status(status: u16) {
    if let (Some(response), Ok(status)) = (use_context::<ResponseOptions>(), StatusCode::from_u16(status)) {
        response.set_status(status);
    }
}

/// Sends the sender of a plain form on to a page; whoever runs code gets the answer itself.
pub(super) fn redirect_plain_form(to: &str) {
    let accepts_html = |request: Parts| {
        let accept = request.headers.get(ACCEPT).and_then(|value| value.to_str().ok());
        accept.is_some_and(|accept| accept.contains("text/html"))
    };
    let Some(response) = use_context::<ResponseOptions>() else { return };
    if !use_context::<Parts>().is_some_and(accepts_html) {
        return;
    }
    let location = HeaderValue::try_from(to).unwrap_or_else(|error| {
        tracing::error!(%error, "an address to send a buyer to is no header value");
        HeaderValue::from_static("/")
    });
    response.set_status(StatusCode::SEE_OTHER);
    response.insert_header(LOCATION, location);
}
