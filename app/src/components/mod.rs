//! What pages are made of.

mod balance;
mod balance_chart;
mod error_view;
mod facts;
mod footer;
mod header;
mod history;
mod icon;
mod notice;
mod order_dialog;
mod order_form;
mod outcome_card;
mod product_card;
mod status;

pub(crate) use balance::{Balance, BalanceCard, Follow, PageBalance};
pub(crate) use balance_chart::BalanceChart;
pub(crate) use error_view::{ErrorView, error_text};
pub(crate) use facts::{Fact, Facts};
pub(crate) use footer::Footer;
pub(crate) use header::{Header, MockBanner};
pub(crate) use history::History;
pub(crate) use icon::{Icon, Shape};
pub(crate) use notice::{Notice, Refusal, Tone};
pub(crate) use order_dialog::OrderDialog;
pub(crate) use order_form::{OrderPanel, OrderSkeleton};
pub(crate) use outcome_card::OutcomeCard;
pub(crate) use product_card::ProductCard;
pub(crate) use status::{StatusBadge, status_text};
