//! E-mail addresses.

use super::keep;

/// Lower-cased; only `a-z 0-9 . @ _ -` kept; exactly one `@` with text on both sides.
///
/// `+` goes, as Amazon's OpenAPI text and tag have it. `_` stays, as in the tag, which is newer than that text.
///
/// | in | out |
/// | --- | --- |
/// | `Jane.Doe@Example.com` | `jane.doe@example.com` |
/// | `jane+shop@example.com` | `janeshop@example.com` |
/// | `jane@` | |
pub(crate) fn email(text: &str) -> Option<String> {
    let address = keep(text, |byte| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".@_-".contains(&byte)
    })?;
    let (local, domain) = address.split_once('@')?;
    let is_address = !local.is_empty() && !domain.is_empty() && !domain.contains('@');
    is_address.then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(email(text).as_deref(), expected, "{text}");
        }
    }
}
