//! The JSON API and the webhook: one file for each noun, thin over the use cases of the crate `billing`.

pub mod auth;
pub mod balance;
pub mod checkout;
pub mod consent;
pub mod dev;
pub mod documents;
pub mod forms;
pub mod health;
pub mod input;
pub mod openapi;
pub mod platform;
pub mod problem;
pub mod products;
pub mod purchases;
pub mod webhook;
