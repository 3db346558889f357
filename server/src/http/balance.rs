//! The balance, once or as a stream of server-sent events.

use std::{convert::Infallible, time::Duration};

use app::context::Visitor;
use axum::{
    Extension, Json,
    extract::State,
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response, Sse, sse::Event},
};
use billing::{ids::TenantId, ledger::Balance};
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use serde::Serialize;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use tower_sessions::{Session, session::Id};
use utoipa::ToSchema;

use super::problem::Problem;
use crate::{identity::SignedIn, state::AppState};

/// How often a stream looks at the database by itself, and shows that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a browser waits before it opens a broken stream again.
const RECONNECT: Duration = Duration::from_secs(2);

/// The tenant's credits.
#[derive(Serialize, ToSchema)]
#[schema(as = Balance)]
pub struct BalanceView {
    /// Negative when overdrawn through refunds and disputes.
    credits: i64,
}

impl From<Balance> for BalanceView {
    fn from(balance: Balance) -> Self {
        Self { credits: balance.credits.0 }
    }
}

/// The tenant's balance.
#[utoipa::path(
    get, path = "/billing/balance", tag = "billing", security(("session" = [])),
    responses((status = 200, body = BalanceView)),
)]
pub async fn get_balance(_: SignedIn, Extension(visitor): Extension<Visitor>) -> Json<BalanceView> {
    Json(visitor.balance.into())
}

/// The balance now, and upon each change. Each event's data is `{"credits":7}` and its id the number of the newest
/// ledger entry. Whoever comes back, with `Last-Event-ID` or without, is told the present balance first: there is
/// nothing between that is worth knowing.
#[utoipa::path(
    get, path = "/billing/balance/stream", tag = "billing", security(("session" = [])),
    params(("Last-Event-ID" = Option<String>, Header, description = "As a browser sends it when it comes back")),
    responses((status = 200, description = "Server-sent events; each event's data is a Balance", body = String, content_type = "text/event-stream")),
)]
pub async fn stream_balance(
    SignedIn(caller): SignedIn,
    State(state): State<AppState>,
    Extension(session): Extension<Session>,
) -> Result<Response, Problem> {
    let tenant = caller.tenant_id;
    // First the hints, then the balance: so no change falls between.
    let hints = state.store.balance_changes().filter(move |changed| std::future::ready(*changed == tenant)).boxed();
    let known = state.shop.billing.balance(tenant).await?;
    let mut heartbeat = interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let ended = state.shutdown.clone().cancelled_owned();

    let first = stream::iter(balance_event(known).map(|event| event.retry(RECONNECT)));
    let watch = Watch { state, session_id: session.id(), tenant, known, hints, heartbeat };
    let changes = stream::unfold(watch, |mut watch| async { watch.next().await.map(|event| (event, watch)) });
    let events = first.chain(changes).map(Ok::<_, Infallible>).take_until(ended);

    let headers = [
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // nginx would hold events back.
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    Ok((headers, Sse::new(events)).into_response())
}

/// One open stream.
struct Watch {
    state: AppState,
    session_id: Option<Id>,
    tenant: TenantId,
    known: Balance,
    hints: BoxStream<'static, TenantId>,
    heartbeat: Interval,
}

impl Watch {
    /// The next event; `None` once the visitor is signed out.
    async fn next(&mut self) -> Option<Event> {
        loop {
            let beat = tokio::select! {
                Some(_) = self.hints.next() => false,
                _ = self.heartbeat.tick() => true,
            };
            if !self.state.identity.is_signed_in(self.session_id).await {
                return None;
            }
            match self.state.shop.billing.balance(self.tenant).await {
                Ok(balance) if balance != self.known => {
                    self.known = balance;
                    if let Some(event) = balance_event(balance) {
                        return Some(event);
                    }
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "a balance stream could not read the balance"),
            }
            if beat {
                return Some(Event::default().comment("alive"));
            }
        }
    }
}

fn balance_event(balance: Balance) -> Option<Event> {
    let event = Event::default().id(balance.seq.to_string()).json_data(BalanceView::from(balance));
    event.inspect_err(|error| tracing::error!(%error, "a balance cannot be written as JSON")).ok()
}
