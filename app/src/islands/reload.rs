//! Pages that are not rendered in the browser, but follow the purchases all the same.

use leptos::prelude::*;

use super::live_balance::LiveBalance;

/// Loads the page anew when the purchases have changed.
#[island]
pub(crate) fn ReloadOnChange(
    /// How often they had when the page was rendered.
    changes: i64,
) -> impl IntoView {
    expect_context::<LiveBalance>().on_changes(changes, || _ = window().location().reload());
}
