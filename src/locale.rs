//! The languages that the shop speaks.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The shop's languages, for a macro to make something of: each with its tag (BCP 47) and the file its texts are in. To the
/// first comes whoever asks for none of them.
#[macro_export]
macro_rules! languages {
    ($macro:ident) => {
        $macro! { De = "de" in de, En = "en" in en }
    };
}

macro_rules! locale {
    ($first:ident = $first_tag:literal in $first_file:ident $(, $name:ident = $tag:literal in $file:ident)*) => {
        /// A language of the shop.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Locale {
            #[doc = $first_tag]
            #[default]
            #[serde(rename = $first_tag)]
            $first,
            $(
                #[doc = $tag]
                #[serde(rename = $tag)]
                $name,
            )*
        }

        impl Locale {
            /// Every language, in the order in which they are offered.
            pub const ALL: [Self; [$first_tag $(, $tag)*].len()] = [Self::$first $(, Self::$name)*];

            /// The language's tag (BCP 47).
            pub fn as_str(self) -> &'static str {
                match self {
                    Self::$first => $first_tag,
                    $(Self::$name => $tag,)*
                }
            }
        }
    };
}

languages!(locale);

impl Locale {
    /// The best match for an `Accept-Language` header (RFC 9110, section 12.5.4).
    pub fn negotiate(accept_language: &str) -> Self {
        let mut best: Option<(f32, Self)> = None;
        for range in accept_language.split(',') {
            let mut parts = range.split(';');
            let tag = parts.next().unwrap_or_default().trim();
            let weight = parts
                .find_map(|part| part.trim().strip_prefix("q=").map(|q| q.parse::<f32>().unwrap_or(0.0)))
                .unwrap_or(1.0);
            let primary = tag.split('-').next().unwrap_or_default();
            let Ok(locale) = primary.to_ascii_lowercase().parse::<Self>() else { continue };
            if weight > 0.0 && best.is_none_or(|(heaviest, _)| weight > heaviest) {
                best = Some((weight, locale));
            }
        }
        best.map(|(_, locale)| locale).unwrap_or_default()
    }
}

impl FromStr for Locale {
    type Err = UnknownLocale;

    fn from_str(tag: &str) -> Result<Self, UnknownLocale> {
        Self::ALL.into_iter().find(|locale| locale.as_str() == tag).ok_or(UnknownLocale)
    }
}

/// The shop does not speak that language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a language of this shop")]
pub struct UnknownLocale;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heaviest_language_that_the_shop_speaks_wins() {
        for (header, locale) in [
            ("", Locale::De),
            ("fr", Locale::De),
            ("en", Locale::En),
            ("en-GB,en;q=0.9,de;q=0.8", Locale::En),
            ("fr, en;q=0.3, de-AT;q=0.7", Locale::De),
            ("de;q=0, en;q=0.1", Locale::En),
            ("de;q=nonsense, en;q=0.1", Locale::En),
        ] {
            assert_eq!(Locale::negotiate(header), locale, "{header}");
        }
    }
}
