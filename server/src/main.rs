//! The shop's one process.

use std::process::ExitCode;

use billing::{clock::Clock, event::EventStatus};
use clap::{Parser, Subcommand};
use server::{
    config::{Settings, environment, local_url},
    lifecycle, operator,
    system::SystemClock,
    telemetry,
};

/// Rendering a page makes thousands of small allocations, and the system's allocator took a fifth of its time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// IZA Credits: pages, JSON API and Stripe's webhook. Settings are environment variables, or lines of a .env file.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serves the shop (the default).
    Serve,
    /// Brings the database up to date, and stops.
    Migrate,
    /// Says whether the settings are right, and stops.
    CheckConfig,
    /// Fetches missed events, takes up stored ones, asks about PENDING purchases; prints what changed.
    Reconcile {
        /// Only say what would be looked at.
        #[arg(long)]
        dry_run: bool,
    },
    /// Shows stored payment events, or applies one again.
    #[command(subcommand)]
    Events(Events),
    /// Shows the mails that are owed or were sent, or makes those that are not sent due now.
    #[command(subcommand)]
    Mails(Mails),
    /// Shows the newest declarations of withdrawal, and what each comes to.
    Withdrawals {
        /// How many at most.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
}

#[derive(Subcommand)]
enum Mails {
    /// A line for each of the newest mails.
    List {
        /// Those alone that are not sent.
        #[arg(long)]
        unsent: bool,
        /// How many at most.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Makes every mail that is not sent due now, also those that were given up.
    Retry,
}

#[derive(Subcommand)]
enum Events {
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

#[tokio::main]
#[expect(clippy::print_stderr, reason = "there may be no log yet, and whoever started it reads this")]
async fn main() -> ExitCode {
    let command = Cli::parse().command.unwrap_or(Command::Serve);
    match run(command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "the answer to the command")]
async fn run(command: Command) -> Result<(), Box<dyn std::error::Error>> {
    let settings = Settings::read(environment()?)?;
    match command {
        Command::Serve => {
            telemetry::start_logging(settings.log_format);
            lifecycle::run(settings).await?;
        }
        Command::Migrate => {
            telemetry::start_logging(settings.log_format);
            lifecycle::open_migrated(&settings).await?;
            println!("The database is up to date.");
        }
        Command::CheckConfig => {
            if let Some(url) = settings.public_url.clone().or_else(|| local_url(settings.listen_addr)) {
                lifecycle::payment_provider(&settings, &url)?;
            }
            println!("The settings are right: {}.", settings.mode());
        }
        Command::Reconcile { dry_run } => {
            let worker = lifecycle::worker(&settings).await?;
            print!("{}", operator::reconcile(&worker, SystemClock.now(), dry_run).await?);
        }
        Command::Events(Events::List { status, limit }) => {
            let worker = lifecycle::worker(&settings).await?;
            print!("{}", operator::list_events(&worker, status, limit).await?);
        }
        Command::Events(Events::Show { id }) => {
            let worker = lifecycle::worker(&settings).await?;
            print!("{}", operator::show_event(&worker, &id).await?);
        }
        Command::Events(Events::Replay { id }) => {
            let worker = lifecycle::worker(&settings).await?;
            print!("{}", operator::replay_event(&worker, &id).await?);
        }
        Command::Mails(Mails::List { unsent, limit }) => {
            let worker = lifecycle::worker(&settings).await?;
            print!("{}", operator::list_mails(&worker, unsent, limit).await?);
        }
        Command::Mails(Mails::Retry) => {
            let worker = lifecycle::worker(&settings).await?;
            println!("{} mails are due now; a running shop sends them.", worker.billing.retry_mails().await?);
        }
        Command::Withdrawals { limit } => {
            let worker = lifecycle::worker(&settings).await?;
            print!("{}", operator::list_withdrawals(&worker, limit).await?);
        }
    }
    Ok(())
}
