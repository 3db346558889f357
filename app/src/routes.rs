//! The paths of the pages.

use billing::{ledger::EntryKind, locale::Locale};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};

use crate::error::ShopError;

/// Whether a page needs a signed-in user; the server redirects others to the sign-in page and back.
pub fn needs_sign_in(path: &str, query: &str) -> bool {
    let ordering = path == "/" && query.split('&').any(|pair| pair.starts_with("buy="));
    ordering
        || path == ACCOUNT
        || path.starts_with("/checkout/")
        || path.starts_with("/purchases/")
        || path == HISTORY_CSV
        || path == LEDGER_CSV
}

/// The language that a query names: `lang=en`.
pub fn named_locale(query: &str) -> Option<Locale> {
    query.split('&').find_map(|pair| pair.strip_prefix("lang="))?.parse().ok()
}

/// The longest URL in `next`, in bytes.
const NEXT_LENGTH_MAX: usize = 2_048;

/// The value of `next`, if it is a URL of this shop. Anybody can write it into a link, so a URL that leads to another
/// site, or that a browser might read as one, is refused.
pub fn local_path(next: &str) -> Option<&str> {
    // Browsers read a backslash as a slash, and remove control characters before parsing.
    let plain = next.len() <= NEXT_LENGTH_MAX && next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    (plain && next.starts_with('/') && !next.starts_with("//")).then_some(next)
}

/// A page's URL with an error code.
pub fn with_error(page: &str, error: ShopError) -> String {
    let separator = if page.contains('?') { '&' } else { '?' };
    format!("{page}{separator}error={}", error.code())
}

/// Where a plain form is redirected after a refused order: to the order form, with its key if the order can still
/// succeed.
pub(crate) fn order_again(product_id: &str, order_key: &str, error: ShopError) -> String {
    let page = if product_id.is_empty() { SHOP.to_owned() } else { order(product_id) };
    if error == ShopError::NotSignedIn {
        return sign_in(&page);
    }
    let back = with_error(&page, error);
    if error.keeps_order() && !order_key.is_empty() { format!("{back}&key={}", encoded(order_key)) } else { back }
}

/// The target of the order form.
pub(crate) const ORDER: &str = "/api/create_checkout";

/// The target of the form that discards a purchase.
pub(crate) const DISCARD: &str = "/api/discard_purchase";

/// The front page.
pub const SHOP: &str = "/";

/// The account page: balance over time, and the ledger.
pub(crate) const ACCOUNT: &str = "/account";

/// The account page with the entries before `before`, of one kind or of all.
pub(crate) fn account(before: Option<i64>, kind: Option<EntryKind>) -> String {
    let before = before.map(|entry| format!("before={entry}"));
    let query: Vec<_> = kind.map(kind_query).into_iter().chain(before).collect();
    with_query(ACCOUNT, &query.join("&"))
}

/// The ledger as a file, of one kind or of all.
pub(crate) fn ledger_csv(kind: Option<EntryKind>) -> String {
    with_query(LEDGER_CSV, &kind.map(kind_query).unwrap_or_default())
}

fn kind_query(kind: EntryKind) -> String {
    format!("kind={}", kind.as_str())
}

fn with_query(path: &str, query: &str) -> String {
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// The success page, without its session.
pub(crate) const SUCCESS: &str = "/checkout/success";

/// The components, for developers.
pub(crate) const COMPONENTS: &str = "/dev/components";

/// The withdrawal form.
pub(crate) const WITHDRAW: &str = "/withdraw";

/// The withdrawal form, filled in for a purchase.
pub(crate) fn withdraw(purchase_id: &str) -> String {
    format!("{WITHDRAW}?purchase={}", encoded(purchase_id))
}

/// The front page with the order form of a product open.
pub(crate) fn order(product_id: &str) -> String {
    format!("/?buy={}", encoded(product_id))
}

/// The element id of the link that orders a product, which gets the focus back when the order form closes.
pub(crate) fn buy_link_id(product_id: &str) -> String {
    format!("buy-{product_id}")
}

/// The front page with the history after a purchase.
pub(crate) fn history(older_than: &str) -> String {
    format!("/?older={}#history", encoded(older_than))
}

/// The whole history as a file.
pub(crate) const HISTORY_CSV: &str = "/purchases.csv";

/// The path of the ledger as a file.
pub(crate) const LEDGER_CSV: &str = "/ledger.csv";

/// The page to which the buyer returns after paying.
pub(crate) fn success(session_id: &str) -> String {
    format!("{SUCCESS}?session_id={}", encoded(session_id))
}

/// The page to which the buyer returns without paying.
pub(crate) fn cancel(purchase_id: &str) -> String {
    format!("/checkout/cancel?purchase_id={}", encoded(purchase_id))
}

/// A purchase's receipt.
pub(crate) fn receipt(purchase_id: &str) -> String {
    format!("/purchases/{}", encoded(purchase_id))
}

/// A purchase's receipt as a PDF.
pub(crate) fn receipt_pdf(purchase_id: &str) -> String {
    format!("{}/receipt.pdf", receipt(purchase_id))
}

/// The sign-in page, with the page to go to afterwards.
pub fn sign_in(next: &str) -> String {
    account_page("/signin", next)
}

/// The sign-up page, with the page to go to afterwards.
pub(crate) fn sign_up(next: &str) -> String {
    account_page("/signup", next)
}

fn account_page(path: &str, next: &str) -> String {
    if next == SHOP { path.to_owned() } else { format!("{path}?next={}", encoded(next)) }
}

/// Percent-encodes all but the unreserved characters (RFC 3986, section 2.3).
pub(crate) fn encoded(text: &str) -> PercentEncode<'_> {
    const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    utf8_percent_encode(text, ESCAPED)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::Url;

    use super::*;

    #[test]
    fn ordering_and_purchases_need_a_sign_in_and_the_shelf_does_not() {
        for (path, query) in [
            ("/", "buy=credits_5"),
            ("/", "a=b&buy=x"),
            ("/checkout/success", "session_id=x"),
            ("/purchases/x", ""),
            ("/purchases.csv", ""),
            ("/ledger.csv", ""),
            ("/account", ""),
        ] {
            assert!(needs_sign_in(path, query), "{path}?{query}");
        }
        for (path, query) in [("/", ""), ("/", "older=x"), ("/signin", "next=%2F%3Fbuy%3Dx"), ("/signup", "")] {
            assert!(!needs_sign_in(path, query), "{path}?{query}");
        }
    }

    #[test]
    fn next_never_leads_to_another_site() {
        for good in ["/", "/?buy=credits_5", "/checkout/success?session_id=cs_mock_1", "/a//b"] {
            assert_eq!(local_path(good), Some(good));
        }
        for bad in [
            "",
            "signin",
            "https://example.com",
            "javascript:alert(1)",
            "//example.com",
            "/\\example.com",
            "\\/example.com",
            "/\t/example.com",
            "\n//example.com",
            "/ü",
            &format!("/{}", "a".repeat(NEXT_LENGTH_MAX)),
        ] {
            assert_eq!(local_path(bad), None, "{bad:?}");
        }
    }

    proptest! {
        /// Parsed like in browsers (WHATWG URL).
        #[test]
        fn whatever_next_names_is_at_the_shop(next in r"/[/\\\t@.a]{0,6}") {
            let shop = Url::parse("https://shop.example/signin").unwrap();
            if let Some(path) = local_path(&next) {
                prop_assert_eq!(shop.join(path).unwrap().origin(), shop.origin());
            }
        }
    }

    #[test]
    fn a_link_to_older_entries_keeps_their_kind() {
        assert_eq!(account(None, None), "/account");
        assert_eq!(account(Some(7), None), "/account?before=7");
        assert_eq!(account(None, Some(EntryKind::Spend)), "/account?kind=SPEND");
        assert_eq!(account(Some(7), Some(EntryKind::GrantReversal)), "/account?kind=GRANT_REVERSAL&before=7");
        assert_eq!(ledger_csv(Some(EntryKind::Grant)), "/ledger.csv?kind=GRANT");
    }

    #[test]
    fn what_goes_into_a_query_stays_one_value() {
        assert_eq!(sign_in("/?buy=a&next=b"), "/signin?next=%2F%3Fbuy%3Da%26next%3Db");
        assert_eq!(success("cs_ü#"), "/checkout/success?session_id=cs_%C3%BC%23");
        assert_eq!(sign_up("/"), "/signup");
    }
}
