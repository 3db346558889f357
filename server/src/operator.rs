//! The operator's commands. Each returns a report for standard output, or an error that says why it did not do what it
//! was asked.

pub mod accounts;
pub mod customer;
pub mod events;
pub mod mails;
pub mod reconcile;
pub mod sales;
pub mod withdrawals;

use billing::{BillingError, account::EmailAddress, store::StoreError};

use crate::http::problem::Problem;

/// The most that one command shows, and that one `reconcile` takes up.
const LINES_MAX: u32 = 1_000;

/// Why a command did not do what it was asked. The texts are for the operator, and can name a customer: not for the
/// log.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// It did nothing.
    #[error("{0}")]
    Refused(String),
    /// It did a part.
    #[error("{undone}")]
    Partly {
        /// What it did.
        report: String,
        /// What it did not do.
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
