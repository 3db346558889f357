//! The child process that is killed: runs one use case, and reports each step.

use billing::{
    Order, OrderError,
    ids::{PurchaseId, TenantId, UserId},
    testing::fixtures::issuer,
};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use server::stripe::event;

use crate::{
    shop::{Call, Shop},
    steps::{Kill, Steps},
};

/// Carries a [`Job`] to the child.
pub const VARIABLE: &str = "CRASH_TEST_JOB";
/// How many rows the worker claims.
const BATCH: u32 = 20;

/// The job of one process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job {
    pub database_url: String,
    pub api_base: String,
    /// How far its clock is ahead.
    pub later_secs: i64,
    pub act: Act,
    pub kill: Option<Kill>,
}

/// A use case with its arguments.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Act {
    Order { buyer: UserId, key: String },
    Confirm { tenant: TenantId, session: String },
    Discard { tenant: TenantId, purchase: PurchaseId },
    Receive { event: String },
    RetryEvents,
    CheckPending,
    Backfill,
    NumberReceipts,
    Call(Call),
    ExpireHolds,
    DeliverWebhooks,
}

impl Job {
    /// `None` in the parent.
    pub fn given() -> Option<Self> {
        let job = std::env::var(VARIABLE).ok()?;
        Some(serde_json::from_str(&job).unwrap())
    }
}

/// Runs the use case, and ends the process at the given step.
pub async fn run(job: Job) {
    let later = SignedDuration::from_secs(job.later_secs);
    let shop = Shop::open(&job.database_url, &job.api_base, later, Some(Steps::new(job.kill))).await;
    perform(&shop, &job.act).await;
    shop.close().await;
}

/// Runs the use case. Accepts the results of an earlier run, because it may be repeated.
pub async fn perform(shop: &Shop, act: &Act) {
    let billing = &shop.billing;
    match act {
        Act::Order { buyer, key } => {
            let buyer = shop.principal(*buyer).await;
            let answer =
                billing.order(&buyer, Order { key: Some(key.parse().unwrap()), ..Order::of("credits_5") }).await;
            assert!(!matches!(answer, Err(OrderError::KeyReused | OrderError::Rejected)), "{answer:?}");
            answer.unwrap();
        }
        Act::Confirm { tenant, session } => {
            billing.confirm_checkout(*tenant, session).await.unwrap().unwrap();
        }
        Act::Discard { tenant, purchase } => {
            billing.discard(*tenant, *purchase).await.unwrap().unwrap();
        }
        Act::Receive { event } => {
            billing.receive_event(event::read(event.as_bytes())).await.unwrap();
        }
        Act::RetryEvents => {
            billing.retry_events(&|stored| event::read(&stored.payload), BATCH).await.unwrap();
        }
        Act::CheckPending => {
            billing.check_pending(shop.store.as_ref(), BATCH).await.unwrap();
        }
        Act::Backfill => {
            billing.backfill().await.unwrap();
        }
        Act::Call(call) => {
            let answer = shop.answer(call).await;
            assert!(!answer.status.is_server_error(), "{answer:?}");
        }
        Act::ExpireHolds => shop.expire_holds().await,
        Act::DeliverWebhooks => shop.deliver_webhooks().await,
        Act::NumberReceipts => while billing.number_receipts(&issuer()).await.unwrap() > 0 {},
    }
}
