//! What the server functions share on the server: the shop, who asks, and how to answer.

use billing::{BillingError, OrderError, account::Caller, ledger::Balance, locale::Locale, provider::ProviderError};
use http::{
    HeaderValue, StatusCode,
    header::{ACCEPT, LOCATION},
    request::Parts,
};
use jiff::{Timestamp, tz::TimeZone};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;

use crate::{
    context::{Shop, Visitor},
    error::ShopError,
    format::WallTime,
    routes,
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

/// The signed-in visitor's balance, read with who they are.
pub(super) fn balance() -> Result<Balance, ShopError> {
    let visitor = use_context::<Visitor>().filter(|visitor| visitor.caller.is_some());
    visitor.map(|visitor| visitor.balance).ok_or(ShopError::NotSignedIn)
}

/// Passes the answer on. A caller that runs code learns an error from the status as well; the answer to a page or a
/// plain form has a status of its own.
pub(super) fn answer<T>(outcome: Result<T, ShopError>) -> Result<T, ShopError> {
    if let Err(error) = &outcome
        && is_call()
        && !is_plain_form()
    {
        set_status(error.status());
    }
    outcome
}

/// Sends the sender of a plain form on to a page; whoever runs code gets the answer itself.
pub(super) fn redirect_plain_form(to: impl FnOnce() -> String) {
    if !is_plain_form() {
        return;
    }
    let Some(response) = use_context::<ResponseOptions>() else { return };
    let location = HeaderValue::try_from(to()).unwrap_or_else(|error| {
        tracing::error!(%error, "an address to send a buyer to is no header value");
        HeaderValue::from_static("/")
    });
    response.set_status(StatusCode::SEE_OTHER);
    response.insert_header(LOCATION, location);
}

/// The order form once more, after an order that was sent without JavaScript failed. Where the same order can still
/// go through, its key comes along.
pub(super) fn order_again(product_id: &str, error: ShopError, order_key: &str) -> String {
    let page = with_error(&routes::order(product_id), error);
    if error.keeps_order() { format!("{page}&key={}", routes::encoded(order_key)) } else { page }
}

/// A page that has a query already, told of an error.
pub(super) fn with_error(page: &str, error: ShopError) -> String {
    format!("{page}&error={}", error.code())
}

/// Sets the response's status.
pub(super) fn set_status(status: u16) {
    if let (Some(response), Ok(status)) = (use_context::<ResponseOptions>(), StatusCode::from_u16(status)) {
        response.set_status(status);
    }
}

/// The instant on the wall clock of that zone.
pub(crate) fn wall_time(at: Timestamp, zone: &TimeZone) -> WallTime {
    let at = zone.to_datetime(at);
    WallTime { year: at.year(), month: at.month(), day: at.day(), hour: at.hour(), minute: at.minute() }
}

/// Whether a server function was called over HTTP, and not by a page being rendered.
fn is_call() -> bool {
    use_context::<Parts>().is_some_and(|request| request.uri.path().starts_with("/api/"))
}

fn is_plain_form() -> bool {
    let accepts_html = |request: &Parts| {
        let accept = request.headers.get(ACCEPT).and_then(|value| value.to_str().ok());
        accept.is_some_and(|accept| accept.contains("text/html"))
    };
    is_call() && use_context::<Parts>().is_some_and(|request| accepts_html(&request))
}

impl From<BillingError> for ShopError {
    fn from(error: BillingError) -> Self {
        match error {
            BillingError::Provider(ProviderError::Unavailable { .. }) => {
                tracing::warn!(%error, "the payment provider is not available");
                Self::ProviderUnavailable
            }
            BillingError::Provider(ProviderError::Rejected { .. }) => {
                tracing::error!(%error, "the payment provider refused");
                Self::Rejected
            }
            BillingError::Store(_) | BillingError::Transition(_) | BillingError::Contended => {
                tracing::error!(%error, "a page could not be served");
                Self::Unavailable
            }
        }
    }
}

impl From<OrderError> for ShopError {
    fn from(error: OrderError) -> Self {
        match error {
            OrderError::UnknownProduct => Self::UnknownProduct,
            OrderError::UnknownConsent => Self::ConsentMissing,
            OrderError::KeyReused => Self::KeyReused,
            OrderError::Rejected => Self::Rejected,
            OrderError::Billing(error) => error.into(),
        }
    }
}
