//! The `OpenAPI` document matches the server.

use std::{
    collections::BTreeSet,
    sync::{LazyLock, OnceLock},
};

use axum::http::{Method, StatusCode};
use serde_json::Value;
use server::{http::problem::Problem, state::AppState};

use crate::shop::{Answer, TestShop, bare};

on_both_databases!(every_route_is_in_the_document_and_the_reverse, the_contract_page_names_every_call_and_every_code,);

static API_CONTRACTS: LazyLock<String> = LazyLock::new(|| {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/API_CONTRACTS.md")).unwrap()
});

/// The operation that describes a call.
fn operation<'a>(document: &'a Value, method: &Method, path: &str) -> Option<&'a Value> {
    let paths = document["paths"].as_object()?;
    let fits = |template: &str| {
        let (mut given, mut wanted) = (path.split('/'), template.split('/'));
        loop {
            match (given.next(), wanted.next()) {
                (None, None) => return true,
                (Some(given), Some(wanted)) if given == wanted || wanted.starts_with('{') => {}
                _ => return false,
            }
        }
    };
    let (_, item) = paths.iter().find(|(template, _)| fits(template))?;
    item.get(method.as_str().to_lowercase())
}

/// The document as it is in mock mode, and otherwise.
fn document(state: &AppState) -> &'static Value {
    static DOCUMENTS: [OnceLock<Value>; 2] = [const { OnceLock::new() }; 2];
    let made = || serde_json::to_value(server::router::api(state).1).unwrap();
    DOCUMENTS[usize::from(state.shop.settings.mock)].get_or_init(made)
}

/// Asserts that the document describes this answer.
pub fn assert_promised(state: &AppState, method: &Method, path: &str, answer: &Answer) {
    let Some(operation) = operation(document(state), method, path) else { return };
    let promised = &operation["responses"][answer.status.as_str()];
    assert!(promised.is_object(), "{method} {path} answers {}, which is not in the document", answer.status);
    let kind = answer.header("content-type").split(';').next().unwrap_or_default();
    match promised["content"].as_object() {
        Some(content) => assert!(content.contains_key(kind), "{method} {path} answers {kind}"),
        None => assert!(answer.body.is_empty(), "{method} {path} answers a body"),
    }
    if kind == "application/problem+json" {
        let code = answer.json()["code"].as_str().unwrap().to_owned();
        let description = promised["description"].as_str().unwrap();
        assert!(description.contains(&format!("`{code}`")), "{method} {path}: {code} is not in the document");
    }
}

/// The paths that the router knows, as its debug output shows them.
pub fn routes(state: &AppState) -> BTreeSet<String> {
    let shown = format!("{:?}", server::router::routes(state));
    let paths = shown.split('"').filter(|text| text.starts_with('/') && !text.contains(' '));
    paths.map(str::to_owned).collect()
}

async fn every_route_is_in_the_document_and_the_reverse(shop: TestShop) {
    let answer = shop.visitor().get("/billing/openapi.json").await;
    assert_eq!(answer.status, StatusCode::OK);
    let document = answer.json();
    assert_eq!(document["openapi"], "3.1.0");

    let api = |path: &&String| {
        ["/v1/tenants/", "/billing/", "/auth/", "/healthz", "/readyz"].iter().any(|prefix| path.starts_with(prefix))
    };
    let known = routes(&shop.state);
    let known = known.iter().filter(api).filter(|path| *path != "/billing/openapi.json").collect::<BTreeSet<_>>();
    let described = document["paths"].as_object().unwrap();
    assert_eq!(known, described.keys().collect());
    assert_eq!(known.len(), 28, "{known:?}");

    for path in known {
        let concrete = path.replace("{id}", "0198f2a4-7b1c-7def-8a2b-0123456789ab").replace("{external_id}", "kim");
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let answer = shop.visitor().send(bare(method.clone(), &concrete)).await;
            let described = operation(&document, &method, &concrete).is_some();
            let refused = answer.status == StatusCode::METHOD_NOT_ALLOWED;
            assert_eq!(described, !refused, "{method} {path}: {}", answer.status);
            if refused {
                answer.assert_problem(405, "method_not_allowed");
                assert!(!answer.header("allow").is_empty(), "{method} {path}");
            }
        }
    }
}

async fn the_contract_page_names_every_call_and_every_code(shop: TestShop) {
    for problem in Problem::ALL {
        assert!(API_CONTRACTS.contains(&format!("`{}`", problem.code)), "{}", problem.code);
    }
    for (path, item) in document(&shop.state)["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let call = format!("| `{} {path}` |", method.to_uppercase());
            assert!(API_CONTRACTS.contains(&call), "{call}");
        }
    }
}
