//! What an operator does by hand: `server reconcile`, `events`, `mails` and `withdrawals`. Each prints what it found and what changed.

use std::fmt::Write;

use billing::{
    BillingError,
    billing::Received,
    event::{EventStatus, StoredEvent},
    mail::{MailState, Topic},
    withdrawal::{Declaration, Withdrawal},
};

use crate::{stripe::event, worker::Worker};

/// The most that one command shows, and that one `reconcile` takes up.
const LINES_MAX: u32 = 1_000;

/// Does at once what the worker does bit by bit: fetches missed events, applies the stored ones, whether due or not, and
/// asks the provider about every PENDING purchase. A dry run only says which these are.
pub async fn reconcile(worker: &Worker, now: jiff::Timestamp, dry_run: bool) -> Result<String, BillingError> {
    let mut report = String::new();
    let pending = if worker.asks_provider { worker.billing.pending_since(now).await? } else { Vec::new() };
    if dry_run {
        let received = worker.billing.events(Some(EventStatus::Received), LINES_MAX).await?;
        for event in &received {
            let _ = writeln!(report, "event {} {} would be applied again", event.provider_event_id, event.event_type);
        }
        for (_, id) in &pending {
            let _ = writeln!(report, "purchase {id} would be asked about");
        }
        let _ = writeln!(report, "Dry run: nothing was changed.");
        return Ok(report);
    }
    if worker.asks_provider {
        let fetched = worker.billing.backfill().await?;
        let _ = writeln!(report, "{fetched} missed events fetched");
    }
    // One that waits for its next turn, or was left by a process that died, is somebody's money now. Whether the worker
    // takes it up at the same moment makes no difference.
    let stored = worker.billing.events(Some(EventStatus::Received), LINES_MAX).await?;
    for event in &stored {
        let _ = writeln!(report, "event {}", replay(worker, event).await?);
    }
    let mut changed = 0;
    for (tenant, id) in &pending {
        match worker.billing.check_one(worker.accounts.as_ref(), *tenant, *id).await {
            Ok(Some(checked)) if checked.after != checked.before => {
                changed += 1;
                let _ = writeln!(report, "purchase {id}: {} became {}", checked.before, checked.after);
            }
            Ok(_) => {}
            Err(error) => {
                let _ = writeln!(report, "purchase {id} could not be asked about: {error}");
            }
        }
    }
    let _ = writeln!(
        report,
        "{} events taken up, {} purchases asked about, {changed} changed.",
        stored.len(),
        pending.len()
    );
    Ok(report)
}

/// A line for each of the newest events, or of those of one status.
pub async fn list_events(worker: &Worker, status: Option<EventStatus>, limit: u32) -> Result<String, BillingError> {
    let events = worker.billing.events(status, limit.clamp(1, LINES_MAX)).await?;
    let mut report = String::new();
    for event in &events {
        let StoredEvent { provider_event_id, event_type, status, received_at, attempts, note, .. } = event;
        let _ = writeln!(report, "{received_at} {status:<9} {attempts} {provider_event_id} {event_type} {note}");
    }
    let _ = writeln!(report, "{} events.", events.len());
    Ok(report)
}

/// One event, with its bytes as they came. They are personal data: the operator asked for them by name.
pub async fn show_event(worker: &Worker, id: &str) -> Result<String, BillingError> {
    let Some(event) = worker.billing.event(id).await? else { return Ok(no_such_event(id)) };
    Ok(format!(
        "{} {}\nreceived {}, {} after {} attempts: {}\n{}\n",
        event.provider_event_id,
        event.event_type,
        event.received_at,
        event.status,
        event.attempts,
        event.note,
        String::from_utf8_lossy(&event.payload)
    ))
}

/// Applies one event again, whatever became of it before; what is booked already is not booked again.
pub async fn replay_event(worker: &Worker, id: &str) -> Result<String, BillingError> {
    let Some(stored) = worker.billing.event(id).await? else { return Ok(no_such_event(id)) };
    Ok(replay(worker, &stored).await? + "\n")
}

/// What became of the event, and why where it did not apply.
async fn replay(worker: &Worker, stored: &StoredEvent) -> Result<String, BillingError> {
    let received = worker.billing.replay_event(stored, &event::read(&stored.payload)).await?;
    let line = format!("{} {}: {received:?}", stored.provider_event_id, stored.event_type);
    if received == Received::Applied {
        return Ok(line);
    }
    let after = worker.billing.event(&stored.provider_event_id).await?;
    Ok(line + &after.map_or_else(String::new, |event| format!(", {}", event.note)))
}

/// A line for each of the newest mails, or of those alone that are not sent. Addresses are not among it.
pub async fn list_mails(worker: &Worker, unsent: bool, limit: u32) -> Result<String, BillingError> {
    let mails = worker.billing.mails(unsent, limit.clamp(1, LINES_MAX)).await?;
    let mut report = String::new();
    for mail in &mails {
        let about = match mail.topic {
            Topic::Confirmation(_, purchase) => format!("confirmation of purchase {purchase}"),
            Topic::Withdrawal(withdrawal) => format!("acknowledgement of withdrawal {withdrawal}"),
        };
        let state = match mail.state {
            MailState::Sent(at) => format!("sent {at}"),
            MailState::Due(at) => format!("due {at}"),
            MailState::GivenUp => "given up".to_owned(),
        };
        let _ = writeln!(report, "{} {about}: {state}, {} attempts {}", mail.created_at, mail.attempts, mail.note);
    }
    let _ = writeln!(report, "{} mails.", mails.len());
    Ok(report)
}

/// Each of the newest declarations of withdrawal, as it came, and what it comes to. They are personal data: whoever
/// declares expects an answer.
pub async fn list_withdrawals(worker: &Worker, limit: u32) -> Result<String, BillingError> {
    let withdrawals = worker.billing.withdrawals(limit.clamp(1, LINES_MAX)).await?;
    let mut report = String::new();
    for Withdrawal { id, declaration, received_at, purchase, standing, .. } in &withdrawals {
        let purchase = purchase.map_or_else(|| "unknown".to_owned(), |(_, purchase)| purchase.to_string());
        let Declaration { name, contract, email } = declaration;
        let _ = writeln!(report, "{received_at} {standing:<9} {id}\n  purchase: {purchase}\n  contract: {contract}");
        let _ = writeln!(report, "  name: {name}\n  answer to: {}", email.as_str());
    }
    let _ = writeln!(report, "{} withdrawals.", withdrawals.len());
    Ok(report)
}

fn no_such_event(id: &str) -> String {
    format!("There is no event {id}; `server events list` shows which there are.\n")
}
