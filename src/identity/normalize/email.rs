//! E-mail addresses.

use super::{Kept, keep, kept};

const ADDRESS: Kept = kept(true, b".@_-");

/// Lower-cased; only `a-z 0-9 . @ _ -` kept; exactly one `@` with text on both sides.
///
/// `+` goes, as Amazon's OpenAPI text and tag have it. `_` stays, as in the tag, which is newer than that text.
///
/// | in | out |
/// | --- | --- |
/// | `Jane.Doe@Example.com` | `jane.doe@example.com` |
/// | `jane+shop@example.com` | `janeshop@example.com` |
/// | `jane@` | |
pub(crate) fn email(text: &str, out: &mut Vec<u8>) -> bool {
    let start = out.len();
    keep(text, &ADDRESS, out);
    let mut parts = out.get(start..).unwrap_or_default().split(|byte| *byte == b'@');
    let [local, domain, more] = [parts.next(), parts.next(), parts.next()];
    let is_text = |part: Option<&[u8]>| part.is_some_and(|part| !part.is_empty());
    let is_address = is_text(local) && is_text(domain) && more.is_none();
    if !is_address {
        out.truncate(start);
    }
    is_address
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::normalize::normalised;

    #[test]
    fn addresses_are_brought_to_amazons_form() {
        for (text, expected) in [
            ("TEST@EXAMPLE.COM", Some("test@example.com")),
            ("User@Domain.COM", Some("user@domain.com")),
            ("jane+shop@example.com", Some("janeshop@example.com")),
            ("jane_doe-1@example.com", Some("jane_doe-1@example.com")),
            ("jané@example.com", Some("jan@example.com")),
            ("jane@", None),
            ("@example.com", None),
            ("jane@doe@example.com", None),
            ("jane", None),
            ("+++", None),
            ("é@é", None),
        ] {
            assert_eq!(normalised(|out| email(text, out)).as_deref(), expected, "{text}");
        }
    }
}
