//! First and last names.

use super::{Kept, keep, kept};

const LETTERS: Kept = kept(false, b"");

/// Lower-cased; only `a-z` kept. Letters with marks go whole, as in Amazon's tag: `José` is `jos`.
pub(crate) fn name(text: &str, out: &mut Vec<u8>) -> bool {
    keep(text, &LETTERS, out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::normalize::normalised;

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
            assert_eq!(normalised(|out| name(text, out)).as_deref(), expected, "{text}");
        }
    }
}
