//! The front end's files.

use std::fs;

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use tempfile::TempDir;

use crate::shop::{Answer, TestShop};

on_both_databases!(
    browsers_keep_the_packed_front_end_for_good_in_the_smallest_form_they_read,
    a_front_end_built_anew_is_not_served_from_an_old_pack,
    a_page_of_another_version_gets_this_ones_files_and_keeps_none,
);

const PACKED: &str = "shop.0123456789abcdef";
const FOR_GOOD: &str = "public, max-age=31536000, immutable";

/// A site with a packed front end.
fn packed_site() -> TempDir {
    let site = tempfile::tempdir().unwrap();
    let pkg = site.path().join("pkg");
    fs::create_dir(&pkg).unwrap();
    for ending in ["js", "wasm", "css"] {
        for name in ["shop", PACKED] {
            fs::write(pkg.join(format!("{name}.{ending}")), format!("plain {ending}")).unwrap();
        }
        for encoding in ["br", "gz", "zst"] {
            fs::write(pkg.join(format!("{PACKED}.{ending}.{encoding}")), encoding).unwrap();
        }
    }
    site
}

fn shop_of(shop: &TestShop, site: &TempDir) -> TestShop {
    shop.with_settings(&[("LEPTOS_SITE_ROOT", site.path().to_str().unwrap())])
}

async fn file(shop: &TestShop, path: &str, accepted: &str) -> Answer {
    let request = Request::get(path).header(header::ACCEPT_ENCODING, accepted).body(Body::empty()).unwrap();
    shop.visitor().send(request).await
}

async fn browsers_keep_the_packed_front_end_for_good_in_the_smallest_form_they_read(shop: TestShop) {
    let site = packed_site();
    let shop = shop_of(&shop, &site);
    let page = shop.customer("kim@example.com").await.get("/").await.text();
    for ending in ["js", "wasm", "css"] {
        let path = format!("/pkg/{PACKED}.{ending}");
        assert!(page.contains(&format!("\"{path}\"")), "{path} in {page}");
        for (accepted, encoding, body) in [
            ("gzip, deflate, br, zstd", "br", "br"),
            ("gzip, zstd", "zstd", "zst"),
            ("gzip", "gzip", "gz"),
            ("br;q=0, gzip", "gzip", "gz"),
            ("identity", "", &*format!("plain {ending}")),
        ] {
            let answer = file(&shop, &path, accepted).await;
            assert_eq!(answer.status, StatusCode::OK);
            assert_eq!((answer.header("content-encoding"), &*answer.text()), (encoding, body), "{path}, {accepted}");
            assert_eq!(answer.header("cache-control"), FOR_GOOD);
            assert_eq!(answer.header("vary"), "accept-encoding");
        }
    }
    let none = file(&shop, &format!("/pkg/{PACKED}.map"), "br").await;
    assert_eq!((none.status, none.header("cache-control")), (StatusCode::NOT_FOUND, "no-store"));
    let plain = file(&shop, "/pkg/shop.js", "br").await;
    assert_eq!(plain.header("cache-control"), "no-cache");
}

async fn a_front_end_built_anew_is_not_served_from_an_old_pack(shop: TestShop) {
    let site = packed_site();
    fs::write(site.path().join("pkg/shop.wasm"), "built anew").unwrap();
    let shop = shop_of(&shop, &site);
    let page = shop.customer("kim@example.com").await.get("/").await.text();
    assert!(!page.contains(PACKED), "{page}");
    for ending in ["js", "wasm", "css"] {
        assert!(page.contains(&format!("\"/pkg/shop.{ending}\"")), "{page}");
    }
    let wasm = file(&shop, "/pkg/shop.wasm", "identity").await;
    assert_eq!((wasm.text().as_str(), wasm.header("cache-control")), ("built anew", "no-cache"));
}

/// During a rolling update, a load balancer can send a page's request to one version and the requests for its files to
/// the other.
async fn a_page_of_another_version_gets_this_ones_files_and_keeps_none(shop: TestShop) {
    let packed = packed_site();
    let plain = packed_site();
    fs::write(plain.path().join("pkg/shop.wasm"), "built anew").unwrap();
    for (site, compressed) in [(&packed, "br"), (&plain, "")] {
        let shop = shop_of(&shop, site);
        let visitor = shop.visitor();
        for (ending, kind) in [("js", "text/javascript"), ("wasm", "application/wasm"), ("css", "text/css")] {
            let path = format!("/pkg/shop.fedcba9876543210.{ending}");
            let own = file(&shop, &format!("/pkg/shop.{ending}"), "identity").await;
            let answer = file(&shop, &path, "identity").await;
            assert_eq!((answer.status, answer.text()), (StatusCode::OK, own.text()), "{path}");
            assert_eq!((answer.header("content-type"), answer.header("cache-control")), (kind, "no-cache"), "{path}");
            let answer = file(&shop, &path, "gzip, br").await;
            assert_eq!(answer.header("cache-control"), "no-cache");
            if !compressed.is_empty() {
                assert_eq!((answer.header("content-encoding"), &*answer.text()), ("br", compressed), "{path}");
            }
            // Without these headers, no conditional request can confuse the two versions.
            assert_eq!((answer.header("last-modified"), answer.header("etag")), ("", ""));
            let again = Request::get(&path)
                .header(header::IF_MODIFIED_SINCE, "Fri, 01 Jan 2100 00:00:00 GMT")
                .header(header::IF_NONE_MATCH, own.header("etag"));
            assert_eq!(visitor.send(again.body(Body::empty()).unwrap()).await.status, StatusCode::OK);
        }
        for missing in [
            "/pkg/shop.fedcba9876543210.map",
            "/pkg/shop.fedcba987654321.js",
            "/pkg/shop.fedcba987654321x.js",
            "/pkg/shop.fedcba9876543210.js.br",
            "/pkg/other.fedcba9876543210.js",
            "/shop.fedcba9876543210.js",
        ] {
            let answer = file(&shop, missing, "br").await;
            assert_eq!(
                (answer.status, answer.header("cache-control")),
                (StatusCode::NOT_FOUND, "no-store"),
                "{missing}"
            );
        }
    }
    // A file from an earlier build matches the hash in its name.
    fs::write(packed.path().join("pkg/shop.00000000000000ff.js"), "earlier").unwrap();
    assert_eq!(file(&shop_of(&shop, &packed), "/pkg/shop.00000000000000ff.js", "br").await.text(), "earlier");
    // A site without a front end.
    let empty = tempfile::tempdir().unwrap();
    let answer = file(&shop_of(&shop, &empty), "/pkg/shop.fedcba9876543210.js", "br").await;
    assert_eq!((answer.status, answer.header("cache-control")), (StatusCode::NOT_FOUND, "no-store"));
}
