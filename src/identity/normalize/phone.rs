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
pub(crate) fn phone(text: &str, country: Country) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let has_plus =
        text.trim_start_matches(|c: char| c != '+' && !c.is_ascii_digit()).starts_with('+');
    let code = country.calling_code();
    let number = if has_plus || digits.starts_with("00") {
        digits.trim_start_matches('0').to_owned()
    } else if digits.starts_with('0') {
        let national =
            if country.code() == "IT" { digits.as_str() } else { digits.trim_start_matches('0') };
        format!("{code}{national}")
    } else if digits.starts_with(code) {
        digits
    } else {
        format!("{code}{digits}")
    };
    DIGITS.contains(&number.len()).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(phone(text, country).as_deref(), expected, "{text} {country}");
        }
    }
}
