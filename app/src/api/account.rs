//! Who is signed in, and the addresses of the page being rendered.

use billing::{ledger::Balance, locale::Locale};
use http::{Uri, request::Parts};
use leptos::prelude::*;

use crate::{
    context::{RequestContext, Shop},
    routes,
};

/// What every page shows of the shop and of who is signed in.
#[derive(Clone, Debug, Default)]
pub(crate) struct PageContext {
    /// Who is signed in.
    pub(crate) email: Option<String>,
    /// Their credits as the request came.
    pub(crate) balance: Option<Balance>,
    /// How often their purchases had changed.
    pub(crate) changes: i64,
    /// The language of the page.
    pub(crate) locale: Locale,
    /// No real money.
    pub(crate) mock: bool,
    /// The VAT in every price, in hundredths of a per cent.
    pub(crate) vat_rate_basis_points: i64,
    /// Who sells.
    pub(crate) seller_name: String,
}

impl PageContext {
    /// Whether anyone is signed in.
    pub(crate) fn signed_in(&self) -> bool {
        self.email.is_some()
    }
}

/// What the page being rendered shows of them.
pub(crate) fn page_context() -> PageContext {
    // Neither is there while the routes are listed at start.
    let (Some(shop), Some(request)) = (use_context::<Shop>(), use_context::<RequestContext>()) else {
        return PageContext::default();
    };
    PageContext {
        balance: request.principal.is_some().then_some(request.balance),
        email: request.principal.map(|principal| principal.email.as_str().to_owned()),
        changes: request.changes,
        locale: request.locale,
        mock: shop.settings.mock,
        vat_rate_basis_points: shop.settings.issuer.vat_rate_basis_points,
        seller_name: shop.settings.issuer.seller.name.clone(),
    }
}

/// The addresses of the page being rendered, for links to it from elsewhere.
pub(crate) struct Addresses {
    /// Of the shop, without a slash at its end.
    pub(crate) shop: String,
    /// Of the page; its path alone, which names a public page.
    pub(crate) page: Option<String>,
    /// The language that the address asks for.
    pub(crate) asked: Option<Locale>,
}

/// The addresses of the page being rendered; none while routes are listed at start.
pub(crate) fn addresses() -> Option<Addresses> {
    let shop = use_context::<Shop>()?.settings.public_url.clone();
    let uri = use_context::<Parts>().map(|request| request.uri);
    let query = uri.as_ref().and_then(Uri::query).unwrap_or_default();
    let asked = routes::named_locale(query);
    let path = uri.as_ref().map(Uri::path).filter(|path| !routes::needs_sign_in(path, ""));
    let page = path.map(|path| format!("{shop}{path}"));
    Some(Addresses { shop, page, asked })
}

/// Whether the page being rendered has that path.
pub(crate) fn is_at(path: &str) -> bool {
    use_context::<Parts>().is_some_and(|request| request.uri.path() == path)
}
