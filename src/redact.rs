//! Values as anybody may see them: what might name a person only hints at what it was.

use crate::identity::hash::Sha256Hex;
use crate::log::Unusable;
use crate::read::Json;

/// Fields whose usable values are words and numbers that name nobody.
const PLAIN_FIELDS: [&str; 8] = [
    "eventDescription.eventSource",
    "eventTime",
    "countryCode",
    "value",
    "currencyCode",
    "unitsSold",
    "consent.amazonConsent.amznUserData",
    "consent.amazonConsent.amznAdStorage",
];

/// A value for people's eyes. What was understood as a country, a time, an amount or a word of consent stands as it is.
/// Of anything else nobody knows what it holds: an address becomes `j***@e***.com`, a hash its first eight digits, other
/// texts their first character and length, containers their kind.
pub(crate) fn shown(field: &str, value: Json<'_>, unusable: Option<Unusable>) -> String {
    let may_tell = |text: &str| {
        matches!(unusable, None | Some(Unusable::Disagrees))
            && PLAIN_FIELDS.contains(&field)
            && is_telling(text)
    };
    match value {
        Json::Null => "null".to_owned(),
        Json::Bool(truth) => truth.to_string(),
        Json::Array(_) => "[…]".to_owned(),
        Json::Object(_) => "{…}".to_owned(),
        Json::Number(number) => redacted(number, may_tell),
        text => redacted(text.whole_text().unwrap_or_default().trim(), may_tell),
    }
}

/// A text that is short and holds no address.
fn is_telling(text: &str) -> bool {
    text.len() <= 64 && !text.contains('@')
}

/// Whether an event's name may be shown: it has no address, and not digits enough for a telephone number.
pub(crate) fn may_name(text: &str) -> bool {
    is_telling(text) && text.bytes().filter(u8::is_ascii_digit).count() < 7
}

pub(crate) fn redacted(text: &str, may_tell: impl Fn(&str) -> bool) -> String {
    let start = |text: &str| text.chars().take(1).collect::<String>();
    if may_tell(text) {
        return text.to_owned();
    }
    if Sha256Hex::read(text).is_some() {
        return format!("{}…", text.chars().take(8).collect::<String>());
    }
    if let Some((local, domain)) = text.split_once('@')
        && let Some((_, top)) = domain.rsplit_once('.')
    {
        let top: String = top.chars().filter(char::is_ascii_alphabetic).take(3).collect();
        return format!("{}***@{}***.{top}", start(local), start(domain));
    }
    match text.chars().count() {
        0 => String::new(),
        length => format!("{}*** ({length} characters)", start(text)),
    }
}
