//! A person at the database's own prompt tries to break the wallet's rules.

use std::{collections::BTreeSet, sync::Arc};

use billing::{
    api_key::ApiKey,
    clock::Clock,
    ids::{ApiKeyId, TenantId},
    money::Credits,
    store::{ApiKeyStore as _, EntryFilter, TenantStore as _, WalletStore as _},
    tenant::{ExternalId, TenantProfile},
    testing::harness::Harness,
    wallet::{Amount, Booked, Command, Details, IdempotencyKey, Outcome, Reason, Request, SpendLine, Ttl},
};
use jiff::Timestamp;

use crate::{Store, TestDatabase, try_by_hand};

/// What both databases must refuse, and by which rule. The tenant has 12 credits by 3 entries (a grant of 15, a spend of 5, 2 of
/// it given back), of which a hold holds 4; so 8 are available. Names in braces stand for ids and for the beginnings of
/// statements.
const ATTACKS: &[(&str, &str)] = &[
    ("spends_append_only", "UPDATE spends SET credits = 1"),
    ("spends_append_only", "DELETE FROM spends"),
    ("grants_append_only", "UPDATE grants SET credits = 1"),
    ("grants_append_only", "DELETE FROM grants"),
    ("wallet_reversals_append_only", "UPDATE wallet_reversals SET credits = 1"),
    ("wallet_reversals_append_only", "DELETE FROM wallet_reversals"),
    ("spends_credits_check", "{insert_spend} ('x', '{tenant}', NULL, 0, '{}', 0)"),
    ("spends_credits_check", "{insert_spend} ('x', '{tenant}', NULL, 1000000001, '{}', 0)"),
    ("spends_metadata_json_check", "{insert_spend} ('x', '{tenant}', NULL, 1, '[]', 0)"),
    ("spends_tenant_fkey", "{insert_spend} ('x', 'nobody', NULL, 1, '{}', 0)"),
    ("spends_hold_fkey", "{insert_spend} ('x', '{stranger}', '{hold}', 1, '{}', 0)"),
    ("spends_pkey", "{insert_spend} ('{spend}', '{tenant}', NULL, 1, '{}', 0)"),
    ("grants_pkey", "INSERT INTO grants VALUES ('{grant}', '{tenant}', 1, 'x', 'x', 0)"),
    ("grants_reason_check", "INSERT INTO grants VALUES ('x', '{tenant}', 1, '', 'x', 0)"),
    ("grants_tenant_fkey", "INSERT INTO grants VALUES ('x', 'nobody', 1, 'x', 'x', 0)"),
    ("wallet_reversals_source_check", "{insert_reversal} ('x', '{tenant}', '{spend}', '{grant}', 1, 'x', 0)"),
    ("wallet_reversals_source_check", "{insert_reversal} ('x', '{tenant}', NULL, NULL, 1, 'x', 0)"),
    ("wallet_reversals_spend_fkey", "{insert_reversal} ('x', '{stranger}', '{spend}', NULL, 1, 'x', 0)"),
    ("wallet_reversals_grant_fkey", "{insert_reversal} ('x', '{stranger}', NULL, '{grant}', 1, 'x', 0)"),
    // An entry belongs to one source, of its kind.
    ("ledger_entries_source_check", "{insert_entry} ('x', '{tenant}', 4, NULL, NULL, 'GRANT', 'x', 1, 13, 0)"),
    (
        "ledger_entries_source_check",
        "{new_spend} 5, '{}', 0); {insert_entry} ('x', '{tenant}', 4, 'new', '{grant}', 'SPEND', 'new', -5, 7, 0)",
    ),
    ("ledger_entries_source_check", "{insert_entry} ('x', '{tenant}', 4, '{spend}', NULL, 'REFUND', 'x', -1, 11, 0)"),
    ("ledger_entries_own_effect_check", "{insert_entry} ('x', '{tenant}', 4, '{spend}', NULL, 'SPEND', 'x', -5, 7, 0)"),
    ("ledger_entries_spend_fkey", "{insert_entry} ('x', '{tenant}', 4, 'none', NULL, 'SPEND', 'none', -1, 11, 0)"),
    (
        "ledger_entries_grant_fkey",
        "{insert_entry} ('x', '{stranger}', 1, NULL, '{grant}', 'GRANT', '{grant}', 15, 15, 0)",
    ),
    ("ledger_entries_grant_fkey", "{insert_entry} ('x', '{tenant}', 4, NULL, 'none', 'GRANT', 'none', 1, 13, 0)"),
    (
        "ledger_entries_spend_effect_key",
        "{insert_entry} ('x', '{tenant}', 4, '{spend}', NULL, 'SPEND', '{spend}', -5, 7, 0)",
    ),
    (
        "ledger_entries_grant_effect_key",
        "{insert_entry} ('x', '{tenant}', 4, NULL, '{grant}', 'GRANT', '{grant}', 15, 27, 0)",
    ),
    (
        "ledger_entries_chain",
        "{new_spend} 1, '{}', 0); {insert_entry} ('x', '{tenant}', 5, 'new', NULL, 'SPEND', 'new', -1, 11, 0)",
    ),
    (
        "ledger_entries_chain",
        "{new_spend} 1, '{}', 0); {insert_entry} ('x', '{tenant}', 4, 'new', NULL, 'SPEND', 'new', -1, 12, 0)",
    ),
    // An entry moves what its source says.
    (
        "ledger_entries_spent",
        "{new_spend} 1, '{}', 0); {insert_entry} ('x', '{tenant}', 4, 'new', NULL, 'SPEND', 'new', -2, 10, 0)",
    ),
    (
        "ledger_entries_granted",
        "INSERT INTO grants VALUES ('new', '{tenant}', 1, 'x', 'x', 0);
         {insert_entry} ('x', '{tenant}', 4, NULL, 'new', 'GRANT', 'new', 2, 14, 0)",
    ),
    (
        "ledger_entries_reversal",
        "{insert_entry} ('x', '{tenant}', 4, '{spend}', NULL, 'SPEND_REVERSAL', 'none', 1, 13, 0)",
    ),
    (
        "ledger_entries_reversal",
        "{insert_reversal} ('new', '{tenant}', NULL, '{grant}', 1, 'x', 0);
         {insert_entry} ('x', '{tenant}', 4, '{spend}', NULL, 'SPEND_REVERSAL', 'new', 1, 13, 0)",
    ),
    (
        "ledger_entries_reversal",
        "{insert_reversal} ('new', '{tenant}', '{spend}', NULL, 1, 'x', 0);
         {insert_entry} ('x', '{tenant}', 4, '{spend}', NULL, 'SPEND_REVERSAL', 'new', 2, 14, 0)",
    ),
    // No more is reversed than there was.
    (
        "ledger_entries_reversed",
        "{insert_reversal} ('new', '{tenant}', '{spend}', NULL, 4, 'x', 0);
         {insert_entry} ('x', '{tenant}', 4, '{spend}', NULL, 'SPEND_REVERSAL', 'new', 4, 16, 0)",
    ),
    (
        "ledger_entries_reversed",
        "{insert_reversal} ('new', '{tenant}', NULL, '{grant}', 16, 'x', 0);
         {insert_entry} ('x', '{tenant}', 4, NULL, '{grant}', 'GRANT_REVERSAL', 'new', -16, -4, 0)",
    ),
    // No more is taken or set aside than is available; others' holds are theirs.
    (
        "ledger_entries_available",
        "{new_spend} 9, '{}', 0); {insert_entry} ('x', '{tenant}', 4, 'new', NULL, 'SPEND', 'new', -9, 3, 0)",
    ),
    (
        "ledger_entries_available",
        "{new_spend} 13, '{}', 0); {insert_entry} ('x', '{tenant}', 4, 'new', NULL, 'SPEND', 'new', -13, -1, {after})",
    ),
    ("holds_available", "{insert_hold} ('x', '{tenant}', 9, 0, 'ACTIVE', '{}', 0, 0, 1, NULL)"),
    ("holds_available", "UPDATE holds SET credits = 13 WHERE id = '{hold}'"),
    ("holds_limit", "{hundred_holds}"),
    ("holds_snapshot", "UPDATE holds SET captured = 3, credits = 3 WHERE id = '{hold}'"),
    ("holds_snapshot", "UPDATE holds SET tenant_id = '{stranger}' WHERE id = '{hold}'"),
    ("holds_snapshot", "UPDATE holds SET created_at = 1 WHERE id = '{hold}'"),
    ("holds_captured_check", "UPDATE holds SET captured = 5 WHERE id = '{hold}'"),
    ("holds_status_check", "UPDATE holds SET status = 'LOST' WHERE id = '{hold}'"),
    ("holds_finished_check", "UPDATE holds SET status = 'RELEASED' WHERE id = '{hold}'"),
    ("holds_finished", "UPDATE holds SET status = 'ACTIVE', finished_at = NULL WHERE id = '{released}'"),
    ("holds_keep", "DELETE FROM holds"),
    ("holds_tenant_fkey", "{insert_hold} ('x', 'nobody', 1, 0, 'EXPIRED', '{}', 0, 0, 1, NULL)"),
    ("idempotency_keys_pkey", "INSERT INTO idempotency_keys SELECT * FROM idempotency_keys"),
    ("idempotency_keys_keep", "UPDATE idempotency_keys SET done = {false} WHERE key = 'grant'"),
    ("idempotency_keys_keep", "DELETE FROM idempotency_keys WHERE key = 'grant'"),
    (
        "platform_tenants_external_id_key",
        "INSERT INTO platform_tenants VALUES ('{stranger}', 'org', NULL, NULL, NULL, 0)",
    ),
    ("platform_tenants_pkey", "INSERT INTO platform_tenants VALUES ('{tenant}', 'other', NULL, NULL, NULL, 0)"),
    ("api_keys_snapshot", "UPDATE api_keys SET scopes = 'spend grant'"),
    ("api_keys_snapshot", "UPDATE api_keys SET revoked_at = NULL"),
    ("api_keys_keep", "DELETE FROM api_keys"),
    ("api_keys_daily_cap_check", "INSERT INTO api_keys VALUES ('x', 'x', 'x', 'x', '', 0, 0, NULL, NULL, NULL)"),
    ("api_keys_secret_hash_key", "INSERT INTO api_keys VALUES ('x', 'x', 'x', 'hash', '', NULL, 0, NULL, NULL, NULL)"),
];

struct Stopped(Timestamp);

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        self.0
    }
}

async fn ask(store: &Store, harness: &Harness, key: &str, command: Command) -> Booked {
    let key = IdempotencyKey::try_from(key.to_owned()).unwrap();
    let request = Request::new(harness.principal.tenant_id, key, command, "platform".to_owned());
    let clock = Stopped(Timestamp::UNIX_EPOCH);
    let answers = store.execute(&[request], &clock, harness.entropy.as_ref()).await.unwrap();
    match answers.into_iter().next().unwrap().outcome {
        Outcome::Done { written, .. } => *written,
        Outcome::Refused(refusal) => panic!("{refusal:?}"),
    }
}

fn amount(credits: i64) -> Amount {
    Amount::try_from(credits).unwrap()
}

fn reason() -> Reason {
    Reason::try_from("x".to_owned()).unwrap()
}

fn hold(credits: i64) -> Command {
    Command::Hold { credits: amount(credits), ttl: Ttl::default(), details: Details::default() }
}

/// A hundred more holds of nobody's credits, each inserted by itself.
fn hundred_holds(tenant: TenantId) -> String {
    let one =
        |number: i64| format!("{{insert_hold}} ('hold-{number}', '{tenant}', 2, 1, 'ACTIVE', '{{}}', 0, 0, 1, NULL);");
    let grant = format!(
        "INSERT INTO grants VALUES ('new', '{tenant}', 1000, 'x', 'x', 0);
        {{insert_entry}} ('x', '{tenant}', 4, NULL, 'new', 'GRANT', 'new', 1000, 1012, 0);"
    );
    grant + &(0..100).map(one).collect::<String>()
}

#[tokio::test]
async fn nothing_that_is_typed_by_hand_breaks_a_rule_of_the_wallet() {
    let database = TestDatabase::create().await.unwrap_or_else(|error| panic!("{error}"));
    let store = database.store().await.unwrap();
    let harness = Harness::open(Arc::new(store.clone()), 1).await;
    let tenant = harness.principal.tenant_id;
    let stranger = harness.another_principal().await.tenant_id;
    let line = SpendLine { credits: amount(5), details: Details::default() };

    let Booked::Grant(grant) =
        ask(&store, &harness, "grant", Command::Grant { credits: amount(15), reason: reason() }).await
    else {
        panic!("no grant")
    };
    let Booked::Spend(spend) = ask(&store, &harness, "spend", Command::Spend(line)).await else { panic!("no spend") };
    let back = Command::ReverseSpend { spend: spend.id, credits: Some(amount(2)), reason: reason() };
    ask(&store, &harness, "back", back).await;
    let Booked::Hold(held) = ask(&store, &harness, "hold", hold(4)).await else { panic!("no hold") };
    let Booked::Hold(released) = ask(&store, &harness, "other", hold(1)).await else { panic!("no hold") };
    ask(&store, &harness, "release", Command::Release { hold: released.id }).await;
    let external_id = ExternalId::try_from("org".to_owned()).unwrap();
    let email = Some(harness.principal.email.clone());
    let profile = TenantProfile { email, ..TenantProfile::default() };
    let made = store.upsert_tenant(&external_id, &profile, stranger, harness.now()).await.unwrap();
    assert_eq!(made.tenant.id, tenant);
    let key = ApiKey {
        id: ApiKeyId::new(harness.now(), harness.entropy.as_ref()),
        name: "platform".to_owned(),
        prefix: "ck_test_1".to_owned(),
        secret_hash: "hash".to_owned(),
        scopes: BTreeSet::new(),
        daily_cap: None,
        created_at: harness.now(),
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
    };
    assert!(store.insert_api_key(&key).await.unwrap());
    store.revoke_api_key(key.id, harness.now()).await.unwrap();

    let after_the_hold = (held.expires_at.as_microsecond() + 1).to_string();
    let names = [
        ("{hundred_holds}", hundred_holds(tenant)),
        ("{new_spend}", format!("{{insert_spend}} ('new', '{tenant}', NULL,")),
        ("{insert_spend}", "INSERT INTO spends (id, tenant_id, hold_id, credits, metadata_json, created_at) VALUES".to_owned()),
        ("{insert_reversal}", "INSERT INTO wallet_reversals VALUES".to_owned()),
        (
            "{insert_entry}",
            "INSERT INTO ledger_entries (id, tenant_id, seq, spend_id, grant_id, kind, effect_ref, credits, balance_after,
                created_at) VALUES"
                .to_owned(),
        ),
        (
            "{insert_hold}",
            "INSERT INTO holds (id, tenant_id, credits, captured, status, metadata_json, created_at, updated_at,
                expires_at, finished_at) VALUES"
                .to_owned(),
        ),
        ("{tenant}", tenant.to_string()),
        ("{stranger}", stranger.to_string()),
        ("{spend}", spend.id.to_string()),
        ("{grant}", grant.id.to_string()),
        ("{hold}", held.id.to_string()),
        ("{released}", released.id.to_string()),
        ("{after}", after_the_hold),
        ("{false}", "FALSE".to_owned()),
    ];
    let everything = async || {
        let filter = EntryFilter { limit: 100, ..EntryFilter::default() };
        (
            store.funds(tenant, Timestamp::UNIX_EPOCH).await.unwrap(),
            store.described_entries(tenant, &filter).await.unwrap(),
            store.described_entries(stranger, &filter).await.unwrap(),
            store.hold(tenant, held.id).await.unwrap(),
            store.spend(tenant, spend.id).await.unwrap(),
            store.api_keys().await.unwrap(),
        )
    };
    let before = everything().await;
    assert_eq!((before.0.balance, before.0.available()), (Credits(12), Credits(8)));
    for (rule, attack) in ATTACKS {
        let attack = names.iter().fold((*attack).to_owned(), |text, (name, value)| text.replace(name, value));
        let Err(error) = try_by_hand(&database.url(), format!("BEGIN; {attack}; COMMIT")).await else {
            panic!("{rule} let it pass: {attack}");
        };
        assert!(error.to_string().to_lowercase().contains(rule), "{attack}\nnot refused by {rule}, but: {error}");
        assert_eq!(everything().await, before, "{attack}");
    }
    store.close().await;
    database.remove().await.unwrap();
}
