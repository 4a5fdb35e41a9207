//! First and last names.

use super::keep;

/// Lower-cased; only `a-z` kept. Letters with marks go whole, as in Amazon's tag: `José` is `jos`.
pub(crate) fn name(text: &str) -> Option<String> {
    keep(text, |byte| byte.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_brought_to_amazons_form() {
        for (text, expected) in [
            ("Mary-Jane", Some("maryjane")),
            ("O'Brien", Some("obrien")),
            ("Bob123", Some("bob")),
            ("Van Der Berg", Some("vanderberg")),
            ("José", Some("jos")),
            ("李", None),
        ] {
            assert_eq!(name(text).as_deref(), expected, "{text}");
        }
    }
}
