//! The page's title in the window and its tab.

/// The shop's name.
pub(crate) const SHOP_NAME: &str = "IZA Credits";

/// A page's title, with the shop's name.
pub(crate) fn window_title(page: &str) -> String {
    if page.is_empty() { SHOP_NAME.to_owned() } else { format!("{page} – {SHOP_NAME}") }
}

/// Gives the page a title.
#[cfg(feature = "ssr")]
pub(crate) fn set_page_title(title: &'static str) {
    // Creating the component registers the title; it renders nothing.
    _ = leptos_meta::Title(leptos_meta::TitleProps::builder().text(title).build());
}

/// Gives the page a title.
#[cfg(not(feature = "ssr"))]
pub(crate) fn set_page_title(title: &'static str) {
    leptos::prelude::document().set_title(&window_title(title));
}
