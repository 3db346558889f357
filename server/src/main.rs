//! The shop's process.

use std::{path::Path, process::ExitCode};

use billing::{
    Platform, Webhooks, account::EmailAddress, api_key::Scope, clock::Clock, event::EventStatus,
    outgoing_webhook::WebhookEventType,
};
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};
use server::{
    config::{Settings, environment, local_url},
    database, lifecycle,
    operator::{self, CommandError, keys::NewKey},
    site,
    system::{SystemClock, SystemEntropy},
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
    Keys(Keys),
    /// Shows where webhooks go and what became of them, or changes that.
    #[command(subcommand)]
    Webhooks(WebhookCommand),
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
    Events(Events),
    /// Writes anew the sales that a restored back-up has lost, from Stripe's records.
    #[command(subcommand)]
    Purchases(Purchases),
    /// Begins a new series of receipt numbers.
    #[command(subcommand)]
    Receipts(Receipts),
    /// Shows the mails that are waiting or were sent, or sends them again.
    #[command(subcommand)]
    Mails(Mails),
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

#[derive(Subcommand)]
enum WebhookCommand {
    /// A line for each endpoint, or what is to become of one.
    Endpoints {
        #[command(subcommand)]
        action: Option<EndpointAction>,
    },
    /// A line for each of the newest deliveries.
    Deliveries {
        /// Those alone that have failed and are not delivered.
        #[arg(long)]
        failed: bool,
        /// How many at most.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Makes deliveries due now, also those that were made or given up.
    Replay {
        /// An event's id, for all its deliveries; or EVENT/ENDPOINT, for one.
        id: String,
    },
}

#[derive(Subcommand)]
enum EndpointAction {
    /// Adds an endpoint, and prints its secret.
    Add {
        /// Where requests go.
        url: String,
        /// What it is to hear of; may be repeated. Without it: everything.
        #[arg(long = "event", value_name = "TYPE")]
        event_types: Vec<WebhookEventType>,
    },
    /// Gives an endpoint a new secret, and prints it; the old one signs beside it for a day.
    Rotate {
        /// Which endpoint.
        id: String,
    },
    /// Removes an endpoint.
    Remove {
        /// Which endpoint.
        id: String,
    },
    /// Switches an endpoint on that was switched off.
    Enable {
        /// Which endpoint.
        id: String,
    },
}

#[derive(Subcommand)]
enum Keys {
    /// Makes a key and prints it, this once; what else there is to say goes to standard error.
    Create {
        /// What to call it: 1 to 100 characters, as no other key that is not revoked.
        #[arg(long)]
        name: String,
        /// What it may do: tenants:write, balance:read, spend or grant; several, each with --scope.
        #[arg(long = "scope", value_name = "SCOPE", required = true)]
        scopes: Vec<Scope>,
        /// For how many days it works; without end unless given.
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
        expires: Option<u32>,
        /// How many credits it may spend in a day (UTC).
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        daily_cap: Option<u32>,
    },
    /// A line for each key, newest first.
    List,
    /// Revokes a key for good, at once in every process.
    Revoke {
        /// Its name, or how it begins.
        name_or_prefix: String,
    },
}

#[derive(Subcommand)]
enum Mails {
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

#[derive(Subcommand)]
enum Receipts {
    /// Run it after each restore, before the shop starts, so that no number is issued twice.
    NewSeries,
}

#[derive(Subcommand)]
enum Purchases {
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
            let (webhooks, store) = lifecycle::webhooks(settings).await?;
            let outcome = manage_webhooks(command, &webhooks, settings).await;
            store.close().await;
            Ok(outcome?)
        }
        Task::Keys(command) => {
            let (platform, store) = lifecycle::platform(settings).await?;
            let outcome = manage_keys(command, &platform, settings).await;
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

/// The answer to a command about webhooks out.
#[expect(clippy::print_stderr, reason = "a secret stands alone on standard output, for scripts to take")]
async fn manage_webhooks(
    command: WebhookCommand,
    webhooks: &Webhooks,
    settings: &Settings,
) -> Result<String, CommandError> {
    let endpoints = match command {
        WebhookCommand::Deliveries { failed, limit } => {
            return operator::webhooks::deliveries(webhooks, failed, limit).await;
        }
        WebhookCommand::Replay { id } => return operator::webhooks::replay(webhooks, &id).await,
        WebhookCommand::Endpoints { action } => action,
    };
    let new = match endpoints {
        None => return operator::webhooks::endpoints(webhooks).await,
        Some(EndpointAction::Remove { id }) => return operator::webhooks::remove(webhooks, &id).await,
        Some(EndpointAction::Enable { id }) => return operator::webhooks::enable(webhooks, &id).await,
        Some(EndpointAction::Rotate { id }) => operator::webhooks::rotate(webhooks, &id).await?,
        Some(EndpointAction::Add { url, event_types }) => {
            operator::webhooks::add(webhooks, &url, event_types, settings.webhook_allow_private).await?
        }
    };
    eprint!("{}", new.message);
    Ok(new.secret)
}

/// The answer to a command about API keys.
#[expect(clippy::print_stderr, reason = "the key stands alone on standard output, for scripts to take")]
async fn manage_keys(command: Keys, platform: &Platform, settings: &Settings) -> Result<String, CommandError> {
    match command {
        Keys::Create { name, scopes, expires, daily_cap } => {
            let scopes = scopes.into_iter().collect();
            let wanted = NewKey { name, scopes, expires_days: expires, daily_cap };
            let mode = settings.platform.key_mode;
            let created = operator::keys::create(platform, mode, (&SystemClock, &SystemEntropy), wanted).await?;
            eprint!("{}", created.report);
            Ok(format!("{}\n", created.secret.expose()))
        }
        Keys::List => operator::keys::list(platform, SystemClock.now()).await,
        Keys::Revoke { name_or_prefix } => operator::keys::revoke(platform, &name_or_prefix).await,
    }
}

/// The answer to an operator's command.
async fn operate(command: OperatorCommand, worker: &Worker) -> Result<String, Box<dyn std::error::Error>> {
    Ok(match command {
        OperatorCommand::Reconcile { dry_run } => {
            operator::reconcile::reconcile(worker, SystemClock.now(), dry_run).await?
        }
        OperatorCommand::Events(Events::List { status, limit }) => {
            operator::events::list(worker, status, limit).await?
        }
        OperatorCommand::Events(Events::Show { id }) => operator::events::show(worker, &id).await?,
        OperatorCommand::Events(Events::Replay { id }) => operator::events::replay(worker, &id).await?,
        OperatorCommand::Purchases(Purchases::Recover { reference: Some(reference), to, .. }) => {
            operator::sales::recover(worker, &reference, to.as_ref()).await?
        }
        OperatorCommand::Purchases(Purchases::Recover { reference: None, .. }) => {
            operator::sales::recover_all(worker).await?
        }
        OperatorCommand::Receipts(Receipts::NewSeries) => operator::sales::new_receipt_series(worker).await?,
        OperatorCommand::Mails(Mails::List { unsent, limit }) => operator::mails::list(worker, unsent, limit).await?,
        OperatorCommand::Mails(Mails::Retry) => operator::mails::retry(worker).await?,
        OperatorCommand::Mails(Mails::Resend { id }) => operator::mails::resend(worker, &id).await?,
        OperatorCommand::Withdrawals { limit } => operator::withdrawals::list(worker, limit).await?,
        OperatorCommand::Customer { email, limit } => operator::customer::show(worker, &email, limit).await?,
        OperatorCommand::ResetPassword { email, stdin } => {
            let password = if stdin { Some(first_line()?) } else { None };
            operator::accounts::reset_password(worker, &email, password).await?
        }
    })
}

/// The first line of standard input, without its end.
fn first_line() -> std::io::Result<String> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
