//! The rules, each by an example.

use super::{tables::Tables, *};
use crate::{
    ids::ApiKeyId,
    wallet::{Booked, DailyCap, HOLDS_MAX, Hold, HoldStatus, Spend},
};

const NOW: i64 = 1_700_000_000_000_000;

struct Trial {
    tables: Tables,
    now: i64,
    next_key: u32,
}

impl Trial {
    /// A tenant with that many granted credits.
    fn with(credits: i64) -> Self {
        let mut trial = Self { tables: Tables::default(), now: NOW, next_key: 0 };
        trial.grant(credits);
        trial
    }

    fn grant(&mut self, credits: i64) -> Answer {
        self.ask(Command::Grant { credits: amount(credits), reason: reason() })
    }

    fn ask(&mut self, command: Command) -> Answer {
        self.next_key += 1;
        let key = format!("key-{}", self.next_key);
        self.tables.one(instant(self.now), &request(tenant(1), &key, command))
    }

    fn spend(&mut self, credits: i64) -> Answer {
        self.ask(Command::Spend(line(credits)))
    }

    fn hold(&mut self, credits: i64, seconds: i64) -> HoldId {
        hold_of(&self.ask(hold(credits, seconds))).id
    }

    /// Balance, held, available.
    fn funds(&self) -> (i64, i64, i64) {
        let funds = self.tables.funds(tenant(1), instant(self.now));
        (funds.balance.0, funds.held.0, funds.available().0)
    }

    fn after_seconds(&mut self, seconds: i64) {
        self.now += seconds * 1_000_000;
    }
}

fn hold_of(answer: &Answer) -> Hold {
    match written(answer) {
        Booked::Hold(hold) | Booked::Capture { hold, .. } => hold.clone(),
        other => panic!("no hold: {other:?}"),
    }
}

fn spend_of(answer: &Answer) -> Spend {
    match written(answer) {
        Booked::Spend(spend) | Booked::Capture { spend, .. } => spend.clone(),
        other => panic!("no spend: {other:?}"),
    }
}

#[test]
fn a_spend_that_is_not_covered_is_refused_and_says_what_is_there() {
    let mut trial = Trial::with(10);
    trial.hold(4, 900);
    let refused = refusal(&trial.spend(7));
    let funds = trial.tables.funds(tenant(1), instant(NOW));
    assert_eq!(refused, Some(Refusal::InsufficientCredits { required: Credits(7), funds }));
    assert_eq!(available(&trial.spend(6)), Some(Credits(0)));
    assert_eq!(trial.funds(), (4, 4, 0));
}

#[test]
fn of_two_spends_in_one_group_only_what_is_covered_is_taken_and_the_refused_one_harms_no_other() {
    let mut trial = Trial::with(5);
    let requests = [3, 3, 2].map(|credits| {
        trial.next_key += 1;
        request(tenant(1), &format!("group-{}", trial.next_key), Command::Spend(line(credits)))
    });
    let answers = trial.tables.execute(instant(NOW), &requests);
    assert_eq!(answers.iter().map(|answer| refusal(answer).is_none()).collect::<Vec<_>>(), [true, false, true]);
    assert_eq!(trial.funds(), (0, 0, 0));
}

#[test]
fn a_bulk_is_all_or_nothing() {
    let mut trial = Trial::with(5);
    assert!(refusal(&trial.ask(Command::SpendBulk(vec![line(3), line(3)]))).is_some());
    assert_eq!(trial.funds(), (5, 0, 5));
    assert!(refusal(&trial.ask(Command::SpendBulk(vec![line(3), line(2)]))).is_none());
    assert_eq!(trial.tables.entries[&tenant(1)].len(), 3);
}

#[test]
fn a_hold_is_no_entry_and_ends_by_itself_to_the_microsecond() {
    let mut trial = Trial::with(10);
    trial.hold(10, 60);
    assert_eq!(trial.funds(), (10, 10, 0));
    trial.now = NOW + 60_000_000 - 1;
    assert!(refusal(&trial.spend(1)).is_some());
    trial.now += 1;
    assert_eq!(trial.funds(), (10, 0, 10));
    assert!(refusal(&trial.spend(1)).is_none());
}

#[test]
fn a_capture_in_parts_keeps_the_rest_held_until_the_last() {
    let mut trial = Trial::with(10);
    let id = trial.hold(8, 900);
    let first = trial.ask(capture(id, 3, false));
    assert_eq!((hold_of(&first).status, spend_of(&first).hold_id), (HoldStatus::Active, Some(id)));
    assert_eq!(trial.funds(), (7, 5, 2));
    assert_eq!(refusal(&trial.ask(capture(id, 6, true))), Some(Refusal::ExceedsHold { left: Credits(5) }));
    assert_eq!(hold_of(&trial.ask(capture(id, 2, true))).status, HoldStatus::Captured);
    assert_eq!(trial.funds(), (5, 0, 5));
    assert_eq!(refusal(&trial.ask(capture(id, 1, true))), Some(Refusal::HoldFinished));
}

#[test]
fn a_late_capture_is_an_ordinary_spend() {
    let mut trial = Trial::with(10);
    let id = trial.hold(8, 60);
    trial.after_seconds(60);
    let other = trial.hold(5, 900);
    let funds = trial.tables.funds(tenant(1), instant(trial.now));
    assert_eq!(refusal(&trial.ask(capture(id, 6, true))), Some(Refusal::HoldExpired { funds }));
    assert_eq!(spend_of(&trial.ask(capture(id, 5, true))).credits, Credits(5));
    assert_eq!(trial.funds(), (5, 5, 0));
    assert_eq!(trial.tables.holds[&other].status, HoldStatus::Active);
}

#[test]
fn a_swept_hold_behaves_as_one_that_has_expired_unnoticed() {
    let mut trial = Trial::with(10);
    let id = trial.hold(8, 60);
    trial.after_seconds(61);
    trial.tables.holds.get_mut(&id).expect("the hold").status = HoldStatus::Expired;
    assert_eq!(spend_of(&trial.ask(capture(id, 8, true))).credits, Credits(8));
}

#[test]
fn a_capture_never_takes_what_other_holds_have_when_a_refund_has_lowered_the_balance() {
    let mut trial = Trial::with(10);
    let grant = *trial.tables.grants.keys().next().expect("the grant");
    let id = trial.hold(6, 900);
    trial.hold(4, 900);
    trial.ask(Command::ReverseGrant { grant, credits: Some(amount(3)), reason: reason() });
    assert_eq!(trial.funds(), (7, 10, -3));
    assert!(matches!(refusal(&trial.ask(capture(id, 4, true))), Some(Refusal::InsufficientCredits { .. })));
    assert_eq!(available(&trial.ask(capture(id, 3, true))), Some(Credits(0)));
}

#[test]
fn an_extension_sets_a_new_end_and_adds_credits() {
    let mut trial = Trial::with(10);
    let id = trial.hold(6, 60);
    let extend = |seconds, more: Option<i64>| Command::Extend {
        hold: id,
        ttl: Ttl::try_from(seconds).expect("a ttl"),
        credits: more.map(amount),
    };
    assert!(refusal(&trial.ask(extend(60, Some(5)))).is_some());
    trial.after_seconds(30);
    assert_eq!(hold_of(&trial.ask(extend(60, Some(4)))).credits, Credits(10));
    trial.after_seconds(59);
    assert_eq!(trial.funds(), (10, 10, 0));
    trial.after_seconds(1);
    assert_eq!(trial.funds(), (10, 0, 10));
    assert_eq!(hold_of(&trial.ask(extend(60, None))).status, HoldStatus::Active);
    assert_eq!(trial.funds(), (10, 10, 0));
    trial.after_seconds(60);
    trial.spend(1);
    assert!(matches!(refusal(&trial.ask(extend(60, None))), Some(Refusal::HoldExpired { .. })));
}

#[test]
fn a_second_release_changes_nothing_and_a_captured_hold_is_not_released() {
    let mut trial = Trial::with(10);
    let id = trial.hold(6, 900);
    trial.ask(Command::Release { hold: id });
    assert_eq!(hold_of(&trial.ask(Command::Release { hold: id })).status, HoldStatus::Released);
    let captured = trial.hold(6, 900);
    trial.ask(capture(captured, 1, true));
    assert_eq!(refusal(&trial.ask(Command::Release { hold: captured })), Some(Refusal::HoldFinished));
}

#[test]
fn a_repeated_request_gets_the_first_answer_and_has_no_second_effect() {
    let mut trial = Trial::with(10);
    let running = trial.hold(4, 900);
    let same = request(tenant(1), "same", Command::Spend(line(6)));
    let first = trial.tables.one(instant(NOW), &same);
    let again = trial.tables.one(instant(NOW + 5), &same);
    assert_eq!((&again.outcome, again.replayed), (&first.outcome, true));
    assert_eq!(trial.tables.holds[&running].status, HoldStatus::Active);

    let refused = request(tenant(1), "refused", Command::Spend(line(1)));
    let first = trial.tables.one(instant(NOW), &refused);
    trial.grant(100);
    let again = trial.tables.one(instant(NOW), &refused);
    assert_eq!((&again.outcome, again.replayed), (&first.outcome, true));
    assert!(refusal(&again).is_some());
}

#[test]
fn a_key_is_for_one_request_of_one_tenant() {
    let mut trial = Trial::with(10);
    trial.tables.one(instant(NOW), &request(tenant(1), "same", Command::Spend(line(1))));
    for other in
        [request(tenant(1), "same", Command::Spend(line(2))), request(tenant(2), "same", Command::Spend(line(1)))]
    {
        assert_eq!(refusal(&trial.tables.one(instant(NOW), &other)), Some(Refusal::KeyReused));
    }
    assert_eq!(trial.funds(), (9, 0, 9));
}

#[test]
fn a_limit_that_passes_is_tried_again_with_the_same_key() {
    let mut trial = Trial::with(1_000);
    for _ in 0..HOLDS_MAX {
        trial.hold(1, 60);
    }
    let one_more = request(tenant(1), "one-more", hold(1, 60));
    assert_eq!(refusal(&trial.tables.one(instant(trial.now), &one_more)), Some(Refusal::TooManyHolds));
    // Holds that are over count no longer, swept or not.
    trial.after_seconds(60);
    assert_eq!(refusal(&trial.tables.one(instant(trial.now), &one_more)), None);
}

#[test]
fn a_spend_is_reversed_in_parts_up_to_the_whole() {
    let mut trial = Trial::with(10);
    let spend = spend_of(&trial.spend(10)).id;
    let reverse =
        |credits: Option<i64>| Command::ReverseSpend { spend, credits: credits.map(amount), reason: reason() };
    assert_eq!(available(&trial.ask(reverse(Some(4)))), Some(Credits(4)));
    assert_eq!(refusal(&trial.ask(reverse(Some(7)))), Some(Refusal::ExceedsSpend { left: Credits(6) }));
    assert_eq!(available(&trial.ask(reverse(None))), Some(Credits(10)));
    assert_eq!(refusal(&trial.ask(reverse(None))), Some(Refusal::ExceedsSpend { left: Credits(0) }));
}

#[test]
fn a_grant_that_is_taken_back_can_overdraw_and_then_nothing_is_spent() {
    let mut trial = Trial::with(10);
    let grant = *trial.tables.grants.keys().next().expect("the grant");
    trial.spend(8);
    let take_back = Command::ReverseGrant { grant, credits: None, reason: reason() };
    assert_eq!(available(&trial.ask(take_back.clone())), Some(Credits(-8)));
    assert_eq!(refusal(&trial.ask(take_back)), Some(Refusal::ExceedsGrant { left: Credits(0) }));
    assert!(refusal(&trial.spend(1)).is_some());
}

#[test]
fn another_tenants_hold_spend_and_grant_are_unknown() {
    let mut trial = Trial::with(10);
    let (held, spent) = (trial.hold(1, 900), spend_of(&trial.spend(1)).id);
    let grant = *trial.tables.grants.keys().next().expect("the grant");
    let foreign = [
        Command::Release { hold: held },
        capture(held, 1, true),
        Command::Extend { hold: held, ttl: Ttl::default(), credits: None },
        Command::ReverseSpend { spend: spent, credits: None, reason: reason() },
        Command::ReverseGrant { grant, credits: None, reason: reason() },
    ];
    for (number, command) in foreign.into_iter().enumerate() {
        let answer = trial.tables.one(instant(NOW), &request(tenant(2), &format!("foreign-{number}"), command));
        assert_eq!(refusal(&answer), Some(Refusal::NotFound));
    }
}

#[test]
fn a_key_with_a_cap_spends_no_more_in_a_day() {
    let mut trial = Trial::with(100);
    let api_key = ApiKeyId::from_uuid(uuid::Uuid::from_bytes([7; 16]));
    let mut capped = |now: i64, key: &str, credits: i64| {
        let mut request = request(tenant(1), key, Command::Spend(line(credits)));
        request.daily_cap = Some(DailyCap { api_key, credits: Credits(10) });
        refusal(&trial.tables.one(instant(now), &request))
    };
    let midnight = 86_400_000_000 * (NOW / 86_400_000_000 + 1);
    assert_eq!(capped(NOW, "a", 7), None);
    assert_eq!(capped(NOW, "b", 4), Some(Refusal::DailyCap));
    assert_eq!(capped(midnight - 1, "c", 3), None);
    assert_eq!(capped(midnight - 1, "d", 1), Some(Refusal::DailyCap));
    assert_eq!(capped(midnight, "b", 10), None);
}

#[test]
fn the_platform_is_told_once_when_the_balance_falls_below_the_threshold() {
    let mut trial = Trial::with(10);
    trial.tables.low_balance = Some(Credits(5));
    for _ in 0..3 {
        trial.spend(2);
    }
    assert_eq!(trial.tables.low_balances.len(), 1);
    trial.spend(2);
    assert_eq!(trial.tables.low_balances.len(), 1);
    trial.grant(10);
    trial.spend(9);
    assert_eq!(trial.tables.low_balances.len(), 2);
}

#[test]
fn no_amount_is_zero_negative_or_beyond_the_maximum() {
    for wrong in [0, -1, i64::MIN, Amount::MAX + 1, i64::MAX] {
        assert!(Amount::try_from(wrong).is_err());
    }
    assert!(Amount::try_from(1).is_ok() && Amount::try_from(Amount::MAX).is_ok());
}
