//! Withdrawal from a contract by the function that the law asks for (§ 356a BGB; article 11a of directive 2011/83/EU).

#[cfg(test)]
mod tests;

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantNames};

use crate::{
    account::{EmailAddress, InvalidEmail},
    ids::{PurchaseId, TenantId, WithdrawalId},
    locale::Locale,
    purchase::{Purchase, Status},
};

/// The longest name or description of a contract, in characters.
pub const TEXT_LENGTH_MAX: usize = 500;

/// The period for withdrawal: fourteen days (§ 355 (2) BGB), of which the day of the order is none and the last counts
/// to its end (§§ 187 (1), 188 BGB). A day more than fourteen times 24 hours is never less than that.
const PERIOD: SignedDuration = SignedDuration::from_hours(15 * 24);

/// What a consumer declares (§ 356a (2) BGB).
#[derive(Clone, PartialEq, Eq)]
pub struct Declaration {
    /// Their name.
    pub name: String,
    /// Which contract, in their words; the purchase number finds it.
    pub contract: String,
    /// Where the acknowledgement goes.
    pub email: EmailAddress,
}

impl fmt::Debug for Declaration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Declaration").finish_non_exhaustive()
    }
}

/// What is missing from a declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDeclaration {
    /// The name is empty or too long.
    #[error("a name of 1 to 500 characters is needed")]
    Name,
    /// The contract is not described, or at too great length.
    #[error("a description of the contract of 1 to 500 characters is needed")]
    Contract,
    /// There is no address for the acknowledgement.
    #[error("an e-mail address is needed")]
    Email,
}

impl Declaration {
    /// Checks and normalizes what was typed.
    pub fn new(name: &str, contract: &str, email: &str) -> Result<Self, InvalidDeclaration> {
        let email = email.parse().map_err(|InvalidEmail| InvalidDeclaration::Email)?;
        Ok(Self {
            name: line(name).ok_or(InvalidDeclaration::Name)?,
            contract: line(contract).ok_or(InvalidDeclaration::Contract)?,
            email,
        })
    }
}

/// The text as one line; `None` when nothing is left, or too much.
fn line(text: &str) -> Option<String> {
    let plain = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let line = plain.collect::<Vec<_>>().join(" ");
    (1..=TEXT_LENGTH_MAX).contains(&line.chars().count()).then_some(line)
}

/// A declaration as it was received, and what it comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    /// Which.
    pub id: WithdrawalId,
    /// What was declared.
    pub declaration: Declaration,
    /// The language that it was declared in.
    pub locale: Locale,
    /// When it was received.
    pub received_at: Timestamp,
    /// The purchase that it is of, and whose, where that is certain.
    pub purchase: Option<(TenantId, PurchaseId)>,
    /// What it comes to.
    pub decision: WithdrawalDecision,
}

/// What a declaration of withdrawal comes to.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Display, EnumString, IntoStaticStr, VariantNames,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum WithdrawalDecision {
    /// The right exists: the operator owes the money back (§ 357 BGB).
    Effective,
    /// The right has ended: delivery has begun with the buyer's consent, and was confirmed (§ 356 (5) BGB).
    Delivered,
    /// The right has ended: the period is over (§ 355 (2) BGB).
    Late,
    /// It was refunded in full before.
    Refunded,
    /// Nothing was paid.
    Unpaid,
    /// Which purchase it is of is for a person to find out.
    Unclear,
}

impl WithdrawalDecision {
    /// The name in the database and the API.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// What a declaration that was received at `at` comes to. `confirmed_at` is when the confirmation of the contract was
/// sent: without one, consent does not end the right (§ 356 (5) no. 3 BGB).
pub fn judge(purchase: &Purchase, confirmed_at: Option<Timestamp>, at: Timestamp) -> WithdrawalDecision {
    let delivered = purchase.state.paid_at().is_some_and(|paid_at| paid_at <= at);
    match purchase.status() {
        Status::Pending | Status::Failed => WithdrawalDecision::Unpaid,
        Status::Refunded => WithdrawalDecision::Refunded,
        Status::Paid if delivered && purchase.consent.is_some() && confirmed_at.is_some_and(|sent| sent <= at) => {
            WithdrawalDecision::Delivered
        }
        Status::Paid if purchase.created_at + PERIOD < at => WithdrawalDecision::Late,
        Status::Paid => WithdrawalDecision::Effective,
    }
}
