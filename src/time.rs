//! Points in time: from what events carry, to UTC text.
//!
//! Days are counted with the proleptic Gregorian calendar by the usual era arithmetic (400 years are 146,097 days).

use std::fmt;

use serde::{Serialize, Serializer};

use crate::amazon::write_number;
use crate::read::Json;

/// Milliseconds since 1970-01-01T00:00:00Z, within the years 0 to 9999; shown and serialised as UTC text,
/// `YYYY-MM-DDTHH:MM:SSZ`, with `.mmm` when the milliseconds are not zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(pub(crate) i64);

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;
/// Numbers below this are seconds, from it on milliseconds: as seconds the year 5138, as milliseconds 1973.
const SECONDS_BELOW: f64 = 1e11;
const YEARS: std::ops::RangeInclusive<i64> = -62_167_219_200_000..=253_402_300_799_999;

impl Instant {
    /// From RFC 3339 or ISO 8601 text (no offset is UTC, a date alone is its midnight), or from epoch seconds or
    /// milliseconds as a number or digits.
    pub(crate) fn from_json(value: &Json<'_>) -> Option<Self> {
        match value {
            Json::Number(number) => Self::from_epoch(number),
            Json::Text(text) => Self::from_text(text),
            _ => None,
        }
    }

    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
            Self::from_epoch(text)
        } else {
            Self::from_iso8601(text)
        }
    }

    fn from_epoch(number: &str) -> Option<Self> {
        let number: f64 = number.parse().ok()?;
        let millis = if number.abs() < SECONDS_BELOW { number * 1000.0 } else { number };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "checked against the range right after; NaN becomes 0 < 1"
        )]
        let instant = Self::in_range(millis.round() as i64)?;
        number.is_finite().then_some(instant)
    }

    fn in_range(millis: i64) -> Option<Self> {
        YEARS.contains(&millis).then_some(Instant(millis))
    }

    fn from_iso8601(text: &str) -> Option<Self> {
        let mut scan = Scan(text);
        let year = scan.digits(4)?;
        scan.skip('-')?;
        let month = scan.digits(2)?;
        scan.skip('-')?;
        let day = scan.digits(2)?;
        if !(1..=12).contains(&month) || !(1..=days_in_month(year, month)).contains(&day) {
            return None;
        }
        let mut millis = days_from_civil(year, month, day) * DAY;
        if scan.is_empty() {
            return Self::in_range(millis);
        }
        scan.skip('T').or_else(|| scan.skip('t')).or_else(|| scan.skip(' '))?;
        let hour = scan.digits(2)?;
        scan.skip(':')?;
        let minute = scan.digits(2)?;
        // A leap second (RFC 3339 section 5.6) counts as the first of the next minute.
        let second = if scan.skip(':').is_some() { scan.digits(2)? } else { 0 };
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        millis += hour * HOUR + minute * MINUTE + second * 1000;
        if scan.skip('.').or_else(|| scan.skip(',')).is_some() {
            millis += scan.fraction_millis()?;
        }
        Self::in_range(millis - scan.offset()?)
    }

    /// Epoch milliseconds.
    #[must_use]
    pub const fn epoch_millis(self) -> i64 {
        self.0
    }

    /// Appends it as UTC text.
    pub(crate) fn write(self, out: &mut String) {
        let (days, millis) = (self.0.div_euclid(DAY), self.0.rem_euclid(DAY));
        let (year, month, day) = civil_from_days(days);
        let milli = millis % 1000;
        write_padded(out, year, 1000);
        for (sign, number) in [
            ('-', month),
            ('-', day),
            ('T', millis / HOUR),
            (':', millis / MINUTE % 60),
            (':', millis / 1000 % 60),
        ] {
            out.push(sign);
            write_padded(out, number, 10);
        }
        if milli != 0 {
            out.push('.');
            write_padded(out, milli, 100);
        }
        out.push('Z');
    }
}

/// Appends a number from 0 with its leading zeros; `unit` is what its first digit counts.
fn write_padded(out: &mut String, number: i64, unit: i64) {
    let mut unit = unit;
    while unit > 0 {
        write_number(out, (number / unit % 10).unsigned_abs());
        unit /= 10;
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(24);
        self.write(&mut text);
        f.write_str(&text)
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Takes a text apart from the left; each step answers nothing where the text differs.
struct Scan<'t>(&'t str);

impl Scan<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn skip(&mut self, c: char) -> Option<()> {
        self.0 = self.0.strip_prefix(c)?;
        Some(())
    }

    fn digits(&mut self, count: usize) -> Option<i64> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    }

    /// At least one digit; what is finer than a millisecond is cut off.
    fn fraction_millis(&mut self) -> Option<i64> {
        let end = self.0.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.0.len());
        let (digits, rest) = self.0.split_at_checked(end)?;
        self.0 = rest;
        let padded: String = digits.chars().chain("00".chars()).take(3).collect();
        padded.parse().ok().filter(|_| !digits.is_empty())
    }

    /// The offset from UTC that ends the text, in milliseconds: `Z`, `+hh:mm`, `+hhmm`, `+hh`, or nothing.
    fn offset(&mut self) -> Option<i64> {
        if self.is_empty() || self.0.eq_ignore_ascii_case("z") {
            return Some(0);
        }
        let sign = if self.skip('+').is_some() { 1 } else { self.skip('-').map(|()| -1)? };
        let hours = self.digits(2)?;
        let colon = self.skip(':').is_some();
        let minutes = if self.is_empty() && !colon { 0 } else { self.digits(2)? };
        (self.is_empty() && hours <= 23 && minutes <= 59)
            .then_some(sign * (hours * HOUR + minutes * MINUTE))
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March, so that the leap day is the last.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn iso(text: &str) -> Option<String> {
        Instant::from_text(text).map(|instant| instant.to_string())
    }

    #[test]
    fn each_form_reads_as_the_same_instant() {
        for text in [
            "2026-10-01T14:30:05.120Z",
            "2026-10-01T14:30:05.12z",
            "2026-10-01 14:30:05,1209",
            "2026-10-01t16:30:05.120+02:00",
            "2026-10-01T16:30:05.120+0200",
            "2026-10-01T16:30:05.120+02",
            "2026-10-01T09:00:05.120-05:30",
            "1790865005120",
            "1790865005.120",
            "  2026-10-01T14:30:05.120Z ",
        ] {
            assert_eq!(iso(text).as_deref(), Some("2026-10-01T14:30:05.120Z"), "{text}");
        }
    }

    #[test]
    fn short_forms_are_filled_up() {
        assert_eq!(iso("2026-10-01").as_deref(), Some("2026-10-01T00:00:00Z"));
        assert_eq!(iso("2026-10-01T14:30Z").as_deref(), Some("2026-10-01T14:30:00Z"));
        assert_eq!(iso("2016-12-31T23:59:60Z").as_deref(), Some("2017-01-01T00:00:00Z"));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "yesterday",
            "2026-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-1-1",
            "2026-10-01T24:00:00Z",
            "2026-10-01T",
            "2026-10-01T10:00:00.Z",
            "2026-10-01T10:00:00+2",
            "2026-10-01T10:00:00+02:",
            "2026-10-01T10:00:00Zulu",
            "10/01/2026",
            "1.2.3",
            "99999999999999999999",
        ] {
            assert_eq!(iso(text), None, "{text}");
        }
    }

    #[test]
    fn a_day_and_its_number_are_the_same() {
        for days in (-719_528..2_932_896).step_by(17) {
            let (year, month, day) = civil_from_days(days);
            assert_eq!(days_from_civil(year, month, day), days);
        }
    }
}
