//! Amazon's form of each identifier, before it is hashed. The rules are those of Amazon's own server-side tag
//! (`amzn/ads-events-api-gtm-tag`, September 2026) and of its OpenAPI document, with the corrections said at each.
//!
//! Each rule takes trimmed text and appends what it makes of it; where no identifier is left it appends nothing and says
//! so. (One buffer serves all identifiers of an event.)

mod email;
mod name;
mod phone;
mod place;
mod states;

pub(crate) use email::email;
pub(crate) use name::name;
pub(crate) use phone::phone;
pub(crate) use place::{address, city, postal, state};

/// For each byte what it becomes; 0 is left out.
type Kept = [u8; 256];

/// Letters become lower-case ones; digits stay if they may, and so do these others.
const fn kept(digits: bool, others: &[u8]) -> Kept {
    let mut table = [0; 256];
    let mut byte: u8 = 0;
    while byte < 0x80 {
        let is_kept = byte.is_ascii_alphabetic() || (digits && byte.is_ascii_digit());
        let mut other = others;
        let mut is_other = false;
        while let [first, rest @ ..] = other {
            is_other |= *first == byte;
            other = rest;
        }
        #[expect(clippy::indexing_slicing, reason = "done by the compiler")]
        if is_kept || is_other {
            table[byte as usize] = byte.to_ascii_lowercase();
        }
        byte += 1;
    }
    table
}

const KELVIN_SIGN: char = '\u{212a}';
const DOTTED_CAPITAL_I: char = '\u{130}';

/// Lower-cases, and keeps only what is allowed.
fn keep(text: &str, kept: &Kept, out: &mut Vec<u8>) -> bool {
    let start = out.len();
    // The only letters that become others that are allowed.
    let becomes_ascii = |c| matches!(c, KELVIN_SIGN | DOTTED_CAPITAL_I);
    if !append(text.as_bytes(), kept, out) && text.contains(becomes_ascii) {
        out.truncate(start);
        append(text.to_lowercase().as_bytes(), kept, out);
    }
    out.len() > start
}

/// Answers whether all of it was ASCII.
fn append(text: &[u8], kept: &Kept, out: &mut Vec<u8>) -> bool {
    let start = out.len();
    let (mut all, mut is_whole) = (0, true);
    out.extend(text.iter().map(|byte| {
        let becomes = kept.get(usize::from(*byte)).copied().unwrap_or(0);
        all |= byte;
        is_whole &= becomes != 0;
        becomes
    }));
    if !is_whole {
        let mut end = start;
        for at in start..out.len() {
            let byte = out.get(at).copied().unwrap_or(0);
            if let Some(place) = out.get_mut(end) {
                *place = byte;
            }
            end += usize::from(byte != 0);
        }
        out.truncate(end);
    }
    all.is_ascii()
}

/// What a rule makes of a text, for tests.
#[cfg(test)]
fn normalised(rule: impl FnOnce(&mut Vec<u8>) -> bool) -> Option<String> {
    let mut out = b"before".to_vec();
    let is_one = rule(&mut out);
    let text = String::from_utf8(out).unwrap();
    let text = text.strip_prefix("before").unwrap();
    assert_eq!(is_one, !text.is_empty());
    is_one.then(|| text.to_owned())
}

/// A word that fills a field and names nobody: `null`, `undefined`, `none`, `n/a`, or all zeros.
#[inline]
pub(crate) fn is_placeholder(word: &str) -> bool {
    // Nearly no identifier begins as one of these does.
    match word.bytes().next() {
        Some(b'n' | b'N' | b'u' | b'U' | b'0') => is_placeholder_indeed(word),
        Some(first) if first.is_ascii_alphanumeric() => false,
        _ => is_placeholder_indeed(word),
    }
}

#[inline(never)]
fn is_placeholder_indeed(word: &str) -> bool {
    let is_word = |placeholder: &&str| word.eq_ignore_ascii_case(placeholder);
    ["null", "undefined", "none", "n/a"].iter().any(is_word)
        || (word.chars().all(|c| c == '0' || !c.is_alphanumeric()) && word.contains('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_letters_alone_become_ascii_ones() {
        let become_ascii =
            ('\u{80}'..=char::MAX).filter(|c| c.to_lowercase().any(|c| c.is_ascii()));
        assert_eq!(become_ascii.collect::<Vec<_>>(), [DOTTED_CAPITAL_I, KELVIN_SIGN]);
    }
}
