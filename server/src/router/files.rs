//! The site's static files.
//!
//! `scripts/pack-site.mjs` copies the front end to names with a content hash, and compresses the copies. Browsers cache
//! those for good. If it has not run since the last build, the front end is served by its plain names and compressed on
//! the fly.
//!
//! While two versions run behind one load balancer, a page of one version can request files of the other. It gets this
//! version's files, uncached.

use std::{
    convert::Infallible,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Uri, header},
    middleware::{self, Next},
    response::Response,
};
use leptos::config::LeptosOptions;
use percent_encoding::percent_decode_str;
use tower::{Service, ServiceExt};
use tower_http::services::ServeDir;

/// The extensions of the front end's files.
const ENDINGS: [&str; 3] = ["js", "wasm", "css"];
/// The length of the hashes of `scripts/pack-site.mjs`.
const HASH_DIGITS: usize = 16;

/// The front end's file name without extension: `NAME.HASH` if it was packed, else `NAME`.
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

/// Whether the packed files are copies of the plain ones, and not of an earlier build.
fn is_copy(folder: &Path, plain: &str, packed: &str) -> bool {
    let read = |name: &str, ending: &str| fs::read(folder.join(format!("{name}.{ending}"))).ok();
    ENDINGS.iter().all(|ending| {
        let plain = read(plain, ending);
        plain.is_some() && plain == read(packed, ending)
    })
}

/// Serves the files of the site's root, and everything else by `not_found`.
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
        .fallback(not_found.clone());
    let front_end = Arc::new(FrontEnd::new(options));
    let only_file_names = move |request: Request, next: Next| {
        let not_found = not_found.clone();
        async move {
            if can_name_a_file(request.uri().path()) {
                return next.run(request).await;
            }
            let Ok(response) = not_found.oneshot(request).await;
            response
        }
    };
    Router::new()
        .fallback_service(files)
        .layer(middleware::from_fn_with_state(front_end, by_name))
        .layer(middleware::from_fn(only_file_names))
}

/// The operating system refuses names of more than 255 bytes. The longest suffix that `ServeDir` tries is `.zst`.
const NAME_BYTES_MAX: usize = 255 - ".zst".len();
/// It also refuses paths of 4,096 bytes and more; the site's root comes before this one.
const PATH_BYTES_MAX: usize = 1_024;

/// Whether a file can have this path. For an impossible name, the operating system returns another error than "not
/// found", and `ServeDir` answers 500.
fn can_name_a_file(path: &str) -> bool {
    let path: Vec<u8> = percent_decode_str(path).collect();
    path.len() <= PATH_BYTES_MAX
        && !path.contains(&0)
        && path.split(|byte| *byte == b'/').all(|name| name.len() <= NAME_BYTES_MAX)
}

/// The paths of the front end's files.
struct FrontEnd {
    site_root: PathBuf,
    /// The prefix of the files of all versions: `/pkg/NAME.`.
    any: String,
    /// The prefix of this version's files: `/pkg/NAME.HASH.`, or `/pkg/NAME.` if they were not packed.
    own: String,
    is_packed: bool,
}

impl FrontEnd {
    fn new(options: &LeptosOptions) -> Self {
        let (folder, name) = (&options.site_pkg_dir, &options.output_name);
        let plain = name.split('.').next().unwrap_or_default();
        Self {
            site_root: PathBuf::from(options.site_root.as_ref()),
            any: format!("/{folder}/{plain}."),
            own: format!("/{folder}/{name}."),
            is_packed: name.contains('.'),
        }
    }

    fn is_own(&self, path: &str) -> bool {
        self.is_packed && path.starts_with(&self.own)
    }

    /// The path of this version's file in place of `path`, which has another version's hash.
    async fn stand_in(&self, path: &str) -> Option<Uri> {
        let (hash, ending) = path.strip_prefix(&self.any)?.split_once('.')?;
        let is_hash = hash.len() == HASH_DIGITS && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_hash || self.is_own(path) || !ENDINGS.contains(&ending) {
            return None;
        }
        // The file may exist from an earlier build.
        let file = self.site_root.join(path.trim_start_matches('/'));
        if tokio::fs::try_exists(file).await.unwrap_or(false) {
            return None;
        }
        Uri::try_from(format!("{}{ending}", self.own)).ok()
    }
}

async fn by_name(State(front_end): State<Arc<FrontEnd>>, mut request: Request, next: Next) -> Response {
    prefer_brotli(request.headers_mut());
    if let Some(own) = front_end.stand_in(request.uri().path()).await {
        *request.uri_mut() = own;
        return stand_in(request, next).await;
    }
    let is_own = front_end.is_own(request.uri().path());
    let mut response = next.run(request).await;
    // A file with its hash in the name never changes.
    if is_own && response.status().is_success() {
        let for_good = HeaderValue::from_static("public, max-age=31536000, immutable");
        response.headers_mut().insert(header::CACHE_CONTROL, for_good);
    }
    response
}

/// Answers with another file than the requested one, without the headers for conditional requests, so that a browser
/// does not mistake one for the other.
async fn stand_in(mut request: Request, next: Next) -> Response {
    let conditions = [
        header::IF_MATCH,
        header::IF_NONE_MATCH,
        header::IF_MODIFIED_SINCE,
        header::IF_UNMODIFIED_SINCE,
        header::RANGE,
    ];
    for condition in conditions {
        request.headers_mut().remove(condition);
    }
    let mut response = next.run(request).await;
    if response.status().is_success() {
        let headers = response.headers_mut();
        headers.remove(header::LAST_MODIFIED);
        headers.remove(header::ETAG);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }
    response
}

/// `ServeDir` prefers zstd over brotli at equal weight, but its files are larger.
fn prefer_brotli(headers: &mut HeaderMap) {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|accepted| accepted.to_str().ok());
    if accepted.is_some_and(|accepted| accepted.split(',').any(|encoding| encoding.trim() == "br")) {
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("br"));
    }
}
