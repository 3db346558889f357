//! The conformance suite of the crate `billing`.

use super::on_store;

billing::conformance_tests!(on_store);
