//! The receipt as a PDF, with the contents of its page ([`app::receipt::Document`]).

mod fonts;
mod layout;
mod pdf;
mod text;

use app::{
    context::Shop,
    receipt::{Issued, issued},
};
use billing::{
    BillingError,
    ids::{PurchaseId, TenantId},
    locale::Locale,
};

use layout::Layout;

/// A receipt's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pdf {
    /// The file's name, in ASCII: `IZA-000123.pdf`.
    pub file_name: String,
    /// The file: PDF/A-2a and PDF/UA-1. The same receipt gives the same bytes, until a refund or dispute changes it.
    pub bytes: Vec<u8>,
}

/// Why there is no PDF.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    /// The receipt cannot be read or issued.
    #[error(transparent)]
    Billing(#[from] BillingError),
    /// The PDF cannot be made; the text is for the log.
    #[error("the receipt's PDF cannot be written: {0}")]
    Unwritable(String),
}

/// The receipt of one of the tenant's purchases; `None` for an unknown id, for another tenant's, and while it is not
/// paid. Issues it if necessary. Takes some milliseconds.
pub async fn pdf(shop: &Shop, tenant: TenantId, id: PurchaseId, locale: Locale) -> Result<Option<Pdf>, ReceiptError> {
    let Some(purchase) = shop.billing.purchase(tenant, id).await? else { return Ok(None) };
    let Some(receipt) = issued(shop, &purchase, locale).await? else { return Ok(None) };
    draw(&receipt).map(Some)
}

/// A receipt as a PDF.
pub fn draw(receipt: &Issued) -> Result<Pdf, ReceiptError> {
    write(receipt).map_err(ReceiptError::Unwritable)
}

fn write(Issued { document, number, issued_at }: &Issued) -> Result<Pdf, String> {
    let title = document.heading();
    let layout = Layout::new(document, &title).ok_or("the fonts cannot be read")?;
    let about = pdf::About {
        title: &title,
        author: &document.seller.name,
        language: document.locale.as_str(),
        made_at: *issued_at,
    };
    Ok(Pdf { file_name: format!("{number}.pdf"), bytes: pdf::write(&layout, &about)? })
}
