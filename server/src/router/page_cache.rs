//! A cache of rendered front pages.
//!
//! Rendering costs some ten times what a database query does (docs/PERFORMANCE.md), and users often load the same page
//! again. A page depends on its address, the language, the settings, and the tenant's purchases, balance and holds. The
//! session lookup, which each request makes anyway, gives a version of them: the number of changes to purchases and
//! holds, the number of the newest ledger entry, and the credits held at this instant. When a hold expires, only the
//! last of them changes: nothing is written. A cached page is served only if all are unchanged since before it was
//! rendered, so it is never stale. The nonce of its scripts is replaced in each response.

use std::sync::Arc;

use app::context::RequestContext;
use axum::{
    Extension,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode},
    middleware::Next,
    response::{IntoResponse, Response},
};
use billing::{ids::UserId, locale::Locale, money::Credits};
use leptos::nonce::Nonce;
use quick_cache::{Weighter, sync::Cache};

use crate::page::markup::collect_html;

/// The size of the cache.
const BYTES_MAX: u64 = 32 * 1024 * 1024;
/// An estimate of the number of pages in it.
const PAGES_ESTIMATE: usize = 2_000;

/// The key of a page.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    user: Option<UserId>,
    locale: Locale,
    older_than: Option<String>,
}

impl Key {
    /// The key of a request's page; `None` if it is not cached. Only the front page and its history are: an order form
    /// contains a new order key, and the success page asks the payment provider.
    fn of(request: &Request, context: &RequestContext) -> Option<Self> {
        if request.method() != Method::GET || request.uri().path() != "/" {
            return None;
        }
        let older_than = match request.uri().query() {
            None => None,
            Some(query) => Some(query.strip_prefix("older=").filter(|id| !id.contains('&'))?.to_owned()),
        };
        let user = context.principal.as_ref().map(|principal| principal.user_id);
        Some(Self { user, locale: context.locale, older_than })
    }
}

/// The version of the data that a page was rendered from.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Version {
    changes: i64,
    entry: i64,
    held: Credits,
}

struct Page {
    version: Version,
    headers: HeaderMap,
    /// The HTML, split where the nonces are.
    pieces: Vec<String>,
}

impl Page {
    fn new(version: Version, headers: HeaderMap, html: &str, nonce: &str) -> Self {
        Self { version, headers, pieces: html.split(nonce).map(str::to_owned).collect() }
    }

    fn response(&self, nonce: &str) -> Response {
        (self.headers.clone(), self.pieces.join(nonce)).into_response()
    }
}

#[derive(Clone)]
struct ByLength;

impl Weighter<Key, Arc<Page>> for ByLength {
    fn weight(&self, _: &Key, page: &Arc<Page>) -> u64 {
        page.pieces.iter().map(|piece| u64::try_from(piece.len()).unwrap_or(u64::MAX)).fold(1, u64::saturating_add)
    }
}

/// The cached pages.
#[derive(Clone)]
pub(super) struct PageCache(Arc<Cache<Key, Arc<Page>, ByLength>>);

impl Default for PageCache {
    fn default() -> Self {
        Self(Arc::new(Cache::with_weighter(PAGES_ESTIMATE, BYTES_MAX, ByLength)))
    }
}

/// Serves the page from the cache if it is up to date. Otherwise renders and caches it.
pub(super) async fn cached_page(
    State(PageCache(pages)): State<PageCache>,
    Extension(context): Extension<RequestContext>,
    Extension(nonce): Extension<Nonce>,
    request: Request,
    next: Next,
) -> Response {
    let Some(key) = Key::of(&request, &context) else { return next.run(request).await };
    let version = Version { changes: context.changes, entry: context.funds.seq, held: context.funds.held };
    let nonce = nonce.to_string();
    if let Some(page) = pages.get(&key).filter(|page| page.version == version) {
        return page.response(&nonce);
    }
    let response = next.run(request).await;
    if response.status() != StatusCode::OK {
        return response;
    }
    let (parts, html) = match collect_html(response).await {
        Ok(page) => page,
        Err(answer) => return answer,
    };
    pages.insert(key, Arc::new(Page::new(version, parts.headers.clone(), &html, &nonce)));
    Response::from_parts(parts, Body::from(html))
}
