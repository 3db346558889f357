//! Downloads: receipts as PDF, history and ledger as CSV.

use std::io;

use app::{context::RequestContext, export, ledger_export};
use axum::{
    Extension,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use billing::{
    BillingError,
    account::Principal,
    billing::{HISTORY_LIMIT_MAX, HistoryPage, LedgerPage},
    ids::PurchaseId,
    ledger::EntryKind,
    locale::Locale,
    store::EntryFilter,
};
use futures::{Stream, StreamExt, stream};
use serde::Deserialize;

use super::{
    input::{Id, Params},
    problem::Problem,
};
use crate::{
    receipt::{self, ReceiptError},
    state::AppState,
};

/// A private file, not to be cached.
fn file(kind: &'static str, disposition: &str, body: impl Into<Body>) -> Result<Response, Problem> {
    let disposition = HeaderValue::try_from(disposition).map_err(|_| Problem::INTERNAL)?;
    let kind = HeaderValue::from_static(kind);
    let cache = HeaderValue::from_static("no-store");
    let headers =
        [(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, disposition), (header::CACHE_CONTROL, cache)];
    Ok((headers, body.into()).into_response())
}

fn signed_in(context: &RequestContext) -> Result<&Principal, Problem> {
    context.principal.as_ref().ok_or(Problem::NOT_SIGNED_IN)
}

/// A receipt as a PDF, in the request's language.
pub async fn receipt_pdf(
    Extension(context): Extension<RequestContext>,
    Id(id): Id<PurchaseId>,
    State(state): State<AppState>,
) -> Result<Response, Problem> {
    let tenant = signed_in(&context)?.tenant_id;
    match receipt::pdf(&state.shop, tenant, id, context.locale).await {
        Ok(Some(pdf)) => file("application/pdf", &format!("inline; filename=\"{}\"", pdf.file_name), pdf.bytes),
        Ok(None) => Err(Problem::NOT_FOUND),
        Err(ReceiptError::Billing(error)) => Err(error.into()),
        Err(ReceiptError::Unwritable(error)) => {
            tracing::error!(purchase = %id, error, "the PDF of a receipt cannot be written");
            Err(Problem::INTERNAL)
        }
    }
}

/// Spreadsheet programs recognise UTF-8 by it.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// All of the tenant's purchases, newest first, in the request's language.
pub async fn history_csv(
    Extension(context): Extension<RequestContext>,
    State(state): State<AppState>,
) -> Result<Response, Problem> {
    let (tenant, locale) = (signed_in(&context)?.tenant_id, context.locale);
    let shop = state.shop.clone();
    let first = shop.billing.history(tenant, HISTORY_LIMIT_MAX, None).await?;
    let pages = stream::try_unfold((shop, Some(first)), move |(shop, page)| async move {
        let Some(HistoryPage { items, next }) = page else { return Ok(None) };
        let zone = &shop.settings.time_zone;
        let rows = csv(locale, items.iter().map(|purchase| export::row(purchase, zone, locale)))?;
        let page = match next {
            None => None,
            older_than => Some(shop.billing.history(tenant, HISTORY_LIMIT_MAX, older_than).await.map_err(broken_off)?),
        };
        Ok::<_, io::Error>(Some((Bytes::from(rows), (shop, page))))
    });
    table("purchases.csv", csv(locale, [export::headings(locale)]), pages)
}

/// Which entries of the ledger.
#[derive(Deserialize)]
pub struct LedgerParams {
    /// Of this kind alone.
    kind: Option<EntryKind>,
}

/// The tenant's ledger entries, newest first, in the request's language.
pub async fn ledger_csv(
    Extension(context): Extension<RequestContext>,
    Params(LedgerParams { kind }): Params<LedgerParams>,
    State(state): State<AppState>,
) -> Result<Response, Problem> {
    let (tenant, locale) = (signed_in(&context)?.tenant_id, context.locale);
    let shop = state.shop.clone();
    let filter = move |before| EntryFilter { kind, reference: None, before, limit: HISTORY_LIMIT_MAX };
    let first = shop.billing.ledger(tenant, filter(None)).await?;
    let pages = stream::try_unfold((shop, Some(first)), move |(shop, page)| async move {
        let Some(LedgerPage { items, next, .. }) = page else { return Ok(None) };
        let zone = &shop.settings.time_zone;
        let rows = csv(locale, items.iter().map(|described| ledger_export::row(described, zone, locale)))?;
        let page = match next {
            None => None,
            before => Some(shop.billing.ledger(tenant, filter(before)).await.map_err(broken_off)?),
        };
        Ok::<_, io::Error>(Some((Bytes::from(rows), (shop, page))))
    });
    table("ledger.csv", csv(locale, [ledger_export::headings(locale)]), pages)
}

/// A table of any length. Streams the rows while they are read. If reading a later page fails, the transfer is aborted,
/// and the browser reports it.
fn table(
    name: &'static str,
    headings: io::Result<Vec<u8>>,
    pages: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
) -> Result<Response, Problem> {
    let headings = headings.map_err(|_| Problem::INTERNAL)?;
    let start = [BYTE_ORDER_MARK.to_vec(), headings].concat();
    let body = Body::from_stream(stream::iter([Ok(Bytes::from(start))]).chain(pages));
    file("text/csv; charset=utf-8", &format!("attachment; filename=\"{name}\""), body)
}

fn broken_off(error: BillingError) -> io::Error {
    tracing::error!(%error, "a table could not be read to its end");
    io::Error::other(error)
}

/// Lines of comma-separated values (RFC 4180); in German with semicolons, since the comma is in the amounts.
fn csv<const N: usize>(locale: Locale, rows: impl IntoIterator<Item = [String; N]>) -> io::Result<Vec<u8>> {
    let delimiter = export::column_delimiter(locale);
    let terminator = csv::Terminator::CRLF;
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).terminator(terminator).from_writer(Vec::new());
    for row in rows {
        writer.write_record(row.map(harmless))?;
    }
    writer.into_inner().map_err(|error| io::Error::other(error.to_string()))
}

/// A spreadsheet evaluates a cell that begins with one of these as a formula, unless an apostrophe stands before it
/// (<https://owasp.org/www-community/attacks/CSV_Injection>). A whole number is
/// no formula, and spreadsheets can add it up only without one.
fn harmless(cell: String) -> String {
    if cell.parse::<i64>().is_ok() {
        return cell;
    }
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_and_none_breaks_out_of_its_column() {
        let row = ["=1+1", "@SUM(A1)", "-5", "-5+cmd", "a;b \"c\"\nd", "12,99", ""].map(str::to_owned);
        let text = String::from_utf8(csv(Locale::De, [row]).unwrap()).unwrap();
        assert_eq!(text, "'=1+1;'@SUM(A1);-5;'-5+cmd;\"a;b \"\"c\"\"\nd\";12,99;\r\n");
    }
}
