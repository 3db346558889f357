//! Lines of text as glyphs, with fonts, directions and widths. All lengths are in ems.

use krilla::text::{GlyphId, KrillaGlyph};
use rustybuzz::{Direction, Language, UnicodeBuffer};
use unicode_bidi::{BidiInfo, Level};
use unicode_segmentation::UnicodeSegmentation;

use super::fonts::Typeface;

/// A shaped line of text.
pub(super) struct Line {
    /// In reading order.
    pub(super) runs: Vec<Run>,
    pub(super) width: f32,
}

/// Text in one font and one direction.
pub(super) struct Run {
    pub(super) typeface: &'static Typeface,
    /// From left to right.
    pub(super) glyphs: Vec<KrillaGlyph>,
    /// The text that the glyphs show.
    pub(super) text: String,
    /// The original text, for the clipboard and for screen readers, if a substitute is shown.
    pub(super) actual_text: Option<String>,
    /// Its offset from the left end of the line.
    pub(super) left: f32,
    width: f32,
}

/// The regional forms of the characters that Chinese and Japanese share.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Han {
    Chinese,
    Japanese,
}

impl Han {
    /// Kana occur only in Japanese. Korean texts have few of the shared characters, in forms like the Japanese ones.
    pub(super) fn of(text: &str) -> Self {
        let tells = |char| matches!(char, '\u{3041}'..='\u{30ff}' | '\u{ff66}'..='\u{ff9f}' | '\u{ac00}'..='\u{d7a3}');
        if text.contains(tells) { Self::Japanese } else { Self::Chinese }
    }

    fn language(self) -> Option<Language> {
        match self {
            Self::Chinese => "zh-Hans",
            Self::Japanese => "ja",
        }
        .parse()
        .ok()
    }
}

/// A grapheme, and how to draw it.
#[derive(Clone)]
struct Piece<'a> {
    grapheme: &'a str,
    typeface: &'static Typeface,
    /// The substitute that is drawn if no font has it.
    substitute: Option<String>,
}

impl Piece<'_> {
    fn shown(&self) -> &str {
        self.substitute.as_deref().unwrap_or(self.grapheme)
    }
}

/// Shapes a text as one line. `None` when the fonts cannot be read.
pub(super) fn line(text: &str, bold: bool, han: Han) -> Option<Line> {
    Some(shaped(&pieces(text, bold)?, han))
}

/// Shapes a text as lines of at most `width`. Breaks at spaces, and inside a word only if it is wider than a line.
/// `None` when the fonts cannot be read.
pub(super) fn wrapped(text: &str, bold: bool, han: Han, width: f32) -> Option<Vec<Line>> {
    let pieces = pieces(text, bold)?;
    let mut lines = Vec::new();
    let mut rest = &pieces[..];
    loop {
        let (line, after) = first_line(rest, han, width);
        lines.push(line);
        if after.is_empty() {
            return Some(lines);
        }
        rest = after;
    }
}

/// The first line, with as many words as fit, or else as many graphemes; and the remaining pieces.
fn first_line<'a, 'b>(pieces: &'a [Piece<'b>], han: Han, width: f32) -> (Line, &'a [Piece<'b>]) {
    let mut best = None;
    let spaces = pieces.iter().enumerate().filter(|(_, piece)| piece.grapheme == " ").map(|(at, _)| at);
    for end in spaces.chain([pieces.len()]) {
        let line = shaped(&pieces[..end], han);
        if line.width > width {
            break;
        }
        best = Some((line, pieces.get(end + 1..).unwrap_or_default()));
    }
    best.unwrap_or_else(|| {
        let mut end = 1;
        while end < pieces.len() && shaped(&pieces[..=end], han).width <= width {
            end += 1;
        }
        let (line, rest) = pieces.split_at(end.min(pieces.len()));
        (shaped(line, han), rest)
    })
}

fn pieces(text: &str, bold: bool) -> Option<Vec<Piece<'_>>> {
    let main = Typeface::main(bold)?;
    let piece = |grapheme| match Typeface::having(grapheme, bold) {
        Some(typeface) => Piece { grapheme, typeface, substitute: None },
        None => Piece { grapheme, typeface: main, substitute: Some(substitute(grapheme)) },
    };
    Some(text.graphemes(true).map(piece).collect())
}

/// The code points of a grapheme, such as `[U+13000]`.
fn substitute(grapheme: &str) -> String {
    let numbers: Vec<String> = grapheme.chars().map(|char| format!("U+{:04X}", u32::from(char))).collect();
    format!("[{}]", numbers.join(" "))
}

fn shaped(pieces: &[Piece<'_>], han: Han) -> Line {
    let text: String = pieces.iter().map(Piece::shown).collect();
    // The first letter determines the direction of a line.
    let bidi = BidiInfo::new(&text, None);
    let mut runs: Vec<(Run, Level)> = Vec::new();
    let mut at = 0;
    for piece in pieces {
        let level = bidi.levels.get(at).copied().unwrap_or_else(Level::ltr);
        at += piece.shown().len();
        let actual_text = piece.substitute.as_ref().map(|_| piece.grapheme.to_owned());
        match runs.last_mut() {
            Some((run, last_level))
                if actual_text.is_none()
                    && run.actual_text.is_none()
                    && *last_level == level
                    && std::ptr::eq(run.typeface, piece.typeface) =>
            {
                run.text.push_str(piece.shown());
            }
            _ => {
                let text = piece.shown().to_owned();
                let run =
                    Run { typeface: piece.typeface, glyphs: Vec::new(), text, actual_text, left: 0.0, width: 0.0 };
                runs.push((run, level));
            }
        }
    }
    for (run, level) in &mut runs {
        run.shape(*level, han);
    }
    let levels: Vec<Level> = runs.iter().map(|(_, level)| *level).collect();
    let mut width = 0.0;
    for at in BidiInfo::reorder_visual(&levels) {
        if let Some((run, _)) = runs.get_mut(at) {
            run.left = width;
            width += run.width;
        }
    }
    let in_reading_order = |(run, level): (Run, Level)| if level.is_rtl() { run.clusters() } else { vec![run] };
    Line { runs: runs.into_iter().flat_map(in_reading_order).collect(), width }
}

impl Run {
    fn shape(&mut self, level: Level, han: Han) {
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(&self.text);
        buffer.guess_segment_properties();
        buffer.set_direction(if level.is_rtl() { Direction::RightToLeft } else { Direction::LeftToRight });
        if let Some(language) = han.language() {
            buffer.set_language(language);
        }
        let shaped = rustybuzz::shape(&self.typeface.face, &[], buffer);
        let starts: std::collections::BTreeSet<usize> =
            shaped.glyph_infos().iter().map(|info| info.cluster as usize).collect();
        #[expect(clippy::cast_precision_loss, reason = "a line is some thousands of units wide")]
        let ems = |units: i32| units as f32 / self.typeface.font.units_per_em();
        let glyphs = shaped.glyph_infos().iter().zip(shaped.glyph_positions()).map(|(info, position)| {
            let start = info.cluster as usize;
            let end = starts.range(start + 1..).next().copied().unwrap_or(self.text.len());
            KrillaGlyph::new(
                GlyphId::new(info.glyph_id),
                ems(position.x_advance),
                ems(position.x_offset),
                ems(position.y_offset),
                ems(position.y_advance),
                start..end,
                None,
            )
        });
        self.glyphs = glyphs.collect();
        self.width = self.glyphs.iter().map(|glyph| glyph.x_advance).sum();
    }

    /// Splits the run into clusters in reading order: programs extract text in drawing order, and glyphs are drawn from
    /// left to right.
    fn clusters(self) -> Vec<Self> {
        let mut clusters: Vec<Self> = Vec::new();
        let mut left = self.left;
        for glyphs in self.glyphs.chunk_by(|glyph, next| glyph.text_range == next.text_range) {
            let range = glyphs.first().map(|glyph| glyph.text_range.clone()).unwrap_or_default();
            let width = glyphs.iter().map(|glyph| glyph.x_advance).sum();
            let moved = |glyph: &KrillaGlyph| KrillaGlyph { text_range: 0..range.len(), ..glyph.clone() };
            clusters.push(Self {
                typeface: self.typeface,
                glyphs: glyphs.iter().map(moved).collect(),
                text: self.text.get(range.clone()).unwrap_or_default().to_owned(),
                actual_text: self.actual_text.clone(),
                left,
                width,
            });
            left += width;
        }
        clusters.reverse();
        clusters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(line: &Line) -> String {
        line.runs.iter().map(|run| run.actual_text.as_deref().unwrap_or(&run.text)).collect()
    }

    #[test]
    fn figures_are_equally_wide() {
        for bold in [false, true] {
            let width = |text| line(text, bold, Han::Chinese).unwrap().width;
            let one = width("1");
            for figure in ["0", "2", "3", "4", "5", "6", "7", "8", "9"] {
                assert!((width(figure) - one).abs() < 0.0001, "{figure}");
            }
            assert!((width("1111") - 4.0 * one).abs() < 0.0001, "no kerning between figures");
        }
    }

    #[test]
    fn no_line_is_too_wide_and_no_character_is_lost() {
        let long = "W".repeat(300);
        let family = "👨‍👩‍👧".repeat(40);
        let mixed = "東京都千代田区丸の内一丁目 שלום עולם \u{13000}\u{7} नमस्ते السلام عليكم";
        for text in [
            "",
            " ",
            "short",
            "several words that take more than one line",
            &long,
            &family,
            mixed,
            &format!("a {long} b"),
        ] {
            let lines = wrapped(text, false, Han::of(text), 10.0).unwrap();
            assert!(lines.iter().all(|line| line.width <= 10.0), "{text}");
            let spelled: Vec<String> = lines.iter().map(spelled).collect();
            assert_eq!(spelled.concat().replace(' ', ""), text.replace(' ', ""));
            assert!(
                lines.iter().flat_map(|line| &line.runs).all(|run| run.glyphs.iter().all(|glyph| {
                    glyph.glyph_id.to_u32() != 0 && run.text.is_char_boundary(glyph.text_range.start)
                })),
                "an empty box in {text}"
            );
        }
    }

    #[test]
    fn what_no_font_has_shows_its_number_and_keeps_what_it_is() {
        let line = line("a\u{13000}", true, Han::Chinese).unwrap();
        let runs: Vec<_> = line.runs.iter().map(|run| (run.text.as_str(), run.actual_text.as_deref())).collect();
        assert_eq!(runs, [("a", None), ("[U+13000]", Some("\u{13000}"))]);
    }

    #[test]
    fn hebrew_reads_from_the_right_and_its_figures_from_the_left() {
        let line = line("שלום 12 עולם", false, Han::Chinese).unwrap();
        assert_eq!(spelled(&line), "שלום 12 עולם");
        let lefts: Vec<f32> = line.runs.iter().map(|run| run.left).collect();
        assert!(lefts.windows(2).all(|pair| pair[1] < pair[0]), "the later, the further left: {lefts:?}");
        let figures = line.runs.iter().find(|run| run.text.contains('1')).unwrap();
        assert_eq!(figures.text, "12");
        assert!(figures.glyphs.iter().map(|glyph| glyph.text_range.start).is_sorted());
    }

    #[test]
    fn letters_join_and_signs_combine() {
        let count =
            |text| line(text, false, Han::Chinese).unwrap().runs.iter().map(|run| run.glyphs.len()).sum::<usize>();
        let glyph = |text| line(text, false, Han::Chinese).unwrap().runs[0].glyphs[0].glyph_id;
        assert_ne!(glyph("ععع"), glyph("ع"), "an Arabic letter has the form of its place");
        assert_eq!(count("क्ष"), 1, "a Devanagari conjunct is one glyph");
        assert_eq!(count("👨‍👩‍👧"), 1, "and so is a family");
    }

    #[test]
    fn a_character_has_the_form_of_the_language_around_it() {
        assert_eq!(
            [Han::of("東京ビル"), Han::of("서울 中區"), Han::of("上海")],
            [Han::Japanese, Han::Japanese, Han::Chinese]
        );
        let glyph = |han| line("直", false, han).unwrap().runs[0].glyphs[0].glyph_id;
        assert_ne!(glyph(Han::Chinese), glyph(Han::Japanese));
    }
}
