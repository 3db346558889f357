//! `server keys`: what an operator does with API keys.

use std::process::{Command, Output};

use axum::http::StatusCode;
use jiff::SignedDuration;
use server::operator::{
    CommandError,
    keys::{self, NewKey},
};

use crate::{
    platform::{ALL_SCOPES, Platform, make_key, wanted},
    shop::TestShop,
};

on_both_databases!(
    a_key_is_shown_once_and_stored_as_its_hash,
    a_name_is_one_keys_alone_until_it_is_revoked,
    a_key_is_revoked_by_what_fits_it_alone,
    the_list_says_how_each_key_stands,
);

fn refusal<T: std::fmt::Debug>(outcome: Result<T, CommandError>) -> String {
    match outcome {
        Err(CommandError::Refused(why)) => why,
        other => panic!("{other:?}"),
    }
}

async fn create(shop: &TestShop, wanted: NewKey) -> Result<keys::CreatedKey, CommandError> {
    let platform = &shop.state.platform.platform;
    keys::create(platform, server::identity::KeyMode::Test, (&shop.clock, &server::system::SystemEntropy), wanted).await
}

async fn a_key_is_shown_once_and_stored_as_its_hash(shop: TestShop) {
    let created = create(&shop, wanted("IZA", &["spend"])).await.unwrap();
    let secret = created.secret.expose();
    assert!(secret.starts_with("ck_test_"));
    assert!(!created.report.contains(secret) && created.report.contains(&secret[..16]), "{}", created.report);
    let stored = shop.state.platform.platform.api_keys().await.unwrap().remove(0);
    assert_eq!((stored.secret_hash.len(), stored.prefix.as_str()), (64, &secret[..16]));
    assert!(!format!("{stored:?}").contains(secret));
    let list = keys::list(&shop.state.platform.platform, shop.state.clock.now()).await.unwrap();
    assert!(!list.contains(secret) && !list.contains(&stored.secret_hash), "{list}");
}

async fn a_name_is_one_keys_alone_until_it_is_revoked(shop: TestShop) {
    create(&shop, wanted("IZA", &["spend"])).await.unwrap();
    assert!(refusal(create(&shop, wanted("IZA", &["grant"])).await).contains("choose another name"));
    keys::revoke(&shop.state.platform.platform, "IZA").await.unwrap();
    create(&shop, wanted("IZA", &["grant"])).await.unwrap();
    for bad in ["", " ", " a", "a\n", &"x".repeat(101)] {
        assert!(refusal(create(&shop, wanted(bad, &["grant"])).await).starts_with("A name has 1 to 100"), "{bad}");
    }
    create(&shop, wanted(&"ä".repeat(100), &["grant"])).await.unwrap();
    assert!(refusal(create(&shop, wanted("none", &[])).await).starts_with("Name what the key may do"));
}

async fn a_key_is_revoked_by_what_fits_it_alone(shop: TestShop) {
    let platform = &shop.state.platform.platform;
    let (a, b) = (make_key(&shop, wanted("a", &ALL_SCOPES)).await, make_key(&shop, wanted("b", &ALL_SCOPES)).await);
    for (fits_none_or_several, said) in [("c", "No keys"), ("ck_test_", "No keys"), ("", "No keys"), (&a, "No keys")] {
        let why = refusal(keys::revoke(platform, fits_none_or_several).await);
        assert!(why.starts_with(said) && why.contains("nothing was changed"), "{why}");
    }
    // A name goes before a prefix.
    let named_as_a_prefix = make_key(&shop, wanted(&a[..12], &ALL_SCOPES)).await;
    let works =
        async |key: &str| Platform::with_key(&shop, key.to_owned()).get("kim").await.status == StatusCode::NOT_FOUND;
    keys::revoke(platform, &a[..12]).await.unwrap();
    assert_eq!([works(&a).await, works(&b).await, works(&named_as_a_prefix).await], [true, true, false]);
    keys::revoke(platform, &a[..12]).await.unwrap();
    assert_eq!([works(&a).await, works(&b).await], [false, true]);
    assert!(refusal(keys::revoke(platform, "a").await).starts_with("No keys"));
    keys::revoke(platform, "b").await.unwrap();
    assert!(!works(&b).await);
}

async fn the_list_says_how_each_key_stands(shop: TestShop) {
    shop.clock.stop();
    let used = Platform::with_key(&shop, make_key(&shop, wanted("used", &["balance:read"])).await);
    used.get("kim").await;
    make_key(&shop, NewKey { expires_days: Some(2), daily_cap: Some(50), ..wanted("short", &["spend", "grant"]) })
        .await;
    make_key(&shop, wanted("gone", &["grant"])).await;
    keys::revoke(&shop.state.platform.platform, "gone").await.unwrap();
    let lines = async || {
        let list = keys::list(&shop.state.platform.platform, shop.state.clock.now()).await.unwrap();
        assert!(list.ends_with("3 keys.\n"), "{list}");
        let line = |name: &str| list.lines().find(|line| line.contains(&format!("{name:?}"))).unwrap().to_owned();
        ["used", "short", "gone"].map(line)
    };
    let [used, short, gone] = lines().await;
    assert!(used.contains(": balance:read; works; made ") && used.contains("; last used in the hour of "), "{used}");
    assert!(short.contains(": spend grant, 50 credits a day at most; works until "), "{short}");
    assert!(short.ends_with("; never used") && gone.contains("; revoked "), "{short} {gone}");
    shop.clock.advance(SignedDuration::from_hours(48));
    assert!(lines().await[1].contains("; expired "));
}

fn server(url: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_server"));
    command.env_clear().env("DATABASE_URL", url).args(arguments).output().unwrap()
}

#[test]
fn the_command_prints_the_key_alone_and_fails_when_it_did_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("shop.db").display());
    assert!(server(&url, &["migrate"]).status.success());
    let create = ["keys", "create", "--name", "IZA", "--scope", "spend", "--scope", "balance:read", "--expires", "30"];
    let created = server(&url, &create);
    let (stdout, stderr) = (String::from_utf8(created.stdout).unwrap(), String::from_utf8(created.stderr).unwrap());
    assert!(created.status.success(), "{stderr}");
    let key = stdout.strip_suffix('\n').unwrap();
    assert!(server::identity::ApiKeySecret::parse(key).is_some(), "{stdout}");
    assert!(stderr.contains("\"IZA\": balance:read spend; works until ") && !stderr.contains(key), "{stderr}");

    let list = String::from_utf8(server(&url, &["keys", "list"]).stdout).unwrap();
    assert!(list.contains(&key[..16]) && !list.contains(key), "{list}");
    for wrong in [
        &create[..],
        &["keys", "create", "--name", "x"],
        &["keys", "create", "--name", "x", "--scope", "all"],
        &["keys", "create", "--name", "x", "--scope", "spend", "--expires", "0"],
        &["keys", "create", "--name", "x", "--scope", "spend", "--daily-cap", "0"],
        &["keys", "revoke", "other"],
    ] {
        let refused = server(&url, wrong);
        assert!(!refused.status.success() && refused.stdout.is_empty(), "{wrong:?}");
    }
    assert!(server(&url, &["keys", "revoke", &key[..16]]).status.success());
    assert!(!server(&url, &["keys", "revoke", &key[..16]]).status.success());
}
