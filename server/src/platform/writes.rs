//! Writes to wallets: those that arrive together are written in one transaction.

use billing::{
    Platform,
    store::StoreError,
    wallet::{Answer, Request},
};
use coalescing::{Coalescer, Limits, Unanswered};

use crate::http::problem::Problem;

const LIMITS: Limits = Limits {
    // As many as the benchmark has senders. One transaction serves the whole group, so each further request costs the
    // others little, but the first of a group waits for its last.
    group_max: 64,
    // A second one beside it would be faster only where a commit takes long: it makes the groups smaller, and waits for the
    // locks of the first where they share a tenant. With eight senders and one tenant, one at a time was faster by a quarter.
    groups_max: 1,
    // Sixteen groups: what waits longer is better tried again than answered when nobody listens any more.
    waiting_max: 1_024,
};

/// How writes are executed.
pub(super) enum Writes {
    /// Together with those that wait beside them.
    Coalesced(Coalescer<Request, Result<Answer, StoreError>>),
    /// Each by itself, to compare with.
    Alone(Platform),
}

impl Writes {
    pub(super) fn coalesced(platform: Platform) -> Self {
        let spawn = |task| drop(tokio::spawn(task));
        Self::Coalesced(Coalescer::new(LIMITS, spawn, move |requests: Vec<Request>| {
            let platform = platform.clone();
            Box::pin(async move { platform.execute(&requests).await })
        }))
    }

    pub(super) async fn execute(&self, request: Request) -> Result<Answer, Problem> {
        let answer = match self {
            Self::Coalesced(coalescer) => coalescer.submit(request).await,
            Self::Alone(platform) => platform.execute(&[request]).await.pop().ok_or(Unanswered::Lost),
        };
        match answer {
            Ok(answer) => Ok(answer?),
            Err(Unanswered::Full) => Err(Problem::BUSY),
            Err(Unanswered::Lost) => {
                tracing::error!("a group of writes has ended without answers");
                Err(Problem::OUTCOME_UNKNOWN)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use billing::{
        ids::TenantId,
        wallet::{Command, IdempotencyKey, Reason},
    };

    use super::*;

    fn request() -> Request {
        let reason = Reason::try_from("x".to_owned()).expect("a reason");
        let credits = 1.try_into().expect("an amount");
        let key = IdempotencyKey::try_from("k".to_owned()).expect("a key");
        let tenant = TenantId::from_uuid(uuid::Uuid::nil());
        Request::new(tenant, key, Command::Grant { credits, reason }, "platform".to_owned())
    }

    fn writes(waiting_max: usize, outcome: fn() -> Vec<Result<Answer, StoreError>>) -> Writes {
        let limits = Limits { waiting_max, ..LIMITS };
        let spawn = |task| drop(tokio::spawn(task));
        Writes::Coalesced(Coalescer::new(limits, spawn, move |_| Box::pin(async move { outcome() })))
    }

    #[tokio::test]
    async fn what_was_not_committed_is_no_yes() {
        let away = || vec![Err(StoreError::Unavailable("away".to_owned()))];
        let cases = [
            (writes(0, away), Problem::BUSY),
            (writes(1, away), Problem::DATABASE_UNAVAILABLE),
            (writes(1, || panic!("on purpose")), Problem::OUTCOME_UNKNOWN),
        ];
        for (writes, problem) in cases {
            assert_eq!(writes.execute(request()).await, Err(problem));
            assert_eq!((problem.status.as_u16(), problem.retry_after.is_some()), (503, true));
        }
    }
}
