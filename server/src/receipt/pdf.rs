//! Draws a layout as PDF/A-2a and PDF/UA-1: tagged, with embedded fonts and a language. The same document gives the
//! same bytes. krilla validates against both standards and fails if one is violated.

use std::num::NonZeroU16;

use jiff::{Timestamp, tz::TimeZone};
use krilla::{
    Document, SerializeSettings,
    color::rgb,
    configure::{Accessibility, Archival, ConfigurationBuilder},
    destination::XyzDestination,
    geom::{PathBuilder, Point},
    metadata::{DateTime, Metadata},
    outline::{Outline, OutlineNode},
    page::PageSettings,
    paint::{Fill, Paint, Stroke},
    surface::Surface,
    tagging::{
        Artifact, ArtifactType, ContentTag, Identifier, SpanTag, TableHeaderScope, Tag, TagGroup, TagKind, TagTree,
    },
};

use super::{
    layout::{Block, LEFT, Layout, Mark, PAGE, Part, RIGHT, Style},
    text::Run,
};

const INK: (u8, u8, u8) = (0x17, 0x1a, 0x1f);
const MUTED: (u8, u8, u8) = (0x55, 0x5b, 0x66);
const RULE: (u8, u8, u8) = (0xcf, 0xd4, 0xdb);
/// The width of the outline, in ems, that emboldens a font with only one weight.
const EMBOLDEN: f32 = 0.03;

/// The file's metadata.
pub(super) struct About<'a> {
    pub(super) title: &'a str,
    pub(super) author: &'a str,
    /// BCP 47.
    pub(super) language: &'a str,
    pub(super) made_at: Timestamp,
}

/// Writes the file; the error is for the log.
pub(super) fn write(layout: &Layout, about: &About<'_>) -> Result<Vec<u8>, String> {
    let standards = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A2_A)
        .with_accessibility_validator(Accessibility::UA1)
        .finish()
        .map_err(|error| format!("{error:?}"))?;
    let mut file = Document::new_with(SerializeSettings { configuration: standards, ..SerializeSettings::default() });
    let mut drawn = vec![Vec::new(); layout.parts];
    for marks in &layout.pages {
        let settings = PageSettings::from_wh(PAGE.0, PAGE.1).ok_or("no page of that size")?;
        let mut page = file.start_page_with(settings);
        let mut surface = page.surface();
        for mark in marks {
            draw(&mut surface, mark, &mut drawn).ok_or("a mark that cannot be drawn")?;
        }
        surface.finish();
        page.finish();
    }
    file.set_tag_tree(structure(layout, drawn, about));
    let mut outline = Outline::new();
    let top = XyzDestination::new(0, Point::from_xy(0.0, 0.0));
    outline.push_child(OutlineNode::new(about.title.to_owned(), top));
    file.set_outline(outline);
    file.set_metadata(metadata(about));
    file.finish().map_err(|error| format!("{error:?}"))
}

fn metadata(about: &About<'_>) -> Metadata {
    let at = TimeZone::UTC.to_datetime(about.made_at);
    let part = |value: i8| u8::try_from(value).unwrap_or_default();
    let made_at = DateTime::new(u16::try_from(at.year()).unwrap_or_default())
        .month(part(at.month()))
        .day(part(at.day()))
        .hour(part(at.hour()))
        .minute(part(at.minute()))
        .second(part(at.second()))
        .utc_offset_hour(0)
        .utc_offset_minute(0);
    Metadata::new()
        .title(about.title.to_owned())
        .authors(vec![about.author.to_owned()])
        .language(about.language.to_owned())
        .creation_date(made_at)
}

fn paint((red, green, blue): (u8, u8, u8)) -> Paint {
    rgb::Color::new(red, green, blue).into()
}

fn fill(colour: (u8, u8, u8)) -> Fill {
    Fill { paint: paint(colour), ..Fill::default() }
}

/// Draws an element, and records its identifier under its part.
fn draw(surface: &mut Surface<'_>, mark: &Mark, drawn: &mut [Vec<Identifier>]) -> Option<()> {
    match mark {
        Mark::Text { x, y, style, line, part } => {
            for run in &line.runs {
                let tag = match part {
                    Some(_) => ContentTag::Span(SpanTag::empty().with_actual_text(run.actual_text.as_deref())),
                    None => ContentTag::Artifact(Artifact::with_kind(ArtifactType::PaginationOther)),
                };
                let id = surface.start_tagged(tag);
                draw_run(surface, run, Point::from_xy(x + run.left * style.size, *y), *style);
                surface.end_tagged();
                if let Some(part) = part {
                    drawn.get_mut(*part)?.push(id);
                }
            }
        }
        Mark::Rule { y } => {
            let mut path = PathBuilder::new();
            path.move_to(LEFT, *y);
            path.line_to(RIGHT, *y);
            surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::Layout)));
            surface.set_fill(None);
            surface.set_stroke(Some(Stroke { paint: paint(RULE), width: 0.6, ..Stroke::default() }));
            surface.draw_path(&path.finish()?);
            surface.set_stroke(None);
            surface.end_tagged();
        }
    }
    Some(())
}

fn draw_run(surface: &mut Surface<'_>, run: &Run, start: Point, style: Style) {
    let colour = if style.muted { MUTED } else { INK };
    surface.set_fill(Some(fill(colour)));
    if style.bold && run.typeface.embolden {
        let width = style.size * EMBOLDEN;
        surface.set_stroke(Some(Stroke { paint: paint(colour), width, ..Stroke::default() }));
    }
    surface.draw_glyphs(start, &run.glyphs, run.typeface.font.clone(), &run.text, style.size, false);
    surface.set_stroke(None);
}

fn structure(layout: &Layout, mut drawn: Vec<Vec<Identifier>>, about: &About<'_>) -> TagTree {
    let mut text = |kind: TagKind, part: Part| {
        let lines = drawn.get_mut(part).map(std::mem::take).unwrap_or_default();
        TagGroup::with_children(kind, lines.into_iter().map(Into::into).collect())
    };
    let first = NonZeroU16::MIN;
    let second = first.saturating_add(1);
    let mut tree = TagTree::new().with_lang(Some(about.language.to_owned()));
    for block in &layout.blocks {
        tree.push(match block {
            Block::Title(part) => text(Tag::Hn(first, Some(about.title.to_owned())).into(), *part),
            Block::Heading(part, title) => text(Tag::Hn(second, Some(title.clone())).into(), *part),
            Block::Paragraph(part) => text(Tag::P.into(), *part),
            Block::Pairs(pairs) => {
                let row = |[name, value]: &[Part; 2]| {
                    let name = text(Tag::TH(TableHeaderScope::Row).into(), *name);
                    TagGroup::with_children(Tag::TR, vec![name.into(), text(Tag::TD.into(), *value).into()])
                };
                let rows = pairs.iter().map(row).map(Into::into).collect();
                TagGroup::with_children(Tag::Table, vec![TagGroup::with_children(Tag::TBody, rows).into()])
            }
            Block::Table { caption, head, rows } => {
                let caption = text(Tag::Caption.into(), *caption);
                let mut row = |kind: &TagKind, parts: &[Part]| {
                    let cells = parts.iter().map(|part| text(kind.clone(), *part).into()).collect();
                    TagGroup::with_children(Tag::TR, cells)
                };
                let head = row(&Tag::TH(TableHeaderScope::Column).into(), head);
                let rows = rows.iter().map(|parts| row(&Tag::TD.into(), parts).into()).collect();
                let head = TagGroup::with_children(Tag::THead, vec![head.into()]);
                let body = TagGroup::with_children(Tag::TBody, rows);
                TagGroup::with_children(Tag::Table, vec![caption.into(), head.into(), body.into()])
            }
        });
    }
    tree
}
