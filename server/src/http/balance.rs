//! The balance, once or as a stream of server-sent events.

use std::{convert::Infallible, time::Duration};

use app::context::RequestContext;
use axum::{
    Extension, Json,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{IntoResponse, Response, Sse, sse::Event},
};
use billing::{account::SessionLookup, ids::TenantId, money::Credits, wallet::Funds};
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use serde::Serialize;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until};
use tokio_util::sync::CancellationToken;
use tower_sessions::{Session, session::Id};
use utoipa::ToSchema;

use super::problem::Problem;
use crate::{identity::RequireUser, state::AppState, streams::StreamSlot};

/// How often a stream reads the database without a notice, and sends `alive`.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// The shortest time before a browser reopens a broken stream. The server adds up to the same again at random, so that
/// the clients of a stopped process do not all reconnect at once.
const RECONNECT: Duration = Duration::from_secs(2);

/// The tenant's credits.
#[derive(Serialize, ToSchema)]
#[schema(as = Balance)]
pub struct BalanceView {
    /// The balance: the sum of all ledger entries. Negative when overdrawn through refunds, disputes and reversals of
    /// grants.
    credits: i64,
    /// Set aside for jobs that are running, and not charged.
    held: i64,
    /// What can be spent: the balance without what is held.
    available: i64,
}

impl From<Funds> for BalanceView {
    fn from(funds: Funds) -> Self {
        Self { credits: funds.balance.0, held: funds.held.0, available: funds.available().0 }
    }
}

/// The number of changes to the tenant's purchases and holds.
#[derive(Serialize)]
struct ChangesView {
    changes: i64,
}

/// The tenant's balance.
#[utoipa::path(
    get, path = "/billing/balance", tag = "billing", security(("session" = [])),
    responses((status = 200, body = BalanceView)),
)]
pub async fn get_balance(_: RequireUser, Extension(context): Extension<RequestContext>) -> Json<BalanceView> {
    Json(context.funds.into())
}

/// Streams the balance and the number of changes to purchases and holds, now and after each change. An event without a
/// name carries the balance, `{"credits":7,"held":2,"available":5}`. One named `purchases` carries the number of changes
/// to purchases and holds, `{"changes":12}`; when it grows, read them again. One named `alive` comes every 15 seconds.
/// One named `replaced` says that the customer has opened too many streams, and that this one ends for good. The event
/// id names the state: a new stream with that id in `Last-Event-ID` sends only what has changed since.
#[utoipa::path(
    get, path = "/billing/balance/stream", tag = "billing", security(("session" = [])),
    params(("Last-Event-ID" = Option<String>, Header, description = "As a browser sends it when it comes back")),
    responses((status = 200, description = "Server-sent events; the data of an event without a name is a Balance", body = String, content_type = "text/event-stream")),
)]
pub async fn stream_balance(
    RequireUser(principal): RequireUser,
    State(state): State<AppState>,
    Extension(session): Extension<Session>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let tenant = principal.tenant_id;
    let session = session.id().ok_or(Problem::NOT_SIGNED_IN)?;
    // Subscribes before reading, so that no change is missed in between.
    let change_notices = state.store.changes().filter(move |changed| std::future::ready(*changed == tenant)).boxed();
    let found = state.identity.lookup_by_id(session).await?.ok_or(Problem::NOT_SIGNED_IN)?;
    let known = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(Known::from_id);
    let mut heartbeat = interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let ended = state.shutdown.clone().cancelled_owned();

    let slot = state.streams.open(session);
    let replaced = Some(slot.replaced());
    let mut watch = BalanceStream {
        state,
        tenant,
        session,
        known,
        change_notices,
        heartbeat,
        hold_end: None,
        replaced,
        _slot: slot,
    };
    let mut first = vec![Event::default().retry(RECONNECT.mul_f64(1.0 + jitter())).comment("welcome")];
    first.extend(watch.news(&found).await);
    let changes = stream::unfold(watch, |mut watch| async { watch.next().await.map(|events| (events, watch)) });
    let events = stream::once(async { first }).chain(changes).flat_map(stream::iter).map(Ok::<_, Infallible>);

    let headers = [
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // Keeps nginx from buffering the events.
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    Ok((headers, Sse::new(events.take_until(ended))).into_response())
}

/// From 0 to 1.
fn jitter() -> f64 {
    let mut byte = [0];
    // Without randomness all clients reconnect at once, which is harmless.
    let _ = getrandom::fill(&mut byte);
    f64::from(byte[0]) / 255.0
}

/// The state that a client has already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Known {
    /// The number of the newest ledger entry.
    entry: i64,
    /// The number of changes to purchases and holds.
    changes: i64,
    /// The credits held. When a hold expires, nothing else changes.
    held: Credits,
}

impl Known {
    fn id(self) -> String {
        format!("{}.{}.{}", self.entry, self.changes, self.held)
    }

    fn from_id(id: &str) -> Option<Self> {
        let (entry, rest) = id.split_once('.')?;
        let (changes, held) = rest.split_once('.')?;
        Some(Self { entry: entry.parse().ok()?, changes: changes.parse().ok()?, held: Credits(held.parse().ok()?) })
    }
}

/// When the next of the tenant's holds expires; `None` when no credits are held.
async fn next_hold_end(state: &AppState, tenant: TenantId, held: Credits) -> Option<Instant> {
    if held == Credits(0) {
        return None;
    }
    // After an error, the heartbeat reads the database again.
    let holds = state.shop.billing.active_holds(tenant).await.ok()?;
    let wait = holds.first()?.expires_at.duration_since(state.clock.now());
    Some(Instant::now() + wait.try_into().unwrap_or(Duration::ZERO))
}

async fn wait_until(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

/// One open stream.
struct BalanceStream {
    state: AppState,
    tenant: TenantId,
    session: Id,
    known: Option<Known>,
    change_notices: BoxStream<'static, TenantId>,
    heartbeat: Interval,
    /// When the next hold expires.
    hold_end: Option<Instant>,
    /// `None` once `replaced` was sent.
    replaced: Option<CancellationToken>,
    _slot: StreamSlot,
}

impl BalanceStream {
    /// The events that bring the browser up to date.
    async fn news(&mut self, session: &SessionLookup) -> Vec<Event> {
        self.hold_end = next_hold_end(&self.state, self.tenant, session.funds.held).await;
        let now = Known { entry: session.funds.seq, changes: session.changes, held: session.funds.held };
        let before = self.known.replace(now);
        let event = || Event::default().id(now.id());
        let mut events = Vec::new();
        if before.is_none_or(|before| (before.entry, before.held) != (now.entry, now.held)) {
            events.push(event().json_data(BalanceView::from(session.funds)));
        }
        if before.is_none_or(|before| before.changes != now.changes) {
            events.push(event().event("purchases").json_data(ChangesView { changes: now.changes }));
        }
        let written = |event: Result<Event, _>| {
            event.inspect_err(|error| tracing::error!(%error, "an event cannot be written as JSON")).ok()
        };
        events.into_iter().filter_map(written).collect()
    }

    /// The next events; `None` once the session has ended, or the stream was replaced.
    async fn next(&mut self) -> Option<Vec<Event>> {
        loop {
            let replaced = self.replaced.clone()?;
            let beat = tokio::select! {
                () = replaced.cancelled() => {
                    self.replaced = None;
                    return Some(vec![Event::default().event("replaced").data("{}")]);
                }
                Some(_) = self.change_notices.next() => false,
                () = wait_until(self.hold_end) => false,
                _ = self.heartbeat.tick() => true,
            };
            let mut events = match self.state.identity.lookup_by_id(self.session).await {
                Ok(Some(session)) => self.news(&session).await,
                Ok(None) => return None,
                // While the database cannot be reached, nothing is sent.
                Err(_) => Vec::new(),
            };
            if beat {
                events.push(Event::default().event("alive").data("{}"));
            }
            if !events.is_empty() {
                return Some(events);
            }
        }
    }
}
