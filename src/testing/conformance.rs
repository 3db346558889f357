//! The conformance suite that every store has to pass. Each case is a function and gets an empty store.

#![expect(missing_docs, reason = "a case's name says what it is about")]

mod accounts;
mod api_keys;
mod backlog;
mod changes;
mod consent;
mod deliveries;
mod events;
mod groups;
mod isolation;
mod outbox;
mod purchases;
mod receipts;
mod recovery;
mod refusals;
mod tenants;
mod wallet;
mod webhooks;

pub use accounts::*;
pub use api_keys::*;
pub use backlog::*;
pub use changes::*;
pub use consent::*;
pub use deliveries::*;
pub use events::*;
pub use groups::*;
pub use isolation::*;
pub use outbox::*;
pub use purchases::*;
pub use receipts::*;
pub use recovery::*;
pub use refusals::*;
pub use tenants::*;
pub use wallet::*;
pub use webhooks::*;

use super::harness::Harness;
use crate::{
    event::{ClosedEvent, EventOutcome, EventStatus, NewEvent},
    ids::TenantId,
    ledger::{Balance, NewEntry},
    mail::{NewMail, Topic},
    money::Credits,
    purchase::Purchase,
    store::{Change, Committed, Inserted, StoreError},
};

/// Makes a `#[tokio::test]` of every case. `$on_store` is an `async fn` that takes a case, opens an empty, migrated
/// store, and gives it to the case.
#[macro_export]
macro_rules! conformance_tests {
    ($on_store:path) => {
        $crate::conformance_tests! { @each $on_store:
            a_balance_is_read_from_the_newest_entry
            a_balance_never_wraps
            a_change_made_from_an_outdated_purchase_writes_nothing
            changes_of_many_tenants_at_the_same_instant_are_each_written_whole
            a_stale_and_a_refused_change_harm_none_that_arrive_with_them
            of_changes_of_one_purchase_at_the_same_instant_one_is_written
            one_event_in_changes_at_the_same_instant_is_stored_once
            a_caller_that_gives_up_takes_nothing_from_those_beside_it
            a_checkout_session_pays_for_one_purchase_alone
            a_new_purchase_begins_pending
            a_checkout_session_of_another_provider_is_noticed
            a_notification_finds_its_purchase_by_session_or_by_id
            a_payment_finds_its_purchase
            a_page_of_the_history_goes_on_where_the_last_one_ended
            a_purchase_is_read_back_as_it_was_written
            a_purchase_that_ran_out_can_turn_out_to_be_dropped
            a_session_tells_who_is_signed_in_and_what_they_have
            active_holds_are_told_until_their_end_and_to_their_tenant_alone
            a_settled_purchase_is_read_back_with_its_entry
            a_taken_address_writes_neither_tenant_nor_user
            a_confirmation_is_owed_once_and_with_what_it_confirms
            a_change_enqueues_the_mails_it_names_and_when_they_are_due
            a_consented_wording_is_kept_as_it_was
            a_withdrawal_is_kept_as_it_came_and_acknowledged
            a_text_with_a_nul_is_unknown_or_kept_without_it
            acknowledgements_go_before_confirmations_and_of_each_the_longest_due
            an_account_is_found_by_address_and_by_id
            an_effect_is_booked_once
            an_entry_needs_the_sign_and_reference_of_its_kind
            an_ended_session_signs_nobody_in
            an_event_can_be_found_again
            an_event_keeps_the_purchase_that_it_is_about
            a_mail_that_is_being_sent_is_not_made_due_again
            another_copy_of_a_mail_takes_back_nothing_of_the_first
            a_new_password_ends_every_session_of_its_user_and_no_other
            an_event_is_finished_with_the_change_that_it_causes
            an_event_is_stored_once_and_finished_once
            an_event_that_arrives_is_stored_closed_and_once
            an_event_that_arrives_is_stored_with_the_change_that_it_causes_or_not_at_all
            another_tenant_can_read_nothing
            another_tenant_can_write_nothing
            credits_are_booked_for_what_was_sold_and_paid
            a_mail_is_sent_once_or_given_up_or_tried_again
            due_events_are_claimed_by_one_alone
            due_mails_are_claimed_by_one_alone
            due_purchases_are_claimed_by_one_alone
            expired_sessions_are_removed_and_counted
            late_money_clears_the_failure
            listeners_hear_whose_purchases_change
            one_order_key_at_the_same_instant_makes_one_purchase
            one_order_key_makes_one_purchase_in_each_tenant
            only_the_four_moves_are_written
            only_users_of_the_tenant_order_for_it
            open_purchases_are_limited_for_each_tenant
            orders_at_the_same_instant_do_not_exceed_the_limit
            orders_within_a_minute_are_limited_for_each_tenant
            orders_without_a_key_are_orders_of_their_own
            refunds_and_reversals_move_the_balance
            the_backfill_goes_on_and_never_back
            the_ledger_is_read_newest_first_and_page_by_page
            what_waits_is_counted_and_what_is_done_is_not
            the_store_is_ready_once_it_is_migrated
            refunds_and_disputes_are_read_back_as_they_were_written
            a_corrected_dispute_is_booked_by_its_difference
            what_was_sold_never_changes
            receipts_are_numbered_in_the_order_of_payment
            there_is_a_receipt_of_what_was_paid_alone
            a_receipt_stays_as_it_was_issued
            two_sellers_count_for_themselves
            a_new_series_counts_from_one_and_no_number_comes_again
            a_series_is_begun_once_and_by_its_seller_alone
            a_lost_sale_is_written_with_its_tenant_and_user_or_not_at_all
            a_decision_made_before_the_number_was_given_is_made_again
            many_issuers_at_once_leave_no_gap_and_give_no_number_twice
            an_issuer_that_dies_leaves_no_gap
            a_spend_takes_what_is_available_and_no_more
            requests_of_a_group_are_executed_in_their_order
            a_group_can_hold_capture_and_hold_again
            spends_at_the_same_instant_never_take_more_than_there_is
            a_key_has_one_effect_and_one_answer_also_at_the_same_instant
            a_replay_is_the_first_answer_whatever_has_happened_since
            a_hold_ends_by_itself_to_the_microsecond
            a_late_capture_is_a_spend_before_and_after_the_hold_is_tidied
            a_tenant_has_a_hundred_active_holds_at_most
            what_is_reversed_is_added_up_whoever_reverses
            a_grant_that_is_taken_back_can_overdraw
            another_tenant_reaches_no_hold_spend_or_grant
            an_unknown_tenant_has_no_wallet
            an_effect_owes_a_webhook_only_to_an_enabled_endpoint_that_wants_it
            a_change_of_a_purchase_owes_a_webhook_with_the_change_or_not_at_all
            a_low_balance_is_told_once_for_each_time_that_it_falls_below
            a_reversal_and_each_expiry_of_a_hold_owe_a_webhook
            a_due_webhook_is_claimed_by_one_alone_and_for_its_endpoint
            each_attempt_of_a_webhook_carries_the_payload_of_the_first
            a_webhook_is_delivered_once_or_put_off_or_given_up
            a_replay_passes_over_what_is_being_sent_and_endpoints_that_are_off
            an_endpoint_that_is_off_gets_nothing_and_catches_up_once_it_is_on
            a_removed_endpoint_is_gone_with_its_secrets_and_what_it_was_owed
            two_rotations_at_once_lose_no_secret
            a_key_with_a_cap_spends_no_more_in_a_day
            a_revoked_key_has_nothing_written
            purchases_and_spends_share_one_ledger
            a_bulk_is_all_or_nothing
            a_hold_and_a_spend_are_read_back_as_they_were_written
            entries_are_described_by_their_source_and_filtered
            holds_that_are_over_are_stored_as_expired_once
            refusals_are_forgotten_after_a_time_and_effects_never
            a_tenant_is_made_once_and_keeps_what_is_not_said_again
            an_account_that_is_there_becomes_the_platforms_tenant
            a_sign_up_joins_the_tenant_that_the_platform_has_named
            a_sign_up_joins_no_tenant_that_has_a_user
            a_sign_up_and_an_upsert_at_the_same_instant_meet_in_one_tenant
            one_external_id_at_the_same_instant_makes_one_tenant
            an_api_key_is_found_by_its_hash_and_works_until_it_is_revoked
            an_api_keys_name_is_free_again_once_it_is_revoked
        }
    };
    (@each $on_store:path: $($case:ident)+) => {
        $(
            #[tokio::test]
            async fn $case() {
                $on_store($crate::testing::conformance::$case).await;
            }
        )+
    };
}

/// Writes a new purchase.
async fn insert(harness: &Harness, purchase: &Purchase) {
    let inserted = harness.store.insert_purchase(purchase, None).await.expect("the store takes a purchase");
    assert_eq!(inserted, Inserted::New);
}

/// The change that settles a purchase.
fn settlement(harness: &Harness, purchase: &Purchase) -> Change {
    let now = harness.now();
    let state = purchase.state.pay(now).expect("not paid yet");
    let paid = Purchase { state, updated_at: now, ..purchase.clone() };
    let entry = harness.entry(&paid);
    let confirmation = NewMail::due_at_once(Topic::Confirmation(paid.tenant_id, paid.id), now);
    Change { purchase: paid, entries: vec![entry], event: None, outbox: vec![confirmation] }
}

/// Inserts a purchase and settles it. Returns the stored purchase.
async fn settled(harness: &Harness) -> Purchase {
    let purchase = harness.purchase();
    insert(harness, &purchase).await;
    apply(harness, settlement(harness, &purchase)).await
}

/// Writes a change. Returns the stored purchase.
async fn apply(harness: &Harness, change: Change) -> Purchase {
    assert_eq!(harness.store.commit(&change).await.expect("the store takes the change"), Committed::Yes);
    Purchase { version: change.purchase.version + 1, ..change.purchase }
}

/// A change of the purchase only.
fn bare(purchase: Purchase) -> Change {
    Change { purchase, entries: Vec::new(), event: None, outbox: Vec::new() }
}

/// A change that books an entry and does not alter the purchase.
fn booking(purchase: &Purchase, entry: NewEntry) -> Change {
    Change { purchase: purchase.clone(), entries: vec![entry], event: None, outbox: Vec::new() }
}

async fn stored(harness: &Harness, purchase: &Purchase) -> Purchase {
    let stored = harness.store.purchase(purchase.tenant_id, purchase.id).await.expect("the store answers");
    stored.expect("the purchase is there")
}

async fn balance(harness: &Harness, tenant: TenantId) -> Balance {
    harness.store.balance(tenant).await.expect("the store answers")
}

/// Asserts that the store refuses the change by this rule and writes nothing.
async fn assert_refused(harness: &Harness, change: &Change, rule: &str) {
    let tenant = change.purchase.tenant_id;
    let before = (harness.store.purchase(tenant, change.purchase.id).await.ok(), balance(harness, tenant).await);
    match harness.store.commit(change).await {
        Err(StoreError::Refused(name)) => assert_eq!(name, rule),
        other => panic!("{rule} let it pass: {other:?}"),
    }
    let after = (harness.store.purchase(tenant, change.purchase.id).await.ok(), balance(harness, tenant).await);
    assert_eq!(before, after, "a refused change leaves nothing behind");
}

fn credits(credits: i64, seq: i64) -> Balance {
    Balance { credits: Credits(credits), seq }
}

fn outcome(event: &NewEvent, status: EventStatus) -> EventOutcome {
    EventOutcome { id: event.id, status, note: "a test's".to_owned(), at: event.received_at, purchase: None }
}

/// The outcome of an event that is not stored yet.
fn arriving(event: &NewEvent, status: EventStatus) -> ClosedEvent {
    ClosedEvent { outcome: outcome(event, status), arriving: Some(event.clone()) }
}
