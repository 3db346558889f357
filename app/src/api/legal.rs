//! The operator's texts.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

#[cfg(feature = "ssr")]
use super::server;
use crate::{error::ShopError, legal::LegalPage};

/// A page's text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LegalTextView {
    pub(crate) html: String,
    /// It came with the shop, and is to be replaced.
    pub(crate) sample: bool,
}

/// The text of a legal page, in the visitor's language.
#[server(prefix = "/api", endpoint = "legal_text")]
pub(crate) async fn legal_text(page: LegalPage) -> Result<LegalTextView, ShopError> {
    let read = async {
        let shop = server::shop()?;
        let text = shop.settings.legal.of(server::locale()).page(page);
        Ok(LegalTextView { html: text.html.clone(), sample: text.sample })
    };
    server::answer(read.await)
}
