//! Consent by category: opt-out maps (MetaRouter), category preferences (Segment), lists of ids (RudderStack), group
//! strings (OneTrust), and Google's consent mode.

use super::{Flags, Signal, words};
use crate::config::ConsentConfig;
use crate::read::Json;

/// Gives each flag what `signal_of` says of the categories that speak for it; a no wins.
fn by_category(config: &ConsentConfig, categories: &[(String, Signal)]) -> Flags {
    let of = |wanted: &[String]| {
        let signals =
            categories.iter().filter(|(name, _)| wanted.contains(&name.trim().to_lowercase()));
        signals.fold(Signal::Unknown, |all, (_, signal)| all.joined(*signal))
    };
    Flags {
        user_data: of(&config.user_data_categories),
        ad_storage: of(&config.ad_storage_categories),
    }
}

fn map(config: &ConsentConfig, value: Json<'_>, word: fn(Json<'_>) -> Signal) -> Flags {
    let members = value.members();
    let categories: Vec<_> =
        members.into_iter().map(|(name, value)| (name.into_owned(), word(value))).collect();
    by_category(config, &categories)
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
    let categories: Vec<_> = value
        .elements()
        .iter()
        .filter_map(|id| Some((id.text_or_number()?.into_owned(), signal)))
        .collect();
    by_category(config, &categories)
}

/// `,C0001,C0004,` lists the active groups, so a group that is not in it is inactive; `groups=C0001:1,C0004:0`, perhaps
/// inside a whole cookie value, says both.
pub(super) fn one_trust(config: &ConsentConfig, value: Json<'_>) -> Flags {
    let Some(text) = value.text() else { return Flags::UNKNOWN };
    let groups = text.split('&').find_map(|part| part.trim().strip_prefix("groups="));
    let list = groups
        .unwrap_or(&text)
        .replace("%2C", ",")
        .replace("%2c", ",")
        .replace("%3A", ":")
        .replace("%3a", ":");
    let mut names: Vec<(String, Signal)> = Vec::new();
    for entry in list.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
        match entry.split_once(':') {
            Some((name, "1")) => names.push((name.to_owned(), Signal::Granted)),
            Some((name, "0")) => names.push((name.to_owned(), Signal::Denied)),
            Some(_) => {}
            None => names.push((entry.to_owned(), Signal::Granted)),
        }
    }
    let listed = by_category(config, &names);
    let is_active_list =
        groups.is_none() && text.starts_with(',') && text.ends_with(',') && !list.contains(':');
    if is_active_list { listed.or_unknown(Signal::Denied) } else { listed }
}

/// Google consent mode: `{ "ad_storage": "granted", "ad_user_data": "denied" }`.
pub(super) fn google(value: Json<'_>) -> Flags {
    let flag = |name| value.member(name).map_or(Signal::Unknown, |word| words::consent(word));
    Flags { user_data: flag("ad_user_data"), ad_storage: flag("ad_storage") }
}
