//! Changes that arrive together are written together: what a statement and a commit cost is paid once for all of them.

use std::{fmt, slice};

use billing::store::{Change, Committed, StoreError};
use coalescing::{Coalescer, Limits, Unanswered};

use crate::commit::{GROUPS_MAX, Writer};

const LIMITS: Limits = Limits {
    // The first change of a group waits for its last, so not too many.
    group_max: 64,
    groups_max: GROUPS_MAX,
    // Sixteen groups: what waits longer is better tried again than answered when nobody listens any more.
    waiting_max: 1_024,
};

/// Writes changes, those that arrive together as one group.
pub(crate) struct Commits {
    writer: Writer,
    /// `None` if each change is written by itself, to compare with.
    coalescer: Option<Coalescer<Change, Result<Committed, StoreError>>>,
}

impl Commits {
    pub(crate) fn new(writer: Writer, coalescing: bool) -> Self {
        let coalescer = coalescing.then(|| {
            let writer = writer.clone();
            let spawn = |task| drop(tokio::spawn(task));
            Coalescer::new(LIMITS, spawn, move |changes: Vec<Change>| {
                let writer = writer.clone();
                Box::pin(async move { writer.write(&changes).await })
            })
        });
        Self { writer, coalescer }
    }

    /// Writes a change, and answers after its commit.
    pub(crate) async fn commit(&self, change: &Change) -> Result<Committed, StoreError> {
        let answer = match &self.coalescer {
            Some(coalescer) => coalescer.submit(change.clone()).await,
            None => self.writer.write(slice::from_ref(change)).await.pop().ok_or(Unanswered::Lost),
        };
        // Whether a lost change is written is not known. Trying again is safe: its purchase's version tells.
        answer.unwrap_or_else(|unanswered| Err(StoreError::Unavailable(unanswered.to_string())))
    }
}

impl fmt::Debug for Commits {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Commits").finish_non_exhaustive()
    }
}
