//! Cities, states, postal codes and street addresses.

use super::states::{STATES, States};
use super::{Kept, keep, kept};
use crate::country::Country;
use crate::fold::fold_letter;
use crate::scan;

const LETTERS_AND_DIGITS: Kept = kept(true, b"");

/// Lower-cased; only `a-z 0-9` kept. Letters with marks go whole, as in Amazon's tag: `San José` is `sanjos`.
pub(crate) fn city(text: &str, out: &mut Vec<u8>) -> bool {
    keep(text, &LETTERS_AND_DIGITS, out)
}

/// Cut at the first dash (`98101-1234` is `98101`); lower-cased; only `a-z 0-9` kept.
pub(crate) fn postal(text: &str, out: &mut Vec<u8>) -> bool {
    keep(text.split('-').next().unwrap_or_default(), &LETTERS_AND_DIGITS, out)
}

/// Lower-cased; marks folded; only `a-z 0-9` kept. ADDRESS is off by default: Amazon's own sources disagree about the
/// abbreviations of street words, so send it hashed by a rule of your own if you need it.
pub(crate) fn address(text: &str, out: &mut Vec<u8>) -> bool {
    folded(text, out)
}

/// The state's two-letter code.
///
/// 1. The country in front is dropped (`US-NY`).
/// 2. Lower-cased; marks folded; only `a-z 0-9` kept.
/// 3. A code or the whole name of a state of the event's country becomes the code. (Amazon's tag replaces parts of a
///    name, over all countries: its West Virginia is `we`.) Nothing if the country's states are known and it is none.
/// 4. The first two characters, as in Amazon's tag.
pub(crate) fn state(text: &str, country: Country, out: &mut Vec<u8>) -> bool {
    let bare = match text.split_once('-') {
        Some((prefix, rest)) if prefix.trim().eq_ignore_ascii_case(country.code()) => rest,
        _ => text,
    };
    let start = out.len();
    folded(bare, out);
    let wanted = out.get(start..).unwrap_or_default();
    let known = STATES
        .iter()
        .find(|states| scan::same(states.country.as_bytes(), country.code().as_bytes()));
    let code = match known {
        Some(states) => code_of(wanted, states).unwrap_or_default(),
        None => padded(wanted),
    };
    out.truncate(start);
    out.extend(code.iter().take(2).filter(|letter| **letter != 0));
    out.len() > start
}

/// The code of a state by that code or name.
fn code_of(wanted: &[u8], states: &States) -> Option<[u8; 3]> {
    let code = padded(wanted);
    if wanted.len() <= code.len() && states.codes.contains(&code) {
        return Some(code);
    }
    let table = states.table.as_bytes();
    let (first, mut at) = (*wanted.first()?, 0);
    loop {
        // Where a name that begins so may stand; nearly none does.
        at += scan::length_until(table.get(at..)?, first);
        let (before, name) = table.split_at_checked(at)?;
        let is_name = matches!(before.last(), Some(b'=' | b'|'))
            && matches!(name.get(wanted.len()), None | Some(b' ' | b'|'))
            && scan::same(name.get(..wanted.len())?, wanted);
        if is_name {
            let state = before.rsplit(|byte| *byte == b' ').next()?;
            return Some(padded(state.split(|byte| *byte == b'=').next()?));
        }
        at += 1;
    }
}

/// The first three letters, with zeros behind.
fn padded(letters: &[u8]) -> [u8; 3] {
    let mut code = [0; 3];
    for (place, letter) in code.iter_mut().zip(letters) {
        *place = *letter;
    }
    code
}

fn folded(text: &str, out: &mut Vec<u8>) -> bool {
    if text.is_ascii() {
        return keep(text, &LETTERS_AND_DIGITS, out);
    }
    let mut plain = String::with_capacity(text.len());
    for c in text.to_lowercase().chars() {
        match c {
            // Amazon's table spells the German vowels out.
            'ä' => plain.push_str("ae"),
            'ö' => plain.push_str("oe"),
            'ü' => plain.push_str("ue"),
            _ => match fold_letter(c) {
                Some(letters) => plain.push_str(letters),
                None => plain.push(c),
            },
        }
    }
    keep(&plain, &LETTERS_AND_DIGITS, out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::normalize::normalised;

    #[test]
    fn places_are_brought_to_amazons_form() {
        for (text, expected) in
            [("New York", "newyork"), ("St. Louis", "stlouis"), ("San José", "sanjos")]
        {
            assert_eq!(normalised(|out| city(text, out)).as_deref(), Some(expected));
        }
        for (text, expected) in [
            ("98101-1234", Some("98101")),
            ("SW1A 1AA", Some("sw1a1aa")),
            ("K1A 0B1", Some("k1a0b1")),
            ("-", None),
        ] {
            assert_eq!(normalised(|out| postal(text, out)).as_deref(), expected);
        }
        for (text, expected) in
            [("José", "jose"), ("Müller", "mueller"), ("Straße", "strasse"), ("Ölüm", "oeluem")]
        {
            assert_eq!(normalised(|out| address(text, out)).as_deref(), Some(expected));
        }
    }

    #[test]
    fn states_are_looked_up_whole_in_the_events_country() {
        for (text, country, expected) in [
            ("WA", "US", "wa"),
            ("N.Y.", "US", "ny"),
            ("California", "US", "ca"),
            ("West Virginia", "US", "wv"),
            ("Virginia", "US", "va"),
            ("US-NY", "US", "ny"),
            ("Washington D.C.", "US", "dc"),
            ("Québec", "CA", "qc"),
            ("São Paulo", "BR", "sp"),
            ("Nuevo León", "MX", "nl"),
            ("Milano", "IT", "mi"),
            ("NSW", "AU", "ns"),
            ("Zürich", "CH", "zu"),
        ] {
            let country = Country::recognise(country).unwrap();
            let code = normalised(|out| state(text, country, out));
            assert_eq!(code.as_deref(), Some(expected), "{text} {country}");
        }
        let germany = Country::recognise("DE").unwrap();
        assert_eq!(normalised(|out| state("Washington", germany, out)), None);
    }

    #[test]
    fn every_state_is_written_as_it_is_looked_up() {
        for States { country, table, codes } in STATES {
            assert!(Country::recognise(country).is_some_and(|known| known.code() == *country));
            assert_eq!(codes.len(), table.split(' ').count());
            for (state, padded_code) in table.split(' ').zip(*codes) {
                let (code, names) = state.split_once('=').unwrap();
                assert_eq!(padded(code.as_bytes()), *padded_code);
                assert!(code.bytes().all(|byte| byte.is_ascii_lowercase()), "{state}");
                for name in names.split('|') {
                    assert_eq!(normalised(|out| folded(name, out)).as_deref(), Some(name));
                }
            }
        }
    }
}
