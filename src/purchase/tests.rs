use proptest::prelude::*;

use super::*;

#[derive(Clone, Copy, Debug)]
enum Move {
    Pay,
    Fail,
    Drop,
    Refund,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    proptest::collection::vec(
        prop_oneof![Just(Move::Pay), Just(Move::Fail), Just(Move::Drop), Just(Move::Refund)],
        0..12,
    )
}

proptest! {
    #[test]
    fn only_the_four_moves_of_the_diagram_exist(moves in moves()) {
        let at = Timestamp::UNIX_EPOCH;
        let mut state = State::Pending(Pending);
        for made in moves {
            let from = state.status();
            let ran_out = state.failure().is_some_and(|failed| failed.reason == FailureReason::Expired);
            let next = match made {
                Move::Pay => state.pay(at),
                Move::Fail => state.fail(FailureReason::Expired, at),
                Move::Drop => state.fail(FailureReason::Cancelled, at),
                Move::Refund => state.refund(at),
            };
            let allowed = matches!(
                (from, made),
                (Status::Pending | Status::Failed, Move::Pay)
                    | (Status::Pending, Move::Fail | Move::Drop)
                    | (Status::Paid, Move::Refund)
            );
            let told_why = ran_out && matches!(made, Move::Drop);
            prop_assert_eq!(next.is_ok(), allowed || told_why);
            state = next.unwrap_or(state);
        }
    }

    #[test]
    fn a_state_survives_being_stored(moves in moves()) {
        let mut state = State::Pending(Pending);
        for (made, second) in moves.into_iter().zip(1..) {
            let at = Timestamp::from_second(second).map_err(|e| TestCaseError::fail(e.to_string()))?;
            state = match made {
                Move::Pay => state.pay(at),
                Move::Fail => state.fail(FailureReason::Expired, at),
                Move::Drop => state.fail(FailureReason::Cancelled, at),
                Move::Refund => state.refund(at),
            }.unwrap_or(state);
            let failure = state.failure().map(|failed| (failed.reason, failed.at));
            prop_assert_eq!(State::restore(state.status(), state.paid_at(), failure, state.refunded_at()), Some(state));
        }
    }
}

#[test]
fn columns_that_contradict_each_other_make_no_state() {
    let at = Some(Timestamp::UNIX_EPOCH);
    assert_eq!(State::restore(Status::Paid, None, None, None), None);
    assert_eq!(State::restore(Status::Pending, at, None, None), None);
    assert_eq!(State::restore(Status::Refunded, None, None, at), None);
}

/// The database and the API know each by the one name.
#[test]
fn a_name_is_the_same_in_json_and_in_a_column_and_is_read_back() {
    fn agree<T>()
    where
        T: strum::VariantNames + FromStr + serde::Serialize + Into<&'static str> + Copy,
        T::Err: std::fmt::Debug,
    {
        for name in T::VARIANTS {
            let value: T = name.parse().unwrap();
            let column: &'static str = value.into();
            assert_eq!((serde_json::json!(value), column), (serde_json::json!(name), *name));
        }
    }
    agree::<PurchaseType>();
    agree::<Status>();
    agree::<FailureReason>();
    agree::<crate::ledger::EntryKind>();
    agree::<crate::event::EventStatus>();
    agree::<crate::withdrawal::WithdrawalDecision>();
    agree::<crate::money::Currency>();
}

#[test]
fn an_order_key_is_visible_ascii_of_bounded_length() {
    assert!("a".parse::<OrderKey>().is_ok());
    assert!("x".repeat(255).parse::<OrderKey>().is_ok());
    for bad in ["", "with space", "ü", "line\nbreak", &"x".repeat(256)] {
        assert_eq!(bad.parse::<OrderKey>(), Err(InvalidOrderKey), "{bad:?}");
    }
}
