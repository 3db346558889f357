//! The query parameters of the pages.
//!
//! As in the API, a known parameter may occur once and with a valid value; anything else is answered 400. Unknown
//! parameters are ignored. Two groups are exceptions: `buy`, `session_id`, `purchase_id` and `received` name a
//! resource, so that an invalid id is answered 404, like an unknown one; `next`, `error` and `key` come from links that
//! anybody can write, and count as absent if they are invalid.

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use billing::{ids::PurchaseId, ledger::EntryKind, locale::Locale};
use url::form_urlencoded;

use crate::http::problem::Problem;

/// A query parameter of one page or of all pages, and its valid values.
struct Parameter {
    page: Option<&'static str>,
    name: &'static str,
    takes: fn(&str) -> bool,
}

const PARAMETERS: [Parameter; 5] = [
    Parameter { page: None, name: "lang", takes: |value| value.parse::<Locale>().is_ok() },
    Parameter { page: Some("/"), name: "older", takes: |value| value.parse::<PurchaseId>().is_ok() },
    Parameter { page: Some("/account"), name: "before", takes: is_entry_number },
    // The form sends an empty one for all kinds.
    Parameter {
        page: Some("/account"),
        name: "kind",
        takes: |value| value.is_empty() || value.parse::<EntryKind>().is_ok(),
    },
    Parameter { page: Some("/withdraw"), name: "purchase", takes: |value| value.parse::<PurchaseId>().is_ok() },
];

/// `parse` would accept a sign.
fn is_entry_number(value: &str) -> bool {
    value.bytes().all(|byte| byte.is_ascii_digit()) && value.parse::<i64>().is_ok_and(|number| number > 0)
}

/// Answers 400 when a known parameter has an invalid value.
pub(super) async fn check(request: Request, next: Next) -> Response {
    let uri = request.uri();
    if is_valid(uri.path(), uri.query().unwrap_or_default()) {
        next.run(request).await
    } else {
        Problem::INVALID_QUERY.into_response()
    }
}

fn is_valid(path: &str, query: &str) -> bool {
    PARAMETERS.iter().filter(|parameter| parameter.page.is_none_or(|page| page == path)).all(|parameter| {
        let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| *name == parameter.name);
        match (values.next(), values.next()) {
            (None, _) => true,
            (Some((_, value)), None) => (parameter.takes)(&value),
            (Some(_), Some(_)) => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0198f2a4-7b1c-7def-8a2b-0123456789ab";

    #[test]
    fn a_known_parameter_takes_its_values_alone_and_once() {
        for (path, query) in [
            ("/", format!("older={ID}")),
            ("/", format!("x=y&older={ID}&utm=z&buy=anything")),
            ("/account", "before=1".to_owned()),
            ("/account", "kind=".to_owned()),
            ("/account", "kind=SPEND_REVERSAL&before=7".to_owned()),
            ("/account", "older=zzz".to_owned()),
            ("/signin", "lang=en&next=//evil&error=zzz".to_owned()),
            ("/withdraw", format!("purchase={ID}")),
            ("/", String::new()),
        ] {
            assert!(is_valid(path, &query), "{path}?{query}");
        }
        for (path, query) in [
            ("/", "older=zzz".to_owned()),
            ("/", "older=".to_owned()),
            ("/", "older".to_owned()),
            ("/", format!("older={}", ID.to_uppercase())),
            ("/", format!("older={ID}&older={ID}")),
            ("/", format!("%6flder={ID}%00")),
            ("/account", "before=abc".to_owned()),
            ("/account", "kind=spend".to_owned()),
            ("/account", "kind=SPEND&kind=GRANT".to_owned()),
            ("/account", "before=0".to_owned()),
            ("/account", "before=-1".to_owned()),
            ("/account", "before=%2B1".to_owned()),
            ("/account", "before=99999999999999999999".to_owned()),
            ("/legal/terms", "lang=fr".to_owned()),
            ("/withdraw", "purchase=abc".to_owned()),
        ] {
            assert!(!is_valid(path, &query), "{path}?{query}");
        }
    }
}
