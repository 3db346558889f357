//! The shop's process.

use std::{path::Path, process::ExitCode};

use billing::clock::Clock;
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};
use server::{
    config::{Settings, environment, local_url},
    database, lifecycle,
    operator::{CommandError, accounts, customer, events, keys, mails, reconcile, sales, webhooks, withdrawals},
    site,
    system::SystemClock,
    telemetry,
    worker::Worker,
};

/// Rendering a page makes thousands of small allocations. With the system's allocator, they took a fifth of the time.
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
    #[command(flatten)]
    Task(Task),
}

/// A command that ends with an answer.
#[derive(Subcommand)]
enum Task {
    /// Brings the database up to date, and stops.
    Migrate,
    /// Says whether the settings are right, and stops.
    CheckConfig,
    /// Makes, shows and revokes the API keys of platforms.
    #[command(subcommand)]
    Keys(keys::Command),
    /// Shows where webhooks go and what became of them, or changes that.
    #[command(subcommand)]
    Webhooks(webhooks::Command),
    #[command(flatten)]
    Operator(OperatorCommand),
}

/// An operator's command, for a database with this build's schema.
#[derive(Subcommand)]
enum OperatorCommand {
    /// Fetches missed events, applies stored ones, asks about PENDING purchases; prints what changed.
    Reconcile {
        /// Only print what would be processed.
        #[arg(long)]
        dry_run: bool,
    },
    /// Shows stored payment events and the purchases that they are about, or applies one again.
    #[command(subcommand)]
    Events(events::Command),
    /// Writes anew the sales that a restored back-up has lost, from Stripe's records.
    #[command(subcommand)]
    Purchases(sales::PurchasesCommand),
    /// Begins a new series of receipt numbers.
    #[command(subcommand)]
    Receipts(sales::ReceiptsCommand),
    /// Shows the mails that are waiting or were sent, or sends them again.
    #[command(subcommand)]
    Mails(mails::Command),
    /// Shows the newest declarations of withdrawal, with the decision on each.
    Withdrawals {
        /// How many at most.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Shows one customer: balance, purchases, ledger entries, payment events, mails and withdrawals, newest first.
    Customer {
        /// The address that the customer signs in with.
        email: String,
        /// How many of each at most.
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// Sets a new password for a customer, prints it, and ends all of the customer's sessions.
    ResetPassword {
        /// The address that the customer signs in with.
        email: String,
        /// Read the password from the first line of standard input, and do not print it.
        #[arg(long)]
        stdin: bool,
    },
}

#[tokio::main]
#[expect(clippy::print_stderr, reason = "logging may not have started yet")]
async fn main() -> ExitCode {
    let matches = Cli::command().get_matches();
    let name = command_name(&matches);
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    match Box::pin(run(cli.command.unwrap_or(Command::Serve), &name)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// The command without its arguments, such as `events replay`. The arguments can be personal data.
fn command_name(mut matches: &ArgMatches) -> String {
    let mut names = Vec::new();
    while let Some((name, below)) = matches.subcommand() {
        names.push(name);
        matches = below;
    }
    names.join(" ")
}

#[expect(clippy::print_stdout, reason = "the answer to the command")]
async fn run(command: Command, name: &str) -> Result<(), Box<dyn std::error::Error>> {
    let settings = Settings::read(environment()?)?;
    // The log goes to standard error, because standard output is for the answer.
    telemetry::start_logging(settings.log_format, &settings.log_filter);
    let task = match command {
        Command::Serve => return Ok(lifecycle::run(settings).await?),
        Command::Task(task) => task,
    };
    let outcome = carry_out(task, &settings).await;
    match &outcome {
        Ok(answer) => {
            print!("{answer}");
            tracing::info!(command = name, outcome = "done", "a command has ended");
        }
        Err(error) => {
            if let Some(CommandError::Partly { report, .. }) = error.downcast_ref() {
                print!("{report}");
            }
            // The error can name a customer, so it is printed for the operator and not logged.
            tracing::warn!(command = name, outcome = "failed", "a command has ended");
        }
    }
    outcome.map(drop)
}

/// The answer to a command.
async fn carry_out(task: Task, settings: &Settings) -> Result<String, Box<dyn std::error::Error>> {
    match task {
        Task::Migrate => {
            database::migrate(settings).await?;
            Ok("The database is up to date.\n".to_owned())
        }
        Task::CheckConfig => {
            if let Some(url) = settings.public_url.clone().or_else(|| local_url(settings.listen_addr)) {
                lifecycle::payment_provider(settings, &url)?;
            }
            site::check(Path::new(&settings.site_root))?;
            database::check_mode(settings).await?;
            Ok(format!("The settings are right: {}.\n", settings.mode()))
        }
        Task::Webhooks(command) => {
            let (service, store) = lifecycle::webhooks(settings).await?;
            let outcome = webhooks::run(command, &service, settings.webhook_allow_private).await;
            store.close().await;
            Ok(outcome?)
        }
        Task::Keys(command) => {
            let (platform, store) = lifecycle::platform(settings).await?;
            let outcome = keys::run(command, &platform, settings.platform.key_mode).await;
            store.close().await;
            Ok(outcome?)
        }
        Task::Operator(command) => {
            let worker = lifecycle::worker(settings).await?;
            let outcome = operate(command, &worker).await;
            // After this, the SQLite file contains all data, as after serving.
            worker.billing.close_database().await;
            outcome
        }
    }
}

/// The answer to an operator's command.
async fn operate(command: OperatorCommand, worker: &Worker) -> Result<String, Box<dyn std::error::Error>> {
    Ok(match command {
        OperatorCommand::Reconcile { dry_run } => reconcile::reconcile(worker, SystemClock.now(), dry_run).await?,
        OperatorCommand::Events(command) => events::run(command, worker).await?,
        OperatorCommand::Purchases(command) => sales::run_purchases(command, worker).await?,
        OperatorCommand::Receipts(command) => sales::run_receipts(command, worker).await?,
        OperatorCommand::Mails(command) => mails::run(command, worker).await?,
        OperatorCommand::Withdrawals { limit } => withdrawals::list(worker, limit).await?,
        OperatorCommand::Customer { email, limit } => customer::show(worker, &email, limit).await?,
        OperatorCommand::ResetPassword { email, stdin } => {
            let password = if stdin { Some(first_line()?) } else { None };
            accounts::reset_password(worker, &email, password).await?
        }
    })
}

/// The first line of standard input, without its end.
fn first_line() -> std::io::Result<String> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
