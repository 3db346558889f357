//! How many streams one customer has open. A browser opens six connections to one host by HTTP/1.1, whatever the number of its
//! tabs, and a stream takes one for as long as it is open: of too many, the oldest ends, and its tab asks now and then
//! instead.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio_util::sync::CancellationToken;
use tower_sessions::session::Id;

/// As many as leave a browser half of its connections for pages and calls.
const OPEN_MAX: usize = 3;

type Open = HashMap<Id, VecDeque<CancellationToken>>;

/// The open streams of this process, by session.
#[derive(Clone, Default)]
pub struct Streams(Arc<Mutex<Open>>);

/// An open stream's place among those of its session; given back when dropped.
pub struct Place {
    streams: Streams,
    session: Id,
    replaced: CancellationToken,
}

impl Streams {
    /// Takes a place, from the oldest stream of the session if there is none left.
    pub fn open(&self, session: Id) -> Place {
        let replaced = CancellationToken::new();
        let mut open = self.lock();
        let own = open.entry(session).or_default();
        own.push_back(replaced.clone());
        if own.len() > OPEN_MAX
            && let Some(oldest) = own.pop_front()
        {
            oldest.cancel();
        }
        Place { streams: self.clone(), session, replaced }
    }

    /// How many are open in this process.
    pub fn open_count(&self) -> usize {
        self.lock().values().map(VecDeque::len).sum()
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Cancelled when a newer stream has taken the place.
    pub fn replaced(&self) -> CancellationToken {
        self.replaced.clone()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Tells its own token from the others': it is cancelled, and so are those that lost their places already.
        self.replaced.cancel();
        let mut open = self.streams.lock();
        if let Some(own) = open.get_mut(&self.session) {
            own.retain(|stream| !stream.is_cancelled());
            if own.is_empty() {
                open.remove(&self.session);
            }
        }
    }
}
