//! The browser's entry point.

/// Makes ready for the islands of the page that the server rendered. `wake` brings to life those in an element: it calls,
/// for each of them, the function of this module that the island names.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate(wake: js_sys::Function) {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_islands();
    app::share(wake);
}
