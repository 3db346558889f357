//! `server reconcile`.

use std::fmt::Write;

use billing::{billing::Received, event::EventStatus};

use super::{CommandError, LINES_MAX, events::apply_again};
use crate::worker::Worker;

/// Does the worker's work at once: fetches missed events, applies the stored ones, whether due or not, and asks the
/// provider about every PENDING purchase. A dry run only lists them.
pub async fn reconcile(worker: &Worker, now: jiff::Timestamp, dry_run: bool) -> Result<String, CommandError> {
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
    // Includes events that are not due yet or are leased: after a crash, the lease may be that of a dead process. If
    // the worker applies one at the same time, it is still booked once.
    let stored = worker.billing.events(Some(EventStatus::Received), LINES_MAX).await?;
    let mut events_left = 0;
    for event in &stored {
        let (received, line) = apply_again(worker, event).await?;
        events_left += u32::from(matches!(received, Received::Attention | Received::Deferred));
        let _ = writeln!(report, "event {line}");
    }
    let (mut changed, mut purchases_left) = (0, 0);
    for (tenant, id) in &pending {
        match worker.billing.check_one(worker.accounts.as_ref(), *tenant, *id).await {
            Ok(Some(checked)) if checked.after != checked.before => {
                changed += 1;
                let _ = writeln!(report, "purchase {id}: {} became {}", checked.before, checked.after);
            }
            Ok(_) => {}
            Err(error) => {
                purchases_left += 1;
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
    if events_left + purchases_left > 0 {
        let undone =
            format!("{events_left} events did not apply, {purchases_left} purchases could not be asked about.");
        return Err(CommandError::Partly { report, undone });
    }
    Ok(report)
}
