//! Reloads pages that follow credits and purchases but are rendered only on the server.

use billing::wallet::Funds;
use leptos::prelude::*;

use super::live_balance::LiveBalance;

/// Reloads the page when credits, purchases or holds have changed.
#[island]
pub(crate) fn ReloadOnChange(
    /// The credits that the page was rendered with.
    funds: Option<Funds>,
    /// The number of changes when the page was rendered.
    changes: i64,
) -> impl IntoView {
    let live = expect_context::<LiveBalance>();
    let reload = || _ = window().location().reload();
    live.on_changes(changes, Box::new(reload));
    Effect::new(move |_| {
        if live.funds(funds) != funds {
            reload();
        }
    });
}
