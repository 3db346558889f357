//! Puts load on a running shop, over HTTP only. Each command prints one line of JSON. An unexpected answer ends it with
//! an error, so that no figure counts failures.
//!
//! Single-threaded, because it must leave most of the machine to the shop and its database.

mod connection;
mod read;
mod run;
mod settle;
mod sign_up;
mod spend;

use std::{error::Error, process::ExitCode};

use clap::{Parser, Subcommand};
use url::Url;

use run::Pace;

#[derive(Parser)]
#[command(about)]
struct Cli {
    /// The shop, like `http://127.0.0.1:3000`.
    #[arg(long)]
    shop: Url,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Settles purchases by signed notifications.
    Settle {
        #[command(flatten)]
        pace: Pace,
        #[command(flatten)]
        stock: settle::Stock,
    },
    /// Requests one URL repeatedly.
    Get {
        #[command(flatten)]
        pace: Pace,
        #[command(flatten)]
        target: read::Target,
    },
    /// Spends credits by the platform API.
    Spend {
        #[command(flatten)]
        pace: Pace,
        #[command(flatten)]
        spender: spend::Spender,
    },
    /// Saves the answer of one URL.
    Save {
        #[command(flatten)]
        target: read::Target,
        /// The file for the body.
        #[arg(long)]
        output: std::path::PathBuf,
    },
    /// Creates an account, and prints its cookie and its tenant.
    SignUp,
}

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks to who calls it")]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(Cli { shop, command }: Cli) -> Result<serde_json::Value, Box<dyn Error>> {
    Ok(match command {
        Command::Settle { pace, stock } => settle::settle(&shop, &pace, &stock).await?,
        Command::Get { pace, target } => read::measure(&shop, &pace, &target).await?,
        Command::Spend { pace, spender } => spend::spend(&shop, &pace, &spender).await?,
        Command::Save { target, output } => read::save(&shop, &target, &output).await?,
        Command::SignUp => sign_up::sign_up(&shop).await?,
    })
}
