//! An error page that needs no database, session or script.

use billing::locale::Locale;

use crate::locales::Texts;

/// The kind of error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The request comes from another site.
    Refused,
    /// The shop is temporarily unavailable.
    Unreachable,
    /// The request is invalid.
    WrongRequest,
    /// An internal error.
    OurFault,
}

/// The page. All of its texts are fixed.
pub fn html(kind: Kind, locale: Locale) -> String {
    let t = Texts::of(locale);
    let (title, text) = match kind {
        Kind::Refused => t.refused,
        Kind::Unreachable => t.unreachable,
        Kind::WrongRequest => t.wrong_request,
        Kind::OurFault => t.our_fault,
    };
    let (tag, back) = (locale.as_str(), t.to_shop);
    format!(
        "<!DOCTYPE html><html lang=\"{tag}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title}</title>\
         <link rel=\"icon\" href=\"/favicon.svg\"><link rel=\"stylesheet\" href=\"/pkg/shop.css\"></head>\
         <body><main class=\"frame narrow\"><h1 class=\"title-large\">{title}</h1><p>{text}</p>\
         <p><a class=\"link\" href=\"/\">{back}</a></p></main></body></html>"
    )
}
