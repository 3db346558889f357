//! Formats numbers, money and times in each language: pure functions, with the same results on the server and in the
//! browser.

use billing::{
    locale::Locale,
    money::{Credits, Currency, Money},
};

use crate::{locales::Conventions, wall_time::WallTime};

const NBSP: char = '\u{a0}';
const MINUS: char = '\u{2212}';

/// `1.299,00 €` or `€1,299.00`.
pub(crate) fn money(amount: Money, locale: Locale) -> String {
    let Currency::Eur = amount.currency;
    let Conventions { point, euro, .. } = Conventions::of(locale);
    let cents = amount.cents.unsigned_abs();
    euro(&sign(amount.cents), &format!("{}{point}{:02}", grouped(cents / 100, locale), cents % 100))
}

/// Money for a spreadsheet: `1299,00` or `1299.00`.
pub(crate) fn decimal(amount: Money, locale: Locale) -> String {
    let Currency::Eur = amount.currency;
    let point = Conventions::of(locale).point;
    let sign = if amount.cents < 0 { "-" } else { "" };
    let cents = amount.cents.unsigned_abs();
    format!("{sign}{}{point}{:02}", cents / 100, cents % 100)
}

/// A time that spreadsheet programs read in every language: `2026-11-22 20:21` (ISO 8601).
pub(crate) fn iso_minute(at: WallTime) -> String {
    format!("{:04}-{:02}-{:02} {:02}:{:02}", at.year, at.month, at.day, at.hour, at.minute)
}

/// `1 Credit`, `−5 Credits`.
pub(crate) fn credits(amount: Credits, locale: Locale) -> String {
    format!("{}{NBSP}{}", number(amount, locale), credit_word(amount))
}

/// "Credit" or "Credits"; the same in every language, because it is a product name.
pub(crate) fn credit_word(amount: Credits) -> &'static str {
    if amount.0.unsigned_abs() == 1 { "Credit" } else { "Credits" }
}

/// Only the number: `1.234` or `1,234`.
pub(crate) fn number(amount: Credits, locale: Locale) -> String {
    format!("{}{}", sign(amount.0), grouped(amount.0.unsigned_abs(), locale))
}

/// A change of the balance, always with its sign: `+5`, `−5`.
pub(crate) fn change(amount: Credits, locale: Locale) -> String {
    let plus = if amount.0 > 0 { "+" } else { "" };
    format!("{plus}{}", number(amount, locale))
}

/// A rate in hundredths of a per cent: `19 %`, `19.5%`.
pub(crate) fn percent(basis_points: i64, locale: Locale) -> String {
    let whole = basis_points / 100;
    let rest = (basis_points % 100).unsigned_abs();
    let fraction = format!("{rest:02}");
    let fraction = fraction.trim_end_matches('0');
    let Conventions { point, per_cent, .. } = Conventions::of(locale);
    if fraction.is_empty() { format!("{whole}{per_cent}") } else { format!("{whole}{point}{fraction}{per_cent}") }
}

/// `22.11.2026` or `22 Nov 2026`.
pub(crate) fn date(at: WallTime, locale: Locale) -> String {
    (Conventions::of(locale).date)(at)
}

/// `22.11.2026, 20:21 Uhr` or `22 Nov 2026, 20:21`.
pub(crate) fn date_time(at: WallTime, locale: Locale) -> String {
    format!("{}, {}", date(at, locale), time(at, locale))
}

/// `20:21 Uhr` or `20:21`.
pub(crate) fn time(at: WallTime, locale: Locale) -> String {
    format!("{:02}:{:02}{}", at.hour, at.minute, Conventions::of(locale).oclock)
}

fn sign(amount: i64) -> String {
    if amount < 0 { MINUS.to_string() } else { String::new() }
}

fn grouped(number: u64, locale: Locale) -> String {
    let separator = Conventions::of(locale).group;
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const AT: WallTime = WallTime { year: 2026, month: 3, day: 7, hour: 9, minute: 5 };

    #[test]
    fn prices_read_as_people_write_them() {
        assert_eq!(money(Money::eur(699), Locale::De), "6,99\u{a0}€");
        assert_eq!(money(Money::eur(699), Locale::En), "€6.99");
        assert_eq!(money(Money::eur(5), Locale::De), "0,05\u{a0}€");
        assert_eq!(money(Money::eur(123_456_700), Locale::De), "1.234.567,00\u{a0}€");
        assert_eq!(money(Money::eur(-149), Locale::En), "−€1.49");
    }

    #[test]
    fn a_spreadsheet_reads_amounts_and_times() {
        assert_eq!(decimal(Money::eur(129_900), Locale::De), "1299,00");
        assert_eq!(decimal(Money::eur(-5), Locale::En), "-0.05");
        assert_eq!(iso_minute(AT), "2026-03-07 09:05");
    }

    #[test]
    fn one_credit_is_singular() {
        assert_eq!(credits(Credits(1), Locale::De), "1\u{a0}Credit");
        assert_eq!(credits(Credits(-1), Locale::En), "−1\u{a0}Credit");
        assert_eq!(credits(Credits(0), Locale::De), "0\u{a0}Credits");
        assert_eq!(credits(Credits(1_234), Locale::De), "1.234\u{a0}Credits");
        assert_eq!(change(Credits(5), Locale::En), "+5");
        assert_eq!(change(Credits(-5), Locale::En), "−5");
    }

    #[test]
    fn rates_lose_their_trailing_zeros() {
        assert_eq!(percent(1_900, Locale::De), "19\u{a0}%");
        assert_eq!(percent(1_950, Locale::De), "19,5\u{a0}%");
        assert_eq!(percent(725, Locale::En), "7.25%");
        assert_eq!(percent(705, Locale::En), "7.05%");
    }

    #[test]
    fn times_read_as_people_write_them() {
        assert_eq!(date(AT, Locale::De), "07.03.2026");
        assert_eq!(date_time(AT, Locale::De), "07.03.2026, 09:05\u{a0}Uhr");
        assert_eq!(date_time(AT, Locale::En), "7\u{a0}Mar\u{a0}2026, 09:05");
    }

    proptest! {
        #[test]
        fn no_cent_is_lost_on_the_way_to_the_page(cents in any::<i64>()) {
            for locale in Locale::ALL {
                let shown = money(Money::eur(cents), locale);
                let digits: String = shown.chars().filter(char::is_ascii_digit).collect();
                prop_assert_eq!(digits.parse::<u64>().ok(), Some(cents.unsigned_abs()));
                prop_assert_eq!(shown.starts_with(MINUS), cents < 0);
            }
        }

        #[test]
        fn groups_have_three_digits(cents in any::<i64>()) {
            let shown = number(Credits(cents), Locale::De);
            let mut groups = shown.trim_start_matches(MINUS).split('.');
            prop_assert!(groups.next().is_some_and(|first| (1..=3).contains(&first.len())));
            prop_assert!(groups.all(|group| group.len() == 3));
        }
    }
}
