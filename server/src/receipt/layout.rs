//! The layout: positions of text and rules on pages, and the structure of the document.

use app::receipt::{Document, Line, LineKind, Party, Table};

use super::text::{self, Han};

/// A4, in points.
pub(super) const PAGE: (f32, f32) = (595.28, 841.89);
pub(super) const LEFT: f32 = 62.0;
pub(super) const RIGHT: f32 = PAGE.0 - 62.0;
const TOP: f32 = 62.0;
const BOTTOM: f32 = PAGE.1 - 66.0;
const FOOT: f32 = PAGE.1 - 42.0;
/// The space above and below the text of a row.
const PADDING: f32 = 3.0;
/// The space below a block.
const GAP: f32 = 16.0;
/// The space between columns of text.
const GUTTER: f32 = 18.0;

/// The style of a text.
#[derive(Clone, Copy)]
pub(super) struct Style {
    pub(super) size: f32,
    pub(super) bold: bool,
    pub(super) muted: bool,
}

const BRAND: Style = Style { size: 10.0, bold: true, muted: true };
const TITLE: Style = Style { size: 22.0, bold: true, muted: false };
const HEADING: Style = Style { size: 9.0, bold: true, muted: true };
const NAME: Style = Style { size: 10.5, bold: true, muted: false };
const BODY: Style = Style { size: 10.0, bold: false, muted: false };
const MUTED: Style = Style { muted: true, ..BODY };
const TOTAL: Style = Style { size: 12.0, bold: true, muted: false };
const SMALL: Style = Style { size: 9.0, bold: false, muted: true };

impl Style {
    fn line_height(self) -> f32 {
        self.size * 1.4
    }
}

/// A part of the document's structure that holds text: a heading, a paragraph, a cell.
pub(super) type Part = usize;

/// A drawn element.
pub(super) enum Mark {
    /// A line of text, positioned by the left end of its baseline. Without a part, it belongs to the page and not to
    /// the document's structure.
    Text { x: f32, y: f32, style: Style, line: text::Line, part: Option<Part> },
    /// A hairline from margin to margin.
    Rule { y: f32 },
}

/// An element of the document, in reading order.
pub(super) enum Block {
    Title(Part),
    /// With its text.
    Heading(Part, String),
    Paragraph(Part),
    /// A table of names and values, one pair a row.
    Pairs(Vec<[Part; 2]>),
    Table {
        caption: Part,
        head: Vec<Part>,
        rows: Vec<Vec<Part>>,
    },
}

/// The pages of a document, and its structure.
pub(super) struct Layout {
    pub(super) pages: Vec<Vec<Mark>>,
    pub(super) blocks: Vec<Block>,
    /// The number of parts.
    pub(super) parts: usize,
    /// The position of the next line, from the top of the page.
    y: f32,
}

/// One cell of a row.
struct Cell<'a> {
    text: &'a str,
    han: Han,
    style: Style,
    left: f32,
    width: f32,
    from_right: bool,
}

impl Layout {
    /// `None` when there are no fonts.
    pub(super) fn new(document: &Document, heading: &str) -> Option<Self> {
        let mut layout = Self { pages: vec![Vec::new()], blocks: Vec::new(), parts: 0, y: TOP };
        layout.paragraph("IZA Credits", BRAND)?;
        let title = layout.text(heading, TITLE)?;
        layout.blocks.push(Block::Title(title));
        layout.y += GAP;
        layout.parties(&[&document.seller, &document.buyer])?;
        layout.pairs(&document.facts)?;
        layout.pairs(&document.sums)?;
        for table in [&document.returns, &document.entries].into_iter().flatten() {
            layout.table(table)?;
        }
        layout.y += 6.0;
        layout.paragraph(document.note, SMALL)?;
        layout.foot(heading)?;
        Some(layout)
    }

    fn mark(&mut self, mark: Mark) {
        if let Some(page) = self.pages.last_mut() {
            page.push(mark);
        }
    }

    /// Starts a new page if this height does not fit on the current one. Returns whether it did.
    fn room(&mut self, height: f32) -> bool {
        let full = self.y + height > BOTTOM;
        if full {
            self.pages.push(Vec::new());
            self.y = TOP;
        }
        full
    }

    /// Draws cells side by side, each a part of its own.
    fn row(&mut self, cells: &[Cell<'_>]) -> Option<Vec<Part>> {
        let parts: Vec<Part> = (self.parts..).take(cells.len()).collect();
        self.parts += parts.len();
        self.draw(cells, &parts.iter().copied().map(Some).collect::<Vec<_>>())?;
        Some(parts)
    }

    /// Draws cells side by side, each with as many lines as needed. Never splits the row across pages.
    fn draw(&mut self, cells: &[Cell<'_>], parts: &[Option<Part>]) -> Option<()> {
        let mut lines = Vec::new();
        for cell in cells {
            let Style { size, bold, .. } = cell.style;
            lines.push(text::wrapped(cell.text, bold, cell.han, cell.width / size)?);
        }
        let height =
            |(cell, lines): (&Cell<'_>, &Vec<text::Line>)| lines.iter().map(|_| cell.style.line_height()).sum::<f32>();
        let height = cells.iter().zip(&lines).map(height).fold(0.0, f32::max);
        self.room(height);
        // All cells share the baseline of the first line.
        let first = cells.iter().map(|cell| cell.style.size).fold(0.0, f32::max);
        for ((cell, part), lines) in cells.iter().zip(parts).zip(lines) {
            let mut y = self.y + first;
            for line in lines {
                let free = if cell.from_right { cell.width - line.width * cell.style.size } else { 0.0 };
                self.mark(Mark::Text { x: cell.left + free, y, style: cell.style, line, part: *part });
                y += cell.style.line_height();
            }
        }
        self.y += height;
        Some(())
    }

    /// Draws a text from margin to margin.
    fn text(&mut self, text: &str, style: Style) -> Option<Part> {
        let cell = Cell { text, han: Han::of(text), style, left: LEFT, width: RIGHT - LEFT, from_right: false };
        self.row(&[cell])?.first().copied()
    }

    fn paragraph(&mut self, text: &str, style: Style) -> Option<()> {
        let part = self.text(text, style)?;
        self.blocks.push(Block::Paragraph(part));
        Some(())
    }

    fn rule(&mut self) {
        self.mark(Mark::Rule { y: self.y });
    }

    /// Draws the parties side by side; in the reading order, one follows the other.
    fn parties(&mut self, parties: &[&Party; 2]) -> Option<()> {
        let width = (RIGHT - LEFT - GUTTER) / 2.0;
        let top = self.y;
        let mut bottom = top;
        for (party, left) in parties.iter().zip([LEFT, LEFT + width + GUTTER]) {
            self.y = top;
            // The address can show the language where the name does not.
            let han = Han::of(&party.lines.iter().chain([&party.name]).map(String::as_str).collect::<String>());
            let line = |text, style| Cell { text, han, style, left, width, from_right: false };
            let heading = self.row(&[line(party.heading, HEADING)])?;
            self.blocks.extend(heading.into_iter().map(|part| Block::Heading(part, party.heading.to_owned())));
            self.y += 2.0;
            let name = self.row(&[line(&party.name, NAME)])?;
            self.blocks.extend(name.into_iter().map(Block::Paragraph));
            for text in &party.lines {
                let text = self.row(&[line(text, BODY)])?;
                self.blocks.extend(text.into_iter().map(Block::Paragraph));
            }
            bottom = self.y.max(bottom);
        }
        self.y = bottom + GAP;
        Some(())
    }

    fn pairs(&mut self, lines: &[Line]) -> Option<()> {
        let mut pairs = Vec::new();
        for Line { name, value, kind } in lines {
            let (name_style, value_style) = if *kind == LineKind::Total { (TOTAL, TOTAL) } else { (MUTED, BODY) };
            let middle = LEFT + 170.0;
            let cells = [
                Cell {
                    text: name,
                    han: Han::of(name),
                    style: name_style,
                    left: LEFT,
                    width: middle - LEFT - GUTTER,
                    from_right: false,
                },
                Cell {
                    text: value,
                    han: Han::of(value),
                    style: value_style,
                    left: middle,
                    width: RIGHT - middle,
                    from_right: true,
                },
            ];
            self.room(24.0);
            self.rule();
            self.y += PADDING;
            if let [name, value] = self.row(&cells)?[..] {
                pairs.push([name, value]);
            }
            self.y += PADDING;
        }
        self.rule();
        self.y += GAP;
        self.blocks.push(Block::Pairs(pairs));
        Some(())
    }

    fn table(&mut self, table: &Table) -> Option<()> {
        // Keeps the caption, the headings and a row together.
        self.room(70.0);
        let caption = self.text(table.caption, HEADING)?;
        self.y += PADDING;
        let widths = widths(table)?;
        let head: Vec<&str> = table.columns.iter().map(|column| column.heading).collect();
        let head = cells(table, &head, &widths, MUTED);
        let headings = self.row(&head)?;
        let mut rows = Vec::new();
        for row in &table.rows {
            self.y += PADDING;
            if self.room(18.0) {
                // Repeats the headings visually; they are not part of the document's structure again.
                self.draw(&head, &vec![None; head.len()])?;
                self.y += PADDING;
            }
            self.rule();
            self.y += PADDING;
            let row: Vec<&str> = row.iter().map(String::as_str).collect();
            rows.push(self.row(&cells(table, &row, &widths, BODY))?);
        }
        self.y += GAP;
        self.blocks.push(Block::Table { caption, head: headings, rows });
        Some(())
    }

    /// Draws title and page number at the foot of each page, if there are several.
    fn foot(&mut self, heading: &str) -> Option<()> {
        let count = self.pages.len();
        if count == 1 {
            return Some(());
        }
        let line = |text: &str| text::line(text, SMALL.bold, Han::of(text));
        for (page, number) in self.pages.iter_mut().zip(1..) {
            let number = line(&format!("{number} / {count}"))?;
            let x = RIGHT - number.width * SMALL.size;
            page.push(Mark::Text { x, y: FOOT, style: SMALL, line: number, part: None });
            page.push(Mark::Text { x: LEFT, y: FOOT, style: SMALL, line: line(heading)?, part: None });
        }
        Some(())
    }
}

/// The cells of a row of a table.
fn cells<'a>(table: &Table, texts: &[&'a str], widths: &[f32], style: Style) -> Vec<Cell<'a>> {
    let mut left = LEFT;
    let mut cells = Vec::new();
    for ((text, column), width) in texts.iter().zip(&table.columns).zip(widths) {
        cells.push(Cell { text, han: Han::of(text), style, left, width: *width, from_right: column.numeric });
        left += width + GUTTER;
    }
    cells
}

/// The width of each column: that of its widest cell. The second column, which has the text, gets the remaining width.
fn widths(table: &Table) -> Option<Vec<f32>> {
    let cells = |at: usize| table.rows.iter().filter_map(move |row| row.get(at)).map(String::as_str);
    let mut widths = Vec::new();
    for (at, column) in table.columns.iter().enumerate() {
        let mut widest: f32 = 0.0;
        for text in cells(at).chain([column.heading]) {
            widest = widest.max(text::line(text, BODY.bold, Han::of(text))?.width * BODY.size);
        }
        // Rounded up, because otherwise a text may not fit into its own width.
        widths.push(widest.ceil());
    }
    let mut gutters = 0.0;
    for _ in 1..widths.len() {
        gutters += GUTTER;
    }
    let left_over = RIGHT - LEFT - gutters - widths.iter().sum::<f32>();
    if let Some(words) = widths.get_mut(1) {
        *words = (*words + left_over).max(60.0);
    }
    Some(widths)
}
