//! Problems that say more than a fixed text.

use axum::response::{IntoResponse, Response};
use billing::{
    money::Credits,
    store::StoreError,
    wallet::{Funds, Refusal, Usage},
};
use jiff::Timestamp;
use serde::Serialize;
use std::{borrow::Cow, time::Duration};

use super::{
    auth::{KeyChecked, challenged},
    reply::mark_replayed,
};
use crate::{http::problem::Problem, state::AppState};

const DAY_SECONDS: i64 = 86_400;

/// A problem with a text or members of its own.
#[derive(Debug)]
pub struct PlatformProblem {
    problem: Problem,
    detail: Cow<'static, str>,
    members: Box<Members>,
    replayed: bool,
    /// Whether the wallet refused the request, in the transaction that looked at the API key.
    by_wallet: bool,
}

/// The members that a problem has beside those of RFC 9457.
#[derive(Debug, Default, Serialize)]
struct Members {
    #[serde(skip_serializing_if = "Option::is_none")]
    required: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    available: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    balance: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    held: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_up_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<i64>,
}

impl Members {
    fn left(Credits(left): Credits) -> Self {
        Self { left: Some(left), ..Self::default() }
    }

    fn short_of(required: Option<Credits>, funds: Funds, state: &AppState) -> Self {
        Self {
            required: required.map(|credits| credits.0),
            available: Some(funds.available().0),
            balance: Some(funds.balance.0),
            held: Some(funds.held.0),
            top_up_url: Some(format!("{}/", state.shop.settings.public_url)),
            left: None,
        }
    }
}

impl PlatformProblem {
    /// The problem with a text of its own.
    pub fn with_detail(problem: Problem, detail: String) -> Self {
        Self { detail: detail.into(), ..problem.into() }
    }

    /// What went wrong, for programs.
    #[cfg(test)]
    pub fn code(&self) -> &'static str {
        self.problem.code
    }

    /// What went wrong, for people.
    #[cfg(test)]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// What a refusal by the wallet is to the platform.
    pub fn refused(refusal: Refusal, replayed: bool, state: &AppState) -> Self {
        let (problem, members) = match refusal {
            Refusal::InsufficientCredits { required, funds } => {
                (Problem::INSUFFICIENT_CREDITS, Members::short_of(Some(required), funds, state))
            }
            Refusal::HoldExpired { funds } => (Problem::HOLD_EXPIRED, Members::short_of(None, funds, state)),
            Refusal::ExceedsHold { left } => (Problem::EXCEEDS_HOLD, Members::left(left)),
            Refusal::ExceedsSpend { left } => (Problem::EXCEEDS_SPEND, Members::left(left)),
            Refusal::ExceedsGrant { left } => (Problem::EXCEEDS_GRANT, Members::left(left)),
            Refusal::TooManyHolds => (Problem::TOO_MANY_HOLDS, Members::default()),
            Refusal::HoldTooLarge => (Problem::INVALID_CREDITS, Members::default()),
            Refusal::DailyCap => (Problem::DAILY_CAP.after(until_tomorrow(state.clock.now())), Members::default()),
            Refusal::NotFound => (Problem::NOT_FOUND, Members::default()),
            Refusal::HoldFinished => (Problem::HOLD_FINISHED, Members::default()),
            Refusal::BalanceOutOfRange => (Problem::BALANCE_OUT_OF_RANGE, Members::default()),
            Refusal::KeyReused => (Problem::IDEMPOTENCY_KEY_REUSED, Members::default()),
            Refusal::ApiKeyRevoked => (Problem::INVALID_API_KEY, Members::default()),
        };
        Self { members: Box::new(members), replayed, by_wallet: true, ..problem.into() }
    }
}

/// Until the caps of API keys begin anew.
fn until_tomorrow(now: Timestamp) -> Duration {
    let seconds = (Usage::day_of(now) + 1) * DAY_SECONDS - now.as_second();
    Duration::from_secs(seconds.unsigned_abs())
}

impl From<Problem> for PlatformProblem {
    fn from(problem: Problem) -> Self {
        Self { problem, detail: problem.detail.into(), members: Box::default(), replayed: false, by_wallet: false }
    }
}

impl From<StoreError> for PlatformProblem {
    fn from(error: StoreError) -> Self {
        Problem::from(error).into()
    }
}

impl IntoResponse for PlatformProblem {
    fn into_response(self) -> Response {
        let mut response = challenged(self.problem, self.problem.into_response_with(&self.detail, self.members));
        if self.replayed {
            mark_replayed(&mut response);
        }
        if self.by_wallet {
            response.extensions_mut().insert(KeyChecked);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cap_ends_at_midnight() {
        let wait = |text: &str| until_tomorrow(text.parse().expect("a time")).as_secs();
        assert_eq!(wait("2026-11-26T00:00:00Z"), 86_400);
        assert_eq!(wait("2026-11-26T23:59:59.999Z"), 1);
    }
}
