//! Settings that are accepted, and settings that are refused at the start.

use billing::provider::PaymentProvider;
use wiremock::{Mock, MockServer, matchers::path};

use super::{
    super::{API_VERSION, StripeSettingsError},
    *,
};

fn built(key: &str, base: Option<&str>) -> Result<bool, StripeSettingsError> {
    let settings = StripeSettings {
        secret_key: SecretString::from(key),
        api_base: base.map(|base| base.parse().unwrap()),
        ..settings("http://127.0.0.1:1")
    };
    let provider = StripeProvider::new(&settings, Arc::new(At(ordered_at())), Arc::new(Same))?;
    Ok(provider.livemode())
}

#[test]
fn the_key_tells_whether_real_money_moves() {
    assert_eq!(built("sk_test_1", None), Ok(false));
    assert_eq!(built("rk_test_1", None), Ok(false));
    assert_eq!(built("sk_live_1", None), Ok(true));
    assert_eq!(built("rk_live_1", None), Ok(true));
    for bad in ["", "sk_", "sk_test_", "sk_live", "pk_live_1", "whsec_1", "sk_tset_1", "sk_test_1\n2", " sk_test_1"] {
        assert_eq!(built(bad, None), Err(StripeSettingsError::Key), "{bad:?}");
    }
}

#[test]
fn a_live_key_never_travels_in_the_clear() {
    assert_eq!(built("sk_live_1", Some("http://127.0.0.1:1")), Err(StripeSettingsError::PlainText));
    assert_eq!(built("sk_live_1", Some("https://stripe-proxy.internal")), Ok(true));
    assert_eq!(built("sk_test_1", Some("http://127.0.0.1:1")), Ok(false));
}

#[test]
fn the_key_does_not_show() {
    let shown = format!("{:?}", settings("http://127.0.0.1:1"));
    assert!(!shown.contains("the_secret"), "{shown}");
}

#[test]
fn the_version_is_the_one_that_the_requests_are_made_for() {
    assert_eq!(API_VERSION, stripe_client_core::VERSION.as_str());
}

#[tokio::test]
async fn an_address_may_have_a_path_and_end_as_it_likes() {
    for tail in ["", "/", "/stripe", "/stripe/"] {
        let server = MockServer::start().await;
        let at = format!("{}/v1/checkout/sessions", tail.trim_end_matches('/'));
        Mock::given(path(at)).respond_with(ok(&session(&json!({})))).mount(&server).await;

        let opened = patient(&format!("{}{tail}", server.uri()), QUICK).create_checkout(&purchase(), EMAIL).await;

        assert!(opened.is_ok(), "{tail}: {opened:?}");
    }
}

#[tokio::test]
async fn the_shop_may_be_anywhere() {
    let server = MockServer::start().await;
    Mock::given(path("/v1/checkout/sessions")).respond_with(ok(&session(&json!({})))).mount(&server).await;
    let public_url = "https://example.com/credits/".parse().unwrap();
    let provider = provider_at(&StripeSettings { public_url, ..settings(&server.uri()) }, ordered_at());

    provider.create_checkout(&purchase(), EMAIL).await.unwrap();

    let success = &form(&requests(&server).await[0])["success_url"];
    assert_eq!(success, "https://example.com/credits/checkout/success?session_id={CHECKOUT_SESSION_ID}");
}
