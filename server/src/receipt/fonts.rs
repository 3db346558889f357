//! The fonts, and the choice of a font for each character. All are part of the executable; a font that no text needs is
//! never read from the disk.

use std::sync::LazyLock;

use krilla::text::Font;
use rustybuzz::Face;

/// A font, for drawing and measuring.
pub(super) struct Typeface {
    pub(super) font: Font,
    pub(super) face: Face<'static>,
    /// Whether bold text in it is drawn with an outline.
    pub(super) embolden: bool,
}

static REGULAR: Loaded = LazyLock::new(|| Typeface::read(include_bytes!("../../fonts/NotoSans-Regular.ttf"), false));
static BOLD: Loaded = LazyLock::new(|| Typeface::read(include_bytes!("../../fonts/NotoSans-Bold.ttf"), false));

type Loaded = LazyLock<Option<Typeface>>;

macro_rules! fallbacks {
    ($($file:literal)*) => {
        [$(LazyLock::new(|| Typeface::read(include_bytes!(concat!("../../fonts/Noto", $file)), true))),*]
    };
}

/// The fonts for characters that Noto Sans lacks. The first one that has a character is used.
static FALLBACKS: [Loaded; 29] = fallbacks![
    "SansCJK-Regular.otf"
    "SansArabic-Regular.ttf"
    "SansHebrew-Regular.ttf"
    "SansDevanagari-Regular.ttf"
    "SansThai-Regular.ttf"
    "SansArmenian-Regular.ttf"
    "SansBengali-Regular.ttf"
    "SansCanadianAboriginal-Regular.ttf"
    "SansCherokee-Regular.ttf"
    "SansEthiopic-Regular.ttf"
    "SansGeorgian-Regular.ttf"
    "SansGujarati-Regular.ttf"
    "SansGurmukhi-Regular.ttf"
    "SansKannada-Regular.ttf"
    "SansKhmer-Regular.ttf"
    "SansLao-Regular.ttf"
    "SansMalayalam-Regular.ttf"
    "SansMongolian-Regular.ttf"
    "SansMyanmar-Regular.ttf"
    "SansOriya-Regular.ttf"
    "SansSinhala-Regular.ttf"
    "SansSyriac-Regular.ttf"
    "SansTamil-Regular.ttf"
    "SansTelugu-Regular.ttf"
    "SansThaana-Regular.ttf"
    "SerifTibetan-Regular.ttf"
    "Emoji-Regular.ttf"
    "SansSymbols-Regular.ttf"
    "SansSymbols2-Regular.ttf"
];

impl Typeface {
    fn read(bytes: &'static [u8], embolden: bool) -> Option<Self> {
        Some(Self { font: Font::new(bytes.into(), 0)?, face: Face::from_slice(bytes, 0)?, embolden })
    }

    /// Noto Sans, for Latin, Greek and Cyrillic. `None` when the file is not a font.
    pub(super) fn main(bold: bool) -> Option<&'static Self> {
        if bold { BOLD.as_ref() } else { REGULAR.as_ref() }
    }

    /// The font for a grapheme; `None` if no font has all of its characters.
    pub(super) fn having(grapheme: &str, bold: bool) -> Option<&'static Self> {
        // Private characters mean something else in each font. The others must not occur in a PDF's text.
        if grapheme.chars().any(|char| char.is_control() || is_private(char) || matches!(char, '\u{fffe}' | '\u{feff}'))
        {
            return None;
        }
        let main = Self::main(bold)?;
        if main.has(grapheme) {
            return Some(main);
        }
        FALLBACKS.iter().filter_map(|font| font.as_ref()).find(|font| font.has(grapheme))
    }

    fn has(&self, grapheme: &str) -> bool {
        grapheme.chars().all(|char| is_default_ignorable(char) || self.face.glyph_index(char).is_some())
    }
}

fn is_private(char: char) -> bool {
    matches!(char, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..)
}

/// Joiners, direction marks and variation selectors, which are invisible if a font has no glyph for them (Unicode's
/// `Default_Ignorable_Code_Point` without the byte order mark).
fn is_default_ignorable(char: char) -> bool {
    matches!(char,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{ffa0}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_font_can_be_read() {
        assert!([false, true].iter().all(|bold| Typeface::main(*bold).is_some()));
        assert!(FALLBACKS.iter().all(|font| font.is_some()));
    }

    #[test]
    fn every_living_script_has_a_font() {
        for text in [
            "Größe Łódź Ångström œuvre Tiếng Việt",
            "−1.234,50\u{a0}€ – …",
            "Ελλάδα",
            "България",
            "Հայերեն",
            "ქართული",
            "עִבְרִית",
            "العَرَبِيَّة، ۱۲۳",
            "हिन्दी।",
            "বাংলা",
            "ਪੰਜਾਬੀ",
            "ગુજરાતી",
            "ଓଡ଼ିଆ",
            "தமிழ்",
            "తెలుగు",
            "ಕನ್ನಡ",
            "മലയാളം",
            "සිංහල",
            "ภาษาไทย ๑๒๓ ฿",
            "ລາວ",
            "ភាសាខ្មែរ",
            "မြန်မာ",
            "አማርኛ",
            "ᠮᠣᠩᠭᠣᠯ",
            "ދިވެހި",
            "ᏣᎳᎩ",
            "ᐃᓄᒃᑎᑐᑦ",
            "ܣܘܪܝܝܐ",
            "བོད་ཡིག",
            "株式会社　田中「𠮷野」髙﨑ｱﾞ々〆",
            "株式會社 灣 简体 马",
            "주식회사 ㈜ 한국",
            "１２Ａ",
            "😀 👨‍👩‍👧 ❤️ 🇩🇪 1️⃣ 👍🏽",
            "☎ ✓ ★ → ♥",
        ] {
            for grapheme in unicode_segmentation::UnicodeSegmentation::graphemes(text, true) {
                for bold in [false, true] {
                    assert!(Typeface::having(grapheme, bold).is_some(), "{grapheme:?} of {text}");
                }
            }
        }
    }

    #[test]
    fn what_no_font_has_is_told_from_what_one_has() {
        for grapheme in ["\u{e000}", "\u{f0001}", "\u{7}", "\u{feff}", "\u{13000}", "a\u{13000}"] {
            assert!(Typeface::having(grapheme, false).is_none(), "{grapheme:?}");
        }
    }
}
