//! Custom data: attributes of the advertiser's own.

use crate::amazon::{CustomData, DataType};
use crate::event::Event;
use crate::log::{Log, Unusable};
use crate::mapping::replace_runs;
use crate::outcome::Note;
use crate::plan::Rule;
use crate::read::Json;
use crate::time::Instant;

/// Amazon's older documents name this limit for a value; for names none is known, so the same is kept.
const MAX_CHARS: usize = 256;

/// The attributes the rule names, as far as the event has them.
#[inline(never)]
pub(crate) fn attributes<'e>(
    event: &Event<'_, 'e>,
    rule: &'e Rule,
    log: &mut Log,
) -> Vec<CustomData> {
    rule.custom_data
        .iter()
        .filter_map(|(name, sources)| {
            event.first_of(sources, "customData", log, |value, log| {
                let (data_type, text) = typed(value).ok_or(Unusable::WrongType)?;
                Ok(CustomData { name: clean(name, log), data_type, value: clean(&text, log) })
            })
        })
        .collect()
}

/// How Amazon is to read a value: whole numbers of 32 bits, date-times, and anything else as text.
fn typed(value: Json<'_>) -> Option<(DataType, String)> {
    let text = match value {
        Json::Bool(truth) => truth.to_string(),
        other => other.text_or_number()?.into_owned(),
    };
    // A sign is no letter or digit, so a negative number is sent as text.
    let data_type = if text.parse::<i32>().is_ok() && text.bytes().all(|byte| byte.is_ascii_digit())
    {
        DataType::Integer
    } else if text.contains(':') && Instant::from_text(&text).is_some() {
        DataType::Timestamp
    } else {
        DataType::String
    };
    Some((data_type, text))
}

/// Only letters, digits and `_`, as Amazon's OpenAPI document asks.
fn clean(text: &str, log: &mut Log) -> String {
    let cleaned = replace_runs(text.trim(), |c| !c.is_ascii_alphanumeric() && c != '_', MAX_CHARS);
    if cleaned != text {
        log.note(Note::CustomDataCleaned);
    }
    cleaned
}
