//! The newest snapshot of each refund and dispute.

use serde::{Deserialize, Serialize};

use super::snapshot::{DisputeSnapshot, ObservedAt, RefundSnapshot};

/// A snapshot with the time of its observation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept<S> {
    #[serde(flatten)]
    pub snapshot: S,
    #[serde(flatten)]
    pub observed: ObservedAt,
}

/// The common interface of refunds and disputes.
pub(super) trait Tracked: Clone {
    fn provider_ref(&self) -> &str;
    fn made_at_mut(&mut self) -> &mut Option<i64>;
    /// Whether `self` is newer. A total order, in which no two snapshots that differ are equal.
    fn is_newer(&self, observed: ObservedAt, than: &Self, known: ObservedAt) -> bool;

    fn effect_key(&self, id_alone: bool, figure: i64, observed: ObservedAt) -> String {
        let id = self.provider_ref();
        if id_alone { id.to_owned() } else { format!("{id}:{figure}@{}", observed.received_at()) }
    }
}

impl Tracked for RefundSnapshot {
    fn provider_ref(&self) -> &str {
        &self.provider_ref
    }

    fn made_at_mut(&mut self) -> &mut Option<i64> {
        &mut self.made_at
    }

    fn is_newer(&self, observed: ObservedAt, than: &Self, known: ObservedAt) -> bool {
        (self.state, observed, self.amount) > (than.state, known, than.amount)
    }
}

impl Tracked for DisputeSnapshot {
    fn provider_ref(&self) -> &str {
        &self.provider_ref
    }

    fn made_at_mut(&mut self) -> &mut Option<i64> {
        &mut self.made_at
    }

    fn is_newer(&self, observed: ObservedAt, than: &Self, known: ObservedAt) -> bool {
        (self.state, observed, self.withdrawn, self.amount) > (than.state, known, than.withdrawn, than.amount)
    }
}

pub(super) fn find<'a, S: Tracked>(kept: &'a [Kept<S>], provider_ref: &str) -> Option<&'a S> {
    kept.iter().map(|kept| &kept.snapshot).find(|snapshot| snapshot.provider_ref() == provider_ref)
}

pub(super) fn keep_newest<S: Tracked>(kept: &mut Vec<Kept<S>>, snapshot: &S, observed: ObservedAt) {
    let mut new = Kept { snapshot: snapshot.clone(), observed };
    let Some(known) = kept.iter_mut().find(|known| known.snapshot.provider_ref() == snapshot.provider_ref()) else {
        kept.push(new);
        return;
    };
    let made_at = (*known.snapshot.made_at_mut()).max(*new.snapshot.made_at_mut());
    if snapshot.is_newer(observed, &known.snapshot, known.observed) {
        *known = new;
    }
    *known.snapshot.made_at_mut() = made_at;
}
