//! The legal texts.

use super::server;
use crate::{context::LegalText, error::ShopError, legal::LegalPage};

/// The text of a legal page, in the page's language.
pub(crate) fn legal_text(page: LegalPage) -> Result<LegalText, ShopError> {
    Ok(server::shop()?.settings.legal.of(server::locale()).page(page).clone())
}
