//! The addresses of the pages.

/// Whether a page is for signed-in visitors alone; the server sends others to the sign-in page and back.
pub fn needs_sign_in(path: &str, query: &str) -> bool {
    let ordering = path == "/" && query.split('&').any(|pair| pair.starts_with("buy="));
    ordering || path.starts_with("/checkout/") || path.starts_with("/purchases/")
}
