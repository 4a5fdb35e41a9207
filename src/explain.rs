//! The explanation of one event: which input fed each field, which were refused and why. Values are redacted.

use serde::Serialize;

use crate::amazon::write_text;
use crate::outcome::Outcome;
use crate::read::Json;
use crate::trace::Unusable;

/// What [`crate::Transformer::explain`] answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// What became of the event.
    pub outcome: Outcome,
    /// Every input that had a value and was looked at, in order.
    pub tried: Vec<Tried>,
}

/// One input that had a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tried {
    /// The Amazon field it was for; a match key by its type.
    pub field: &'static str,
    /// Where the value stood, keys joined by dots; `const` for one from the config.
    pub path: String,
    /// The value, redacted.
    pub value: String,
    /// Why it was not used; absent for the one that won.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unusable: Option<Unusable>,
}

impl Trace {
    /// As JSON: `{"outcome":…,"reason":…,"notes":[…],"tried":[{"field","path","value","unusable"}]}`. The Amazon event
    /// is not in it.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = String::with_capacity(1024);
        let reason = self.outcome.reason();
        let outcome = if reason.is_some() { "dropped" } else { "mapped" };
        write_member(&mut out, "{\"outcome\":", outcome);
        if let Some((reason, detail)) = reason {
            write_member(&mut out, ",\"reason\":", reason.as_str());
            if let Some(detail) = detail {
                write_member(&mut out, ",\"detail\":", detail.as_str());
            }
        }
        out.push_str(",\"notes\":");
        self.outcome.write_notes(&mut out);
        out.push_str(",\"tried\":[");
        for (index, tried) in self.tried.iter().enumerate() {
            write_member(
                &mut out,
                if index == 0 { "{\"field\":" } else { ",{\"field\":" },
                tried.field,
            );
            write_member(&mut out, ",\"path\":", &tried.path);
            write_member(&mut out, ",\"value\":", &tried.value);
            if let Some(unusable) = tried.unusable {
                write_member(&mut out, ",\"unusable\":", unusable.as_str());
            }
            out.push('}');
        }
        out.push_str("]}");
        out
    }
}

fn write_member(out: &mut String, key: &str, text: &str) {
    out.push_str(key);
    write_text(out, text);
}

/// A value for people's eyes: an address as `j***@e***.com`, a hash as its first eight digits, other texts as their
/// first character and length, containers as their kind. Short words and plain amounts would identify nobody, but what
/// a field holds is never certain, so they are redacted as well.
pub(crate) fn redact(value: &Json<'_>) -> String {
    match value {
        Json::Null => "null".to_owned(),
        Json::Bool(truth) => truth.to_string(),
        Json::Array(_) => "[…]".to_owned(),
        Json::Object(_) => "{…}".to_owned(),
        Json::Number(number) => redact_text(number),
        Json::Text(text) => redact_text(text.trim()),
    }
}

fn redact_text(text: &str) -> String {
    let start = |text: &str| text.chars().take(1).collect::<String>();
    if crate::identity::hash::pre_hashed(text).is_some() {
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
