//! The browser's entry point.

/// Makes ready for the islands of the page that the server rendered. The page's script then calls, for each of them,
/// the function of this module that the island names.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_islands();
    app::provide_page_contexts();
}
