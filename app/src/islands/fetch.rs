//! Asking the shop.

use leptos::prelude::window;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{FormData, Headers, HtmlFormElement, RequestInit, Response, UrlSearchParams};

/// What is at an address of this shop now; `None` if it cannot be had.
pub(super) async fn text(address: &str) -> Option<String> {
    text_of(window().fetch_with_str(address)).await
}

/// What a form is answered with when code sends it; `None` if it is not answered, or refused.
pub(super) async fn post_form(form: &HtmlFormElement) -> Option<String> {
    let fields = FormData::new_with_form(form).ok()?;
    let body = UrlSearchParams::new_with_str_sequence_sequence(&js_sys::Array::from(&fields)).ok()?;
    let headers = Headers::new().ok()?;
    headers.set("Accept", "application/json").ok()?;
    let request = RequestInit::new();
    request.set_method("POST");
    request.set_headers(&headers);
    request.set_body(&body);
    text_of(window().fetch_with_str_and_init(&form.action(), &request)).await
}

async fn text_of(fetching: js_sys::Promise) -> Option<String> {
    let answer = JsFuture::from(fetching).await.ok()?;
    let answer = answer.dyn_into::<Response>().ok().filter(Response::ok)?;
    JsFuture::from(answer.text().ok()?).await.ok()?.as_string()
}
