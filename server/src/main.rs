//! The shop's one process.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use server::{
    config::{Settings, environment, local_url},
    lifecycle, telemetry,
};

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
            println!("The settings are right.");
        }
    }
    Ok(())
}
