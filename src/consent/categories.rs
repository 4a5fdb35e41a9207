//! Consent by category: opt-out maps (MetaRouter), category preferences (Segment), lists of ids (RudderStack), group
//! strings (OneTrust), and Google's consent mode.

use super::{Flags, Signal, words};
use crate::config::ConsentConfig;
use crate::read::Json;

/// Lets a category speak for the flags that it is named for; a no wins.
fn add(config: &ConsentConfig, flags: &mut Flags, name: &str, signal: Signal) {
    let name = name.trim();
    let lower = if name.is_ascii() { None } else { Some(name.to_lowercase()) };
    // In lower case they are wanted.
    let is_called = |wanted: &String| match &lower {
        None => wanted.len() == name.len() && wanted.eq_ignore_ascii_case(name),
        Some(lower) => wanted == lower,
    };
    let says = |wanted: &[String]| {
        if wanted.iter().any(is_called) { signal } else { Signal::Unknown }
    };
    *flags = flags.joined(Flags {
        user_data: says(&config.user_data_categories),
        ad_storage: says(&config.ad_storage_categories),
    });
}

fn map(config: &ConsentConfig, value: Json<'_>, word: fn(Json<'_>) -> Signal) -> Flags {
    let mut flags = Flags::UNKNOWN;
    value.each_member(&mut |name, value| add(config, &mut flags, &name, word(value)));
    flags
}

/// `{ "advertising": true }`: opted out.
pub(super) fn opt_out_map(config: &ConsentConfig, value: Json<'_>) -> Flags {
    map(config, value, words::opt_out)
}

/// `{ "Advertising": true }`: consented.
pub(super) fn preferences(config: &ConsentConfig, value: Json<'_>) -> Flags {
    map(config, value, words::consent)
}

/// A list of category ids that are all allowed, or all denied.
pub(super) fn ids(config: &ConsentConfig, value: Json<'_>, signal: Signal) -> Flags {
    let mut flags = Flags::UNKNOWN;
    for id in value.elements().into_iter().filter_map(Json::text_or_number) {
        add(config, &mut flags, &id, signal);
    }
    flags
}

/// `,C0001,C0004,` lists the active groups, so a group that is not in it is inactive; `groups=C0001:1,C0004:0`, perhaps
/// inside a whole cookie value, says both.
pub(super) fn one_trust(config: &ConsentConfig, value: Json<'_>) -> Flags {
    let Some(text) = value.rare_text() else { return Flags::UNKNOWN };
    let groups = text.split('&').find_map(|part| part.trim().strip_prefix("groups="));
    let list = groups
        .unwrap_or(&text)
        .replace("%2C", ",")
        .replace("%2c", ",")
        .replace("%3A", ":")
        .replace("%3a", ":");
    let mut listed = Flags::UNKNOWN;
    for entry in list.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
        let (name, signal) = match entry.split_once(':') {
            Some((name, "1")) => (name, Signal::Granted),
            Some((name, "0")) => (name, Signal::Denied),
            Some(_) => continue,
            None => (entry, Signal::Granted),
        };
        add(config, &mut listed, name, signal);
    }
    let is_active_list =
        groups.is_none() && text.starts_with(',') && text.ends_with(',') && !list.contains(':');
    if is_active_list { listed.or_unknown(Signal::Denied) } else { listed }
}

/// Google consent mode: `{ "ad_storage": "granted", "ad_user_data": "denied" }`.
pub(super) fn google(value: Json<'_>) -> Flags {
    let flag = |name| value.member(name).map_or(Signal::Unknown, |word| words::consent(word));
    Flags { user_data: flag("ad_user_data"), ad_storage: flag("ad_storage") }
}
