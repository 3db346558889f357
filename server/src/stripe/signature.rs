//! The `Stripe-Signature` header: <https://docs.stripe.com/webhooks#verify-manually>.

use hmac::{Hmac, Mac};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// The largest difference between a notification's time and the shop's, in both directions.
pub const TOLERANCE_SECONDS: i64 = 300;

/// Why a notification is refused. The texts are for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// No header, or one without a time or a signature.
    #[error("the signature header is missing or malformed")]
    Malformed,
    /// Signed too long ago, or in the future.
    #[error("the signature's time is too far from ours")]
    OutOfTime,
    /// No signature matches a secret.
    #[error("no signature fits the body")]
    Mismatch,
}

/// Verifies that one of the header's `v1` signatures was made over exactly these bytes, with one of the secrets and
/// recently. During a rotation there are several signatures and secrets.
pub fn verify(header: &str, payload: &[u8], secrets: &[SecretString], now: Timestamp) -> Result<(), SignatureError> {
    let mut time = None;
    let mut signatures = Vec::new();
    for part in header.split(',') {
        match part.trim().split_once('=') {
            // With two times, it is unclear which one was signed.
            Some(("t", _)) if time.is_some() => return Err(SignatureError::Malformed),
            Some(("t", text)) => time = Some(text),
            Some(("v1", text)) => signatures.extend(hex::decode(text).ok()),
            _ => {}
        }
    }
    let time = time.filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()));
    let time = time.ok_or(SignatureError::Malformed)?;
    let signed_at: i64 = time.parse().map_err(|_| SignatureError::Malformed)?;
    if signatures.is_empty() {
        return Err(SignatureError::Malformed);
    }
    let fits = secrets.iter().any(|secret| {
        let expected = mac(secret, time, payload);
        signatures.iter().any(|given| expected.as_ref().is_some_and(|mac| mac.clone().verify_slice(given).is_ok()))
    });
    if !fits {
        return Err(SignatureError::Mismatch);
    }
    if now.as_second().abs_diff(signed_at) > TOLERANCE_SECONDS.unsigned_abs() {
        return Err(SignatureError::OutOfTime);
    }
    Ok(())
}

/// The MAC of a payload; `None` for an empty secret, with which anybody could sign.
fn mac(secret: &SecretString, time: &str, payload: &[u8]) -> Option<Hmac<Sha256>> {
    let secret = secret.expose_secret();
    if secret.is_empty() {
        return None;
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(time.as_bytes());
    mac.update(b".");
    mac.update(payload);
    Some(mac)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PAYLOAD: &[u8] = br#"{"id":"evt_1"}"#;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn secrets(all: &[&str]) -> Vec<SecretString> {
        all.iter().map(|secret| SecretString::from(*secret)).collect()
    }

    fn sign(secret: &str, time: i64) -> String {
        let mac = mac(&SecretString::from(secret), &time.to_string(), PAYLOAD).unwrap();
        hex::encode(mac.finalize().into_bytes())
    }

    #[test]
    fn any_secret_with_any_signature_will_do() {
        let header = format!("t=1000,v1={},v1={},v0=ff", sign("old", 1_000), sign("new", 1_000));
        for known in [&["new"][..], &["old"], &["other", "new"]] {
            assert_eq!(verify(&header, PAYLOAD, &secrets(known), at(1_000)), Ok(()));
        }
        let wrong = verify(&header, PAYLOAD, &secrets(&["other"]), at(1_000));
        assert_eq!(wrong, Err(SignatureError::Mismatch));
    }

    /// `openssl dgst -sha256 -hmac whsec_test` over `1000.{"id":"evt_1"}`.
    #[test]
    fn the_signature_is_the_one_that_stripe_makes() {
        assert_eq!(sign("whsec_test", 1_000), "387e46d34ab34bb0f3624adcaa371a0332240720155daad95713dfea27253ccd");
    }

    #[test]
    fn an_old_or_future_signature_is_refused() {
        let header = format!("t=1000,v1={}", sign("s", 1_000));
        for (now, expected) in [
            (700, Ok(())),
            (1_300, Ok(())),
            (699, Err(SignatureError::OutOfTime)),
            (1_301, Err(SignatureError::OutOfTime)),
        ] {
            assert_eq!(verify(&header, PAYLOAD, &secrets(&["s"]), at(now)), expected, "{now}");
        }
    }

    #[test]
    fn an_empty_secret_verifies_nothing() {
        let mut open = Hmac::<Sha256>::new_from_slice(b"").unwrap();
        open.update(b"1000.");
        open.update(PAYLOAD);
        let header = format!("t=1000,v1={}", hex::encode(open.finalize().into_bytes()));
        assert_eq!(verify(&header, PAYLOAD, &secrets(&[""]), at(1_000)), Err(SignatureError::Mismatch));
    }

    #[test]
    fn a_header_without_time_or_signature_is_malformed() {
        let good = sign("s", 1_000);
        for header in ["", "t=1000", "t=,v1=ff", &format!("v1={good}"), &format!("t=+1000,v1={good}"), "t=1000,v1=zz"] {
            let refused = verify(header, PAYLOAD, &secrets(&["s"]), at(1_000));
            assert_eq!(refused, Err(SignatureError::Malformed), "{header:?}");
        }
        let twice = format!("t=1,t=1000,v1={good}");
        assert_eq!(verify(&twice, PAYLOAD, &secrets(&["s"]), at(1_000)), Err(SignatureError::Malformed));
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic_or_pass(header in "\\PC*", shaped in "(t=[0-9]{0,25}|v1=[0-9a-f]{0,80}|,|=| )*") {
            for header in [header, shaped] {
                prop_assert!(verify(&header, PAYLOAD, &secrets(&["s"]), at(1_000)).is_err());
            }
        }

        #[test]
        fn a_changed_byte_is_noticed(position in 0..PAYLOAD.len(), flip in 1..=255_u8) {
            let header = format!("t=1000,v1={}", sign("s", 1_000));
            let mut payload = PAYLOAD.to_vec();
            payload[position] ^= flip;
            prop_assert_eq!(verify(&header, &payload, &secrets(&["s"]), at(1_000)), Err(SignatureError::Mismatch));
        }
    }
}
