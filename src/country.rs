//! Countries: what people write, to the alpha-2 code Amazon takes.

mod table;

use std::fmt;

use serde::{Serialize, Serializer};

use crate::fold::fold_letter;
use crate::read::trimmed;
use table::TABLE;

struct Row {
    alpha2: &'static str,
    alpha3: &'static str,
    calling_code: &'static str,
    /// Separated by `|`.
    names: &'static str,
}

/// One of the 249 countries of ISO 3166-1.
#[derive(Clone, Copy)]
pub struct Country(&'static Row);

/// The countries where Amazon asks for a consent signal: EU-27, GB, NO, IS, LI (Amazon Ads help G2648JUCRZU662V5 and
/// Amazon's own tag). Not CH.
const CONSENT_REQUIRED: [&str; 31] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HR", "HU", "IE",
    "IS", "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
];

/// As [`CONSENT_REQUIRED`], as countries.
pub(crate) fn consent_required() -> impl Iterator<Item = Country> {
    CONSENT_REQUIRED.iter().filter_map(|code| Country::from_alpha2(code))
}

/// For each two letters the row of that code, or one that the table does not have: nearly every event names its country
/// so.
const BY_ALPHA2: [u8; 26 * 26] = {
    let mut rows = [u8::MAX; 26 * 26];
    let mut row: u8 = 0;
    while (row as usize) < TABLE.len() {
        #[expect(clippy::indexing_slicing, reason = "done by the compiler")]
        if let Some(code) = TABLE[row as usize].alpha2.as_bytes().first_chunk()
            && let Some(place) = place(*code)
        {
            rows[place] = row;
        }
        row += 1;
    }
    rows
};

/// Every name, sorted, as its row and its place among the names of that row.
const BY_NAME: [Name; count_names()] = sorted_names();

#[derive(Clone, Copy)]
struct Name {
    row: u8,
    start: u8,
    end: u8,
}

impl Name {
    fn text(self) -> &'static str {
        let names = TABLE.get(usize::from(self.row)).map_or("", |row| row.names);
        names.get(usize::from(self.start)..usize::from(self.end)).unwrap_or_default()
    }
}

const fn count_names() -> usize {
    let (mut rows, mut count) = (TABLE.as_slice(), 0);
    while let [row, rest @ ..] = rows {
        let mut bytes = row.names.as_bytes();
        count += 1;
        while let [byte, rest @ ..] = bytes {
            count += (*byte == b'|') as usize;
            bytes = rest;
        }
        rows = rest;
    }
    count
}

#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "done by the compiler"
)]
const fn sorted_names() -> [Name; count_names()] {
    let mut names = [Name { row: 0, start: 0, end: 0 }; count_names()];
    let (mut count, mut row) = (0, 0);
    while row < TABLE.len() {
        let bytes = TABLE[row].names.as_bytes();
        let (mut start, mut end) = (0, 0);
        while end <= bytes.len() {
            if end == bytes.len() || bytes[end] == b'|' {
                // Put where it belongs among those that are there.
                let name = Name { row: row as u8, start: start as u8, end: end as u8 };
                let mut place = count;
                while place > 0 && is_before(name, names[place - 1]) {
                    names[place] = names[place - 1];
                    place -= 1;
                }
                names[place] = name;
                count += 1;
                start = end + 1;
            }
            end += 1;
        }
        row += 1;
    }
    names
}

#[expect(clippy::indexing_slicing, reason = "done by the compiler")]
const fn is_before(one: Name, other: Name) -> bool {
    let (a, b) =
        (TABLE[one.row as usize].names.as_bytes(), TABLE[other.row as usize].names.as_bytes());
    let mut at = 0;
    loop {
        let (i, j) = (one.start as usize + at, other.start as usize + at);
        if i >= one.end as usize || j >= other.end as usize {
            return i >= one.end as usize;
        }
        if a[i] != b[j] {
            return a[i] < b[j];
        }
        at += 1;
    }
}

/// Where two letters stand among all pairs of letters.
const fn place(code: [u8; 2]) -> Option<usize> {
    let [first, second] = code;
    if first.is_ascii_alphabetic() && second.is_ascii_alphabetic() {
        Some(((first | 32) - b'a') as usize * 26 + ((second | 32) - b'a') as usize)
    } else {
        None
    }
}

impl Country {
    /// The country somebody meant: alpha-2 in any case (`UK` for `GB`), alpha-3, the English name, a common alias.
    ///
    /// ```
    /// # use amazon_dsp_events::Country;
    /// let codes = ["de", "UK", "usa", "Côte d'Ivoire", "U.S.A."].map(|text| Country::recognise(text).map(|c| c.code()));
    /// assert_eq!(codes, [Some("DE"), Some("GB"), Some("US"), Some("CI"), Some("US")]);
    /// assert_eq!(Country::recognise("Atlantis"), None);
    /// ```
    #[must_use]
    pub fn recognise(text: &str) -> Option<Self> {
        let text = trimmed(text);
        match text.len() {
            2 => Self::from_alpha2(text),
            3 => TABLE.iter().find(|row| row.alpha3.eq_ignore_ascii_case(text)).map(Country),
            _ => None,
        }
        .or_else(|| Self::from_name(text))
    }

    /// In any case.
    fn from_alpha2(code: &str) -> Option<Self> {
        let row = *BY_ALPHA2.get(place(*code.as_bytes().first_chunk()?)?)?;
        TABLE.get(usize::from(row)).map(Country)
    }

    #[inline(never)]
    fn from_name(text: &str) -> Option<Self> {
        let mut name = String::with_capacity(text.len());
        for c in text.to_lowercase().chars() {
            match fold_letter(c) {
                Some(letters) => name.push_str(letters),
                None if c.is_alphanumeric() => name.push(c),
                None if !name.ends_with(' ') && !name.is_empty() => name.push(' '),
                None => {}
            }
        }
        let name = name.trim_end();
        let name = name.strip_prefix("the ").unwrap_or(name);
        if name.is_empty() {
            return None;
        }
        let place = BY_NAME.binary_search_by(|known| known.text().cmp(name)).ok()?;
        TABLE.get(usize::from(BY_NAME.get(place)?.row)).map(Country)
    }

    /// ISO 3166-1 alpha-2, upper case.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.0.alpha2
    }

    /// The digits dialled to reach it from abroad (ITU-T E.164), without `+`.
    pub(crate) fn calling_code(self) -> &'static str {
        self.0.calling_code
    }

    /// All 249, by code.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(Country)
    }
}

/// A set of countries: a bit for each row of the table.
#[derive(Debug)]
pub(crate) struct Countries([u64; TABLE.len().div_ceil(64)]);

impl Countries {
    pub(crate) fn of(countries: &[Country]) -> Self {
        let mut bits = [0; TABLE.len().div_ceil(64)];
        for country in countries {
            let (word, bit) = country.bit();
            if let Some(word) = bits.get_mut(word) {
                *word |= bit;
            }
        }
        Countries(bits)
    }

    pub(crate) fn has(&self, country: Country) -> bool {
        let (word, bit) = country.bit();
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }
}

impl Country {
    /// Which word of a set has its bit.
    fn bit(self) -> (usize, u64) {
        let place = self.0.alpha2.as_bytes().first_chunk().and_then(|code| place(*code));
        let row = place.and_then(|place| BY_ALPHA2.get(place)).copied().unwrap_or(u8::MAX);
        (usize::from(row / 64), 1 << (row % 64))
    }
}

impl PartialEq for Country {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Eq for Country {}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Country({})", self.code())
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Country {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_every_name_stands_once() {
        assert!(TABLE.is_sorted_by(|a, b| a.alpha2 < b.alpha2));
        let mut names: Vec<&str> = TABLE.iter().flat_map(|row| row.names.split('|')).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn every_country_is_recognised_by_each_of_its_spellings() {
        for row in &TABLE {
            for spelling in [row.alpha2, row.alpha3].into_iter().chain(row.names.split('|')) {
                for text in [spelling.to_owned(), spelling.to_uppercase(), format!("  {spelling} ")]
                {
                    assert_eq!(Country::recognise(&text), Some(Country(row)), "{text}");
                }
            }
        }
    }

    #[test]
    fn a_set_has_the_countries_that_it_is_made_of_and_no_others() {
        for step in 1..9 {
            let some: Vec<Country> = Country::all().step_by(step).collect();
            let set = Countries::of(&some);
            assert!(Country::all().all(|country| set.has(country) == some.contains(&country)));
        }
    }

    #[test]
    fn the_consent_required_countries_are_countries() {
        assert_eq!(consent_required().map(Country::code).collect::<Vec<_>>(), CONSENT_REQUIRED);
    }
}
