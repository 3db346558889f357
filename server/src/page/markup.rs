//! Turns pages into valid HTML.
//!
//! Leptos writes `<!>` as a marker, and the data that islands read after the end of the document. Browsers accept both;
//! the standard allows neither (HTML, sections 13.1.6 and 13.1).

use axum::{
    body::{Body, to_bytes},
    http::{header, response::Parts},
    response::{IntoResponse, Response},
};

use crate::http::problem::Problem;

/// The most bytes of a page, far more than any page has.
const PAGE_BYTES_MAX: usize = 1024 * 1024;

/// Collects a page's body into a string. An error is the response to send instead.
pub async fn collect_html(page: Response) -> Result<(Parts, String), Response> {
    let (mut parts, body) = page.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    let html = to_bytes(body, PAGE_BYTES_MAX).await.ok().and_then(|html| String::from_utf8(html.into()).ok());
    html.map(|html| (parts, html)).ok_or_else(|| {
        tracing::error!("a page could not be rendered to its end");
        Problem::INTERNAL.into_response()
    })
}

/// Rewrites a page into valid HTML. A response of another type stays as it is.
pub async fn make_valid(response: Response) -> Response {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if !kind.is_some_and(|kind| kind.starts_with("text/html")) {
        return response;
    }
    match collect_html(response).await {
        Ok((parts, html)) => Response::from_parts(parts, Body::from(rewritten(&html))),
        Err(answer) => answer,
    }
}

fn rewritten(html: &str) -> String {
    const END: &str = "</body></html>";
    // Texts and attributes contain no literal `<`, so this replaces only markers.
    let html = html.replace("<!>", "<!---->");
    match html.split_once(END) {
        Some((page, scripts)) => format!("{page}{scripts}{END}"),
        None => html,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_comments_and_nothing_comes_after_the_end() {
        let written = "<!DOCTYPE html><html><body><p><!>a&lt;!></p></body></html><script>x=[]</script>";
        let valid = "<!DOCTYPE html><html><body><p><!---->a&lt;!></p><script>x=[]</script></body></html>";
        assert_eq!(rewritten(written), valid);
        assert_eq!(rewritten(valid), valid);
    }
}
