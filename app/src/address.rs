//! The URL of the page being rendered.

use leptos::prelude::GetUntracked;
use leptos_router::hooks::{use_location, use_query_map};

/// Path and query.
pub(crate) fn here() -> String {
    let location = use_location();
    match location.search.get_untracked() {
        search if search.is_empty() => location.pathname.get_untracked(),
        search => format!("{}?{search}", location.pathname.get_untracked()),
    }
}

/// A parameter of the query.
pub(crate) fn query(name: &str) -> Option<String> {
    use_query_map().get_untracked().get(name)
}
