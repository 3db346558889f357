//! A page for when something is so wrong that no other can be made: it needs no database, no session, and no script.

use billing::locale::Locale;

use crate::locales::Texts;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The request comes from another site.
    Refused,
    /// It may work in a moment.
    Unreachable,
    /// It will not work, whenever.
    WrongRequest,
    /// The shop's own fault.
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
