//! `server withdrawals`.

use std::fmt::Write;

use billing::withdrawal::{Declaration, Withdrawal};

use super::{CommandError, LINES_MAX};
use crate::worker::Worker;

/// The newest declarations of withdrawal, each with its decision. They contain personal data, which the operator needs
/// to answer them.
pub async fn list(worker: &Worker, limit: u32) -> Result<String, CommandError> {
    let withdrawals = worker.billing.withdrawals(limit.clamp(1, LINES_MAX)).await?;
    let mut report = String::new();
    for Withdrawal { id, declaration, received_at, purchase, decision, .. } in &withdrawals {
        let purchase = purchase.map_or_else(|| "unknown".to_owned(), |(_, purchase)| purchase.to_string());
        let Declaration { name, contract, email } = declaration;
        let _ = writeln!(report, "{received_at} {decision:<9} {id}\n  purchase: {purchase}\n  contract: {contract}");
        let _ = writeln!(report, "  name: {name}\n  answer to: {}", email.as_str());
    }
    let _ = writeln!(report, "{} withdrawals.", withdrawals.len());
    Ok(report)
}
