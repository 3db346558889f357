//! The shop's pages, rendered by the server, and their islands: what of them moves in the browser.
//!
//! The server provides a [`Shop`](context::Shop) and a [`RequestContext`](context::RequestContext) by context; pages reach the
//! domain through the functions in `api` alone. The browser knows the islands, and nothing else.

#![cfg_attr(feature = "ssr", expect(clippy::needless_pass_by_value, reason = "a component owns what it is given"))]

#[cfg(feature = "ssr")]
mod api;
#[cfg(feature = "ssr")]
pub mod bare_page;
#[cfg(feature = "ssr")]
mod components;
#[cfg(feature = "ssr")]
pub mod context;
#[cfg(feature = "ssr")]
mod error;
#[cfg(feature = "ssr")]
pub mod export;
#[cfg_attr(not(feature = "ssr"), expect(dead_code, reason = "islands show credits, and nothing else"))]
mod format;
#[cfg(feature = "ssr")]
pub mod forms;
mod islands;
#[cfg(feature = "ssr")]
pub mod legal;
#[cfg_attr(not(feature = "ssr"), expect(dead_code, reason = "islands are told what they say"))]
mod locales;
#[cfg(feature = "ssr")]
pub mod mail_templates;
#[cfg(feature = "ssr")]
mod pages;
#[cfg(feature = "ssr")]
pub mod receipt;
#[cfg(feature = "ssr")]
pub mod routes;
#[cfg(feature = "ssr")]
mod shell;

pub use islands::share;
#[cfg(feature = "ssr")]
pub use shell::{App, shell};
