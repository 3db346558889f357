use jiff::Timestamp;
use proptest::{option, prelude::*};

use super::*;
use crate::{
    catalog::CATALOG,
    ids::{PurchaseId, TenantId},
    locale::Locale,
    purchase::{Item, Pending, Status},
    reversal::Reversals,
    testing::fixtures::SeededEntropy,
};

const AT: Timestamp = Timestamp::UNIX_EPOCH;

fn states() -> impl Strategy<Value = State> {
    let pending = Pending;
    prop_oneof![
        Just(State::Pending(pending)),
        Just(State::Failed(pending.fail(FailureReason::Cancelled, AT))),
        Just(State::Failed(pending.fail(FailureReason::Expired, AT))),
        Just(State::Paid(pending.pay(AT))),
        Just(State::Refunded(pending.pay(AT).refund(AT))),
    ]
}

prop_compose! {
    fn purchases()(state in states(), opened in any::<bool>(), payment_ref in option::of("pi_[12]")) -> Purchase {
        let entropy = SeededEntropy::new(1);
        Purchase {
            id: PurchaseId::new(AT, &entropy),
            tenant_id: TenantId::new(AT, &entropy),
            ordered_by: crate::ids::UserId::new(AT, &entropy),
            order_key: None,
            item: Item::from(&CATALOG[0]),
            locale: Locale::De,
            consent: None,
            checkout: opened.then(|| Checkout { provider_ref: "cs_1".to_owned(), url: String::new() }),
            payment_ref,
            reversals: Reversals::default(),
        receipt_number: None,
            state,
            created_at: AT,
            updated_at: AT,
            version: 1,
        }
    }
}

prop_compose! {
    fn sessions()(
        provider_ref in prop_oneof![4 => Just("cs_1"), 1 => Just("cs_2")],
        status in prop_oneof![2 => Just(SessionStatus::Complete), 1 => Just(SessionStatus::Open), 1 => Just(SessionStatus::Expired)],
        payment in prop_oneof![
            2 => Just(PaymentStatus::Paid), 1 => Just(PaymentStatus::NotRequired), 1 => Just(PaymentStatus::Unpaid),
            1 => Just(PaymentStatus::Failed)
        ],
        amount_total in prop_oneof![4 => Just(Some(149)), 1 => Just(None), 1 => option::of(any::<i64>())],
        currency in prop_oneof![4 => Just(Some("eur")), 1 => Just(Some("EUR")), 1 => Just(Some("usd")), 1 => Just(None)],
        livemode in prop::bool::weighted(0.2),
        payment_ref in option::of("pi_[12]"),
    ) -> CheckoutSession {
        CheckoutSession {
            provider_ref: provider_ref.to_owned(),
            purchase_id: None,
            tenant_id: None,
            url: None,
            status,
            payment,
            amount_total,
            currency: currency.map(str::to_owned),
            livemode,
            payment_ref,
        }
    }
}

fn contexts() -> impl Strategy<Value = SessionContext> {
    prop_oneof![Just(SessionContext::None), Just(SessionContext::Discarded), Just(SessionContext::PaymentFailed)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_settles_what_was_sold_and_nothing_else(
        purchase in purchases(), session in sessions(), livemode in prop::bool::weighted(0.2), context in contexts(),
    ) {
        let due = matches!(purchase.status(), Status::Pending | Status::Failed);
        let charged = matches!(session.payment, PaymentStatus::Paid | PaymentStatus::NotRequired);
        let paid = session.status == SessionStatus::Complete && charged;
        let as_sold = session.amount_total == Some(149)
            && session.currency.as_deref().is_some_and(|code| code.eq_ignore_ascii_case("eur"));
        let ours = session.livemode == livemode && (purchase.checkout.is_none() || session.provider_ref == "cs_1");
        let decision = decide(&purchase, &session, livemode, context);
        prop_assert_eq!(decision == Decision::Settle, due && paid && as_sold && ours);
        // Money that is not as sold is never passed over in silence.
        if due && paid && !(as_sold && ours) {
            prop_assert!(matches!(decision, Decision::Refuse(_)), "{decision:?}");
        }
    }

    #[test]
    fn what_is_paid_stays_paid(
        purchase in purchases(), session in sessions(), livemode in any::<bool>(), context in contexts(),
    ) {
        let decision = decide(&purchase, &session, livemode, context);
        if purchase.state.paid_at().is_some() {
            prop_assert!(matches!(decision, Decision::Nothing | Decision::Refuse(_)), "{decision:?}");
        }
    }

    #[test]
    fn it_fails_a_purchase_only_upon_bad_news(
        purchase in purchases(), session in sessions(), context in contexts(),
    ) {
        if let Decision::Fail(reason) = decide(&purchase, &session, session.livemode, context) {
            let ran_out = purchase.state.failure().is_some_and(|failed| failed.reason == FailureReason::Expired);
            let told_why = ran_out && reason == FailureReason::Cancelled;
            prop_assert!(purchase.status() == Status::Pending || told_why, "{:?}", purchase.state);
            let expired = session.status == SessionStatus::Expired;
            let expected = match context {
                SessionContext::Discarded if expired => FailureReason::Cancelled,
                _ if expired => FailureReason::Expired,
                _ => FailureReason::PaymentFailed,
            };
            prop_assert_eq!(reason, expected);
            prop_assert!(expired || context == SessionContext::PaymentFailed || session.payment == PaymentStatus::Failed);
        }
    }

    #[test]
    fn whoever_drops_a_purchase_is_told_so_even_if_a_notification_was_quicker(purchase in purchases(), session in sessions()) {
        let session = CheckoutSession { provider_ref: "cs_1".to_owned(), status: SessionStatus::Expired, ..session };
        let state = State::Failed(Pending.fail(FailureReason::Expired, AT));
        let decision = decide(&Purchase { state, ..purchase }, &session, session.livemode, SessionContext::Discarded);
        prop_assert_eq!(decision, Decision::Fail(FailureReason::Cancelled));
    }

    #[test]
    fn a_payment_of_an_open_session_is_no_payment_under_way(purchase in purchases(), session in sessions()) {
        let declined = CheckoutSession { status: SessionStatus::Open, ..session };
        let decision = decide(&purchase, &declined, declined.livemode, SessionContext::None);
        prop_assert!(purchase.checkout.is_none() || decision != Decision::RecordReference, "a declined card was taken for one");
    }

    #[test]
    fn it_notes_what_is_news_once(purchase in purchases(), session in sessions(), context in contexts()) {
        if decide(&purchase, &session, session.livemode, context) == Decision::RecordReference {
            let checkout = Checkout { provider_ref: session.provider_ref.clone(), url: String::new() };
            let payment_ref = session.payment_ref.clone().or(purchase.payment_ref.clone());
            let noted = Purchase { checkout: Some(checkout), payment_ref, ..purchase };
            prop_assert_eq!(decide(&noted, &session, session.livemode, context), Decision::Nothing);
        }
    }
}
