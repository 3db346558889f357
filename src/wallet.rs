//! The wallet: credits are held, spent, granted and given back.
//!
//! A **hold** sets credits aside for a job. A **spend** takes credits for good; to **capture** is to spend from a hold, to
//! **release** is to let a hold go. A **reversal** gives back what was spent, or takes back what was granted. What is
//! **available** is the balance without the active holds.
//!
//! Holds are no ledger entries, so the balance stays the sum of the entries. A hold whose time is over holds nothing from
//! that instant on, by the server's clock and without any booking.
//!
//! Every write goes one way. A store locks the tenants of some [`Request`]s and reads their [`Loaded`] state, the
//! [`Executor`] decides upon it in memory, request by request, and the store writes the [`Changes`] in the same
//! transaction. A request that is refused changes nothing and harms no other.

mod amount;
mod command;
mod details;
mod executor;
mod funds;
mod hold;
mod idempotency;
mod outcome;
mod request;
mod spend;
#[cfg(test)]
mod tests;

pub use self::{
    amount::{Amount, InvalidAmount},
    command::{Command, InvalidTtl, SpendLine, Ttl},
    details::{Details, InvalidDetails, Reason, Reference},
    executor::{Changes, Executor, Loaded, LowBalance, Posting, Source, Usage, Wallet, Wave},
    funds::Funds,
    hold::{HOLDS_MAX, Hold, HoldStatus},
    idempotency::{Fingerprint, IdempotencyKey, InvalidIdempotencyKey, KeyRecord},
    outcome::{Answer, Booked, Outcome, Refusal},
    request::{DailyCap, Request},
    spend::{Grant, Reversal, ReversedSource, Spend},
};
