//! The two fonts, and how wide a text is in them.

use std::sync::LazyLock;

use krilla::text::Font;
use rustybuzz::{Face, UnicodeBuffer, shape};

static REGULAR: LazyLock<Option<Typeface>> =
    LazyLock::new(|| Typeface::read(include_bytes!("../../fonts/NotoSans-Regular.ttf")));
static BOLD: LazyLock<Option<Typeface>> =
    LazyLock::new(|| Typeface::read(include_bytes!("../../fonts/NotoSans-Bold.ttf")));

/// What stands for a character that the fonts lack: PDF/A forbids the empty box.
const UNKNOWN: char = '\u{fffd}';

/// A font, to draw with and to measure with.
pub(super) struct Typeface {
    pub(super) font: Font,
    face: Face<'static>,
}

impl Typeface {
    fn read(bytes: &'static [u8]) -> Option<Self> {
        Some(Self { font: Font::new(bytes.into(), 0)?, face: Face::from_slice(bytes, 0)? })
    }

    /// `None` when the file is no font.
    pub(super) fn get(bold: bool) -> Option<&'static Self> {
        if bold { BOLD.as_ref() } else { REGULAR.as_ref() }
    }

    /// In points, at that size.
    pub(super) fn width(&self, text: &str, size: f32) -> f32 {
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(text);
        let glyphs = shape(&self.face, &[], buffer);
        #[expect(clippy::cast_precision_loss, reason = "a line is some thousands of units wide")]
        let units = glyphs.glyph_positions().iter().map(|glyph| glyph.x_advance).sum::<i32>() as f32;
        units * size / self.font.units_per_em()
    }

    /// The text, with a mark for each character that the font lacks.
    pub(super) fn printable(&self, text: &str) -> String {
        text.chars().map(|char| if self.face.glyph_index(char).is_some() { char } else { UNKNOWN }).collect()
    }

    /// Lines no wider than that, in points; broken at spaces, and inside a word only if it is wider than a line.
    pub(super) fn wrapped(&self, text: &str, size: f32, width: f32) -> Vec<String> {
        let fits = |line: &str| self.width(line, size) <= width;
        let mut lines = Vec::new();
        let mut line = String::new();
        for word in text.split(' ') {
            let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if fits(&longer) {
                line = longer;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            for char in word.chars() {
                line.push(char);
                if !fits(&line) && line.chars().count() > 1 {
                    line.pop();
                    lines.push(std::mem::replace(&mut line, char.to_string()));
                }
            }
        }
        lines.push(line);
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_drawn_is_in_the_fonts_and_figures_are_equally_wide() {
        for bold in [false, true] {
            let face = Typeface::get(bold).unwrap();
            for text in ["Größe Łódź Ångström œuvre", "−1.234,50\u{a0}€ – …", "Ελλάδα България", "Tiếng Việt"]
            {
                assert_eq!(face.printable(text), text);
            }
            assert_eq!(face.printable("株式\u{200b}"), "\u{fffd}\u{fffd}\u{fffd}");
            let one = face.width("1", 10.0);
            for figure in '0'..='9' {
                assert!((face.width(&figure.to_string(), 10.0) - one).abs() < 0.001, "{figure}");
            }
            assert!((face.width("1111", 10.0) - 4.0 * one).abs() < 0.001, "no kerning between figures");
        }
    }

    #[test]
    fn no_line_is_too_wide_and_no_character_is_lost() {
        let face = Typeface::get(false).unwrap();
        let long = "W".repeat(300);
        for text in ["", "short", "several words that take more than one line", &long, &format!("a {long} b")] {
            let lines = face.wrapped(text, 10.0, 100.0);
            assert!(lines.iter().all(|line| face.width(line, 10.0) <= 100.0), "{lines:?}");
            assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""));
        }
    }
}
