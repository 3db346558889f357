//! A chart of the balance over time, with a step for each entry. The table beside it has the figures.

use std::fmt::Write;

use billing::{locale::Locale, money::Credits};
use leptos::prelude::*;

use crate::{
    api::{LedgerEntryView, Moment},
    format,
    locales::texts,
    wall_time::WallTime,
};

/// The size in the chart's own units; the page scales it.
const WIDTH: i64 = 640;
const HEIGHT: i64 = 200;
/// The space for the figures on the left, and for the dates below.
const LEFT: i64 = 64;
const BOTTOM: i64 = 32;
const TOP: i64 = 12;

/// Formats a time.
type TimeFormat = fn(WallTime, Locale) -> String;

/// The entries as a step line. Renders nothing without entries.
#[component]
pub(crate) fn BalanceChart(
    /// Newest first.
    entries: Vec<LedgerEntryView>,
    /// The end of the line; `None` if later entries are on another page, so that the line ends with the newest entry.
    until: Option<Moment>,
) -> impl IntoView {
    let t = texts();
    let (newest, oldest) = (entries.first()?, entries.last()?);
    let (first, last) = (oldest.at, until.unwrap_or(newest.at));
    let scale = Scale::of(&entries, last.second);
    let line = scale.line(&entries);
    let area = format!("{line} V {zero} H {LEFT} Z", zero = scale.y(0));
    // On one day the dates are equal, so the times are shown.
    let one_day = format::date(first.at, t.locale) == format::date(last.at, t.locale);
    let (format_time, marked): (TimeFormat, TimeFormat) =
        if one_day { (format::date_time, format::time) } else { (format::date, format::date) };
    let (since, until) = (format_time(first.at, t.locale), format_time(last.at, t.locale));
    let (left, right) = (marked(first.at, t.locale), marked(last.at, t.locale));
    let right = (right != left).then_some(right);
    let number = |credits| format::number(credits, t.locale);
    let (from, to) = (number(Credits(opening_balance(&entries))), number(newest.balance_after));
    let says = if since == until {
        (t.chart_says_at_once)(&from, &to, &since)
    } else {
        (t.chart_says)(&from, &since, &to, &until)
    };
    let marks: Vec<_> = scale
        .marks()
        .into_iter()
        .map(|credits| {
            let y = scale.y(credits).to_string();
            view! {
                <line class="chart-grid" x1=LEFT.to_string() x2=WIDTH.to_string() y1=y.clone() y2=y.clone() />
                <text class="chart-text" x=(LEFT - 8).to_string() y=y dy="0.32em" text-anchor="end">
                    {number(Credits(credits))}
                </text>
            }
        })
        .collect();
    let beneath = (HEIGHT - 6).to_string();
    Some(view! {
        <figure class="chart">
            <svg viewBox=format!("0 0 {WIDTH} {HEIGHT}") role="img" aria-label=says.clone()>
                {marks}
                <path class="chart-area" d=area />
                <path class="chart-line" d=line />
                <text class="chart-text" x=LEFT.to_string() y=beneath.clone()>
                    {left}
                </text>
                <text class="chart-text" x=WIDTH.to_string() y=beneath text-anchor="end">
                    {right}
                </text>
            </svg>
            <figcaption class="fine">{says}</figcaption>
        </figure>
    })
}

/// The balance before the oldest entry.
fn opening_balance(entries: &[LedgerEntryView]) -> i64 {
    entries.last().map_or(0, |oldest| oldest.balance_after.0.saturating_sub(oldest.credits.0))
}

/// Maps times and credits to the chart's units.
struct Scale {
    first: i64,
    seconds: i64,
    least: i64,
    most: i64,
}

impl Scale {
    /// The scale always includes zero, so that heights are proportional to balances.
    fn of(entries: &[LedgerEntryView], until: i64) -> Self {
        let seconds = || entries.iter().map(|entry| entry.at.second).chain([until]);
        let (first, last) = (seconds().min().unwrap_or(until), seconds().max().unwrap_or(until));
        let balances = || entries.iter().map(|entry| entry.balance_after.0).chain([opening_balance(entries), 0]);
        let lowest = balances().min().unwrap_or(0);
        let most = balances().max().unwrap_or(0).max(lowest + 1);
        Self { first, seconds: (last - first).max(1), least: lowest, most }
    }

    fn x(&self, second: i64) -> i64 {
        LEFT + scaled(second - self.first, WIDTH - LEFT, self.seconds)
    }

    fn y(&self, credits: i64) -> i64 {
        let room = HEIGHT - BOTTOM - TOP;
        TOP + room - scaled(credits.saturating_sub(self.least), room, self.most.saturating_sub(self.least))
    }

    /// The values of the grid lines: both ends, and zero between them.
    fn marks(&self) -> Vec<i64> {
        let mut marks = vec![self.least, 0, self.most];
        marks.dedup();
        marks
    }

    /// The step line, from the balance before the oldest entry to the end.
    fn line(&self, entries: &[LedgerEntryView]) -> String {
        let mut path = format!("M {LEFT} {}", self.y(opening_balance(entries)));
        for entry in entries.iter().rev() {
            // Writing to a string cannot fail.
            let _ = write!(path, " H {} V {}", self.x(entry.at.second), self.y(entry.balance_after.0));
        }
        let _ = write!(path, " H {WIDTH}");
        path
    }
}

/// `room * part / whole`, rounded, without overflow.
fn scaled(part: i64, room: i64, whole: i64) -> i64 {
    let exact = (i128::from(part) * i128::from(room) * 2 + i128::from(whole)) / (i128::from(whole) * 2);
    i64::try_from(exact).unwrap_or(room)
}

#[cfg(test)]
mod tests {
    use billing::ledger::{EntryKind, Source};
    use proptest::prelude::*;

    use super::*;

    fn entry(second: i64, credits: i64, balance: i64) -> LedgerEntryView {
        LedgerEntryView {
            seq: second,
            source: Source::Purchase("0198f2a4-7b1c-7def-8a2b-0123456789ab".parse().expect("an id")),
            kind: EntryKind::Purchase,
            credits: Credits(credits),
            balance_after: Credits(balance),
            description: None,
            reference: None,
            at: Moment { at: WallTime { year: 2026, month: 1, day: 1, hour: 0, minute: 0 }, second },
        }
    }

    #[test]
    fn a_balance_is_a_step_from_its_entry_to_the_next() {
        let entries = [entry(200, 5, 10), entry(100, 3, 5), entry(0, 2, 2)];
        let scale = Scale::of(&entries, 200);
        assert_eq!(scale.line(&entries), "M 64 168 H 64 V 137 H 352 V 90 H 640 V 12 H 640");
        assert_eq!(scale.marks(), [0, 10]);
        assert_eq!(
            Scale::of(&entries, 400).line(&entries),
            "M 64 168 H 64 V 137 H 208 V 90 H 352 V 12 H 640",
            "it stands to the end"
        );
    }

    #[test]
    fn the_line_starts_with_the_balance_before_the_oldest_entry() {
        let entries = [entry(0, -4, 6)];
        let scale = Scale::of(&entries, 100);
        assert_eq!(scale.line(&entries), "M 64 12 H 64 V 74 H 640");
        assert_eq!(scale.marks(), [0, 10]);
    }

    #[test]
    fn below_zero_there_is_room_as_well() {
        let entries = [entry(1, -10, -5), entry(0, 5, 5)];
        let scale = Scale::of(&entries, 1);
        assert_eq!((scale.y(5), scale.y(0), scale.y(-5)), (12, 90, 168));
        assert_eq!(scale.marks(), [-5, 0, 5]);
    }

    proptest! {
        #[test]
        fn nothing_is_drawn_outside_of_the_picture(
            points in proptest::collection::vec((0..=i64::from(u32::MAX), any::<i64>(), any::<i64>()), 1..20),
            until in 0..=i64::from(u32::MAX),
        ) {
            let drawn = |(second, credits, balance)| entry(second, credits / 8, balance / 8);
            let entries: Vec<_> = points.into_iter().map(drawn).collect();
            let scale = Scale::of(&entries, until);
            prop_assert!(entries.iter().all(|entry| (LEFT..=WIDTH).contains(&scale.x(entry.at.second))));
            for balance in entries.iter().map(|entry| entry.balance_after.0).chain([opening_balance(&entries)]) {
                prop_assert!((TOP..=HEIGHT - BOTTOM).contains(&scale.y(balance)));
            }
        }
    }
}
