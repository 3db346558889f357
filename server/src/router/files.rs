//! The site's files, and what they are called.
//!
//! `scripts/pack-site.mjs` puts the front end beside itself once more, under names that change with the content and
//! compressed as well as can be. Browsers keep those for good. Where it has not run, or not since the last build, the
//! front end is served by its plain names, and compressed as it goes.

use std::{convert::Infallible, fs, path::Path, sync::Arc};

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, header},
    middleware::{self, Next},
    response::Response,
};
use leptos::config::LeptosOptions;
use tower::Service;
use tower_http::services::ServeDir;

/// How the names of the front end's files go on.
const ENDINGS: [&str; 3] = ["js", "wasm", "css"];

/// What the front end's files are called, without their endings: `NAME.HASH` if they were packed, else `NAME`.
pub fn name(folder: &Path, plain: &str) -> String {
    packed_names(folder, plain).find(|packed| is_copy(folder, plain, packed)).unwrap_or_else(|| plain.to_owned())
}

fn packed_names(folder: &Path, plain: &str) -> impl Iterator<Item = String> {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = files.filter_map(|file| file.file_name().into_string().ok());
    names.filter_map(move |name| {
        let packed = name.strip_suffix(".wasm")?;
        packed.strip_prefix(plain)?.starts_with('.').then(|| packed.to_owned())
    })
}

/// Files of an earlier build may lie around; what counts is what was built last.
fn is_copy(folder: &Path, plain: &str, packed: &str) -> bool {
    let read = |name: &str, ending: &str| fs::read(folder.join(format!("{name}.{ending}"))).ok();
    ENDINGS.iter().all(|ending| {
        let plain = read(plain, ending);
        plain.is_some() && plain == read(packed, ending)
    })
}

/// Serves the site's root; what is not there goes to `not_found`.
pub fn serve<N>(options: &LeptosOptions, not_found: N) -> Router
where
    N: Service<Request, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
    N::Future: Send + 'static,
{
    let files = ServeDir::new(options.site_root.as_ref())
        .append_index_html_on_directories(false)
        .precompressed_br()
        .precompressed_zstd()
        .precompressed_gzip()
        .call_fallback_on_method_not_allowed(true)
        .fallback(not_found);
    let packed = options.output_name.contains('.').then(|| {
        let start = format!("/{}/{}.", options.site_pkg_dir, options.output_name);
        Arc::<str>::from(start)
    });
    Router::new().fallback_service(files).layer(middleware::from_fn_with_state(packed, keep_for_good))
}

/// What has its content in its name never changes.
async fn keep_for_good(State(packed): State<Option<Arc<str>>>, mut request: Request, next: Next) -> Response {
    let packed = packed.is_some_and(|start| request.uri().path().starts_with(&*start));
    prefer_brotli(request.headers_mut());
    let mut response = next.run(request).await;
    if packed && response.status().is_success() {
        let for_good = HeaderValue::from_static("public, max-age=31536000, immutable");
        response.headers_mut().insert(header::CACHE_CONTROL, for_good);
    }
    response
}

/// `ServeDir` takes zstd where a browser likes both as much, which makes larger files.
fn prefer_brotli(headers: &mut HeaderMap) {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|accepted| accepted.to_str().ok());
    if accepted.is_some_and(|accepted| accepted.split(',').any(|encoding| encoding.trim() == "br")) {
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("br"));
    }
}
