//! The balance, once or as a stream of server-sent events.

use std::{convert::Infallible, time::Duration};

use app::context::RequestContext;
use axum::{
    Extension, Json,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{IntoResponse, Response, Sse, sse::Event},
};
use billing::{account::SessionLookup, ids::TenantId, ledger::Balance};
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use serde::Serialize;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
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
    /// Negative when overdrawn through refunds and disputes.
    credits: i64,
}

impl From<Balance> for BalanceView {
    fn from(balance: Balance) -> Self {
        Self { credits: balance.credits.0 }
    }
}

/// The number of changes to the tenant's purchases.
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
    Json(context.balance.into())
}

/// Streams the balance and the number of changes to the purchases, now and after each change. An event without a name
/// carries the balance, `{"credits":7}`. One named `purchases` carries the number of changes to the purchases,
/// `{"changes":12}`; when it grows, read the purchases again. One named `alive` comes every 15 seconds. One named
/// `replaced` says that the customer has opened too many streams, and that this one ends for good. The event id names
/// the state: a new stream with that id in `Last-Event-ID` sends only what has changed since.
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
    let mut watch = BalanceStream { state, session, known, change_notices, heartbeat, replaced, _slot: slot };
    let mut first = vec![Event::default().retry(RECONNECT.mul_f64(1.0 + jitter())).comment("welcome")];
    first.extend(watch.news(&found));
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
    /// The number of changes to the purchases.
    changes: i64,
}

impl Known {
    fn id(self) -> String {
        format!("{}.{}", self.entry, self.changes)
    }

    fn from_id(id: &str) -> Option<Self> {
        let (entry, changes) = id.split_once('.')?;
        Some(Self { entry: entry.parse().ok()?, changes: changes.parse().ok()? })
    }
}

/// One open stream.
struct BalanceStream {
    state: AppState,
    session: Id,
    known: Option<Known>,
    change_notices: BoxStream<'static, TenantId>,
    heartbeat: Interval,
    /// `None` once `replaced` was sent.
    replaced: Option<CancellationToken>,
    _slot: StreamSlot,
}

impl BalanceStream {
    /// The events that bring the browser up to date.
    fn news(&mut self, session: &SessionLookup) -> Vec<Event> {
        let now = Known { entry: session.balance.seq, changes: session.changes };
        let before = self.known.replace(now);
        let event = || Event::default().id(now.id());
        let mut events = Vec::new();
        if before.is_none_or(|before| before.entry != now.entry) {
            events.push(event().json_data(BalanceView::from(session.balance)));
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
                _ = self.heartbeat.tick() => true,
            };
            let mut events = match self.state.identity.lookup_by_id(self.session).await {
                Ok(Some(session)) => self.news(&session),
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
