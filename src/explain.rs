//! The explanation of one event: which input fed each field, which were refused and why. Values are redacted.

use serde::Serialize;

use crate::outcome::{Note, Outcome};
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
        #[derive(Serialize)]
        struct Wire<'t> {
            outcome: &'static str,
            #[serde(skip_serializing_if = "Option::is_none")]
            reason: Option<&'static str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            detail: Option<&'static str>,
            notes: &'t [Note],
            tried: &'t [Tried],
        }
        let (reason, detail) = self.outcome.reason().map_or((None, None), |(reason, detail)| {
            (Some(reason.as_str()), detail.map(crate::outcome::Detail::as_str))
        });
        let outcome = if reason.is_some() { "dropped" } else { "mapped" };
        let wire =
            Wire { outcome, reason, detail, notes: self.outcome.notes(), tried: &self.tried };
        // Texts, lists and numbers only: nothing here can fail to serialise.
        serde_json::to_string(&wire).unwrap_or_default()
    }
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
