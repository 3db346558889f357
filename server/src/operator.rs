//! The operator's commands. Each returns a report for standard output, or an error that says why it did not do what it
//! was asked.

pub mod accounts;
pub mod customer;
pub mod events;
pub mod keys;
pub mod mails;
pub mod reconcile;
pub mod sales;
pub mod webhooks;
pub mod withdrawals;

use billing::{BillingError, account::EmailAddress, store::StoreError};

use crate::http::problem::Problem;

/// The most lines that one command prints, and rows that one `reconcile` processes.
const LINES_MAX: u32 = 1_000;

/// Why a command did not do what it was asked. The texts are for the operator. They can name a customer, so they must
/// not be logged.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// It did nothing.
    #[error("{0}")]
    Refused(String),
    /// It did a part of it.
    #[error("{undone}")]
    Partly {
        /// What was done.
        report: String,
        /// What was not done.
        undone: String,
    },
    /// A use case failed.
    #[error(transparent)]
    Billing(#[from] BillingError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Problem> for CommandError {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem.detail.to_owned())
    }
}

fn parse_email(email: &str) -> Result<EmailAddress, CommandError> {
    email.parse().map_err(|_| CommandError::Refused(format!("{email} is not an e-mail address.")))
}

fn no_such_customer(email: &EmailAddress) -> CommandError {
    CommandError::Refused(format!("There is no customer {}.", email.as_str()))
}
