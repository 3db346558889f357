//! Follows balance and purchases, by the server's event stream, or by polling while there is none.
//!
//! A hidden tab closes its stream, because browsers open only a few connections to one host. When it is shown again, it
//! opens a stream, whose first events bring it up to date. A tab passes on the events of its stream to the customer's
//! other tabs, so that a tab without a stream shows the same.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

use billing::{money::Credits, wallet::Funds};
use leptos::{ev, prelude::*, serde_json};
use serde::Deserialize;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{BroadcastChannel, EventSource, MessageEvent};

use super::live_balance::LiveBalance;
use crate::api;

const STREAM: &str = "/billing/balance/stream";
/// A healthy stream has an event at least every fifteen seconds. After this time without one, it is dead, even if the
/// browser has not noticed.
const SILENCE_MAX: Duration = Duration::from_secs(40);
/// The pause before the first poll; it doubles with each further one.
const POLL_AFTER: Duration = Duration::from_secs(3);
const POLL_AFTER_MAX: Duration = Duration::from_mins(1);
/// How often a tab polls whose stream was replaced.
const POLL_EVERY: Duration = Duration::from_secs(15);

type Listener = Closure<dyn FnMut(MessageEvent)>;

/// The data of an event: credits, or the number of changes to purchases and holds.
#[derive(Deserialize)]
struct EventData {
    credits: Option<Credits>,
    held: Option<Credits>,
    changes: Option<i64>,
}

/// Follows the customer's balance until the page is left.
pub(super) fn follow(balance: LiveBalance, email: &str) {
    let others = BroadcastChannel::new(&format!("balance of {email}")).ok();
    let follower = Rc::new(Follower {
        balance,
        others,
        known: Cell::new((0, 0)),
        stream: RefCell::new(None),
        timer: Cell::new(None),
        pause: Cell::new(POLL_AFTER),
        broken: Cell::new(false),
        replaced: Cell::new(false),
    });
    follower.listen();
    follower.follow_others();

    let on_visibility = follower.clone();
    let handle = window_event_listener_untyped("visibilitychange", move |_| {
        if document().hidden() { on_visibility.close() } else { on_visibility.listen() }
    });
    on_cleanup(move || handle.remove());
    let handle = window_event_listener_untyped("offline", move |_| balance.set_lost(true));
    on_cleanup(move || handle.remove());
    let on_hide = follower.clone();
    let handle = window_event_listener(ev::pagehide, move |_| on_hide.close());
    on_cleanup(move || handle.remove());
    for woken in ["pageshow", "online", "focus"] {
        let follower = follower.clone();
        let handle = window_event_listener_untyped(woken, move |_| follower.listen());
        on_cleanup(move || handle.remove());
    }
}

struct Follower {
    balance: LiveBalance,
    /// The customer's other tabs.
    others: Option<BroadcastChannel>,
    /// The latest known entry number and number of changes.
    known: Cell<(i64, i64)>,
    stream: RefCell<Option<Stream>>,
    /// The timer after which the tab polls, unless an event comes first.
    timer: Cell<Option<TimeoutHandle>>,
    /// The pause before the next poll.
    pause: Cell<Duration>,
    /// Whether the stream is broken and a poll is scheduled.
    broken: Cell<bool>,
    /// Whether other tabs of the customer have taken the streams.
    replaced: Cell<bool>,
}

impl Follower {
    /// Opens the stream, unless it is open or the browser is reconnecting it.
    fn listen(self: &Rc<Self>) {
        if document().hidden() || self.stream.borrow().as_ref().is_some_and(Stream::is_alive) {
            return;
        }
        self.replaced.set(false);
        *self.stream.borrow_mut() = Stream::open(self);
        self.poll_in(SILENCE_MAX);
    }

    /// Closes the stream.
    fn close(&self) {
        self.stream.borrow_mut().take();
        self.stop_timer();
    }

    /// Called at each event: the stream is alive.
    fn on_alive(self: &Rc<Self>) {
        self.broken.set(false);
        self.balance.set_lost(false);
        self.pause.set(POLL_AFTER);
        self.poll_in(SILENCE_MAX);
    }

    /// Applies an event of the stream, and passes it on to the other tabs.
    fn on_event(&self, id: &str, data: &str) {
        self.apply(id, data);
        if let Some(others) = &self.others {
            _ = others.post_message(&JsValue::from_str(&format!("{id} {data}")));
        }
    }

    /// Applies an event that another tab has passed on, unless this tab knows a newer state.
    fn on_relayed_event(&self, message: &str) {
        let Some((id, data)) = message.split_once(' ') else { return };
        let (entry, changes) = state(id);
        let (known_entry, known_changes) = self.known.get();
        if entry >= known_entry && changes >= known_changes {
            self.apply(id, data);
        }
    }

    fn apply(&self, id: &str, data: &str) {
        let (entry, _) = state(id);
        self.known.set(state(id));
        let Ok(EventData { credits, held, changes }) = serde_json::from_str(data) else { return };
        if let Some(balance) = credits {
            self.balance.set_funds(Funds { balance, held: held.unwrap_or_default(), seq: entry });
        }
        if let Some(changes) = changes {
            self.balance.set_changes(changes);
        }
    }

    fn follow_others(self: &Rc<Self>) {
        let Some(others) = &self.others else { return };
        let follower = Rc::downgrade(self);
        let listener = Listener::new(move |event: MessageEvent| {
            if let (Some(follower), Some(data)) = (follower.upgrade(), event.data().as_string()) {
                follower.on_relayed_event(&data);
            }
        });
        others.set_onmessage(Some(listener.as_ref().unchecked_ref()));
        // The listener lives as long as the page.
        listener.forget();
    }

    /// Called when the stream breaks, and at each failed attempt of the browser to reconnect. Until it is back, the tab
    /// polls with growing pauses.
    fn on_broken(self: &Rc<Self>) {
        if self.broken.replace(true) {
            return;
        }
        let pause = self.pause.get();
        self.pause.set((pause * 2).min(POLL_AFTER_MAX));
        self.poll_in(pause);
    }

    /// The customer has opened too many streams, and this was the oldest. Polls until the tab is shown again.
    fn on_replaced(self: &Rc<Self>) {
        self.replaced.set(true);
        if let Some(stream) = self.stream.borrow().as_ref() {
            stream.source.close();
        }
        self.poll_in(POLL_EVERY);
    }

    fn stop_timer(&self) {
        if let Some(timer) = self.timer.take() {
            timer.clear();
        }
    }

    fn poll_in(self: &Rc<Self>, pause: Duration) {
        self.stop_timer();
        let follower = self.clone();
        let poll = move || {
            leptos::task::spawn_local(async move {
                let funds = api::current_balance().await;
                follower.balance.set_lost(funds.is_err());
                if let Ok(funds) = funds {
                    follower.balance.set_funds(funds);
                }
                if document().hidden() {
                    return;
                }
                if follower.replaced.get() {
                    follower.poll_in(POLL_EVERY);
                    return;
                }
                // A stream that was silent for too long is reopened.
                follower.stream.borrow_mut().take();
                follower.listen();
                follower.broken.set(false);
                follower.on_broken();
            });
        };
        self.timer.set(set_timeout_with_handle(poll, pause).ok());
    }
}

/// Parses an event's id: the number of the newest entry, and the number of changes to purchases and holds. The third
/// number, the credits held, does not tell which of two states is newer.
fn state(id: &str) -> (i64, i64) {
    let (entry, rest) = id.split_once('.').unwrap_or_default();
    let (changes, _) = rest.split_once('.').unwrap_or((rest, ""));
    (entry.parse().unwrap_or_default(), changes.parse().unwrap_or_default())
}

/// An open stream with its listeners; closed when dropped.
struct Stream {
    source: EventSource,
    listeners: Vec<(&'static str, Listener)>,
}

impl Stream {
    fn open(follower: &Rc<Follower>) -> Option<Self> {
        let mut stream = Self { source: EventSource::new(STREAM).ok()?, listeners: Vec::new() };
        stream.on("open", follower, |follower, _| follower.on_alive());
        stream.on("alive", follower, |follower, _| follower.on_alive());
        stream.on("error", follower, |follower, _| follower.on_broken());
        stream.on("replaced", follower, |follower, _| follower.on_replaced());
        for event in ["message", "purchases"] {
            stream.on(event, follower, |follower, event| {
                follower.on_event(&event.last_event_id(), &event.data().as_string().unwrap_or_default());
                follower.on_alive();
            });
        }
        Some(stream)
    }

    /// The events `open` and `error` are not messages, and have neither id nor data.
    fn on(&mut self, event: &'static str, follower: &Rc<Follower>, handler: fn(&Rc<Follower>, &MessageEvent)) {
        let follower = Rc::downgrade(follower);
        let listener = Listener::new(move |event: MessageEvent| {
            if let Some(follower) = follower.upgrade() {
                handler(&follower, &event);
            }
        });
        _ = self.source.add_event_listener_with_callback(event, listener.as_ref().unchecked_ref());
        self.listeners.push((event, listener));
    }

    /// Whether it is open or reconnecting. Browsers reconnect by themselves, unless the answer told them not to.
    fn is_alive(&self) -> bool {
        self.source.ready_state() != EventSource::CLOSED
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        for (event, listener) in &self.listeners {
            _ = self.source.remove_event_listener_with_callback(event, listener.as_ref().unchecked_ref());
        }
        self.source.close();
    }
}
