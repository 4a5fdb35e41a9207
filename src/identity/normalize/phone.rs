//! Phone numbers.

use crate::country::Country;

/// Digits of an E.164 number (ITU-T: at most 15); fewer than 7 reach nobody.
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// Digits only, with the calling code of the event's country, without `+`.
///
/// 1. `+` or `00` in front: international, as it is.
/// 2. One `0` in front: national; zeros off (Italy keeps its zero), calling code in front.
/// 3. Otherwise as it is if it starts with the calling code, else calling code in front.
///
/// Amazon's tag knows only step 3 and takes a German national number that begins with 49 for an international one.
///
/// | in | country | out |
/// | --- | --- | --- |
/// | `(555) 123-4567` | US | `15551234567` |
/// | `06 12 34 56 78` | FR | `33612345678` |
/// | `06 1234 5678` | IT | `390612345678` |
/// | `+44 7911 123456` | US | `447911123456` |
pub(crate) fn phone(text: &str, country: Country, out: &mut Vec<u8>) -> bool {
    let start = out.len();
    let code = country.calling_code().as_bytes();
    out.extend(code);
    let first = out.len();
    out.extend(text.bytes().filter(u8::is_ascii_digit));
    let has_plus =
        text.trim_start_matches(|c: char| c != '+' && !c.is_ascii_digit()).starts_with('+');
    let digits = out.get(first..).unwrap_or_default();
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    let wanted = if has_plus || zeros >= 2 {
        start..first + zeros
    } else if zeros == 1 {
        first..if country.code() == "IT" { first } else { first + zeros }
    } else if digits.starts_with(code) {
        start..first
    } else {
        first..first
    };
    out.drain(wanted);
    let is_number = DIGITS.contains(&(out.len() - start));
    if !is_number {
        out.truncate(start);
    }
    is_number
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::normalize::normalised;

    #[test]
    fn numbers_are_brought_to_amazons_form() {
        for (text, country, expected) in [
            ("(555) 123-4567", "US", Some("15551234567")),
            ("1-555-123-4567", "US", Some("15551234567")),
            ("+44 7911 123456", "GB", Some("447911123456")),
            ("+44 7911 123456", "US", Some("447911123456")),
            ("0044 7911 123456", "US", Some("447911123456")),
            (" (+44) 7911 123456", "US", Some("447911123456")),
            ("06 12 34 56 78", "FR", Some("33612345678")),
            ("06 1234 5678", "IT", Some("390612345678")),
            ("049 1234567", "DE", Some("49491234567")),
            ("+++", "US", None),
            ("12345", "US", None),
            ("+1234567890123456", "US", None),
            ("call me", "US", None),
        ] {
            let country = Country::recognise(country).unwrap();
            let number = normalised(|out| phone(text, country, out));
            assert_eq!(number.as_deref(), expected, "{text} {country}");
        }
    }
}
