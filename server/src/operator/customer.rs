//! `server customer`: the data of one customer, for answering questions. It is personal data.

use std::{collections::BTreeMap, fmt::Write};

use billing::{
    billing::{CUSTOMER_ROWS_MAX, CustomerRecord},
    ledger::Entry,
    purchase::Purchase,
    store::DescribedEntry,
    wallet::{Details, Hold, Reference},
    withdrawal::Withdrawal,
};

use super::{CommandError, LINES_MAX, events, mails, no_such_customer, parse_email};
use crate::worker::Worker;

/// A customer's credits, the holds upon them, and the newest purchases, ledger entries, payment events, mails and withdrawals; at most
/// `limit` of each, and how many more there are.
pub async fn show(worker: &Worker, email: &str, limit: u32) -> Result<String, CommandError> {
    let email = parse_email(email)?;
    let account = worker.accounts.account_by_email(&email).await?.ok_or_else(|| no_such_customer(&email))?;
    let tenant = account.principal.tenant_id;
    let record = worker.billing.customer_record(tenant).await?;
    let CustomerRecord { funds, holds, purchases, entries, events, mails, withdrawals } = &record;
    let mut report = format!(
        "{}, user {}, tenant {tenant}, since {}\nbalance: {} credits, held: {}, available: {}\n",
        email.as_str(),
        account.principal.user_id,
        account.created_at,
        funds.balance,
        funds.held,
        funds.available()
    );
    let limit = limit.clamp(1, LINES_MAX);
    section(&mut report, "active holds", holds, limit, hold_line);
    section(&mut report, "purchases", purchases, limit, purchase_line);
    section(&mut report, "ledger entries", entries, limit, entry_line);
    section(&mut report, "payment events", events, limit, events::line);
    section(&mut report, "mails", mails, limit, mails::line);
    section(&mut report, "withdrawals", withdrawals, limit, withdrawal_line);
    Ok(report)
}

fn section<T>(report: &mut String, name: &str, rows: &[T], limit: u32, line: impl Fn(&T) -> String) {
    let shown = rows.len().min(usize::try_from(limit).unwrap_or(usize::MAX));
    let _ = writeln!(report, "{name}: {}", if rows.is_empty() { "none" } else { "" });
    for row in &rows[..shown] {
        let _ = writeln!(report, "  {}", line(row));
    }
    let left_out = rows.len() - shown;
    // At most this many were read, so there may be more.
    let or_more = if u32::try_from(rows.len()).is_ok_and(|rows| rows >= CUSTOMER_ROWS_MAX) { " or more" } else { "" };
    if left_out > 0 || !or_more.is_empty() {
        let _ = writeln!(report, "  and {left_out}{or_more} older ones");
    }
}

fn purchase_line(purchase: &Purchase) -> String {
    let reason = purchase.state.failure().map_or_else(String::new, |failed| format!(" ({})", failed.reason));
    let receipt = purchase.receipt_number.map_or_else(|| "no receipt".to_owned(), |number| number.to_string());
    let session = purchase.checkout.as_ref().map_or("no session", |checkout| checkout.provider_ref.as_str());
    format!(
        "{} {} {}{reason} {} {} credits, {} cents {}, {receipt}, {session}, {}",
        purchase.created_at,
        purchase.id,
        purchase.status(),
        purchase.item.product_id,
        purchase.item.credits,
        purchase.item.price.cents,
        purchase.item.price.currency,
        purchase.payment_ref.as_deref().unwrap_or("no payment")
    )
}

fn hold_line(hold: &Hold) -> String {
    let Details { reference, description, metadata } = &hold.details;
    let told = told(reference.as_ref(), description.as_deref(), metadata);
    format!("{} {} {} credits held until {}{told}", hold.created_at, hold.id, hold.rest(), hold.expires_at)
}

/// What the platform says.
fn told(reference: Option<&Reference>, description: Option<&str>, metadata: &BTreeMap<String, String>) -> String {
    let mut told = String::new();
    let texts = [("reference", reference.map(Reference::as_str)), ("description", description)];
    let texts = texts.into_iter().filter_map(|(name, value)| Some((name, value?)));
    for (name, value) in texts.chain(metadata.iter().map(|(name, value)| (name.as_str(), value.as_str()))) {
        // Writing to a string does not fail.
        let _ = write!(told, ", {name} {value:?}");
    }
    told
}

fn entry_line(DescribedEntry { entry, reference, description, metadata }: &DescribedEntry) -> String {
    let Entry { booked, seq, balance_after } = entry;
    let told = told(reference.as_ref(), description.as_deref(), metadata);
    let effect = if booked.effect_ref.is_empty() { String::new() } else { format!(" {}", booked.effect_ref) };
    format!(
        "{} #{seq} {}{effect} {:+} credits, balance {balance_after}, {} {}{told}",
        booked.created_at,
        booked.kind,
        booked.credits.0,
        booked.source.kind().as_str().to_ascii_lowercase(),
        booked.source.id()
    )
}

fn withdrawal_line(withdrawal: &Withdrawal) -> String {
    let purchase = withdrawal.purchase.map_or_else(String::new, |(_, purchase)| format!(" purchase {purchase}"));
    format!("{} {} {}{purchase}", withdrawal.received_at, withdrawal.decision, withdrawal.id)
}
