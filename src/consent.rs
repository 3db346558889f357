//! The buyer's consent to immediate delivery.
//!
//! A consumer may withdraw from a distance contract within fourteen days (§ 355 BGB, § 312g (1) BGB). For digital
//! content that is not on a physical medium the right ends early, once delivery has begun with the consumer's express
//! consent and their acknowledgement that the right then ends, and the seller has confirmed both (§ 356 (5) BGB;
//! article 16 (m) of directive 2011/83/EU). So each purchase keeps whether the buyer consented, when, and to which
//! text.

use std::{fmt, str::FromStr};

use jiff::Timestamp;

use crate::locale::Locale;

/// Names one wording of the consent: 1 to 64 lower-case letters, digits and hyphens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConsentVersion(String);

impl ConsentVersion {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ConsentVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ConsentVersion {
    type Err = InvalidConsentVersion;

    fn from_str(name: &str) -> Result<Self, InvalidConsentVersion> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let fits = (1..=64).contains(&name.len()) && name.bytes().all(plain);
        if fits { Ok(Self(name.to_owned())) } else { Err(InvalidConsentVersion) }
    }
}

/// The name is empty, too long, or has other than lower-case letters, digits and hyphens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a consent's version has 1 to 64 lower-case letters, digits and hyphens")]
pub struct InvalidConsentVersion;

/// A wording, as it is shown beside the check box. Kept as long as the purchases, as a proof of what the buyer agreed
/// to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentText {
    /// Its name; each wording has its own.
    pub version: ConsentVersion,
    /// Its language.
    pub locale: Locale,
    /// The text that the buyer read.
    pub text: String,
}

/// A buyer's consent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// The wording.
    pub version: ConsentVersion,
    /// When.
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_a_plain_name() {
        assert_eq!("0a1b-2c".parse::<ConsentVersion>().map(|version| version.to_string()), Ok("0a1b-2c".to_owned()));
        for bad in ["", "A", "a b", "ä", "a\0", &"a".repeat(65)] {
            assert_eq!(bad.parse::<ConsentVersion>(), Err(InvalidConsentVersion), "{bad:?}");
        }
    }
}
