//! Whatever is asked for, in whatever groups, the rules hold: [`Tables`] checks each write.

use proptest::prelude::*;

use super::{tables::Tables, *};
use crate::{
    ids::{GrantId, SpendId},
    wallet::Booked,
};

/// What is asked for, before there are any ids: `which` chooses among the holds, spends or grants that there are.
#[derive(Clone, Debug)]
enum Step {
    Spend(i64),
    Bulk(Vec<i64>),
    Hold { credits: i64, seconds: i64 },
    Capture { which: usize, credits: Option<i64>, last: bool },
    Release { which: usize },
    Extend { which: usize, seconds: i64, credits: Option<i64> },
    ReverseSpend { which: usize, credits: Option<i64> },
    Grant(i64),
    ReverseGrant { which: usize, credits: Option<i64> },
}

/// A step, by whom, how much later, and whether it repeats an earlier key.
#[derive(Clone, Debug)]
struct Move {
    step: Step,
    tenant: u8,
    later_micros: i64,
    repeats: Option<usize>,
    ends_group: bool,
}

fn step() -> impl Strategy<Value = Step> {
    let few = 1..8_i64;
    let which = 0..1_000_usize;
    let seconds = 1..4_i64;
    let some = proptest::option::of(few.clone());
    prop_oneof![
        4 => few.clone().prop_map(Step::Spend),
        1 => proptest::collection::vec(few.clone(), 1..4).prop_map(Step::Bulk),
        4 => (few.clone(), seconds.clone()).prop_map(|(credits, seconds)| Step::Hold { credits, seconds }),
        4 => (which.clone(), some.clone(), any::<bool>())
            .prop_map(|(which, credits, last)| Step::Capture { which, credits, last }),
        2 => which.clone().prop_map(|which| Step::Release { which }),
        2 => (which.clone(), seconds, some.clone())
            .prop_map(|(which, seconds, credits)| Step::Extend { which, seconds, credits }),
        2 => (which.clone(), some.clone()).prop_map(|(which, credits)| Step::ReverseSpend { which, credits }),
        3 => (1..12_i64).prop_map(Step::Grant),
        2 => (which, some).prop_map(|(which, credits)| Step::ReverseGrant { which, credits }),
    ]
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let time = prop_oneof![3 => Just(0_i64), 2 => 1..1_500_000_i64, 1 => Just(1_000_000_i64)];
    let one = (step(), 1..3_u8, time, proptest::option::weighted(0.1, 0..60_usize), proptest::bool::weighted(0.3));
    let one = one.prop_map(|(step, tenant, later_micros, repeats, ends_group)| Move {
        step,
        tenant,
        later_micros,
        repeats,
        ends_group,
    });
    proptest::collection::vec(one, 1..60)
}

fn command(step: &Step, tables: &Tables) -> Command {
    let holds: Vec<_> = tables.holds.keys().copied().collect();
    let spends: Vec<_> = tables.spends.keys().copied().collect();
    let grants: Vec<_> = tables.grants.keys().copied().collect();
    let unknown = uuid::Uuid::from_bytes([9; 16]);
    let hold_at = |which: usize| pick(&holds, which).unwrap_or(HoldId::from_uuid(unknown));
    match step {
        Step::Spend(credits) => Command::Spend(line(*credits)),
        Step::Bulk(credits) => Command::SpendBulk(credits.iter().copied().map(line).collect()),
        Step::Hold { credits, seconds } => hold(*credits, *seconds),
        Step::Capture { which, credits, last } => {
            Command::Capture { hold: hold_at(*which), credits: credits.map(amount), last: *last, description: None }
        }
        Step::Release { which } => Command::Release { hold: hold_at(*which) },
        Step::Extend { which, seconds, credits } => Command::Extend {
            hold: hold_at(*which),
            ttl: Ttl::try_from(*seconds).expect("a ttl"),
            credits: credits.map(amount),
        },
        Step::ReverseSpend { which, credits } => Command::ReverseSpend {
            spend: pick(&spends, *which).unwrap_or(SpendId::from_uuid(unknown)),
            credits: credits.map(amount),
            reason: reason(),
        },
        Step::Grant(credits) => Command::Grant { credits: amount(*credits), reason: reason() },
        Step::ReverseGrant { which, credits } => Command::ReverseGrant {
            grant: pick(&grants, *which).unwrap_or(GrantId::from_uuid(unknown)),
            credits: credits.map(amount),
            reason: reason(),
        },
    }
}

fn pick<T: Copy>(all: &[T], which: usize) -> Option<T> {
    if all.is_empty() { None } else { Some(all[which % all.len()]) }
}

/// Groups of requests and when each comes. Ids are those that stand in the tables at the beginning of the group.
fn run(moves: &[Move], mut on_group: impl FnMut(&mut Tables, Timestamp, &[Request])) -> Tables {
    let mut tables = Tables { low_balance: Some(Credits(3)), ..Tables::default() };
    let mut now = 1_700_000_000_000_000;
    let mut asked: Vec<Request> = Vec::new();
    let mut group = Vec::new();
    for (number, Move { step, tenant: by, later_micros, repeats, ends_group }) in moves.iter().enumerate() {
        let repeated = repeats.and_then(|which| pick_request(&asked, which));
        let fresh = || request(tenant(*by), &format!("key-{number}"), command(step, &tables));
        let next = repeated.unwrap_or_else(fresh);
        asked.push(next.clone());
        group.push(next);
        if *ends_group || number + 1 == moves.len() {
            now += later_micros;
            on_group(&mut tables, instant(now), &group);
            group.clear();
        }
    }
    tables
}

fn pick_request(asked: &[Request], which: usize) -> Option<Request> {
    if asked.is_empty() { None } else { Some(asked[which % asked.len()].clone()) }
}

proptest! {
    #[test]
    fn whatever_is_asked_for_each_write_is_allowed_and_each_effect_happens_once(moves in moves()) {
        let mut granted = 0;
        let tables = run(&moves, |tables, now, group| {
            let before = tables.keys.clone();
            for (request, answer) in group.iter().zip(tables.execute(now, group)) {
                if answer.replayed {
                    continue;
                }
                assert!(!before.contains_key(&request.key) || refusal(&answer) == Some(Refusal::KeyReused));
                if let Outcome::Done { written, .. } = &answer.outcome
                    && let Booked::Grant(grant) = written.as_ref()
                {
                    granted += grant.credits.0;
                }
            }
        });
        let balances: i64 = tables.entries.values().filter_map(|entries| entries.last()).map(|last| last.balance_after.0).sum();
        let taken: i64 = tables.grants.values().map(|grant| grant.reversed.0).sum();
        let spent: i64 = tables.spends.values().map(|spend| spend.credits.0 - spend.reversed.0).sum();
        prop_assert_eq!(balances, granted - taken - spent);
        let captured: i64 = tables.holds.values().map(|hold| hold.captured.0).sum();
        let from_holds: i64 = tables.spends.values().filter(|spend| spend.hold_id.is_some()).map(|spend| spend.credits.0).sum();
        prop_assert_eq!(captured, from_holds);
    }

    #[test]
    fn a_group_does_what_its_requests_do_one_by_one(moves in moves()) {
        let mut together = Vec::new();
        let grouped = run(&moves, |tables, now, group| together.extend(tables.execute(now, group)));
        let mut alone = Vec::new();
        let single = run(&moves, |tables, now, group| {
            alone.extend(group.iter().map(|request| tables.one(now, request)));
        });
        prop_assert_eq!(together, alone);
        prop_assert_eq!(grouped.entries, single.entries);
        prop_assert_eq!(grouped.holds, single.holds);
        prop_assert_eq!(grouped.low_balances, single.low_balances);
    }
}
