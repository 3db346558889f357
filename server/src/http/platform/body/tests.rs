//! What bodies are taken, and what is said of the others.

use serde_json::{Value, json};

use super::*;

/// The code and the text of the problem.
fn refused<T: DeserializeOwned + fmt::Debug>(json: &str) -> (&'static str, String) {
    let problem = read::<T>(json).expect_err(json);
    (problem.code(), problem.detail().to_owned())
}

fn spend(members: &Value) -> String {
    let mut body = json!({"credits": 1});
    for (name, value) in members.as_object().expect("an object") {
        body[name] = value.clone();
    }
    body.to_string()
}

#[test]
fn credits_are_whole_numbers_within_bounds() {
    for good in ["1", "1000000000"] {
        assert!(read::<SpendBody>(&format!(r#"{{"credits":{good}}}"#)).is_ok(), "{good}");
    }
    for bad in [
        "0",
        "-1",
        "1.5",
        "1.0",
        "1e2",
        "\"5\"",
        "true",
        "null",
        "[]",
        "{}",
        "1000000001",
        "99999999999999999999",
        "1e400",
    ] {
        let (code, detail) = refused::<SpendBody>(&format!(r#"{{"credits":{bad}}}"#));
        assert_eq!((code, detail.contains("from 1 to 1,000,000,000")), ("invalid_credits", true), "{bad}: {detail}");
        let json = format!(r#"{{"lines":[{{"credits":1}},{{"credits":{bad}}}]}}"#);
        let (code, detail) = refused::<SpendsBody>(&json);
        assert_eq!((code, detail.starts_with("`lines[1].credits`")), ("invalid_credits", true), "{bad}: {detail}");
    }
    assert!(matches!(read(r#"{"credits":0}"#), Ok(CaptureBody { credits: Some(CaptureCredits::None), .. })));
    assert_eq!(refused::<CaptureBody>(r#"{"credits":-1}"#).0, "invalid_credits");
}

#[test]
fn a_member_that_is_missing_unknown_or_doubled_is_named() {
    let missing = refused::<SpendBody>("{}");
    assert_eq!((missing.0, missing.1.starts_with("`credits` is missing. ")), ("invalid_credits", true), "{missing:?}");
    let unknown = refused::<HoldBody>(r#"{"credits":1,"ttl_second":5}"#);
    assert_eq!(unknown.0, "unknown_field");
    assert!(
        unknown.1.starts_with("There is no `ttl_second` here: expected one of `credits`, `ttl_seconds`,"),
        "{unknown:?}"
    );
    let doubled = refused::<SpendBody>(r#"{"credits":1,"credits":2}"#);
    assert_eq!(
        (doubled.0, doubled.1.starts_with("`credits` is there twice. ")),
        ("invalid_credits", true),
        "{doubled:?}"
    );
    assert_eq!(refused::<SpendsBody>(r#"{"lines":[{"credits":1,"x":1}]}"#).0, "unknown_field");
    let pair = refused::<SpendBody>(r#"{"credits":1,"metadata":{"a":"1","b":"2","a":"3"}}"#);
    assert_eq!((pair.0, pair.1.contains("each key once")), ("invalid_metadata", true), "{pair:?}");
    assert_eq!(refused::<ExtendBody>("{}").0, "invalid_ttl");
    assert_eq!(refused::<GrantBody>(r#"{"credits":1}"#).0, "invalid_reason");
}

#[test]
fn what_is_no_object_is_malformed() {
    // Derived implementations would take the first two as a spend.
    for json in ["[1]", "[1,null,null,null]", "null", "7", "\"x\"", "", "{", r#"{"credits":1"#] {
        assert_eq!(refused::<SpendBody>(json).0, "malformed_body", "{json}");
    }
    assert_eq!(refused::<SpendsBody>(r#"{"lines":[[1]]}"#).0, "invalid_lines");
    assert_eq!(refused::<SpendBody>(r#"{"credits":1,"reference":"\ud800"}"#).0, "malformed_body");
}

#[test]
fn texts_have_their_limits() {
    let long = |length: usize| "ä".repeat(length);
    let pairs = |count: usize| (0..count).map(|n| (n.to_string(), json!("x"))).collect::<serde_json::Map<_, _>>();
    for good in [
        json!({"reference": long(200), "description": long(500), "metadata": pairs(20)}),
        json!({"metadata": {long(40): long(500)}}),
        json!({"reference": null, "description": null, "metadata": null}),
        json!({"description": ""}),
    ] {
        assert!(read::<SpendBody>(&spend(&good)).is_ok(), "{good}");
    }
    for (bad, code) in [
        (json!({"reference": long(201)}), "invalid_reference"),
        (json!({"reference": ""}), "invalid_reference"),
        (json!({"reference": "a\u{0}"}), "invalid_reference"),
        (json!({"reference": 7}), "invalid_reference"),
        (json!({"description": long(501)}), "invalid_description"),
        (json!({"description": "a\nb"}), "invalid_description"),
        (json!({"description": {}}), "invalid_description"),
        (json!({"metadata": pairs(21)}), "invalid_metadata"),
        (json!({"metadata": {long(41): "x"}}), "invalid_metadata"),
        (json!({"metadata": {"": "x"}}), "invalid_metadata"),
        (json!({"metadata": {"a": long(501)}}), "invalid_metadata"),
        (json!({"metadata": {"credits": 7}}), "invalid_metadata"),
        (json!({"metadata": []}), "invalid_metadata"),
    ] {
        assert_eq!(refused::<SpendBody>(&spend(&bad)).0, code, "{bad}");
        let lines = format!(r#"{{"lines":[{}]}}"#, spend(&bad));
        assert_eq!(refused::<SpendsBody>(&lines).0, code, "{bad}");
    }
}

#[test]
fn the_other_members_have_their_limits() {
    let lines = |count: usize| json!({"lines": vec![json!({"credits": 1}); count]}).to_string();
    assert!(read::<SpendsBody>(&lines(1)).is_ok() && read::<SpendsBody>(&lines(100)).is_ok());
    for bad in [lines(0), lines(101), r#"{"lines":{}}"#.to_owned(), r#"{"lines":null}"#.to_owned()] {
        assert_eq!(refused::<SpendsBody>(&bad).0, "invalid_lines");
    }
    for bad in ["0", "-1", "86401", "1.5", "\"60\""] {
        assert_eq!(refused::<HoldBody>(&format!(r#"{{"credits":1,"ttl_seconds":{bad}}}"#)).0, "invalid_ttl", "{bad}");
    }
    for bad in ["\"true\"", "0", "{}"] {
        assert_eq!(refused::<CaptureBody>(&format!(r#"{{"final":{bad}}}"#)).0, "invalid_final", "{bad}");
    }
    for bad in [json!(""), json!(" "), json!("ä".repeat(501)), json!(7)] {
        assert_eq!(refused::<ReversalBody>(&json!({"reason": bad}).to_string()).0, "invalid_reason", "{bad}");
    }
    for (bad, code) in [
        (json!({"email": "nobody"}), "invalid_email"),
        (json!({"name": "ä".repeat(201)}), "invalid_name"),
        (json!({"low_balance": -1}), "invalid_low_balance"),
    ] {
        assert_eq!(refused::<TenantBody>(&bad.to_string()).0, code, "{bad}");
    }
    assert!(read::<TenantBody>("{}").is_ok());
}
