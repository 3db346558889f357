//! What a customer takes away: receipts as PDF. Links on pages lead here, so what is not there is a page.

use app::context::Visitor;
use axum::{
    Extension,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use billing::{account::Caller, ids::PurchaseId};

use super::{input::Id, problem::Problem};
use crate::{
    receipt::{self, ReceiptError},
    state::AppState,
};

/// A file of the customer's own, which nobody keeps on the way.
fn file(kind: &'static str, disposition: &str, bytes: Vec<u8>) -> Result<Response, Problem> {
    let disposition = HeaderValue::try_from(disposition).map_err(|_| Problem::INTERNAL)?;
    let kind = HeaderValue::from_static(kind);
    let cache = HeaderValue::from_static("no-store");
    let headers =
        [(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, disposition), (header::CACHE_CONTROL, cache)];
    Ok((headers, bytes).into_response())
}

fn signed_in(visitor: &Visitor) -> Result<&Caller, Problem> {
    visitor.caller.as_ref().ok_or(Problem::NOT_SIGNED_IN)
}

/// A receipt as a PDF, in the visitor's language.
pub async fn receipt_pdf(
    Extension(visitor): Extension<Visitor>,
    Id(id): Id<PurchaseId>,
    State(state): State<AppState>,
) -> Result<Response, Problem> {
    let tenant = signed_in(&visitor)?.tenant_id;
    match receipt::pdf(&state.shop, tenant, id, visitor.locale).await {
        Ok(Some(pdf)) => file("application/pdf", &format!("inline; filename=\"{}\"", pdf.file_name), pdf.bytes),
        Ok(None) => Err(Problem::NOT_FOUND),
        Err(ReceiptError::Billing(error)) => Err(error.into()),
        Err(ReceiptError::Unwritable(error)) => {
            tracing::error!(purchase = %id, error, "the PDF of a receipt cannot be written");
            Err(Problem::INTERNAL)
        }
    }
}
