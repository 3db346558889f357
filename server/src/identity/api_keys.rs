//! API keys as a platform sends them: `ck_live_` or `ck_test_`, then 256 random bits with a checksum, in `Base58Check`.
//!
//! The prefix lets scanners find a key that has leaked, and the checksum tells a mistyped one without the database.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// How many random bytes a key has.
const RANDOM_BYTES: usize = 32;
/// How many of a key's characters are kept to tell it from others: too few to guess the rest by.
const SHOWN_CHARACTERS: usize = 8;

/// Which shops take a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyMode {
    /// Those that sell for money.
    Live,
    /// All others.
    Test,
}

impl KeyMode {
    const ALL: [Self; 2] = [Self::Live, Self::Test];

    /// What a key of the mode begins with.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Live => "ck_live_",
            Self::Test => "ck_test_",
        }
    }
}

/// An API key. `Debug` does not show it.
pub struct ApiKeySecret {
    text: SecretString,
    mode: KeyMode,
}

impl ApiKeySecret {
    /// A new key, of the operating system's randomness.
    pub fn generate(mode: KeyMode) -> Result<Self, getrandom::Error> {
        let mut bytes = [0; RANDOM_BYTES];
        getrandom::fill(&mut bytes)?;
        let encoded = bs58::encode(bytes).with_check().into_string();
        Ok(Self { text: SecretString::from(format!("{}{encoded}", mode.prefix())), mode })
    }

    /// Reads a key; `None` when it cannot be one: its prefix, length or checksum is wrong.
    pub fn parse(text: &str) -> Option<Self> {
        let mut modes = KeyMode::ALL.into_iter();
        let (mode, encoded) = modes.find_map(|mode| Some((mode, text.strip_prefix(mode.prefix())?)))?;
        let bytes = bs58::decode(encoded).with_check(None).into_vec().ok()?;
        (bytes.len() == RANDOM_BYTES).then(|| Self { text: SecretString::from(text), mode })
    }

    /// Which shops take it.
    pub fn mode(&self) -> KeyMode {
        self.mode
    }

    /// What is stored of it: SHA-256, in hexadecimal. 256 random bits need no slower hash.
    pub fn hash(&self) -> String {
        format!("{:x}", Sha256::digest(self.expose()))
    }

    /// How it begins, to tell it from others.
    pub fn prefix(&self) -> String {
        self.expose().chars().take(self.mode.prefix().len() + SHOWN_CHARACTERS).collect()
    }

    /// The key itself.
    pub fn expose(&self) -> &str {
        self.text.expose_secret()
    }
}

impl fmt::Debug for ApiKeySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeySecret").field("mode", &self.mode).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_key_is_told_by_its_checksum() {
        for mode in KeyMode::ALL {
            let key = ApiKeySecret::generate(mode).expect("randomness");
            let text = key.expose().to_owned();
            assert!(text.starts_with(mode.prefix()) && text.len() > 50, "{text}");
            let parsed = ApiKeySecret::parse(&text).expect("a key");
            assert_eq!((parsed.mode(), parsed.hash()), (mode, key.hash()));
            for place in 0..text.len() {
                let mut typo = text.clone().into_bytes();
                typo[place] = if typo[place] == b'x' { b'y' } else { b'x' };
                assert!(ApiKeySecret::parse(std::str::from_utf8(&typo).expect("ASCII")).is_none(), "{place}");
            }
            assert!(ApiKeySecret::parse(&text[..text.len() - 1]).is_none());
            assert!(ApiKeySecret::parse(&format!("{text}x")).is_none());
        }
        for other in ["", "ck_live_", "ck_test_1", "ck_prod_abc", "sk_live_abc"] {
            assert!(ApiKeySecret::parse(other).is_none(), "{other}");
        }
        // Right, but of fewer bits.
        let short = format!("ck_test_{}", bs58::encode([7; 16]).with_check().into_string());
        assert!(ApiKeySecret::parse(&short).is_none());
    }

    #[test]
    fn no_two_keys_are_the_same_and_none_shows_in_debug_output() {
        let keys = [(); 2].map(|()| ApiKeySecret::generate(KeyMode::Test).expect("randomness"));
        assert_ne!(keys[0].hash(), keys[1].hash());
        assert_ne!(keys[0].prefix(), keys[1].prefix());
        assert_eq!(keys[0].prefix().len(), 16);
        let secret = &keys[0].expose()["ck_test_".len()..];
        assert!(!format!("{:?}", keys[0]).contains(secret));
    }
}
