//! The ledger, and the holds beside it.

use billing::{
    ledger::{EntryKind, Source},
    money::Credits,
    store::{DescribedEntry, EntryFilter},
    wallet::Hold,
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
    /// What was spent for, or why credits were granted or reversed, as the platform says it.
    pub(crate) description: Option<String>,
    /// The platform's name for the job that was spent for.
    pub(crate) reference: Option<String>,
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
    /// An entry, with its time on the clock of that zone.
    pub(crate) fn new(described: &DescribedEntry, zone: &TimeZone) -> Self {
        let entry = &described.entry;
        Self {
            seq: entry.seq,
            source: entry.booked.source,
            kind: entry.booked.kind,
            credits: entry.booked.credits,
            balance_after: entry.balance_after,
            description: described.description.clone(),
            reference: described.reference.as_ref().map(|reference| reference.as_str().to_owned()),
            at: Moment::new(entry.booked.created_at, zone),
        }
    }
}

/// Credits that are set aside for a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HoldView {
    /// How many are still set aside.
    pub(crate) credits: Credits,
    pub(crate) description: Option<String>,
    pub(crate) reference: Option<String>,
    /// From then on they are not set aside any more.
    pub(crate) until: WallTime,
}

impl HoldView {
    fn new(hold: Hold, zone: &TimeZone) -> Self {
        Self {
            credits: hold.rest(),
            until: WallTime::at(hold.expires_at, zone),
            description: hold.details.description,
            reference: hold.details.reference.map(String::from),
        }
    }
}

/// The signed-in customer's entries before entry `before`, or the newest; of one kind alone, if one is named.
pub(crate) async fn ledger(before: Option<i64>, kind: Option<EntryKind>) -> Result<LedgerView, ShopError> {
    let (shop, principal) = server::signed_in()?;
    let filter = EntryFilter { kind, reference: None, before, limit: PAGE_LIMIT };
    let page = shop.billing.ledger(principal.tenant_id, filter).await?;
    let zone = &shop.settings.time_zone;
    let entries = page.items.iter().map(|described| LedgerEntryView::new(described, zone)).collect();
    Ok(LedgerView { entries, next: page.next, as_of: Moment::new(page.as_of, zone) })
}

/// The signed-in customer's credits that are set aside now; the next to end first.
pub(crate) async fn active_holds() -> Result<Vec<HoldView>, ShopError> {
    let (shop, principal) = server::signed_in()?;
    let holds = shop.billing.active_holds(principal.tenant_id).await?;
    let zone = &shop.settings.time_zone;
    Ok(holds.into_iter().map(|hold| HoldView::new(hold, zone)).collect())
}
