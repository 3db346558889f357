//! The languages that the shop speaks.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Passes the shop's languages to a macro: each with its tag (BCP 47) and the file of its texts. The first is the
/// default.
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
    /// The language for browsers that ask only for languages that the shop does not have.
    const FOR_OTHER_LANGUAGES: Self = Self::En;

    /// The best match for an `Accept-Language` header (RFC 9110, section 12.5.4). Without a header, or with `*` only,
    /// the default.
    pub fn negotiate(accept_language: &str) -> Self {
        let ranges: Vec<_> = accept_language.split(',').filter_map(LanguageRange::parse).collect();
        let named = |locale: Self| ranges.iter().find(|range| range.names(locale)).map(|range| range.weight);
        // Like `max_by`, except that the first of equal weights wins: the ranges are in the browser's order of
        // preference.
        let heaviest = ranges.iter().filter_map(|range| Some((range.locale()?, range.weight))).fold(
            None,
            |best: Option<(Self, f32)>, (locale, weight)| match best {
                Some((_, heaviest)) if heaviest >= weight => best,
                _ => Some((locale, weight)),
            },
        );
        if let Some((locale, weight)) = heaviest
            && weight > 0.0
        {
            return locale;
        }
        let speaks_another =
            ranges.iter().any(|range| !range.is_any() && range.locale().is_none() && range.weight > 0.0);
        let wanted = if speaks_another { Self::FOR_OTHER_LANGUAGES } else { Self::default() };
        // `en;q=0, fr` refuses English.
        let refused = |locale: &Self| named(*locale) == Some(0.0);
        [wanted].into_iter().chain(Self::ALL).find(|locale| !refused(locale)).unwrap_or(wanted)
    }
}

/// A language range of an `Accept-Language` header, with its weight from 0 to 1.
struct LanguageRange<'a> {
    /// The part before the first hyphen: `de-AT` is German.
    primary: &'a str,
    weight: f32,
}

impl<'a> LanguageRange<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let tag = parts.next().filter(|tag| !tag.is_empty())?;
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        // An invalid weight counts as 0, which refuses the language.
        let weight = weight.map_or(1.0, |q| q.parse().ok().filter(|q| (0.0..=1.0).contains(q)).unwrap_or(0.0));
        Some(Self { primary: tag.split('-').next().unwrap_or_default(), weight })
    }

    fn is_any(&self) -> bool {
        self.primary == "*"
    }

    fn names(&self, locale: Locale) -> bool {
        self.primary.eq_ignore_ascii_case(locale.as_str())
    }

    fn locale(&self) -> Option<Locale> {
        Locale::ALL.into_iter().find(|locale| self.names(*locale))
    }
}

impl FromStr for Locale {
    type Err = UnknownLocale;

    fn from_str(tag: &str) -> Result<Self, UnknownLocale> {
        Self::ALL.into_iter().find(|locale| locale.as_str() == tag).ok_or(UnknownLocale)
    }
}

/// The shop does not have this language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a language of this shop")]
pub struct UnknownLocale;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heaviest_language_that_the_shop_speaks_wins() {
        for (header, locale) in [
            ("en-GB,en;q=0.9,de;q=0.8", Locale::En),
            ("fr, en;q=0.3, de-AT;q=0.7", Locale::De),
            ("de-AT", Locale::De),
            ("DE-at;Q=0.2, en;q=0.1", Locale::De),
            ("en, de", Locale::En),
            ("de;q=0, en;q=0.1", Locale::En),
            ("de;q=nonsense, en;q=0.1", Locale::En),
            ("de;q=9, en;q=0.1", Locale::En),
            ("de;q=NaN, en;q=0.1", Locale::En),
            ("*, en;q=0.5", Locale::En),
        ] {
            assert_eq!(Locale::negotiate(header), locale, "{header}");
        }
    }

    #[test]
    fn a_browser_in_a_language_that_the_shop_does_not_speak_gets_english() {
        for header in ["fr", "fr-CH, fr;q=0.9, *;q=0.5", "tr;q=0.1", "zh-Hans-CN", "de;q=0, fr", "den", "de;q=0"] {
            assert_eq!(Locale::negotiate(header), Locale::En, "{header}");
        }
    }

    #[test]
    fn a_browser_that_names_no_language_gets_the_default() {
        for header in ["", "*", "*;q=0.5", " , ;q=1", "fr;q=0", "en;q=0, fr", "en;q=0"] {
            assert_eq!(Locale::negotiate(header), Locale::De, "{header:?}");
        }
    }
}
