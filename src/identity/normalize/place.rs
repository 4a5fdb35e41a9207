//! Cities, states, postal codes and street addresses.

use super::keep;
use super::states::STATES;
use crate::country::Country;
use crate::fold::fold_letter;
use crate::scan;

fn letters_and_digits(text: &str) -> Option<String> {
    keep(text, |byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// Lower-cased; only `a-z 0-9` kept. Letters with marks go whole, as in Amazon's tag: `San José` is `sanjos`.
pub(crate) fn city(text: &str) -> Option<String> {
    letters_and_digits(text)
}

/// Cut at the first dash (`98101-1234` is `98101`); lower-cased; only `a-z 0-9` kept.
pub(crate) fn postal(text: &str) -> Option<String> {
    letters_and_digits(text.split('-').next().unwrap_or_default())
}

/// Lower-cased; marks folded; only `a-z 0-9` kept. ADDRESS is off by default: Amazon's own sources disagree about the
/// abbreviations of street words, so send it hashed by a rule of your own if you need it.
pub(crate) fn address(text: &str) -> Option<String> {
    folded(text)
}

/// The state's two-letter code.
///
/// 1. The country in front is dropped (`US-NY`).
/// 2. Lower-cased; marks folded; only `a-z 0-9` kept.
/// 3. A code or the whole name of a state of the event's country becomes the code. (Amazon's tag replaces parts of a
///    name, over all countries: its West Virginia is `we`.) Nothing if the country's states are known and it is none.
/// 4. The first two characters, as in Amazon's tag.
pub(crate) fn state(text: &str, country: Country) -> Option<String> {
    let bare = match text.split_once('-') {
        Some((prefix, rest)) if prefix.trim().eq_ignore_ascii_case(country.code()) => rest,
        _ => text,
    };
    let folded = folded(bare)?;
    let code = match STATES.iter().find(|(code, _)| *code == country.code()) {
        Some((_, states)) => scan::split(states.as_bytes(), b' ').find_map(|state| {
            let wanted = folded.as_bytes();
            let at = state.iter().position(|byte| *byte == b'=')?;
            let (code, names) = state.split_at_checked(at)?;
            let is_named =
                || names.get(1..)?.split(|byte| *byte == b'|').find(|name| *name == wanted);
            // Too short to have that name: no need to look.
            let is_it = code == wanted || (names.len() > wanted.len() && is_named().is_some());
            is_it.then_some(code)
        })?,
        None => folded.as_bytes(),
    };
    Some(code.iter().copied().take(2).map(char::from).collect())
}

fn folded(text: &str) -> Option<String> {
    if text.is_ascii() {
        return letters_and_digits(text);
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
    letters_and_digits(&plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_brought_to_amazons_form() {
        for (text, expected) in
            [("New York", "newyork"), ("St. Louis", "stlouis"), ("San José", "sanjos")]
        {
            assert_eq!(city(text).as_deref(), Some(expected));
        }
        for (text, expected) in [
            ("98101-1234", Some("98101")),
            ("SW1A 1AA", Some("sw1a1aa")),
            ("K1A 0B1", Some("k1a0b1")),
            ("-", None),
        ] {
            assert_eq!(postal(text).as_deref(), expected);
        }
        for (text, expected) in
            [("José", "jose"), ("Müller", "mueller"), ("Straße", "strasse"), ("Ölüm", "oeluem")]
        {
            assert_eq!(address(text).as_deref(), Some(expected));
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
            assert_eq!(state(text, country).as_deref(), Some(expected), "{text} {country}");
        }
        assert_eq!(state("Washington", Country::recognise("DE").unwrap()), None);
    }

    #[test]
    fn every_state_is_written_as_it_is_looked_up() {
        for (country, states) in STATES {
            assert!(Country::recognise(country).is_some_and(|known| known.code() == *country));
            for state in states.split(' ') {
                let (code, names) = state.split_once('=').unwrap();
                assert!(code.bytes().all(|byte| byte.is_ascii_lowercase()), "{state}");
                for name in names.split('|') {
                    assert_eq!(folded(name).as_deref(), Some(name));
                }
            }
        }
    }
}
