//! Reloads pages that follow the purchases but are rendered only on the server.

use leptos::prelude::*;

use super::live_balance::LiveBalance;

/// Reloads the page when the purchases have changed.
#[island]
pub(crate) fn ReloadOnChange(
    /// The number of changes when the page was rendered.
    changes: i64,
) -> impl IntoView {
    expect_context::<LiveBalance>().on_changes(changes, || _ = window().location().reload());
}
