//! Follows balance and purchases: by the server's event stream, or, while there is none, by asking now and then.
//!
//! A hidden tab lets go of its stream, since browsers open only a few connections to one host; it takes it up again
//! when it is shown, and hears at once how things stand. What a tab hears by its stream it passes on to the others of
//! the same customer, so one that must do without a stream does not show less.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

use billing::{ledger::Balance, money::Credits};
use leptos::{ev, prelude::*, serde_json};
use serde::Deserialize;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{BroadcastChannel, EventSource, MessageEvent};

use super::live_balance::LiveBalance;
use crate::api;

const STREAM: &str = "/billing/balance/stream";
/// A stream is silent for fifteen seconds at most; one that is for so long is dead, whatever the browser thinks.
const SILENCE_MAX: Duration = Duration::from_secs(40);
/// How long to wait before asking the first time; each further pause is twice as long.
const ASK_AFTER: Duration = Duration::from_secs(3);
const ASK_AFTER_MAX: Duration = Duration::from_mins(1);
/// How often a tab asks that may not have a stream.
const ASK_EVERY: Duration = Duration::from_secs(15);

type Listener = Closure<dyn FnMut(MessageEvent)>;

/// The data of an event: a balance, or how often the purchases have changed.
#[derive(Deserialize)]
struct EventData {
    credits: Option<Credits>,
    changes: Option<i64>,
}

/// Follows the customer's balance for as long as the page is there.
pub(super) fn follow(balance: LiveBalance, email: &str) {
    let others = BroadcastChannel::new(&format!("balance of {email}")).ok();
    let follower = Rc::new(Follower {
        balance,
        others,
        known: Cell::new((0, 0)),
        stream: RefCell::new(None),
        alarm: Cell::new(None),
        pause: Cell::new(ASK_AFTER),
        broken: Cell::new(false),
        replaced: Cell::new(false),
    });
    follower.listen();
    follower.hear_others();

    let on_visibility = follower.clone();
    let handle = window_event_listener_untyped("visibilitychange", move |_| {
        if document().hidden() { on_visibility.rest() } else { on_visibility.listen() }
    });
    on_cleanup(move || handle.remove());
    let handle = window_event_listener_untyped("offline", move |_| balance.set_lost(true));
    on_cleanup(move || handle.remove());
    let on_hide = follower.clone();
    let handle = window_event_listener(ev::pagehide, move |_| on_hide.rest());
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
    /// The newest entry and the number of changes, as far as was told.
    known: Cell<(i64, i64)>,
    stream: RefCell<Option<Stream>>,
    /// When to ask, since nothing was heard until then.
    alarm: Cell<Option<TimeoutHandle>>,
    /// How long to wait before asking.
    pause: Cell<Duration>,
    /// It is known that the stream broke, and when to ask is decided.
    broken: Cell<bool>,
    /// Others of the customer's tabs have the streams.
    replaced: Cell<bool>,
}

impl Follower {
    /// Opens the stream, unless it is open or finding its way back by itself.
    fn listen(self: &Rc<Self>) {
        if document().hidden() || self.stream.borrow().as_ref().is_some_and(Stream::is_alive) {
            return;
        }
        self.replaced.set(false);
        *self.stream.borrow_mut() = Stream::open(self);
        self.ask_in(SILENCE_MAX);
    }

    /// Lets go of the stream.
    fn rest(&self) {
        self.stream.borrow_mut().take();
        self.stop_alarm();
    }

    /// Something was heard.
    fn alive(self: &Rc<Self>) {
        self.broken.set(false);
        self.balance.set_lost(false);
        self.pause.set(ASK_AFTER);
        self.ask_in(SILENCE_MAX);
    }

    /// The stream told how things stand; the other tabs are told, too.
    fn told(&self, id: &str, data: &str) {
        self.take_in(id, data);
        if let Some(others) = &self.others {
            _ = others.post_message(&JsValue::from_str(&format!("{id} {data}")));
        }
    }

    /// Another tab was told; of old news, this one may know better.
    fn told_by_other(&self, told: &str) {
        let Some((id, data)) = told.split_once(' ') else { return };
        let (entry, changes) = state(id);
        let (known_entry, known_changes) = self.known.get();
        if entry >= known_entry && changes >= known_changes {
            self.take_in(id, data);
        }
    }

    fn take_in(&self, id: &str, data: &str) {
        let (entry, _) = state(id);
        self.known.set(state(id));
        let Ok(EventData { credits, changes }) = serde_json::from_str(data) else { return };
        if let Some(credits) = credits {
            self.balance.set_balance(Balance { credits, seq: entry });
        }
        if let Some(changes) = changes {
            self.balance.set_changes(changes);
        }
    }

    fn hear_others(self: &Rc<Self>) {
        let Some(others) = &self.others else { return };
        let follower = Rc::downgrade(self);
        let listener = Listener::new(move |event: MessageEvent| {
            if let (Some(follower), Some(data)) = (follower.upgrade(), event.data().as_string()) {
                follower.told_by_other(&data);
            }
        });
        others.set_onmessage(Some(listener.as_ref().unchecked_ref()));
        // The page and all that is on it go together.
        listener.forget();
    }

    /// The stream broke, and is told to be broken at each of the browser's own attempts to mend it. Until it is mended,
    /// the page asks, less and less often.
    fn broken(self: &Rc<Self>) {
        if self.broken.replace(true) {
            return;
        }
        let pause = self.pause.get();
        self.pause.set((pause * 2).min(ASK_AFTER_MAX));
        self.ask_in(pause);
    }

    /// Of too many streams this was the oldest: asks now and then, until the tab is looked at again.
    fn replaced(self: &Rc<Self>) {
        self.replaced.set(true);
        if let Some(stream) = self.stream.borrow().as_ref() {
            stream.source.close();
        }
        self.ask_in(ASK_EVERY);
    }

    fn stop_alarm(&self) {
        if let Some(alarm) = self.alarm.take() {
            alarm.clear();
        }
    }

    fn ask_in(self: &Rc<Self>, pause: Duration) {
        self.stop_alarm();
        let follower = self.clone();
        let asked = move || {
            leptos::task::spawn_local(async move {
                let balance = api::current_balance().await;
                follower.balance.set_lost(balance.is_err());
                if let Ok(balance) = balance {
                    follower.balance.set_balance(balance);
                }
                if document().hidden() {
                    return;
                }
                if follower.replaced.get() {
                    follower.ask_in(ASK_EVERY);
                    return;
                }
                // One that has been silent for too long is opened anew.
                follower.stream.borrow_mut().take();
                follower.listen();
                follower.broken.set(false);
                follower.broken();
            });
        };
        self.alarm.set(set_timeout_with_handle(asked, pause).ok());
    }
}

/// The state that an event's id names: the number of the newest entry, and the number of changes to the purchases.
fn state(id: &str) -> (i64, i64) {
    let (entry, changes) = id.split_once('.').unwrap_or_default();
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
        stream.on("open", follower, |follower, _| follower.alive());
        stream.on("alive", follower, |follower, _| follower.alive());
        stream.on("error", follower, |follower, _| follower.broken());
        stream.on("replaced", follower, |follower, _| follower.replaced());
        for event in ["message", "purchases"] {
            stream.on(event, follower, |follower, event| {
                follower.told(&event.last_event_id(), &event.data().as_string().unwrap_or_default());
                follower.alive();
            });
        }
        Some(stream)
    }

    /// What says that a stream opened or broke is no message, and has neither id nor data.
    fn on(&mut self, event: &'static str, follower: &Rc<Follower>, heard: fn(&Rc<Follower>, &MessageEvent)) {
        let follower = Rc::downgrade(follower);
        let listener = Listener::new(move |event: MessageEvent| {
            if let Some(follower) = follower.upgrade() {
                heard(&follower, &event);
            }
        });
        _ = self.source.add_event_listener_with_callback(event, listener.as_ref().unchecked_ref());
        self.listeners.push((event, listener));
    }

    /// Open, or about to be: browsers connect again by themselves, unless the answer told them not to.
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
