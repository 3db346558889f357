//! The front page, used again for as long as nothing that it shows has changed.
//!
//! Rendering costs some ten times what asking the database does (docs/PERFORMANCE.md), and the same visitor often asks
//! for the same page again. What it is made of, apart from the address, the language and what the operator has set, is
//! the visitor's purchases and balance; the question who asks answers with the number of changes to the one and the
//! number of the newest entry of the other. A page is used again only if both are still what they were before it was
//! rendered, so it is never older than they are. The nonce of its scripts is each answer's own.

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
use billing::{ids::UserId, locale::Locale};
use leptos::nonce::Nonce;
use quick_cache::{Weighter, sync::Cache};

use crate::page::markup::collect_html;

/// How many bytes of pages are kept.
const KEPT_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// How many pages that may be, as a first guess.
const KEPT_PAGES: usize = 2_000;

/// What tells one page from another.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    visitor: Option<UserId>,
    locale: Locale,
    older_than: Option<String>,
}

impl Key {
    /// Of the front page and its history alone: the order form carries a key of its own each time, and what follows an
    /// order asks the provider.
    fn of(request: &Request, visitor: &RequestContext) -> Option<Self> {
        if request.method() != Method::GET || request.uri().path() != "/" {
            return None;
        }
        let older_than = match request.uri().query() {
            None => None,
            Some(query) => Some(query.strip_prefix("older=").filter(|id| !id.contains('&'))?.to_owned()),
        };
        let user = visitor.caller.as_ref().map(|caller| caller.user_id);
        Some(Self { visitor: user, locale: visitor.locale, older_than })
    }
}

/// How the visitor's purchases and balance stood before the page was rendered.
#[derive(Clone, Copy, PartialEq, Eq)]
struct AsOf {
    changes: i64,
    entry: i64,
}

struct Page {
    as_of: AsOf,
    headers: HeaderMap,
    /// What stands between the nonces.
    pieces: Vec<String>,
}

impl Page {
    fn new(as_of: AsOf, headers: HeaderMap, html: &str, nonce: &str) -> Self {
        Self { as_of, headers, pieces: html.split(nonce).map(str::to_owned).collect() }
    }

    fn answer(&self, nonce: &str) -> Response {
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

/// The pages that were rendered last.
#[derive(Clone)]
pub(super) struct PageCache(Arc<Cache<Key, Arc<Page>, ByLength>>);

impl Default for PageCache {
    fn default() -> Self {
        Self(Arc::new(Cache::with_weighter(KEPT_PAGES, KEPT_BYTES_MAX, ByLength)))
    }
}

/// Answers with a remembered page where that is still right, and else renders and remembers it.
pub(super) async fn cached_page(
    State(PageCache(pages)): State<PageCache>,
    Extension(visitor): Extension<RequestContext>,
    Extension(nonce): Extension<Nonce>,
    request: Request,
    next: Next,
) -> Response {
    let Some(key) = Key::of(&request, &visitor) else { return next.run(request).await };
    let as_of = AsOf { changes: visitor.changes, entry: visitor.balance.seq };
    let nonce = nonce.to_string();
    if let Some(page) = pages.get(&key).filter(|page| page.as_of == as_of) {
        return page.answer(&nonce);
    }
    let response = next.run(request).await;
    if response.status() != StatusCode::OK {
        return response;
    }
    let (parts, html) = match collect_html(response).await {
        Ok(page) => page,
        Err(answer) => return answer,
    };
    pages.insert(key, Arc::new(Page::new(as_of, parts.headers.clone(), &html, &nonce)));
    Response::from_parts(parts, Body::from(html))
}
