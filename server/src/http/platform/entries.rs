//! The ledger and the purchases of a tenant.

use axum::{Json, extract::State};
use billing::{billing::HISTORY_LIMIT_MAX, ledger::EntryKind, store::EntryFilter, wallet::Reference};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    extract::KnownTenant,
    views::{DescribedEntryView, FundsView},
};
use crate::{
    http::{
        input::{Params, page_limit},
        problem::Problem,
        purchases::{PageParams, PurchasePage},
    },
    state::AppState,
};

/// Which page of the ledger.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EntryParams {
    /// How many at most; 20 unless given.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
    /// Where to go on: the `next_cursor` of the page before.
    #[param(pattern = "^[1-9][0-9]*$")]
    cursor: Option<String>,
    /// Entries of this kind alone.
    #[param(value_type = Option<EntryKind>, inline)]
    kind: Option<String>,
    /// Entries of spends with this reference alone, and of their reversals.
    #[param(min_length = 1, max_length = 200)]
    reference: Option<String>,
}

impl EntryParams {
    fn read(self) -> Option<EntryFilter> {
        let number = |text: String| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?;
        Some(EntryFilter {
            kind: self.kind.as_deref().map(str::parse).transpose().ok()?,
            reference: self.reference.map(Reference::try_from).transpose().ok()?,
            before: match self.cursor {
                Some(text) => Some(number(text).filter(|before: &i64| *before > 0)?),
                None => None,
            },
            limit: page_limit(self.limit.as_deref(), HISTORY_LIMIT_MAX)?,
        })
    }
}

/// One page of the ledger, and what the tenant has.
#[derive(Serialize, ToSchema)]
pub struct EntryPage {
    /// Newest first.
    items: Vec<DescribedEntryView>,
    /// Give it as `cursor` for the next page; null on the last.
    next_cursor: Option<String>,
    #[serde(flatten)]
    funds: FundsView,
}

/// The tenant's ledger, newest first.
#[utoipa::path(
    get, path = "/v1/tenants/{external_id}/entries", tag = "platform", params(EntryParams),
    responses((status = 200, body = EntryPage)),
)]
pub async fn list_tenant_entries(
    KnownTenant(tenant): KnownTenant,
    Params(params): Params<EntryParams>,
    State(state): State<AppState>,
) -> Result<Json<EntryPage>, Problem> {
    let mut filter = params.read().ok_or(Problem::INVALID_QUERY)?;
    let asked = usize::try_from(filter.limit).unwrap_or(usize::MAX);
    // One more than asked for, to see whether there is a next page.
    filter.limit += 1;
    let platform = &state.platform.platform;
    let mut entries = platform.entries(tenant.id, &filter).await?;
    let more = entries.len() > asked;
    entries.truncate(asked);
    let last = entries.last().filter(|_| more);
    let next_cursor = last.map(|described| described.entry.seq.to_string());
    // Afterwards, so that it is no older than the entries.
    let funds = platform.funds(tenant.id).await?;
    let items = entries.into_iter().map(DescribedEntryView::from).collect();
    Ok(Json(EntryPage { items, next_cursor, funds: funds.into() }))
}

/// The tenant's purchases, newest first.
#[utoipa::path(
    get, path = "/v1/tenants/{external_id}/purchases", tag = "platform", params(PageParams),
    responses((status = 200, body = PurchasePage)),
)]
pub async fn list_tenant_purchases(
    KnownTenant(tenant): KnownTenant,
    Params(params): Params<PageParams>,
    State(state): State<AppState>,
) -> Result<Json<PurchasePage>, Problem> {
    let (limit, cursor) = params.read().ok_or(Problem::INVALID_QUERY)?;
    Ok(Json(state.shop.billing.history(tenant.id, limit, cursor).await?.into()))
}
