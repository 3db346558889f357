//! The browser's entry point.

/// Prepares the hydration of the page's islands. Then the page's script calls, for each island, the function of this
/// module that has the island's name.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_islands();
    app::provide_page_contexts();
}
