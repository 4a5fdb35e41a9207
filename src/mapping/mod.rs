//! From an event's name or type to the rule that says what it is at Amazon.

pub(crate) mod custom_data;
pub(crate) mod inputs;
pub(crate) mod presets;

use std::borrow::Cow;

use crate::amazon::MatchKeyType;
use crate::read::trimmed;

/// On unless the config says otherwise: all but ADDRESS, whose rules Amazon's own sources dispute, and FIP, a full IP
/// address.
pub(crate) const DEFAULT_MATCH_KEYS: [MatchKeyType; 13] = [
    MatchKeyType::Email,
    MatchKeyType::Phone,
    MatchKeyType::FirstName,
    MatchKeyType::LastName,
    MatchKeyType::City,
    MatchKeyType::State,
    MatchKeyType::Postal,
    MatchKeyType::Maid,
    MatchKeyType::MatchId,
    MatchKeyType::RampId,
    MatchKeyType::RealId,
    MatchKeyType::MerkleId,
    MatchKeyType::KantarId,
];

/// The types of an analytics call that carry no event name of their own. A rule of that name is for the type.
pub(crate) const NAMELESS_TYPES: [&str; 5] = ["page", "screen", "identify", "group", "alias"];

/// Event names and types are compared trimmed and without regard to case.
pub(crate) fn event_key(name: Cow<'_, str>) -> Cow<'_, str> {
    let is_lower =
        |name: &str| name.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    match name {
        Cow::Borrowed(name) if is_lower(name) => Cow::Borrowed(trimmed(name)),
        name => Cow::Owned(lower_case(trimmed(&name))),
    }
}

/// As [`str::to_lowercase`], whose tables nearly no text needs.
fn lower_case(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_lowercase() } else { text.to_lowercase() }
}

/// The most characters Amazon takes in an event name.
const MAX_NAME_CHARS: usize = 256;

/// An event's name as Amazon takes it, and whether it had to be cleaned.
///
/// 1. Trimmed and lower-cased.
/// 2. Each run of the characters Amazon's tag refuses becomes one `_`.
/// 3. Cut at 256 characters.
pub(crate) fn event_name(text: &str) -> (String, bool) {
    let lower = lower_case(trimmed(text));
    let name = replace_runs(&lower, |c| "!@#$%^&*|+=(){}[]<>?\\/~;".contains(c), MAX_NAME_CHARS);
    let cleaned = name != lower;
    (name, cleaned)
}

/// Puts one `_` in place of each run of forbidden characters, then cuts the text at so many characters.
pub(crate) fn replace_runs(
    text: &str,
    forbidden: impl Fn(char) -> bool,
    max_chars: usize,
) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_run = false;
    for c in text.chars() {
        let is_forbidden = forbidden(c);
        if !is_forbidden {
            out.push(c);
        } else if !in_run {
            out.push('_');
        }
        in_run = is_forbidden;
    }
    if let Some((end, _)) = out.char_indices().nth(max_chars) {
        out.truncate(end);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forbidden_characters_become_one_underscore() {
        assert_eq!(event_name("  Order Completed "), ("order completed".to_owned(), false));
        assert_eq!(event_name("Sale!!! (50%)"), ("sale_ _50_".to_owned(), true));
        assert_eq!(event_name("Größe"), ("größe".to_owned(), false));
        assert_eq!(event_name(&"x".repeat(300)), ("x".repeat(256), true));
    }
}
