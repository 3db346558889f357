use super::*;
use crate::{
    purchase::State,
    testing::{harness::Harness, memory::MemoryStore},
};

#[test]
fn a_declaration_names_who_what_and_where_to_answer() {
    let said = Declaration::new(" Kim\r\n Meier ", "5 Credits\tvom 3.\u{0} Mai", "Kim@Example.com");
    let said = said.expect("it is complete");
    assert_eq!((said.name.as_str(), said.contract.as_str()), ("Kim Meier", "5 Credits vom 3. Mai"));
    assert_eq!(said.email.as_str(), "kim@example.com");
    let long = "ä".repeat(TEXT_LENGTH_MAX);
    assert!(Declaration::new(&long, "x", "kim@example.com").is_ok());
    let longer = format!("{long}ä");
    for (name, contract, email, wrong) in [
        (" \n", "x", "kim@example.com", InvalidDeclaration::Name),
        (&longer, "x", "kim@example.com", InvalidDeclaration::Name),
        ("Kim", "", "kim@example.com", InvalidDeclaration::Contract),
        ("Kim", &longer, "kim@example.com", InvalidDeclaration::Contract),
        ("Kim", "x", "kim", InvalidDeclaration::Email),
    ] {
        assert_eq!(Declaration::new(name, contract, email), Err(wrong), "{name:?} {contract:?} {email:?}");
    }
    assert!(!format!("{said:?}").contains("im"), "a log is no place for it");
}

#[tokio::test]
async fn the_right_ends_by_confirmed_delivery_or_by_time_and_not_before() {
    const DAY: SignedDuration = SignedDuration::from_hours(24);
    let harness = Harness::open(std::sync::Arc::new(MemoryStore::default()), 1).await;
    let pending = harness.purchase();
    let ordered = pending.created_at;
    let state = |state: State| Purchase { state, ..pending.clone() };
    let paid = state(pending.state.pay(ordered).expect("it is open"));
    let without_consent = Purchase { consent: None, ..paid.clone() };
    let refunded = state(paid.state.refund(ordered).expect("it is paid"));
    let now = ordered + DAY;
    assert_eq!(judge(&pending, None, now), WithdrawalDecision::Unpaid);
    assert_eq!(judge(&refunded, Some(now), now), WithdrawalDecision::Refunded);
    assert_eq!(judge(&paid, Some(now), now), WithdrawalDecision::Delivered);
    assert_eq!(judge(&paid, None, now), WithdrawalDecision::Effective, "consent was not confirmed");
    assert_eq!(judge(&paid, Some(now + DAY), now), WithdrawalDecision::Effective, "consent was not yet confirmed");
    assert_eq!(judge(&without_consent, Some(now), now), WithdrawalDecision::Effective, "there is no consent");
    assert_eq!(judge(&without_consent, None, ordered + DAY * 15), WithdrawalDecision::Effective);
    assert_eq!(judge(&without_consent, None, ordered + DAY * 15 + DAY / 24), WithdrawalDecision::Late);
}
