//! The components of pages and islands. Those that only pages use, or that contain islands, are compiled for the server
//! only.

mod error_view;
mod facts;
#[cfg_attr(not(feature = "ssr"), expect(dead_code, reason = "islands use some of the pictures"))]
mod icon;
mod notice;
mod order_form;
mod outcome_card;
mod purchase_outcome;
mod status;

#[cfg(feature = "ssr")]
mod balance;
#[cfg(feature = "ssr")]
mod balance_chart;
#[cfg(feature = "ssr")]
mod footer;
#[cfg(feature = "ssr")]
mod header;
#[cfg(feature = "ssr")]
mod holds;
#[cfg(feature = "ssr")]
mod ledger_row;
#[cfg(feature = "ssr")]
mod product_card;

pub(crate) use error_view::ErrorView;
pub(crate) use icon::{Icon, Shape};
pub(crate) use notice::{Notice, Tone};
pub(crate) use order_form::{ORDER_REFUSAL, OrderForm, OrderProgress, OrderSkeleton};
pub(crate) use purchase_outcome::{Outcome, PurchaseOutcome};
pub(crate) use status::StatusBadge;

#[cfg(feature = "ssr")]
pub(crate) use {
    balance::{PageBalanceCard, PageFunds},
    balance_chart::BalanceChart,
    facts::{Fact, Facts},
    footer::Footer,
    header::{Header, MockBanner},
    holds::Holds,
    ledger_row::LedgerRow,
    notice::Refusal,
    outcome_card::OutcomeCard,
    product_card::ProductCard,
};
