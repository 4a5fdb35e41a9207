//! Who did it: the identifiers of an event, brought to Amazon's form and hashed.

pub(crate) mod hash;
#[cfg(any(target_arch = "wasm32", test))]
mod lanes;
mod normalize;

use std::borrow::Cow;

use crate::amazon::{Identifier, MatchKey, MatchKeyType};
use crate::config::{Input, UserIdAs};
use crate::consent::words;
use crate::country::Country;
use crate::event::Event;
use crate::outcome::Note;
use crate::read::Json;
use crate::trace::{Log, Unusable};
use hash::Sha256Hex;

/// Amazon's limit for MATCH_ID, in characters; no raw id known is longer.
const MAX_RAW_CHARS: usize = 100;

/// An identifier on its way: one that is to be hashed waits for the others, for four are hashed at once.
enum Found<'e> {
    Ready(Identifier<'e>),
    ToHash(String),
}

/// The match keys of an event, one of a type, in the order of [`MatchKeyType`].
pub(crate) fn match_keys<'e>(
    event: &Event<'_, 'e>,
    country: Country,
    log: &mut Log,
) -> Vec<MatchKey<'e>> {
    let wanted = &event.plan.config.match_keys;
    let mut keys = Vec::with_capacity(wanted.len());
    let mut waiting: Vec<(usize, String)> = Vec::with_capacity(wanted.len());
    for key_type in wanted.iter().copied() {
        let value = match match_key(event, key_type, country, log) {
            Some(Found::Ready(value)) => value,
            Some(Found::ToHash(text)) => {
                waiting.push((keys.len(), text));
                Identifier::Raw(Cow::Borrowed(""))
            }
            None => continue,
        };
        keys.push(MatchKey { key_type, value });
    }
    for four in waiting.chunks(4) {
        let text = |at: usize| four.get(at).map_or("", |(_, text)| text);
        let hashes = match four {
            [(_, only)] => [Sha256Hex::of(only); 4],
            _ => Sha256Hex::of_four([text(0), text(1), text(2), text(3)]),
        };
        for ((at, _), hash) in four.iter().zip(hashes) {
            if let Some(key) = keys.get_mut(*at) {
                key.value = Identifier::Hash(hash);
            }
        }
    }
    keys
}

/// Whether these keys name somebody: names and places support a match, and alone are nobody.
pub(crate) fn identify_somebody(keys: &[MatchKey<'_>]) -> bool {
    use MatchKeyType::{City, FirstName, LastName, Postal, State};
    keys.iter().any(|key| !matches!(key.key_type, FirstName | LastName | City | State | Postal))
}

fn match_key<'e>(
    event: &Event<'_, 'e>,
    key_type: MatchKeyType,
    country: Country,
    log: &mut Log,
) -> Option<Found<'e>> {
    use normalize as n;
    let mut hashed = |input, normalise: &dyn Fn(&str) -> Option<String>| {
        event.first(input, key_type.as_str(), log, |value, log| hashed_key(value, normalise, log))
    };
    match key_type {
        MatchKeyType::Email => {
            hashed(Input::Email, &n::email).or_else(|| email_from_user_id(event, log))
        }
        MatchKeyType::Phone => hashed(Input::Phone, &|text| n::phone(text, country)),
        MatchKeyType::FirstName => hashed(Input::FirstName, &n::name),
        MatchKeyType::LastName => hashed(Input::LastName, &n::name),
        MatchKeyType::Address => hashed(Input::Address, &n::address),
        MatchKeyType::City => hashed(Input::City, &n::city),
        MatchKeyType::State => hashed(Input::State, &|text| n::state(text, country)),
        MatchKeyType::Postal => hashed(Input::Postal, &n::postal),
        MatchKeyType::Maid => mobile_ad_id(event, log),
        MatchKeyType::MatchId => raw(event, Input::MatchId, key_type, log, is_raw_id)
            .or_else(|| match_id_from_user_id(event, log)),
        MatchKeyType::RampId => raw(event, Input::RampId, key_type, log, is_raw_id),
        MatchKeyType::RealId => raw(event, Input::RealId, key_type, log, is_raw_id),
        MatchKeyType::MerkleId => raw(event, Input::MerkleId, key_type, log, is_raw_id),
        MatchKeyType::KantarId => raw(event, Input::KantarId, key_type, log, is_raw_id),
        MatchKeyType::Fip => {
            raw(event, Input::Fip, key_type, log, |text| text.parse::<std::net::IpAddr>().is_ok())
        }
    }
}

/// The identifier in a value: a text, or a number as text. Anything else, and placeholders, are junk.
fn identifier<'v>(value: &'v Json<'_>, log: &mut Log) -> Result<&'v str, Unusable> {
    match value.text_or_number() {
        Some(text) if !normalize::is_placeholder(text) => Ok(text),
        _ => junk(log),
    }
}

fn junk<T>(log: &mut Log) -> Result<T, Unusable> {
    log.note(Note::JunkIdentifier);
    Err(Unusable::Junk)
}

fn hashed_key<'e>(
    value: &Json<'_>,
    normalise: &dyn Fn(&str) -> Option<String>,
    log: &mut Log,
) -> Result<Found<'e>, Unusable> {
    let text = identifier(value, log)?;
    match Sha256Hex::read(text) {
        Some(hash) if hash.is_nobody() => junk(log),
        Some(hash) => Ok(Found::Ready(Identifier::Hash(hash))),
        None => match normalise(text) {
            Some(normalised) => Ok(Found::ToHash(normalised)),
            None => junk(log),
        },
    }
}

/// The starter kit's rule: where there is no address, the user id is hashed in its place.
fn email_from_user_id<'e>(event: &Event<'_, 'e>, log: &mut Log) -> Option<Found<'e>> {
    let only_address = match event.plan.config.user_id_as {
        UserIdAs::Email => false,
        UserIdAs::EmailIfAddress => true,
        UserIdAs::MatchId | UserIdAs::None => return None,
    };
    event.first(Input::UserId, MatchKeyType::Email.as_str(), log, |value, log| {
        let text = identifier(value, log)?;
        if Sha256Hex::read(text).is_some() || normalize::email(text).is_some() {
            return hashed_key(value, &normalize::email, log);
        }
        if only_address {
            return Err(Unusable::NotAnAddress);
        }
        log.note(Note::UserIdNotAnAddress);
        Ok(Found::ToHash(text.to_lowercase()))
    })
}

fn match_id_from_user_id<'e>(event: &Event<'_, 'e>, log: &mut Log) -> Option<Found<'e>> {
    if event.plan.config.user_id_as == UserIdAs::MatchId {
        raw(event, Input::UserId, MatchKeyType::MatchId, log, is_raw_id)
    } else {
        None
    }
}

/// Raw keys leave as they are, so nothing may pass for one that names a person to anybody: an address has an `@`, a name
/// has blanks.
fn is_raw_id(text: &str) -> bool {
    text.chars().count() <= MAX_RAW_CHARS && !text.contains(|c: char| c == '@' || c.is_whitespace())
}

fn mobile_ad_id<'e>(event: &Event<'_, 'e>, log: &mut Log) -> Option<Found<'e>> {
    let tracking = event.value(&event.plan.fixed.ad_tracking);
    if tracking.is_some_and(|value| words::truth(value) == Some(false)) {
        if event.value(event.plan.input(Input::Maid)).is_some() {
            log.note(Note::AdTrackingDisabled);
        }
        return None;
    }
    raw(event, Input::Maid, MatchKeyType::Maid, log, is_raw_id)
}

fn raw<'e>(
    event: &Event<'_, 'e>,
    input: Input,
    key_type: MatchKeyType,
    log: &mut Log,
    is_valid: impl Fn(&str) -> bool,
) -> Option<Found<'e>> {
    event.first(input, key_type.as_str(), log, |value, log| {
        let text = identifier(value, log)?;
        match value.kept_text_or_number() {
            Some(kept) if is_valid(text) => Ok(Found::Ready(Identifier::Raw(kept))),
            _ => junk(log),
        }
    })
}
