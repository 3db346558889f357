//! Commands for use after a back-up was restored: `server purchases recover`, `server receipts new-series`.

use std::fmt::Write;

use billing::{
    account::EmailAddress,
    billing::{RecoverError, RecoveredSale},
    event::StoredEvent,
    receipt::ReceiptNumber,
};

use super::CommandError;
use crate::{stripe::event, worker::Worker};

/// Recovers one lost sale from the provider's record, by its checkout session (`cs_…`), its payment (`pi_…`) or an
/// event about it. `to` names the account that gets it if the customer's own cannot be written any more.
pub async fn recover(worker: &Worker, reference: &str, to: Option<&EmailAddress>) -> Result<String, CommandError> {
    require_provider(worker)?;
    let accounts = worker.accounts.as_ref();
    let recovered = match worker.billing.event(reference).await? {
        Some(stored) => recover_event(worker, &stored, to).await,
        None if reference.starts_with("evt_") => {
            return Err(CommandError::Refused(format!("There is no event {reference}.")));
        }
        None => worker.billing.recover_sale(accounts, reference, to).await,
    };
    recovered
        .map(|sale| describe(&sale) + "\n")
        .map_err(|refusal| CommandError::Refused(format!("{reference}: {refusal}.")))
}

/// Recovers every lost sale that an event names. If one is refused, the others are still recovered, but the command
/// fails.
pub async fn recover_all(worker: &Worker) -> Result<String, CommandError> {
    require_provider(worker)?;
    let mut report = String::new();
    let (mut recovered, mut refused) = (0, 0);
    for stored in worker.billing.lost_sale_events().await? {
        // Recovering one event's sale closes the others that are about it.
        let stands = worker.billing.event(&stored.provider_event_id).await?;
        if stands.is_none_or(|event| event.status != stored.status) {
            continue;
        }
        match recover_event(worker, &stored, None).await {
            Ok(sale) => {
                recovered += 1;
                let _ = writeln!(report, "{}", describe(&sale));
            }
            Err(refusal) => {
                refused += 1;
                let _ = writeln!(report, "{}: refused: {refusal}.", stored.provider_event_id);
            }
        }
    }
    let _ = writeln!(report, "{recovered} sales recovered, {refused} refused.");
    if refused == 0 {
        return Ok(report);
    }
    Err(CommandError::Partly { report, undone: format!("{refused} sales were not recovered: each line says why.") })
}

/// Starts a new series of receipt numbers. To be run after each restore, before the shop starts again.
pub async fn new_receipt_series(worker: &Worker) -> Result<String, CommandError> {
    let series = worker.billing.begin_receipt_series(&worker.issuer.seller).await?;
    let first = ReceiptNumber { series: Some(series), position: 1 };
    Ok(format!("The next receipt of {} is {first}.\n", worker.issuer.seller.name))
}

async fn recover_event(
    worker: &Worker,
    stored: &StoredEvent,
    to: Option<&EmailAddress>,
) -> Result<RecoveredSale, RecoverError> {
    let meaning = event::read(&stored.payload).meaning;
    worker.billing.recover_event(worker.accounts.as_ref(), stored, &meaning, to).await
}

fn require_provider(worker: &Worker) -> Result<(), CommandError> {
    if worker.asks_provider {
        return Ok(());
    }
    Err(CommandError::Refused("In mock mode there are no sales to recover: set STRIPE_SECRET_KEY.".to_owned()))
}

fn describe(RecoveredSale { purchase, was_missing, events }: &RecoveredSale) -> String {
    let done = if *was_missing { "recovered" } else { "was there" };
    format!("purchase {}: {done}, {}, {events} events closed", purchase.id, purchase.status())
}
