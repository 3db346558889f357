//! Who visits, and their balance.

use billing::{locale::Locale, money::Credits};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

#[cfg(feature = "ssr")]
use super::server;
use crate::error::ShopError;

/// What every page shows of the visitor and the shop; stays the same until the next full page load.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Visit {
    /// Who is signed in.
    pub(crate) email: Option<String>,
    /// The language of the page.
    pub(crate) locale: Locale,
    /// No real money.
    pub(crate) mock: bool,
    /// The VAT in every price, in hundredths of a per cent.
    pub(crate) vat_rate_basis_points: i64,
    /// Who sells.
    pub(crate) seller_name: String,
    /// How often the visitor's purchases had changed.
    pub(crate) changes: i64,
}

impl Visit {
    /// Whether anyone is signed in.
    pub(crate) fn signed_in(&self) -> bool {
        self.email.is_some()
    }
}

/// The visit of the request at hand, on the server. The browser has it from the page.
#[cfg(feature = "ssr")]
pub(crate) fn current_visit() -> Visit {
    use crate::context::{Shop, Visitor};
    // Neither is there while the routes are listed at start.
    let (Some(shop), Some(visitor)) = (use_context::<Shop>(), use_context::<Visitor>()) else {
        return Visit::default();
    };
    Visit {
        email: visitor.caller.map(|caller| caller.email.as_str().to_owned()),
        locale: visitor.locale,
        mock: shop.settings.mock,
        vat_rate_basis_points: shop.settings.issuer.vat_rate_basis_points,
        seller_name: shop.settings.issuer.seller.name.clone(),
        changes: visitor.changes,
    }
}

/// The visit of the request at hand, on the server. The browser has it from the page.
#[cfg(not(feature = "ssr"))]
pub(crate) fn current_visit() -> Visit {
    Visit::default()
}

/// The signed-in visitor's balance, as it was when the request came.
#[server(prefix = "/api", endpoint = "balance")]
pub(crate) async fn balance() -> Result<Credits, ShopError> {
    let read = async { Ok(server::balance()?.credits) };
    server::answer(read.await)
}

/// The addresses of the page being rendered, for who links to it from elsewhere.
pub(crate) struct Addresses {
    /// Of the shop, without a slash at its end.
    pub(crate) shop: String,
    /// Of the page; its path alone, which names a public page.
    pub(crate) page: Option<String>,
}

/// The addresses of the page being rendered; means nothing in the browser.
#[cfg(feature = "ssr")]
pub(crate) fn addresses() -> Option<Addresses> {
    let shop = use_context::<crate::context::Shop>()?.settings.public_url.clone();
    let path = use_context::<http::request::Parts>().map(|request| request.uri.path().to_owned());
    let page = path.filter(|path| !crate::routes::needs_sign_in(path, "")).map(|path| format!("{shop}{path}"));
    Some(Addresses { shop, page })
}

/// The addresses of the page being rendered; means nothing in the browser.
#[cfg(not(feature = "ssr"))]
pub(crate) fn addresses() -> Option<Addresses> {
    None
}
