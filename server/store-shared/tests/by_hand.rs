//! Attempts to break the rules by hand, at the database's own prompt.

use std::sync::Arc;

use billing::{
    Order,
    account::Principal,
    event::{EventOutcome, EventStatus},
    purchase::{Purchase, Status},
    receipt::ReceiptSeries,
    store::{EventStore as _, LedgerStore as _, PageRequest, PurchaseStore as _, ReceiptStore as _},
    testing::{fixtures::issuer, harness::Harness},
};

use crate::{ATTACKS, TestDatabase, try_by_hand};

/// Statements that both databases must refuse, each with the rule. Names in braces stand for ids, and `{insert_…}` for
/// the beginning of a statement.
const PORTABLE_ATTACKS: &[(&str, &str)] = &[
    ("ledger_entries_append_only", "UPDATE ledger_entries SET credits = 500"),
    ("ledger_entries_append_only", "DELETE FROM ledger_entries"),
    ("ledger_entries_chain", "{insert_entry} ('x', '{tenant}', 3, '{paid}', 'REFUND', 're', -1, 4, 0)"),
    ("ledger_entries_chain", "{insert_entry} ('x', '{tenant}', 2, '{paid}', 'REFUND', 're', -1, 5, 0)"),
    ("ledger_entries_chain", "{insert_entry} ('x', '{tenant}', 1, '{paid}', 'REFUND', 're', -1, -1, 0)"),
    ("ledger_entries_chain", "{insert_entry} ('x', '{tenant}', NULL, '{paid}', 'REFUND', 're', -1, 5, 0)"),
    ("ledger_entries_chain", "{insert_entry} ('x', '{stranger}', 3, '{foreign}', 'REFUND', 're', -1, 4, 0)"),
    ("ledger_entries_effect_key", "{insert_entry} ('x', '{tenant}', 2, '{paid}', 'PURCHASE', '', 5, 10, 0)"),
    ("ledger_entries_purchase_fkey", "{insert_entry} ('x', '{tenant}', 2, '{foreign}', 'PURCHASE', '', 5, 10, 0)"),
    ("ledger_entries_purchase_fkey", "{insert_entry} ('x', 'nobody', 1, '{paid}', 'REFUND', 're', -1, -1, 0)"),
    ("ledger_entries_sold", "{insert_entry} ('x', '{tenant}', 2, '{pending}', 'PURCHASE', '', 5, 10, 0)"),
    ("ledger_entries_sold", "{insert_entry} ('x', '{tenant}', 2, '{failed}', 'PURCHASE', '', 5, 10, 0)"),
    ("ledger_entries_kind_check", "{insert_entry} ('x', '{tenant}', 2, '{paid}', 'GIFT', 'g', 5, 10, 0)"),
    ("ledger_entries_credits_check", "{insert_entry} ('x', '{tenant}', 2, '{paid}', 'REFUND', 're', 5, 10, 0)"),
    ("purchases_keep", "DELETE FROM purchases WHERE id = '{pending}'"),
    ("purchases_version", "UPDATE purchases SET payment_ref = 'pi' WHERE id = '{pending}'"),
    ("purchases_version", "UPDATE purchases SET version = version + 2 WHERE id = '{pending}'"),
    ("purchases_snapshot", "{update_purchase} credits_amount = 500 WHERE id = '{pending}'"),
    ("purchases_snapshot", "{update_purchase} amount_cents = 1 WHERE id = '{pending}'"),
    ("purchases_snapshot", "{update_purchase} product_id = 'credits_10' WHERE id = '{pending}'"),
    ("purchases_snapshot", "{update_purchase} metadata_json = '{}' WHERE id = '{pending}'"),
    ("purchases_snapshot", "{update_purchase} tenant_id = '{stranger}' WHERE id = '{pending}'"),
    ("purchases_snapshot", "{update_purchase} id = 'x' WHERE id = '{pending}'"),
    ("purchases_snapshot", "{update_purchase} order_key = 'x' WHERE id = '{pending}'"),
    ("purchases_snapshot", "{update_purchase} provider_ref = 'cs_x' WHERE id = '{pending}'"),
    ("purchases_snapshot", "{update_purchase} provider_ref = NULL, checkout_url = NULL WHERE id = '{pending}'"),
    ("purchases_snapshot", "{update_purchase} paid_at = 1 WHERE id = '{paid}'"),
    (
        "purchases_move",
        "{update_purchase} status = 'PENDING', failed_at = NULL, failure_reason = NULL WHERE id = '{failed}'",
    ),
    ("purchases_move", "{update_purchase} status = 'REFUNDED', paid_at = 1, refunded_at = 1 WHERE id = '{pending}'"),
    ("purchases_move", "{update_purchase} status = 'LOST' WHERE id = '{pending}'"),
    ("purchases_state_check", "{update_purchase} status = 'PAID' WHERE id = '{pending}'"),
    ("purchases_state_check", "{update_purchase} status = 'REFUNDED' WHERE id = '{paid}'"),
    ("purchases_state_check", "{update_purchase} failed_at = 1 WHERE id = '{pending}'"),
    ("purchases_failure_reason_check", "{update_purchase} failure_reason = 'BORED' WHERE id = '{failed}'"),
    (
        "purchases_provider_ref_key",
        "{update_purchase} provider_ref = '{session}', checkout_url = '' WHERE id = '{bare}'",
    ),
    ("purchases_checkout_check", "{update_purchase} provider_ref = 'cs_x' WHERE id = '{bare}'"),
    ("purchases_start", "{insert_purchase} 'CREDITS', 'PAID', 149, 'EUR', 1, '{}', 0, 0, 1, 1)"),
    ("purchases_start", "{insert_purchase} 'CREDITS', 'PENDING', 149, 'EUR', 1, '{}', 0, 0, NULL, 2)"),
    ("purchases_type_check", "{insert_purchase} 'GIFT', 'PENDING', 149, 'EUR', 1, '{}', 0, 0, NULL, 1)"),
    ("purchases_amount_cents_check", "{insert_purchase} 'CREDITS', 'PENDING', 0, 'EUR', 1, '{}', 0, 0, NULL, 1)"),
    ("purchases_currency_check", "{insert_purchase} 'CREDITS', 'PENDING', 149, 'USD', 1, '{}', 0, 0, NULL, 1)"),
    ("purchases_credits_amount_check", "{insert_purchase} 'CREDITS', 'PENDING', 149, 'EUR', 0, '{}', 0, 0, NULL, 1)"),
    ("purchases_metadata_json_check", "{insert_purchase} 'CREDITS', 'PENDING', 149, 'EUR', 1, '[]', 0, 0, NULL, 1)"),
    ("json", "{insert_purchase} 'CREDITS', 'PENDING', 149, 'EUR', 1, '{', 0, 0, NULL, 1)"),
    ("purchases_reversals_json_check", "{update_purchase} reversals_json = '[]' WHERE id = '{pending}'"),
    ("payment_events_attempts_check", "UPDATE payment_events SET attempts = 0"),
    ("payment_events_purchase_check", "UPDATE payment_events SET tenant_id = '{tenant}'"),
    ("payment_events_as_it_came", "UPDATE payment_events SET provider_event_id = 'evt_x'"),
    ("payment_events_as_it_came", "UPDATE payment_events SET payload = received_payload('x')"),
    ("payment_events_as_it_came", "UPDATE payment_events SET event_type = 'x'"),
    ("payment_events_finished", "UPDATE payment_events SET status = 'RECEIVED', finished_at = NULL"),
    ("payment_events_finished_check", "UPDATE payment_events SET finished_at = NULL"),
    ("payment_events_keep", "DELETE FROM payment_events"),
    ("receipts_keep", "UPDATE receipts SET number = 9"),
    ("receipts_keep", "UPDATE receipts SET buyer_email = 'x@example.com'"),
    ("receipts_keep", "DELETE FROM receipts"),
    ("receipts_gapless", "{insert_receipt} 4, '{stranger}', '{unnumbered}'{issued}"),
    ("receipts_gapless", "{insert_receipt} 2, '{stranger}', '{unnumbered}'{issued}"),
    ("receipts_gapless", "{insert_receipt} NULL, '{stranger}', '{unnumbered}'{issued}"),
    ("receipts_paid", "{insert_receipt} 3, '{tenant}', '{pending}'{issued}"),
    ("receipts_paid", "{insert_receipt} 3, '{tenant}', '{failed}'{issued}"),
    ("receipts_purchase_fkey", "{insert_receipt} 3, '{tenant}', '{unnumbered}'{issued}"),
    ("receipts_pkey", "{insert_receipt} 3, '{tenant}', '{paid}'{issued}"),
    ("receipt_series_keep", "UPDATE receipt_series SET begun_at = 1"),
    ("receipt_series_keep", "DELETE FROM receipt_series"),
    ("receipt_series_pkey", "INSERT INTO receipt_series SELECT * FROM receipt_series"),
    ("purchases_receipt", "{update_purchase} receipt_series_begun_at = 1 WHERE id = '{paid}'"),
    ("purchases_receipt", "{update_purchase} receipt_number = 9 WHERE id = '{paid}'"),
    ("purchases_receipt", "{update_purchase} receipt_number = NULL WHERE id = '{paid}'"),
    ("purchases_receipt", "{update_purchase} receipt_number = 3 WHERE id = '{unnumbered}'"),
];

async fn order_and_pay(harness: &Harness, buyer: &Principal) -> Purchase {
    let purchase = harness.billing.order(buyer, Order::of("credits_5")).await.unwrap();
    harness.provider.pay(purchase.id);
    let session = &purchase.checkout.as_ref().unwrap().provider_ref;
    let shown = harness.billing.confirm_checkout(buyer.tenant_id, session).await.unwrap().unwrap();
    assert_eq!(shown.status(), Status::Paid);
    purchase
}

#[tokio::test]
async fn nothing_that_is_typed_by_hand_breaks_a_rule() {
    let database = TestDatabase::create().await.unwrap_or_else(|error| panic!("{error}"));
    let store = database.store().await.unwrap();
    let harness = Harness::open(Arc::new(store.clone()), 1).await;
    let stranger = harness.another_principal().await;
    let order = async |buyer| harness.billing.order(buyer, Order::of("credits_5")).await.unwrap();

    let paid = order_and_pay(&harness, &harness.principal).await;
    let session = paid.checkout.clone().unwrap().provider_ref;
    let foreign = order_and_pay(&harness, &stranger).await;
    assert_eq!(store.number_receipts(&issuer(), harness.now(), 9).await.unwrap(), 2);
    let series = ReceiptSeries::begun_at(harness.now());
    store.begin_receipt_series(&issuer().seller, series).await.unwrap();
    let unnumbered = order_and_pay(&harness, &stranger).await;
    let failed = order(&harness.principal).await;
    harness.billing.discard(failed.tenant_id, failed.id).await.unwrap();
    let pending = order(&harness.principal).await;
    let bare = harness.purchase_of(&harness.principal, Some("key"));
    store.insert_purchase(&bare, None).await.unwrap();
    let event = harness.event("evt_1");
    store.record_event(&event).await.unwrap();
    let (status, at) = (EventStatus::Ignored, harness.now());
    let outcome = EventOutcome { id: event.id, status, note: String::new(), at, purchase: None };
    store.close_event(&outcome.into()).await.unwrap();

    let entry = store.entries(paid.tenant_id, paid.id).await.unwrap()[0].booked.id;
    let names = [
        ("{replace_entry}", "REPLACE INTO {entry_columns} VALUES".to_owned()),
        (
            "{replace_purchase}",
            "REPLACE INTO purchases (id, tenant_id, ordered_by, provider, product_id, type, status, amount_cents,
                currency, credits_amount, metadata_json, created_at, updated_at, version, order_key, provider_ref,
                checkout_url)"
                .to_owned(),
        ),
        (
            "{copied}",
            "tenant_id, ordered_by, provider, product_id, type, 'PENDING', amount_cents, currency, credits_amount,
                metadata_json, created_at, updated_at, 1"
                .to_owned(),
        ),
        ("{insert_entry}", "INSERT INTO {entry_columns} VALUES".to_owned()),
        (
            "{entry_columns}",
            "ledger_entries (id, tenant_id, seq, purchase_id, kind, effect_ref, credits, balance_after, created_at)"
                .to_owned(),
        ),
        (
            "{insert_receipt}",
            "INSERT INTO receipts (seller_key, number, tenant_id, purchase_id, issued_at, seller_name, seller_address,
                seller_vat_id, vat_rate_basis_points, buyer_email) VALUES ('DE123456789',"
                .to_owned(),
        ),
        ("{issued}", ", 0, 'x', 'x', 'x', 1900, 'x')".to_owned()),
        ("{unnumbered}", unnumbered.id.to_string()),
        ("{update_purchase}", "UPDATE purchases SET version = version + 1,".to_owned()),
        ("{insert_purchase}", "INSERT INTO {purchase_columns} VALUES ('x', {purchase_owner},".to_owned()),
        (
            "{purchase_columns}",
            "purchases (id, tenant_id, ordered_by, provider, product_id, type, status, amount_cents, currency,
                credits_amount, metadata_json, created_at, updated_at, paid_at, version)"
                .to_owned(),
        ),
        ("{purchase_owner}", "'{tenant}', '{user}', 'STRIPE', 'credits_1'".to_owned()),
        ("received_payload('x')", "CAST('x' AS {bytes})".to_owned()),
        ("{tenant}", paid.tenant_id.to_string()),
        ("{user}", paid.ordered_by.to_string()),
        ("{stranger}", stranger.tenant_id.to_string()),
        ("{paid}", paid.id.to_string()),
        ("{foreign}", foreign.id.to_string()),
        ("{pending}", pending.id.to_string()),
        ("{failed}", failed.id.to_string()),
        ("{bare}", bare.id.to_string()),
        ("{session}", session),
        ("{entry}", entry.to_string()),
        ("{event}", event.id.to_string()),
        ("{bytes}", crate::BYTES.to_owned()),
    ];
    let everything = async || {
        let page = PageRequest { limit: 100, older_than: None };
        let mut rows = Vec::new();
        for tenant in [paid.tenant_id, foreign.tenant_id] {
            let purchases = store.purchases(tenant, page).await.unwrap();
            let mut entries = Vec::new();
            for purchase in &purchases {
                entries.extend(store.entries(tenant, purchase.id).await.unwrap());
            }
            rows.push((purchases, entries, store.balance(tenant).await.unwrap()));
        }
        (rows, store.record_event(&event).await.unwrap())
    };
    let before = everything().await;
    for (rule, attack) in PORTABLE_ATTACKS.iter().chain(ATTACKS) {
        let statement = names.iter().fold((*attack).to_owned(), |text, (name, value)| text.replace(name, value));
        let Err(error) = try_by_hand(&database.url(), statement.clone()).await else {
            panic!("{rule} let it pass: {statement}");
        };
        assert!(error.to_string().to_lowercase().contains(rule), "{statement}\nnot refused by {rule}, but: {error}");
        assert_eq!(everything().await, before, "{statement}");
    }
    store.close().await;
    database.remove().await.unwrap();
}
