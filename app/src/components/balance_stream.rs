//! Follows the balance: by the server's event stream, or, while that is broken, by asking again and again.
//!
//! A hidden tab lets go of its stream, since browsers open only a few connections to one host; it takes it up again
//! when it is shown, and hears the present balance at once.

use std::{cell::RefCell, rc::Rc, time::Duration};

use billing::money::Credits;
use leptos::{
    ev,
    leptos_dom::helpers::{IntervalHandle, set_interval_with_handle},
    prelude::*,
    serde_json,
};
use serde::Deserialize;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{EventSource, MessageEvent};

use super::LiveBalance;
use crate::api;

const STREAM: &str = "/billing/balance/stream";
const ASK_EVERY: Duration = Duration::from_secs(3);

#[derive(Deserialize)]
struct Message {
    credits: Credits,
}

/// Follows the balance for as long as the page is there.
pub(super) fn follow(balance: LiveBalance) {
    let follower = Rc::new(Follower { balance, stream: RefCell::new(None), asking: RefCell::new(None) });
    follower.listen();

    let on_visibility = follower.clone();
    let handle = window_event_listener_untyped("visibilitychange", move |_| {
        if document().hidden() { on_visibility.rest() } else { on_visibility.listen() }
    });
    on_cleanup(move || handle.remove());
    let on_hide = follower.clone();
    let handle = window_event_listener(ev::pagehide, move |_| on_hide.rest());
    on_cleanup(move || handle.remove());
    let handle = window_event_listener(ev::pageshow, move |_| follower.listen());
    on_cleanup(move || handle.remove());
}

struct Follower {
    balance: LiveBalance,
    stream: RefCell<Option<Stream>>,
    asking: RefCell<Option<IntervalHandle>>,
}

impl Follower {
    /// Opens the stream, unless it is open or finding its way back by itself.
    fn listen(self: &Rc<Self>) {
        let open = self.stream.borrow().as_ref().is_some_and(Stream::is_alive);
        if open || document().hidden() {
            return;
        }
        match Stream::open(self) {
            Some(stream) => *self.stream.borrow_mut() = Some(stream),
            None => self.ask(),
        }
    }

    /// Lets go of the stream.
    fn rest(&self) {
        self.stream.borrow_mut().take();
        self.stop_asking();
    }

    fn ask(self: &Rc<Self>) {
        if self.asking.borrow().is_some() {
            return;
        }
        let follower = self.clone();
        let asked_again = move || {
            let balance = follower.balance;
            leptos::task::spawn_local(async move {
                if let Ok(credits) = api::balance().await {
                    balance.heard(credits);
                }
            });
            follower.listen();
        };
        *self.asking.borrow_mut() = set_interval_with_handle(asked_again, ASK_EVERY).ok();
    }

    fn stop_asking(&self) {
        if let Some(handle) = self.asking.borrow_mut().take() {
            handle.clear();
        }
    }
}

/// An open stream with its listeners; closed when dropped.
struct Stream {
    source: EventSource,
    _on_open: Closure<dyn FnMut()>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut()>,
}

impl Stream {
    fn open(follower: &Rc<Follower>) -> Option<Self> {
        let source = EventSource::new(STREAM).ok()?;
        let opened = Rc::downgrade(follower);
        let on_open = Closure::<dyn FnMut()>::new(move || {
            if let Some(follower) = opened.upgrade() {
                follower.stop_asking();
            }
        });
        let balance = follower.balance;
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            let text = event.data().as_string().unwrap_or_default();
            if let Ok(message) = serde_json::from_str::<Message>(&text) {
                balance.heard(message.credits);
            }
        });
        let broken = Rc::downgrade(follower);
        let on_error = Closure::<dyn FnMut()>::new(move || {
            if let Some(follower) = broken.upgrade() {
                follower.ask();
            }
        });
        source.set_onopen(Some(on_open.as_ref().unchecked_ref()));
        source.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        source.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Some(Self { source, _on_open: on_open, _on_message: on_message, _on_error: on_error })
    }

    /// Open, or about to be: browsers connect again by themselves, unless the answer told them not to.
    fn is_alive(&self) -> bool {
        self.source.ready_state() != EventSource::CLOSED
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.source.set_onopen(None);
        self.source.set_onmessage(None);
        self.source.set_onerror(None);
        self.source.close();
    }
}
