//! The shop's pages: rendered by the server, hydrated in the browser.
//!
//! The server provides a [`Shop`](context::Shop) and a [`Visitor`](context::Visitor) by context; pages reach the
//! domain through the server functions in `api` alone.

#![expect(clippy::needless_pass_by_value, reason = "a component owns what it is given")]

mod api;
#[cfg(feature = "ssr")]
pub mod bare_page;
mod components;
#[cfg(feature = "ssr")]
pub mod context;
mod error;
#[cfg(feature = "ssr")]
pub mod export;
mod format;
pub mod legal;
#[cfg(feature = "ssr")]
pub mod letters;
mod locales;
mod pages;
pub mod receipt;
pub mod routes;
mod shell;

pub use shell::{App, shell};
