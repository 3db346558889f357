//! `server mails`. Shows no e-mail addresses: a mail is identified by its topic.

use std::fmt::Write;

use billing::mail::{Mail, MailState, Topic};
use clap::Subcommand;

use super::{CommandError, LINES_MAX};
use crate::worker::Worker;

/// The subcommands of `server mails`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// A line for each of the newest mails.
    List {
        /// Only the mails that are not sent.
        #[arg(long)]
        unsent: bool,
        /// How many at most.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Makes every mail that is not sent due now, also those that were given up.
    Retry,
    /// Makes one mail due now. One that was sent goes out once more.
    Resend {
        /// The purchase that the mail confirms, or the withdrawal that it acknowledges.
        id: String,
    },
}

/// The answer to a command.
pub async fn run(command: Command, worker: &Worker) -> Result<String, CommandError> {
    match command {
        Command::List { unsent, limit } => list(worker, unsent, limit).await,
        Command::Retry => retry(worker).await,
        Command::Resend { id } => resend(worker, &id).await,
    }
}

/// A line for each of the newest mails, or only of the unsent ones.
pub async fn list(worker: &Worker, unsent: bool, limit: u32) -> Result<String, CommandError> {
    let mails = worker.billing.mails(unsent, limit.clamp(1, LINES_MAX)).await?;
    let mut report = String::new();
    for mail in &mails {
        let _ = writeln!(report, "{}", line(mail));
    }
    let _ = writeln!(report, "{} mails.", mails.len());
    Ok(report)
}

/// One mail: its topic and state.
pub(super) fn line(mail: &Mail) -> String {
    let state = match (mail.state, mail.first_sent_at) {
        (MailState::Sent(at), _) => format!("sent {at}"),
        (MailState::Due(at), None) => format!("due {at}"),
        (MailState::Due(at), Some(first)) => format!("sent {first}, another copy due {at}"),
        (MailState::GivenUp, None) => "given up".to_owned(),
        (MailState::GivenUp, Some(first)) => format!("sent {first}, another copy given up"),
    };
    format!("{} {}: {state}, {} attempts {}", mail.created_at, about(mail.topic), mail.attempts, mail.note)
}

fn about(topic: Topic) -> String {
    match topic {
        Topic::Confirmation(_, purchase) => format!("confirmation of purchase {purchase}"),
        Topic::Withdrawal(withdrawal) => format!("acknowledgement of withdrawal {withdrawal}"),
        Topic::WebhookEndpoint(endpoint) => format!("notice that webhook endpoint {endpoint} is off"),
    }
}

/// Makes every unsent mail due now, also those that were given up, but none that is being sent.
pub async fn retry(worker: &Worker) -> Result<String, CommandError> {
    Ok(format!("{} mails are due now; a running shop sends them.\n", worker.billing.retry_mails().await?))
}

/// Makes the mail about one purchase or withdrawal due now. One that was sent goes out once more.
pub async fn resend(worker: &Worker, id: &str) -> Result<String, CommandError> {
    let none = || CommandError::Refused(format!("There is no mail about {id}: name a paid purchase or a withdrawal."));
    let topic = worker.billing.mail_topic(id).await?.ok_or_else(none)?;
    let sends_again = worker.billing.mail(topic).await?.ok_or_else(none)?.first_sent_at.is_some();
    if !worker.billing.resend_mail(topic).await? {
        return Err(CommandError::Refused("A running shop is sending that mail just now: nothing was changed.".into()));
    }
    tracing::info!(about = ?topic, "a mail was made due by hand");
    let copy = if sends_again { "Another copy of the" } else { "The" };
    Ok(format!("{copy} {} is due now; a running shop sends it.\n", about(topic)))
}
