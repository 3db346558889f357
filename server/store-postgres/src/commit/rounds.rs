//! Splits a group of changes into statements that can be executed.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use billing::{
    ids::{EventId, PurchaseId},
    store::Change,
};

/// What a statement can change only once.
#[derive(PartialEq, Eq, Hash)]
enum Row<'a> {
    Purchase(PurchaseId),
    Event(EventId),
    ProviderEvent(&'a str),
}

fn rows(change: &Change) -> impl Iterator<Item = Row<'_>> {
    let event = change.event.iter().flat_map(|event| {
        let arriving = event.arriving.as_ref();
        let arriving = arriving.map(|event| Row::ProviderEvent(&event.incoming.provider_event_id));
        [Row::Event(event.outcome.id)].into_iter().chain(arriving)
    });
    [Row::Purchase(change.purchase.id)].into_iter().chain(event)
}

/// The statements of one round after the other. Those of one round change different rows; of two changes of one row, the
/// later one is in a later round.
///
/// A statement is the places of its changes, in the order of their tenants and purchases. Changes that book entries are
/// apart from those that do not: entries lock their tenants when they are inserted, the others when the statement ends,
/// so that one statement of both would lock tenants out of order.
pub(super) fn rounds(changes: &[Change]) -> Vec<Vec<Vec<usize>>> {
    let mut rounds: Vec<[Vec<usize>; 2]> = Vec::new();
    let mut next_round: HashMap<Row<'_>, usize> = HashMap::new();
    for (place, change) in changes.iter().enumerate() {
        let round = rows(change).filter_map(|row| next_round.get(&row).copied()).max().unwrap_or(0);
        next_round.extend(rows(change).map(|row| (row, round + 1)));
        if round == rounds.len() {
            rounds.push([Vec::new(), Vec::new()]);
        }
        rounds[round][usize::from(change.entries.is_empty())].push(place);
    }
    let order = |place: &usize| (changes[*place].purchase.tenant_id, changes[*place].purchase.id);
    let sorted = |mut places: Vec<usize>| {
        places.sort_by_key(order);
        places
    };
    let statements = |round: [Vec<usize>; 2]| {
        let statements = round.into_iter().filter(|places| !places.is_empty());
        statements.map(sorted).collect()
    };
    rounds.into_iter().map(statements).collect()
}
