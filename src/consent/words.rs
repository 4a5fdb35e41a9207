//! Words for yes and no, as Amazon's server-side tag reads them.

use super::Signal;
use crate::read::Json;

/// Whether a text is one of these words, in any case.
fn is_one_of(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.eq_ignore_ascii_case(word))
}

fn yes_or_no(text: &str, yes: &[&str], no: &[&str]) -> Option<bool> {
    if is_one_of(text, yes) {
        Some(true)
    } else if is_one_of(text, no) {
        Some(false)
    } else {
        None
    }
}

/// A boolean, or a word or number for one.
pub(crate) fn truth(value: Json<'_>) -> Option<bool> {
    match value {
        Json::Bool(truth) => Some(truth),
        Json::Number("1") => Some(true),
        Json::Number("0") => Some(false),
        text => yes_or_no(
            &text.rare_text()?,
            &["true", "1", "yes", "on", "enabled"],
            &["false", "0", "no", "off", "disabled"],
        ),
    }
}

fn state(value: Json<'_>) -> Option<bool> {
    yes_or_no(
        &value.rare_text()?,
        &["granted", "opted_in", "optin"],
        &["denied", "opted_out", "optout"],
    )
}

/// What a word says of consent: true, 1, yes, on, enabled, granted, opted_in, optin, or their opposites.
pub(crate) fn consent(value: Json<'_>) -> Signal {
    Signal::from_grant(truth(value).or_else(|| state(value)))
}

/// What a word says in an opt-out map, where true is a no. Words that name the state itself keep their meaning.
pub(crate) fn opt_out(value: Json<'_>) -> Signal {
    Signal::from_grant(truth(value).map(|opted_out| !opted_out).or_else(|| state(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_amazons_tag_reads_them() {
        for (words, expected) in [
            (
                ["true", "yes", "1", "on", "enabled", "opted_in", "optin", "GRANTED", "  True  "]
                    .as_slice(),
                Signal::Granted,
            ),
            (
                ["false", "no", "0", "off", "disabled", "opted_out", "optout", "denied", "DENIED"]
                    .as_slice(),
                Signal::Denied,
            ),
            (["", "maybe", "unknown", "null"].as_slice(), Signal::Unknown),
        ] {
            for word in words {
                assert_eq!(consent(Json::Text(word)), expected, "{word}");
            }
        }
        assert_eq!(consent(Json::Number("1")), Signal::Granted);
        assert_eq!(consent(Json::Number("0")), Signal::Denied);
        assert_eq!(consent(Json::Number("2")), Signal::Unknown);
        assert_eq!(consent(Json::Null), Signal::Unknown);
    }

    #[test]
    fn an_opt_out_turns_yes_into_no() {
        let signal = |word: &'static str| opt_out(Json::Text(word));
        assert_eq!(signal("true"), Signal::Denied);
        assert_eq!(signal("no"), Signal::Granted);
        assert_eq!(signal("opted_out"), Signal::Denied);
        assert_eq!(signal("granted"), Signal::Granted);
        assert_eq!(signal("perhaps"), Signal::Unknown);
    }
}
