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

/// The period for withdrawal: fourteen days (§ 355 (2) BGB). It starts on the day after the order and ends with the
/// last day (§§ 187 (1), 188 BGB), so fifteen times 24 hours are never too short.
const PERIOD: SignedDuration = SignedDuration::from_hours(15 * 24);

/// What a consumer declares (§ 356a (2) BGB).
#[derive(Clone, PartialEq, Eq)]
pub struct Declaration {
    /// Their name.
    pub name: String,
    /// The contract, in the consumer's words; found by the purchase number.
    pub contract: String,
    /// The e-mail address for the acknowledgement.
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
    /// The description of the contract is empty or too long.
    #[error("a description of the contract of 1 to 500 characters is needed")]
    Contract,
    /// The e-mail address is missing or invalid.
    #[error("an e-mail address is needed")]
    Email,
}

impl Declaration {
    /// Checks and normalizes the consumer's input.
    pub fn new(name: &str, contract: &str, email: &str) -> Result<Self, InvalidDeclaration> {
        let email = email.parse().map_err(|InvalidEmail| InvalidDeclaration::Email)?;
        Ok(Self {
            name: line(name).ok_or(InvalidDeclaration::Name)?,
            contract: line(contract).ok_or(InvalidDeclaration::Contract)?,
            email,
        })
    }
}

/// The text as one line; `None` when it is empty or too long.
fn line(text: &str) -> Option<String> {
    let plain = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let line = plain.collect::<Vec<_>>().join(" ");
    (1..=TEXT_LENGTH_MAX).contains(&line.chars().count()).then_some(line)
}

/// A received declaration, and the decision on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    /// Its id.
    pub id: WithdrawalId,
    /// The declaration.
    pub declaration: Declaration,
    /// The language of the declaration.
    pub locale: Locale,
    /// When it was received.
    pub received_at: Timestamp,
    /// The purchase that it is about, and its tenant, if known for certain.
    pub purchase: Option<(TenantId, PurchaseId)>,
    /// The decision.
    pub decision: WithdrawalDecision,
}

/// The decision on a declaration of withdrawal.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Display, EnumString, IntoStaticStr, VariantNames,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum WithdrawalDecision {
    /// The right exists: the operator has to refund the payment (§ 357 BGB).
    Effective,
    /// The right has ended: delivery has begun with the buyer's consent, and was confirmed (§ 356 (5) BGB).
    Delivered,
    /// The right has ended: the period is over (§ 355 (2) BGB).
    Late,
    /// The purchase was refunded in full before.
    Refunded,
    /// Nothing was paid.
    Unpaid,
    /// The purchase is unknown; the operator has to find it.
    Unclear,
}

impl WithdrawalDecision {
    /// The name in the database and the API.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Decides on a declaration that was received at `at`. `confirmed_at` is when the confirmation of the contract was
/// sent; without it, consent does not end the right (§ 356 (5) no. 3 BGB).
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
