//! Parses JSON tolerantly: one value that cannot be read must not hide the others.
//!
//! `serde_json::Value` rejects the whole document for a lone surrogate (`"\ud83d"`), a number beyond `f64` (`1e400`),
//! deep nesting, or a byte that is not UTF-8. Stripe passes on the input of others, so each of these can occur in a
//! field that the shop does not use. Here, such a value becomes an empty object, which no reader accepts as null, text,
//! number or flag.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::{Map, Value, value::RawValue};

/// The depth to which an odd document is read. The necessary fields are at most six levels deep, and each level costs a
/// scan.
const DEPTH_MAX: usize = 12;

/// Parses a document; `None` when it is not JSON at all.
pub fn read(bytes: &[u8]) -> Option<Value> {
    // Nearly all documents have no odd value.
    if let Ok(value) = serde_json::from_slice(bytes) {
        return Some(value);
    }
    let text = String::from_utf8_lossy(bytes);
    Some(tolerant(serde_json::from_str(&text).ok()?, 0))
}

/// The elements of an array member, each with its original bytes.
pub fn raw_elements(bytes: &[u8], member: &str) -> Option<Vec<String>> {
    let text = String::from_utf8_lossy(bytes);
    let members: Members = serde_json::from_str(&text).ok()?;
    let (_, array) = members.0.into_iter().rev().find(|(name, _)| name == member)?;
    let elements: Vec<&RawValue> = serde_json::from_str(array.get()).ok()?;
    Some(elements.into_iter().map(|element| element.get().to_owned()).collect())
}

/// Parses level by level, so that an error in one member does not affect the others. When `serde_json` skips a value,
/// it decodes no text or number, and needs no stack for nesting.
fn tolerant(raw: &RawValue, depth: usize) -> Value {
    let text = raw.get();
    let read = match text.as_bytes().first() {
        Some(b'{' | b'[') if depth == DEPTH_MAX => None,
        Some(b'{') => serde_json::from_str::<Members>(text).ok().map(|members| {
            Value::Object(
                members.0.into_iter().map(|(name, raw)| (name.into_owned(), tolerant(raw, depth + 1))).collect(),
            )
        }),
        Some(b'[') => serde_json::from_str::<Vec<&RawValue>>(text)
            .ok()
            .map(|elements| Value::Array(elements.into_iter().map(|raw| tolerant(raw, depth + 1)).collect())),
        _ => serde_json::from_str(text).ok(),
    };
    read.unwrap_or_else(|| Value::Object(Map::new()))
}

/// An object's members in their order, with unparsed values. Omits members whose name cannot be read.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(Name(name)) = map.next_key()? {
                    let value = map.next_value()?;
                    members.extend(name.map(|name| (name, value)));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Collect)
    }
}

/// A member's name; `None` when it is not Unicode.
struct Name<'a>(Option<Cow<'a, str>>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl<'de> Visitor<'de> for Text {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_bytes<E>(self, name: &'de [u8]) -> Result<Name<'de>, E> {
                Ok(Name(std::str::from_utf8(name).ok().map(Cow::Borrowed)))
            }

            fn visit_bytes<E>(self, name: &[u8]) -> Result<Name<'de>, E> {
                Ok(Name(std::str::from_utf8(name).ok().map(|name| Cow::Owned(name.to_owned()))))
            }
        }

        // As bytes, because serde_json refuses a lone surrogate in a `str`.
        deserializer.deserialize_bytes(Text)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// JSON values that `serde_json::Value` rejects.
    pub fn odd_values() -> Vec<String> {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let objects = format!("{}1{}", r#"{"a":"#.repeat(200), "}".repeat(200));
        let plain =
            [r#""\ud83d""#, r#""\udc00 and more""#, "1e400", "-1E+999", r#"{"\ud83d":1}"#, r#"["\ud83d",1e400]"#];
        plain.into_iter().map(str::to_owned).chain([nested(150), nested(5_000), objects]).collect()
    }

    #[test]
    fn one_odd_value_hides_no_other() {
        for odd in odd_values() {
            assert!(serde_json::from_str::<Value>(&odd).is_err(), "{odd} is not odd");
            for document in [
                format!(r#"{{"odd":{odd},"id":"evt_1","data":{{"n":[1,2]}}}}"#),
                format!(r#"{{"id":"evt_1","data":{{"n":[1,2],"odd":{odd}}},"odd":{odd}}}"#),
                format!(r#"{{"id":"evt_1","\ud83d":{odd},"data":{{"n":[1,2],"m":[{odd}]}}}}"#),
            ] {
                let value = read(document.as_bytes()).unwrap();
                assert_eq!((&value["id"], &value["data"]["n"]), (&json!("evt_1"), &json!([1, 2])), "{document}");
            }
        }
        let value = read(br#"{"odd":"\ud83d","null":null}"#).unwrap();
        assert_eq!(value, json!({"odd": {}, "null": null}), "odd is not the same as not there");
    }

    #[test]
    fn a_byte_that_is_not_utf_8_hides_nothing() {
        assert_eq!(read(b"{\"name\":\"M\xfcller\",\"id\":\"evt_1\"}").unwrap()["id"], "evt_1");
    }

    #[test]
    fn what_is_no_json_is_none() {
        for text in
            ["", "{", r#"{"id":"evt_1""#, r#"{"id":"evt_1"} x"#, r#"{"id":"\ud83d"} x"#, "[".repeat(90).as_str()]
        {
            assert_eq!(read(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn elements_come_as_they_were_sent() {
        let list = br#"{"a":1,"data":[{"b": 1e400}, {"id" :"evt_1"}]}"#;
        assert_eq!(raw_elements(list, "data").unwrap(), [r#"{"b": 1e400}"#, r#"{"id" :"evt_1"}"#]);
        assert_eq!(raw_elements(list, "a"), None);
        assert_eq!(raw_elements(list, "b"), None);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            "\\PC*".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::hash_map("\\PC{0,6}", inner, 0..6).prop_map(|members| json!(members)),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_not_odd_is_read_as_serde_json_reads_it(value in any_json()) {
            let text = value.to_string();
            prop_assert_eq!(tolerant(serde_json::from_str(&text).unwrap(), 0), value);
        }
    }
}
