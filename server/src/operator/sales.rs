//! Commands for use after a back-up was restored: `server purchases recover`, `server receipts new-series`.

use std::fmt::Write;

use billing::{
    account::EmailAddress,
    billing::{RecoverError, RecoveredSale},
    event::StoredEvent,
    receipt::ReceiptNumber,
};
use clap::Subcommand;

use super::CommandError;
use crate::{stripe::event, worker::Worker};

/// The subcommands of `server purchases`.
#[derive(Debug, Subcommand)]
pub enum PurchasesCommand {
    /// Fetches a sale that is missing in the database from Stripe, and books it. Running it again changes nothing.
    Recover {
        /// A checkout session (cs_…), a payment (pi_…) or a stored event (evt_…).
        #[arg(required_unless_present = "all")]
        reference: Option<String>,
        /// Recover every lost sale that stored events name.
        #[arg(long, conflicts_with_all = ["reference", "to"])]
        all: bool,
        /// The e-mail address of the account that gets it, if the customer's own no longer exists.
        #[arg(long, value_name = "EMAIL")]
        to: Option<EmailAddress>,
    },
}

/// The subcommands of `server receipts`.
#[derive(Debug, Subcommand)]
pub enum ReceiptsCommand {
    /// Run it after each restore, before the shop starts, so that no number is issued twice.
    NewSeries,
}

/// The answer to a command about purchases.
pub async fn run_purchases(command: PurchasesCommand, worker: &Worker) -> Result<String, CommandError> {
    match command {
        PurchasesCommand::Recover { reference: Some(reference), to, .. } => {
            recover(worker, &reference, to.as_ref()).await
        }
        PurchasesCommand::Recover { reference: None, .. } => recover_all(worker).await,
    }
}

/// The answer to a command about receipts.
pub async fn run_receipts(command: ReceiptsCommand, worker: &Worker) -> Result<String, CommandError> {
    match command {
        ReceiptsCommand::NewSeries => new_receipt_series(worker).await,
    }
}

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
