//! The context of the page being rendered: user, settings and URLs.

use billing::{locale::Locale, wallet::Funds};
use http::{Uri, request::Parts};
use leptos::prelude::*;

use crate::{
    context::{RequestContext, Shop},
    routes,
};

/// What every page needs of the shop and of the user.
#[derive(Clone, Debug, Default)]
pub(crate) struct PageContext {
    /// The signed-in user's e-mail address.
    pub(crate) email: Option<String>,
    /// The tenant's credits when the request started.
    pub(crate) funds: Option<Funds>,
    /// The number of changes to the tenant's purchases and holds at that time.
    pub(crate) changes: i64,
    /// The language of the page.
    pub(crate) locale: Locale,
    /// Whether the shop is in mock mode.
    pub(crate) mock: bool,
    /// The VAT rate, in hundredths of a per cent.
    pub(crate) vat_rate_basis_points: i64,
    /// The seller's name.
    pub(crate) seller_name: String,
}

impl PageContext {
    /// Whether anyone is signed in.
    pub(crate) fn signed_in(&self) -> bool {
        self.email.is_some()
    }
}

/// The context of the page being rendered.
pub(crate) fn page_context() -> PageContext {
    // Neither exists while the routes are listed at the start.
    let (Some(shop), Some(request)) = (use_context::<Shop>(), use_context::<RequestContext>()) else {
        return PageContext::default();
    };
    PageContext {
        funds: request.principal.is_some().then_some(request.funds),
        email: request.principal.map(|principal| principal.email.as_str().to_owned()),
        changes: request.changes,
        locale: request.locale,
        mock: shop.settings.mock,
        vat_rate_basis_points: shop.settings.issuer.vat_rate_basis_points,
        seller_name: shop.settings.issuer.seller.name.clone(),
    }
}

/// The URLs of the page being rendered, for links from other sites.
pub(crate) struct Addresses {
    /// The shop's URL, without a trailing slash.
    pub(crate) shop: String,
    /// The page's URL, without a query; only for a public page.
    pub(crate) page: Option<String>,
    /// The language that the URL names.
    pub(crate) asked: Option<Locale>,
}

/// The URLs of the page being rendered; `None` while the routes are listed at the start.
pub(crate) fn addresses() -> Option<Addresses> {
    let shop = use_context::<Shop>()?.settings.public_url.clone();
    let uri = use_context::<Parts>().map(|request| request.uri);
    let query = uri.as_ref().and_then(Uri::query).unwrap_or_default();
    let asked = routes::named_locale(query);
    let path = uri.as_ref().map(Uri::path).filter(|path| !routes::needs_sign_in(path, ""));
    let page = path.map(|path| format!("{shop}{path}"));
    Some(Addresses { shop, page, asked })
}

/// Whether the page being rendered has this path.
pub(crate) fn is_at(path: &str) -> bool {
    use_context::<Parts>().is_some_and(|request| request.uri.path() == path)
}
