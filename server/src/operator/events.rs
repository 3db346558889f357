//! `server events`.

use std::fmt::Write;

use billing::{
    billing::Received,
    event::{EventStatus, StoredEvent},
};
use clap::Subcommand;

use super::{CommandError, LINES_MAX};
use crate::{stripe::event, worker::Worker};

/// The subcommands of `server events`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// A line for each of the newest events.
    List {
        /// RECEIVED, APPLIED, IGNORED or ATTENTION.
        #[arg(long)]
        status: Option<EventStatus>,
        /// How many at most.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// One event, with its bytes.
    Show {
        /// Our id, or the provider's.
        id: String,
    },
    /// Applies one event again; what is booked already is not booked again.
    Replay {
        /// Our id, or the provider's.
        id: String,
    },
}

/// The answer to a command.
pub async fn run(command: Command, worker: &Worker) -> Result<String, CommandError> {
    match command {
        Command::List { status, limit } => list(worker, status, limit).await,
        Command::Show { id } => show(worker, &id).await,
        Command::Replay { id } => replay(worker, &id).await,
    }
}

/// A line for each of the newest events, or of those of one status.
pub async fn list(worker: &Worker, status: Option<EventStatus>, limit: u32) -> Result<String, CommandError> {
    let events = worker.billing.events(status, limit.clamp(1, LINES_MAX)).await?;
    let mut report = String::new();
    for event in &events {
        let _ = writeln!(report, "{}", line(event));
    }
    let _ = writeln!(report, "{} events.", events.len());
    Ok(report)
}

/// One event: its status, and its purchase, if known.
pub(super) fn line(event: &StoredEvent) -> String {
    let StoredEvent { provider_event_id, event_type, status, received_at, attempts, note, .. } = event;
    let about = event.purchase.map_or_else(String::new, |(_, purchase)| format!(" purchase {purchase}"));
    format!("{received_at} {status:<9} {attempts} {provider_event_id} {event_type}{about} {note}")
}

/// One event, with its payload as received. The payload contains personal data, so only this command shows it.
pub async fn show(worker: &Worker, id: &str) -> Result<String, CommandError> {
    let event = worker.billing.event(id).await?.ok_or_else(|| no_such_event(id))?;
    let about = event.purchase.map_or_else(String::new, |(_, purchase)| format!("about purchase {purchase}\n"));
    Ok(format!(
        "{} {}\nreceived {}, {} after {} attempts: {}\n{about}{}\n",
        event.provider_event_id,
        event.event_type,
        event.received_at,
        event.status,
        event.attempts,
        event.note,
        String::from_utf8_lossy(&event.payload)
    ))
}

/// Applies one event again, whatever its status; nothing is booked twice. If the event cannot be applied, the error
/// says why.
pub async fn replay(worker: &Worker, id: &str) -> Result<String, CommandError> {
    let stored = worker.billing.event(id).await?.ok_or_else(|| no_such_event(id))?;
    let (received, line) = apply_again(worker, &stored).await?;
    match received {
        Received::Applied | Received::Ignored => Ok(line + "\n"),
        Received::Attention => Err(CommandError::Refused(line)),
        Received::Deferred if stored.status == EventStatus::Received => {
            Err(CommandError::Refused(format!("{line}. The running shop tries again.")))
        }
        // The worker retries only events that are RECEIVED.
        Received::Deferred => {
            Err(CommandError::Refused(format!("{line}. It stays {}: replay it once that is mended.", stored.status)))
        }
    }
}

/// Applies a stored event again, and returns this attempt's result with its reason. The event's own note can be of an
/// earlier attempt.
pub(super) async fn apply_again(worker: &Worker, stored: &StoredEvent) -> Result<(Received, String), CommandError> {
    let processed = worker.billing.replay_event(stored, &event::read(&stored.payload)).await?;
    let became = match processed.received {
        Received::Applied => "applied",
        Received::Ignored => "ignored",
        Received::Attention => "needs attention",
        Received::Deferred => "could not be applied",
    };
    let why = if processed.why == became { String::new() } else { format!(", {}", processed.why) };
    Ok((processed.received, format!("{} {}: {became}{why}", stored.provider_event_id, stored.event_type)))
}

fn no_such_event(id: &str) -> CommandError {
    CommandError::Refused(format!("There is no event {id}; `server events list` shows which there are."))
}
