//! Limits the streams that one session has open. Over HTTP/1.1 a browser opens six connections to one host, however
//! many tabs it has, and each stream occupies one: past the limit the oldest stream ends, and its tab polls instead.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio_util::sync::CancellationToken;
use tower_sessions::session::Id;

/// Leaves half of a browser's connections for pages and calls.
const OPEN_MAX: usize = 3;

type Open = HashMap<Id, VecDeque<CancellationToken>>;

/// The open streams of this process, by session.
#[derive(Clone, Default)]
pub struct Streams(Arc<Mutex<Open>>);

/// The slot of an open stream; freed when dropped.
pub struct StreamSlot {
    streams: Streams,
    session: Id,
    replaced: CancellationToken,
}

impl Streams {
    /// Takes a slot; if none is left, the session's oldest stream loses its own.
    pub fn open(&self, session: Id) -> StreamSlot {
        let replaced = CancellationToken::new();
        let mut open = self.lock();
        let own = open.entry(session).or_default();
        own.push_back(replaced.clone());
        if own.len() > OPEN_MAX
            && let Some(oldest) = own.pop_front()
        {
            oldest.cancel();
        }
        StreamSlot { streams: self.clone(), session, replaced }
    }

    /// The number of open streams in this process.
    pub fn open_count(&self) -> usize {
        self.lock().values().map(VecDeque::len).sum()
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StreamSlot {
    /// Cancelled when a newer stream has taken the slot.
    pub fn replaced(&self) -> CancellationToken {
        self.replaced.clone()
    }
}

impl Drop for StreamSlot {
    fn drop(&mut self) {
        // Marks this stream's token for removal; streams that were replaced are cancelled already.
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
