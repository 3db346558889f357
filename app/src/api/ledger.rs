//! The ledger.

use billing::{
    ledger::{Entry, EntryKind, Source},
    money::Credits,
};
use jiff::{Timestamp, tz::TimeZone};

use super::server;
use crate::{error::ShopError, wall_time::WallTime};

/// How many entries a page has; the chart cannot show more of them distinctly.
const PAGE_LIMIT: u32 = 50;

/// A page of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LedgerView {
    /// Newest first.
    pub(crate) entries: Vec<LedgerEntryView>,
    /// The entry before which the next page starts.
    pub(crate) next: Option<i64>,
    /// When the page was read.
    pub(crate) as_of: Moment,
}

/// An entry of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LedgerEntryView {
    /// Its number in the tenant's ledger.
    pub(crate) seq: i64,
    /// What it belongs to.
    pub(crate) source: Source,
    pub(crate) kind: EntryKind,
    pub(crate) credits: Credits,
    pub(crate) balance_after: Credits,
    pub(crate) at: Moment,
}

/// An instant, as text and for the chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) at: WallTime,
    /// Seconds since 1970.
    pub(crate) second: i64,
}

impl Moment {
    fn new(at: Timestamp, zone: &TimeZone) -> Self {
        Self { at: WallTime::at(at, zone), second: at.as_second() }
    }
}

impl LedgerEntryView {
    fn new(entry: &Entry, zone: &TimeZone) -> Self {
        Self {
            seq: entry.seq,
            source: entry.booked.source,
            kind: entry.booked.kind,
            credits: entry.booked.credits,
            balance_after: entry.balance_after,
            at: Moment::new(entry.booked.created_at, zone),
        }
    }
}

/// The signed-in customer's entries before entry `before`, or the newest.
pub(crate) async fn ledger(before: Option<i64>) -> Result<LedgerView, ShopError> {
    let (shop, principal) = server::signed_in()?;
    let page = shop.billing.ledger(principal.tenant_id, PAGE_LIMIT, before).await?;
    let zone = &shop.settings.time_zone;
    let entries = page.items.iter().map(|entry| LedgerEntryView::new(entry, zone)).collect();
    Ok(LedgerView { entries, next: page.next, as_of: Moment::new(page.as_of, zone) })
}
