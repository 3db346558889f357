//! Parts of the page that come from another rendering of it.

use leptos::prelude::*;
use wasm_bindgen::JsValue;
use web_sys::{Document, DomParser, Element, SupportedType};

use super::Wake;

/// The document that a page's text makes.
pub(super) fn parsed(page: &str) -> Option<Document> {
    DomParser::new().ok()?.parse_from_string(page, SupportedType::TextHtml).ok()
}

/// Puts a part of another document in the place of one of this, and brings its islands to life.
pub(super) fn replace(old: &Element, new: &Element, waker: Option<Wake>) {
    if old.replace_with_with_node_1(new).is_ok() {
        wake(waker, new);
    }
}

/// Brings to life the islands in an element.
pub(super) fn wake(wake: Option<Wake>, element: &Element) {
    if let Some(Wake(wake)) = wake {
        wake.with_value(|wake| _ = wake.call1(&JsValue::NULL, element));
    }
}
