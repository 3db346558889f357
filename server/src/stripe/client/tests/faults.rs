//! Faults between the shop and Stripe, and their outcomes.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    thread,
    time::Instant,
};

use billing::provider::{CheckoutSession, PaymentProvider, ProviderError};
use serde_json::json;
use wiremock::{Mock, MockServer, matchers::any};

use super::*;

/// Answers the first requests with a fault, and all further ones like Stripe.
async fn first_then_well(wrong: ResponseTemplate, times: u64) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(wrong).up_to_n_times(times).mount(&server).await;
    Mock::given(any()).respond_with(ok(&session(&json!({})))).mount(&server).await;
    server
}

async fn create(provider: &StripeProvider) -> Result<CheckoutSession, ProviderError> {
    provider.create_checkout(&purchase(), EMAIL).await
}

fn unavailable(outcome: Result<CheckoutSession, ProviderError>) -> (String, Option<Duration>) {
    match outcome {
        Err(ProviderError::Unavailable { detail, retry_after }) => (detail, retry_after),
        other => panic!("{other:?}"),
    }
}

fn html(status: u16) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_raw("<html><h1>Bad gateway</h1></html>", "text/html")
}

#[tokio::test]
async fn what_may_pass_is_asked_again_with_the_same_key_and_the_same_words() {
    for (why, wrong) in [
        ("key in use", stripe_error(409, "idempotency_error", "idempotency_key_in_use")),
        ("rate limit", stripe_error(429, "invalid_request_error", "rate_limit")),
        ("lock", stripe_error(429, "invalid_request_error", "lock_timeout")),
        ("dependency", stripe_error(424, "api_error", "external")),
        ("server error", stripe_error(500, "api_error", "oops")),
        ("proxy's 502", html(502)),
        ("proxy's 400", html(400)),
        ("proxy's 404", html(404)),
        ("HTML with 200", html(200)),
        ("half an answer", ResponseTemplate::new(200).set_body_raw(r#"{"id": "cs_test_1", "stat"#, "application/json")),
        ("empty", ResponseTemplate::new(200)),
        ("no object", ResponseTemplate::new(200).set_body_raw("null", "application/json")),
        ("redirect", ResponseTemplate::new(302).insert_header("location", "https://elsewhere.test/")),
    ] {
        let server = first_then_well(wrong, 2).await;

        let session = create(&provider(&server)).await;

        assert_eq!(session.unwrap().provider_ref, "cs_test_1", "{why}");
        let sent = requests(&server).await;
        assert_eq!(sent.len(), 3, "{why}");
        for repeated in &sent[1..] {
            assert_eq!(header(repeated, "idempotency-key"), header(&sent[0], "idempotency-key"), "{why}");
            assert_eq!(repeated.body, sent[0].body, "{why}");
        }
    }
}

#[tokio::test]
async fn what_does_not_pass_ends_after_four_tries_with_an_open_outcome() {
    for (why, wrong, said) in [
        (
            "server error",
            stripe_error(500, "api_error", "oops"),
            "HTTP 500, type api_error, code oops, param line_items[0][price_data], request req_1",
        ),
        (
            "key in use",
            stripe_error(409, "idempotency_error", "idempotency_key_in_use"),
            "HTTP 409, type idempotency_error, code idempotency_key_in_use, param line_items[0][price_data], \
             request req_1",
        ),
        ("proxy", html(502), "HTTP 502"),
        ("HTML", html(200), "HTTP 200, but no JSON object"),
    ] {
        let server = first_then_well(wrong, 100).await;

        let (detail, retry_after) = unavailable(create(&provider(&server)).await);

        assert_eq!(detail, said, "{why}");
        assert_eq!(retry_after, None);
        assert_eq!(requests(&server).await.len(), 4, "{why}");
    }
}

#[tokio::test]
async fn what_stripe_refuses_is_not_asked_again() {
    for (status, kind, code) in [
        (400, "invalid_request_error", "parameter_missing"),
        (402, "card_error", "card_declined"),
        (404, "invalid_request_error", "url_invalid"),
    ] {
        let server = first_then_well(stripe_error(status, kind, code), 1).await;

        let refused = create(&provider(&server)).await;

        let Err(ProviderError::Rejected { detail }) = refused else { panic!("{refused:?}") };
        let said = format!("HTTP {status}, type {kind}, code {code}, param line_items[0][price_data], request req_1");
        assert_eq!(detail, said);
        assert_eq!(requests(&server).await.len(), 1);
    }
}

/// Only the operator can fix the key; the order is valid.
#[tokio::test]
async fn a_key_that_stripe_does_not_accept_refuses_no_order() {
    for (status, code) in [(401, "api_key_expired"), (403, "more_permissions_required")] {
        let server = first_then_well(stripe_error(status, "invalid_request_error", code), 1).await;
        let provider = provider(&server);

        let denied = create(&provider).await;

        let Err(ProviderError::AccessDenied { detail }) = denied else { panic!("{denied:?}") };
        assert!(detail.starts_with(&format!("HTTP {status}, type invalid_request_error, code {code}")), "{detail}");
        assert_eq!(requests(&server).await.len(), 1);

        assert_eq!(create(&provider).await.unwrap().provider_ref, "cs_test_1", "the key is mended");
        let sent = requests(&server).await;
        assert_eq!(header(&sent[1], "idempotency-key"), header(&sent[0], "idempotency-key"));
    }
}

/// An earlier call with this key may have opened a session, for example by a process with other settings, and that
/// session may be paid.
#[tokio::test]
async fn a_key_that_was_used_for_other_parameters_leaves_the_outcome_open() {
    let server = first_then_well(stripe_error(400, "idempotency_error", "key_reused"), 100).await;

    let (detail, _) = unavailable(create(&provider(&server)).await);

    assert!(detail.starts_with("HTTP 400, type idempotency_error"), "{detail}");
    assert_eq!(requests(&server).await.len(), 1, "asking again at once would give the same");
}

/// A 404 that does not come from Stripe must not make a session count as unknown.
#[tokio::test]
async fn an_address_that_stripe_does_not_know_is_not_a_session_that_it_does_not_have() {
    let server = first_then_well(stripe_error(404, "invalid_request_error", "url_invalid"), 100).await;

    let found = provider(&server).retrieve_checkout(&opened()).await;

    assert!(matches!(found, Err(ProviderError::Rejected { .. })), "{found:?}");
}

/// Each of these errors has a message that quotes both.
#[tokio::test]
async fn neither_the_key_nor_the_buyer_is_in_what_an_error_says() {
    for (status, kind, code) in [
        (400, "invalid_request_error", "email_invalid"),
        (400, "invalid_request_error", EMAIL),
        (401, EMAIL, "two words"),
        (409, "idempotency_error", EMAIL),
        (500, EMAIL, "oops"),
    ] {
        let server = first_then_well(stripe_error(status, kind, code), 100).await;
        let said = format!("{:?}", create(&provider(&server)).await.unwrap_err());
        assert!(said.contains(&format!("HTTP {status}")), "{said}");
        for private in ["kim", "two words", "Something", "the_secret"] {
            assert!(!said.contains(private), "{said}");
        }
    }
}

#[tokio::test]
async fn an_answer_without_what_decides_is_neither_believed_nor_asked_for_again() {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ok(&session(&json!({"status": "paused"})))).mount(&server).await;

    let answered = create(&provider(&server)).await;

    let Err(ProviderError::Unreadable { detail }) = answered else { panic!("{answered:?}") };
    assert_eq!(detail, "a checkout session without a usable `status`");
    assert_eq!(requests(&server).await.len(), 1);
}

#[tokio::test]
async fn a_retry_waits_for_as_long_as_stripe_asks() {
    let wrong = stripe_error(429, "invalid_request_error", "rate_limit").insert_header("retry-after", "1");
    let server = first_then_well(wrong, 1).await;
    let began = Instant::now();

    create(&provider(&server)).await.unwrap();

    assert!(began.elapsed() >= Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(requests(&server).await.len(), 2);
}

#[tokio::test]
async fn a_wait_beyond_the_deadline_is_left_to_the_buyer() {
    let wrong = stripe_error(503, "api_error", "down").insert_header("retry-after", "30");
    let server = first_then_well(wrong, 1).await;
    let began = Instant::now();

    let (_, retry_after) = unavailable(create(&provider(&server)).await);

    assert_eq!(retry_after, Some(Duration::from_secs(30)));
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(requests(&server).await.len(), 1);
}

#[tokio::test]
async fn stripe_can_say_that_repeating_is_of_no_use() {
    let wrong = stripe_error(500, "api_error", "broken").insert_header("stripe-should-retry", "false");
    let server = first_then_well(wrong, 1).await;

    unavailable(create(&provider(&server)).await);

    assert_eq!(requests(&server).await.len(), 1);
}

/// What a server does with one connection after it has read the request.
enum Then {
    /// Sends nothing.
    Hang,
    /// Closes the connection without an answer.
    HangUp,
    /// Closes the connection in the middle of the answer.
    HangUpHalfWay,
    /// Answers.
    Answer,
}

/// Serves one connection after the other. Returns its address, and the requests as they arrive.
fn scripted(script: Vec<Then>) -> (Url, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = base_of(listener.local_addr().unwrap());
    let (heard, requests) = mpsc::channel();
    thread::spawn(move || {
        let mut silent = Vec::new();
        for then in script {
            let (mut stream, _) = listener.accept().unwrap();
            heard.send(read_request(&mut stream)).unwrap();
            let body = session(&json!({})).to_string();
            let answer =
                format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            match then {
                Then::Hang => silent.push(stream),
                Then::HangUp => drop(stream),
                Then::HangUpHalfWay => stream.write_all(&answer.as_bytes()[..answer.len() - 40]).unwrap(),
                Then::Answer => stream.write_all(answer.as_bytes()).unwrap(),
            }
        }
        // Holds the connections open until the test ends.
        while heard.send(String::new()).is_ok() {
            thread::sleep(Duration::from_millis(50));
        }
    });
    (base, requests)
}

fn read_request(stream: &mut TcpStream) -> String {
    let mut request = String::new();
    let mut buffer = [0; 4096];
    loop {
        let length = stream.read(&mut buffer).unwrap();
        request.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
        let Some((head, body)) = request.split_once("\r\n\r\n") else { continue };
        let expected = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
        if body.len() >= expected.parse::<usize>().unwrap() {
            return request;
        }
    }
}

fn key_line(request: &str) -> &str {
    request.lines().find(|line| line.starts_with("idempotency-key: purchase-")).unwrap()
}

#[tokio::test]
async fn a_connection_that_breaks_is_tried_again_with_the_same_key() {
    let (base, requests) = scripted(vec![Then::HangUp, Then::HangUpHalfWay, Then::Answer]);

    let session = create(&patient(base.as_str(), QUICK)).await.unwrap();

    assert_eq!(session.provider_ref, "cs_test_1");
    let sent: Vec<String> = (0..3).map(|_| requests.recv().unwrap()).collect();
    assert_eq!(key_line(&sent[0]), key_line(&sent[1]));
    assert_eq!(sent[0], sent[1]);
    assert_eq!(sent[1], sent[2]);
}

#[tokio::test]
async fn a_server_that_says_nothing_is_asked_again_after_the_time_of_one_attempt() {
    let (base, requests) = scripted(vec![Then::Hang, Then::Answer]);
    let retry_policy = RetryPolicy { attempt_time_max: Duration::from_millis(200), ..QUICK };

    let session = create(&patient(base.as_str(), retry_policy)).await.unwrap();

    assert_eq!(session.provider_ref, "cs_test_1");
    assert_eq!(key_line(&requests.recv().unwrap()), key_line(&requests.recv().unwrap()));
}

#[tokio::test]
async fn the_buyer_waits_no_longer_than_the_deadline() {
    let (base, _requests) = scripted(vec![Then::Hang, Then::Hang]);
    let retry_policy = RetryPolicy { operation_time_max: Duration::from_millis(300), ..QUICK };
    let began = Instant::now();

    let (detail, _) = unavailable(create(&patient(base.as_str(), retry_policy)).await);

    assert_eq!(detail, "no answer in time");
    assert!((300..1500).contains(&began.elapsed().as_millis()), "{:?}", began.elapsed());
}

#[tokio::test]
async fn nobody_listening_is_an_open_outcome() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();

    let (detail, _) = unavailable(create(&patient(base_of(nobody).as_str(), QUICK)).await);

    assert!(detail.contains("Connection refused"), "{detail}");
}
