//! The shop's pages, rendered by the server, and their islands, which are interactive in the browser.
//!
//! The server provides a [`Shop`](context::Shop) and a [`RequestContext`](context::RequestContext) as Leptos contexts.
//! Pages and islands reach the domain only through the functions in `api`. Islands are rendered on the server with
//! their data. In the browser they render the answers of server functions, with the same `components`.

// The server's types of whole islands are deeply nested.
#![recursion_limit = "512"]
#![expect(clippy::needless_pass_by_value, reason = "a component owns what it is given")]

#[cfg(feature = "ssr")]
mod address;
mod api;
#[cfg(feature = "ssr")]
pub mod bare_page;
mod components;
#[cfg(feature = "ssr")]
pub mod context;
#[cfg(feature = "ssr")]
mod documents;
#[cfg_attr(not(feature = "ssr"), expect(dead_code, reason = "sign-in and sign-up are the server's"))]
mod error;
#[cfg_attr(not(feature = "ssr"), expect(dead_code, reason = "islands show no rates for spreadsheets"))]
mod format;
mod islands;
#[cfg(feature = "ssr")]
pub mod legal;
#[cfg_attr(not(feature = "ssr"), expect(dead_code, reason = "the browser has the texts of islands alone"))]
mod locales;
mod page_title;
#[cfg(feature = "ssr")]
mod pages;
#[cfg_attr(not(feature = "ssr"), expect(dead_code, reason = "islands link to some pages only"))]
pub mod routes;
#[cfg(feature = "ssr")]
mod shell;
mod views;
mod wall_time;
#[cfg_attr(not(feature = "ssr"), expect(dead_code, reason = "no island shows the ledger or a withdrawal"))]
mod wording;

pub use islands::provide_page_contexts;
#[cfg(feature = "ssr")]
pub use {
    api::PlainForm,
    documents::{export, ledger_export, mail_templates, receipt},
    error::ShopError,
    shell::{App, shell},
};
