//! The server: pages, the JSON API and the provider's webhook in one process.
//!
//! [`lifecycle`] starts and stops it, [`router`] has all routes and layers, [`http`] is the JSON API, thin over the use
//! cases of the crate `billing`. [`state::AppState`] has everything that a request needs; tests build the same router.

// The types of whole pages are deeply nested.
#![recursion_limit = "512"]

pub mod config;
pub mod database;
pub mod forwarding;
pub mod gauges;
pub mod http;
pub mod identity;
pub mod legal;
pub mod lifecycle;
pub mod listen;
pub mod log_limit;
pub mod mail;
pub mod mock;
pub mod operator;
pub mod page;
pub mod platform;
pub mod public_site;
pub mod readiness;
pub mod receipt;
pub mod router;
pub mod security;
pub mod serve;
pub mod shutdown;
pub mod site;
pub mod startup_error;
pub mod state;
pub mod streams;
pub mod stripe;
pub mod system;
pub mod tasks;
pub mod telemetry;
pub mod webhooks;
pub mod worker;
