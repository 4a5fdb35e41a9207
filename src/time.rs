//! Points in time: from what events carry, to UTC text.
//!
//! Days are counted with the proleptic Gregorian calendar by the usual era arithmetic (400 years are 146,097 days).

use std::fmt;

use serde::{Serialize, Serializer};

use crate::decimal::Decimal;
use crate::read::{Json, trimmed};
use crate::write::Writer;

/// Milliseconds since 1970-01-01T00:00:00Z, within the years 0 to 9999; shown and serialised as UTC text,
/// `YYYY-MM-DDTHH:MM:SSZ`, with `.mmm` when the milliseconds are not zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(pub(crate) i64);

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;
/// Numbers below this are seconds, from it on milliseconds: as seconds the year 5138, as milliseconds 1973.
const SECONDS_BELOW: u128 = 100_000_000_000;
const YEARS: std::ops::RangeInclusive<i64> = -62_167_219_200_000..=253_402_300_799_999;

impl Instant {
    /// From RFC 3339 or ISO 8601 text (no offset is UTC, a date alone is its midnight), or from epoch seconds or
    /// milliseconds as a number or digits.
    pub(crate) fn from_json(value: Json<'_>) -> Option<Self> {
        match value {
            Json::Number(number) => Self::from_epoch(number),
            text => Self::from_text(&text.whole_text()?),
        }
    }

    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let text = trimmed(text);
        if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
            Self::from_epoch(text)
        } else {
            Self::from_iso8601(text)
        }
    }

    fn from_epoch(number: &str) -> Option<Self> {
        let number = Decimal::parse(number)?;
        let is_seconds = number.rounded(0)?.unsigned_abs() < SECONDS_BELOW;
        Self::in_range(i64::try_from(number.rounded(if is_seconds { 3 } else { 0 })?).ok()?)
    }

    fn in_range(millis: i64) -> Option<Self> {
        YEARS.contains(&millis).then_some(Instant(millis))
    }

    fn from_iso8601(text: &str) -> Option<Self> {
        let mut scan = Scan(text.as_bytes());
        let year = scan.digits::<4>()?;
        scan.skip(b"-")?;
        let month = scan.digits::<2>()?;
        scan.skip(b"-")?;
        let day = scan.digits::<2>()?;
        if !(1..=12).contains(&month) || !(1..=days_in_month(year, month)).contains(&day) {
            return None;
        }
        let mut millis = days_from_civil(year, month, day) * DAY;
        if scan.is_empty() {
            return Self::in_range(millis);
        }
        scan.skip(b"Tt ")?;
        let hour = scan.digits::<2>()?;
        scan.skip(b":")?;
        let minute = scan.digits::<2>()?;
        // A leap second (RFC 3339 section 5.6) counts as the first of the next minute.
        let second = if scan.skip(b":").is_some() { scan.digits::<2>()? } else { 0 };
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        millis += i64::from(hour) * HOUR + i64::from(minute) * MINUTE + i64::from(second) * 1000;
        if scan.skip(b".,").is_some() {
            millis += scan.fraction_millis()?;
        }
        Self::in_range(millis - scan.offset()?)
    }

    /// Epoch milliseconds.
    #[must_use]
    pub const fn epoch_millis(self) -> i64 {
        self.0
    }

    /// Appends it as a JSON string.
    pub(crate) fn write_json(self, out: &mut Writer) {
        out.literal(b"\"");
        self.write(out);
        out.literal(b"\"");
    }

    fn write(self, out: &mut Writer) {
        let in_bounds = |number: i64| u32::try_from(number).unwrap_or_default();
        let (year, month, day) = civil_from_days(self.0.div_euclid(DAY));
        let millis = in_bounds(self.0.rem_euclid(DAY));
        let (milli, seconds) = (millis % 1000, millis / 1000);
        let (second, minute, hour) = (seconds % 60, seconds / 60 % 60, seconds / 3600);
        let digit = |number: u32| u8::try_from(number % 10).map_or(b'0', |digit| b'0' + digit);
        let [y0, y1, y2, y3] = [1000, 100, 10, 1].map(|place| digit(year / place));
        let [[mo0, mo1], [d0, d1], [h0, h1], [mi0, mi1], [s0, s1]] =
            [month, day, hour, minute, second].map(|number| [digit(number / 10), digit(number)]);
        out.literal(&[
            y0, y1, y2, y3, b'-', mo0, mo1, b'-', d0, d1, b'T', h0, h1, b':', mi0, mi1, b':', s0,
            s1,
        ]);
        if milli != 0 {
            out.literal(&[b'.', digit(milli / 100), digit(milli / 10), digit(milli)]);
        }
        out.literal(b"Z");
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Writer::default();
        self.write(&mut text);
        f.write_str(&text.into_string())
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Takes a text apart from the left; each step answers nothing where the text differs.
struct Scan<'t>(&'t [u8]);

impl Scan<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Passes over one of these bytes.
    #[inline]
    fn skip(&mut self, bytes: &[u8]) -> Option<()> {
        let (first, rest) = self.0.split_first()?;
        bytes.contains(first).then(|| self.0 = rest)
    }

    #[inline]
    fn digits<const N: usize>(&mut self) -> Option<u32> {
        let (digits, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        digits.iter().try_fold(0, |number, digit| Some(number * 10 + value_of(*digit)?))
    }

    /// At least one digit; what is finer than a millisecond is cut off.
    fn fraction_millis(&mut self) -> Option<i64> {
        let (mut millis, mut unit) = (value_of(*self.0.first()?)? * 100, 10);
        while let [_, rest @ ..] = self.0 {
            self.0 = rest;
            let Some(digit) = rest.first().and_then(|digit| value_of(*digit)) else { break };
            millis += digit * unit;
            unit /= 10;
        }
        Some(millis.into())
    }

    /// The offset from UTC that ends the text, in milliseconds: `Z`, `+hh:mm`, `+hhmm`, `+hh`, or nothing.
    fn offset(&mut self) -> Option<i64> {
        let sign = match self.0 {
            [] | [b'Z' | b'z'] => return Some(0),
            [b'+', ..] => 1,
            [b'-', ..] => -1,
            _ => return None,
        };
        self.skip(b"+-")?;
        let hours = self.digits::<2>()?;
        let minutes = match self.0 {
            [] => 0,
            [b':', ..] => {
                self.skip(b":")?;
                self.digits::<2>()?
            }
            _ => self.digits::<2>()?,
        };
        (self.is_empty() && hours <= 23 && minutes <= 59)
            .then_some(sign * (i64::from(hours) * HOUR + i64::from(minutes) * MINUTE))
    }
}

fn value_of(digit: u8) -> Option<u32> {
    digit.is_ascii_digit().then(|| u32::from(digit - b'0'))
}

fn is_leap(year: u32) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_in_month(year: u32, month: u32) -> u32 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 0000-03-01, the first of an era, to 1970-01-01.
const EPOCH: i64 = 719_468;
const ERA: i64 = 146_097;

fn days_from_civil(year: u32, month: u32, day: u32) -> i64 {
    // Years begin in March, so that the leap day is the last; and an era earlier, so that none is negative.
    let year = if month <= 2 { year + 399 } else { year + 400 };
    let (era, of_era) = (year / 400, year % 400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    i64::from(era) * ERA + i64::from(days) - EPOCH - ERA
}

/// Year, month and day, for days of the years 0 to 9999.
fn civil_from_days(days: i64) -> (u32, u32, u32) {
    let days = u32::try_from(days + EPOCH + ERA).unwrap_or_default();
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u32::from(month <= 2);
    (year.saturating_sub(400), month, of_year - (153 * shifted + 2) / 5 + 1)
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
