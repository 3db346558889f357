//! A receipt as a document: its lines in one language. The page and the PDF both show exactly these lines.

use billing::{locale::Locale, money::Money, purchase::Status, receipt::Seller, reversal::ReturnKind};

use crate::{
    api::{EntryView, ReceiptView, ReturnView},
    format,
    locales::Texts,
    wording::{credits_beside_name, entry_text},
};

/// The contents of a receipt, or for an unpaid purchase of a summary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The language.
    pub locale: Locale,
    /// The kind of document, such as "Receipt".
    pub title: &'static str,
    /// Its printed number; `None` while the purchase is not paid.
    pub number: Option<String>,
    /// The seller.
    pub seller: Party,
    /// The buyer.
    pub buyer: Party,
    /// Numbers and dates.
    pub facts: Vec<Line>,
    /// The item, and the price with net amount and VAT.
    pub sums: Vec<Line>,
    /// Refunds and disputes so far; `None` without any.
    pub returns: Option<Table>,
    /// The ledger entries of the purchase; `None` without any.
    pub entries: Option<Table>,
    /// A note on the kind of document.
    pub note: &'static str,
}

/// Seller or buyer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// "Seller" or "Buyer".
    pub heading: &'static str,
    /// The party's name.
    pub name: String,
    /// The address and further lines.
    pub lines: Vec<String>,
}

/// A name and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The name.
    pub name: String,
    /// The formatted value.
    pub value: String,
    /// The kind of value.
    pub kind: LineKind,
}

/// The kind of a line's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// A text, a date, an amount.
    Plain,
    /// A technical id.
    Reference,
    /// The total.
    Total,
}

/// A table with one row of headings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The table's caption.
    pub caption: &'static str,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows, each with a cell for each column.
    pub rows: Vec<Vec<String>>,
}

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// The column's heading.
    pub heading: &'static str,
    /// Whether the cells are numbers, which are right-aligned.
    pub numeric: bool,
}

/// The document of an issued receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// Its contents.
    pub document: Document,
    /// Its number.
    pub number: billing::receipt::ReceiptNumber,
    /// When it was issued.
    pub issued_at: jiff::Timestamp,
}

/// The receipt of a purchase in this language; `None` while it is not paid.
pub async fn issued(
    shop: &crate::context::Shop,
    purchase: &billing::purchase::Purchase,
    locale: Locale,
) -> Result<Option<Issued>, billing::BillingError> {
    let Some(receipt) = shop.billing.receipt(purchase, &shop.settings.issuer).await? else { return Ok(None) };
    let entries = shop.billing.entries(purchase.tenant_id, purchase.id).await?;
    let view = ReceiptView::issued(shop, purchase, &receipt, &entries)?;
    let document = Document::new(&view, Texts::of(locale));
    Ok(Some(Issued { document, number: receipt.number, issued_at: receipt.issued_at }))
}

impl Document {
    /// Its title with its number, if it has one: `Beleg IZA-000123`.
    pub fn heading(&self) -> String {
        self.number.as_ref().map_or_else(|| self.title.to_owned(), |number| format!("{} {number}", self.title))
    }

    pub(crate) fn new(receipt: &ReceiptView, t: &'static Texts) -> Self {
        let paid = matches!(receipt.purchase.status, Status::Paid | Status::Refunded);
        Self {
            locale: t.locale,
            title: if paid { t.receipt } else { t.purchase },
            number: receipt.number.map(|number| number.to_string()),
            seller: seller(&receipt.seller, t),
            buyer: Party { heading: t.buyer, name: receipt.buyer_email.clone(), lines: Vec::new() },
            facts: facts(receipt, t),
            sums: sums(receipt, t),
            returns: returns(&receipt.returns, t),
            entries: entries(&receipt.entries, t),
            note: if paid { t.receipt_no_invoice } else { t.purchase_unpaid },
        }
    }
}

fn seller(seller: &Seller, t: &'static Texts) -> Party {
    let vat_id = (!seller.vat_id.is_empty()).then(|| format!("{}: {}", t.vat_id, seller.vat_id));
    let lines = seller.address.iter().cloned().chain(vat_id).collect();
    Party { heading: t.seller, name: seller.name.clone(), lines }
}

fn line(name: impl Into<String>, value: String, kind: LineKind) -> Line {
    Line { name: name.into(), value, kind }
}

fn facts(receipt: &ReceiptView, t: &'static Texts) -> Vec<Line> {
    let purchase = &receipt.purchase;
    let plain = |name: &str, value| line(name, value, LineKind::Plain);
    let reference = |name: &str, value| line(name, value, LineKind::Reference);
    // Without a payment id, shows the id of the checkout session.
    let payment =
        receipt.payment_ref.clone().or_else(|| purchase.session_id.clone().filter(|_| receipt.number.is_some()));
    [
        receipt.number.map(|number| plain(t.receipt_number, number.to_string())),
        receipt.issued_at.map(|at| plain(t.issued_at, format::date(at, t.locale))),
        Some(plain(t.ordered_at, format::date_time(purchase.ordered_at, t.locale))),
        receipt.paid_at.map(|at| plain(t.paid_at, format::date_time(at, t.locale))),
        // The date of supply is that of the payment: one transaction books both.
        receipt.paid_at.map(|at| plain(t.supplied_at, format::date(at, t.locale))),
        receipt.refunded_at.map(|at| plain(t.refunded_at, format::date_time(at, t.locale))),
        Some(reference(t.purchase_number, purchase.id.to_string())),
        payment.map(|payment| reference(t.payment_ref, payment)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn sums(receipt: &ReceiptView, t: &'static Texts) -> Vec<Line> {
    let purchase = &receipt.purchase;
    let plain = |name: &str, value| line(name, value, LineKind::Plain);
    let money = |amount| format::money(amount, t.locale);
    let tax = (t.vat)(&format::percent(receipt.vat_rate_basis_points, t.locale));
    let refunded = (purchase.refunded.cents > 0).then(|| plain(t.refunded_amount, money(purchase.refunded)));
    [
        Some(plain(t.product, purchase.name.clone())),
        credits_beside_name(purchase, t).map(|credits| plain(t.credits, credits)),
        Some(plain(t.net, money(receipt.net))),
        Some(plain(&tax, money(receipt.tax))),
        Some(line(t.total, money(purchase.price), LineKind::Total)),
        refunded,
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A table; `None` without rows.
fn table<const N: usize>(
    caption: &'static str,
    columns: [(&'static str, bool); N],
    rows: impl Iterator<Item = [String; N]>,
) -> Option<Table> {
    let columns = columns.map(|(heading, numeric)| Column { heading, numeric }).to_vec();
    let rows: Vec<_> = rows.map(Vec::from).collect();
    (!rows.is_empty()).then_some(Table { caption, columns, rows })
}

fn returns(returns: &[ReturnView], t: &'static Texts) -> Option<Table> {
    let columns = [(t.date, false), (t.return_kind, false), (t.amount, true)];
    let rows = returns.iter().map(|ReturnView { kind, amount, at }| {
        let (text, gone) = match kind {
            ReturnKind::Refund => (t.entry_refund, true),
            ReturnKind::RefundFailed => (t.return_refund_failed, false),
            ReturnKind::Inquiry => (t.return_inquiry, false),
            ReturnKind::Dispute => (t.entry_dispute, true),
            ReturnKind::DisputeWon => (t.entry_dispute_reversal, false),
        };
        let amount = Money { cents: if gone { -amount.cents } else { amount.cents }, ..*amount };
        let at = at.map_or_else(|| "–".to_owned(), |at| format::date(at, t.locale));
        [at, text.to_owned(), format::money(amount, t.locale)]
    });
    table(t.returns, columns, rows)
}

fn entries(entries: &[EntryView], t: &'static Texts) -> Option<Table> {
    let columns = [(t.entry_at, false), (t.entry_kind, false), (t.credits, true), (t.balance, true)];
    let rows = entries.iter().map(|entry| {
        let kind = entry_text(entry.kind, t);
        [
            format::date_time(entry.at, t.locale),
            kind.to_owned(),
            format::change(entry.credits, t.locale),
            format::number(entry.balance_after, t.locale),
        ]
    });
    table(t.entries, columns, rows)
}
