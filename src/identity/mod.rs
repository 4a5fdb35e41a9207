//! Who did it: the identifiers of an event, brought to Amazon's form and hashed.

pub(crate) mod hash;
#[cfg(any(target_arch = "wasm32", test))]
mod lanes;
mod memo;
mod normalize;

use std::borrow::Cow;
use std::ops::Range;

use crate::amazon::{AmazonEvent, Identifier, MatchKey, MatchKeyType};
use crate::config::{Input, UserIdAs};
use crate::consent::words;
use crate::country::Country;
use crate::event::Event;
use crate::ip_address::is_ip_address;
use crate::log::{Log, Unusable};
use crate::outcome::Note;
use crate::read::Json;
use crate::write::Writer;
use hash::Sha256Hex;
use memo::{Memo, Pending, Recall};

/// Amazon's limit for MATCH_ID, in characters; no raw id known is longer.
const MAX_RAW_CHARS: usize = 100;

/// An identifier on its way.
enum Found<'e> {
    Raw(Cow<'e, str>),
    /// It came as a hash. (In a box: that is rare, and a hash is large.)
    Hash(Box<Sha256Hex>),
    /// The memo has its hash, there.
    Known(usize),
    /// Its normalised text was appended to the waiting ones.
    ToHash(Option<Pending>),
}

/// Identifiers in Amazon's form that wait to be hashed. Four are hashed at once, and not every event has four: those of
/// some events are collected, and then all get their hashes.
#[derive(Debug)]
pub(crate) struct Hashing {
    /// The texts, one behind the other.
    texts: Vec<u8>,
    waiting: Vec<Waiting>,
    memo: Memo,
}

#[derive(Debug)]
struct Waiting {
    text: Range<usize>,
    pending: Option<Pending>,
}

/// From so many on it is time for the hashes; more would only take memory.
const ENOUGH: usize = 64;

impl Hashing {
    pub(crate) fn new() -> Self {
        // Room for one event's: all that most callers have.
        let (texts, waiting) = (Vec::with_capacity(256), Vec::with_capacity(8));
        Hashing { texts, waiting, memo: Memo::default() }
    }

    /// Forgets everything that came before.
    #[cfg(feature = "wasm")]
    pub(crate) fn begin(&mut self) {
        self.texts.clear();
        self.waiting.clear();
        self.memo = Memo::default();
    }

    pub(crate) fn is_enough(&self) -> bool {
        self.waiting.len() >= ENOUGH
    }

    /// Gives an event its hashes, the only one since the last time.
    pub(crate) fn finish(&mut self, event: &mut AmazonEvent<'_>) {
        let mut to_come = event.match_keys.iter_mut().filter_map(|key| match &mut key.value {
            Identifier::Hash(hash) if hash.is_to_come() => Some(hash),
            _ => None,
        });
        self.each(&mut |_, hex| {
            if let Some(hash) = to_come.next() {
                *hash = Sha256Hex(*hex);
            }
        });
    }

    /// Gives the events that were written since the last time their hashes.
    pub(crate) fn fill(&mut self, out: &mut Writer) {
        self.each(&mut |index, hex| out.fill(index, hex));
        out.filled();
    }

    /// Hashes what waits, in order.
    fn each(&mut self, put: &mut dyn FnMut(usize, &[u8; 64])) {
        let mut hexes = [[0; 64]; 4];
        for (index, four) in self.waiting.chunks(4).enumerate() {
            let text = |at: usize| {
                let range = four.get(at).map_or(0..0, |waiting| waiting.text.clone());
                self.texts.get(range).unwrap_or_default()
            };
            match (four, &mut hexes) {
                // Alone it takes longer in a lane.
                ([_], [hex, ..]) => *hex = *Sha256Hex::of(text(0)).digits(),
                _ => Sha256Hex::of_four([text(0), text(1), text(2), text(3)], &mut hexes),
            }
            for (within, (Waiting { pending, .. }, hex)) in four.iter().zip(&hexes).enumerate() {
                if let Some(pending) = pending {
                    self.memo.put(*pending, Sha256Hex(*hex));
                }
                put(4 * index + within, hex);
            }
        }
        self.texts.clear();
        self.waiting.clear();
    }
}

/// The match keys of an event, one of a type, in the order of [`MatchKeyType`]; nothing if they identify nobody. Those to
/// be hashed are [`Sha256Hex::TO_COME`].
pub(crate) fn match_keys<'e>(
    event: &Event<'_, 'e>,
    country: Country,
    hashing: &mut Hashing,
    log: &mut Log,
) -> Option<Vec<MatchKey<'e>>> {
    // More are rare.
    let mut keys = Vec::with_capacity(8);
    let before = hashing.waiting.len();
    for (key_type, bits) in event.plan.match_keys.iter().copied() {
        if !event.slots.may_have(bits) {
            continue;
        }
        let start = hashing.texts.len();
        let value = match match_key(event, key_type, country, hashing, log) {
            Some(Found::Raw(text)) => Identifier::Raw(text),
            Some(Found::Hash(hash)) => Identifier::Hash(*hash),
            Some(Found::Known(place)) => match hashing.memo.hash(place) {
                Some(hash) => Identifier::Hash(hash),
                None => continue,
            },
            Some(Found::ToHash(pending)) => {
                hashing.waiting.push(Waiting { text: start..hashing.texts.len(), pending });
                Identifier::Hash(Sha256Hex::TO_COME)
            }
            None => continue,
        };
        keys.push(MatchKey { key_type, value });
    }
    if identify_somebody(&keys) {
        Some(keys)
    } else {
        hashing.waiting.truncate(before);
        None
    }
}

/// Whether these keys name somebody: names and places support a match, and alone are nobody.
fn identify_somebody(keys: &[MatchKey<'_>]) -> bool {
    keys.iter().any(|key| identifies(key.key_type))
}

/// Whether a key of that type names somebody by itself.
pub(crate) fn identifies(key_type: MatchKeyType) -> bool {
    use MatchKeyType::{City, FirstName, LastName, Postal, State};
    !matches!(key_type, FirstName | LastName | City | State | Postal)
}

/// What feeds a match key. (The user id may stand in for EMAIL and MATCH_ID.)
pub(crate) fn input_of(key_type: MatchKeyType) -> Input {
    match key_type {
        MatchKeyType::Email => Input::Email,
        MatchKeyType::Phone => Input::Phone,
        MatchKeyType::FirstName => Input::FirstName,
        MatchKeyType::LastName => Input::LastName,
        MatchKeyType::Address => Input::Address,
        MatchKeyType::City => Input::City,
        MatchKeyType::State => Input::State,
        MatchKeyType::Postal => Input::Postal,
        MatchKeyType::Maid => Input::Maid,
        MatchKeyType::MatchId => Input::MatchId,
        MatchKeyType::RampId => Input::RampId,
        MatchKeyType::RealId => Input::RealId,
        MatchKeyType::MerkleId => Input::MerkleId,
        MatchKeyType::KantarId => Input::KantarId,
        MatchKeyType::Fip => Input::Fip,
    }
}

fn match_key<'e>(
    event: &Event<'_, 'e>,
    key_type: MatchKeyType,
    country: Country,
    hashing: &mut Hashing,
    log: &mut Log,
) -> Option<Found<'e>> {
    use normalize as n;
    let input = input_of(key_type);
    let mut hashed = |normalise: &dyn Fn(&str, &mut Vec<u8>) -> bool| {
        event.first(input, key_type.as_str(), log, |value, log| {
            let text = identifier(value, log)?;
            match hashing.memo.recall(&text, key_type, country) {
                Recall::Known(at) => Ok(Found::Known(at)),
                Recall::Nothing(pending) => {
                    hashed_key(&text, normalise, pending, &mut hashing.texts, log)
                }
            }
        })
    };
    match key_type {
        MatchKeyType::Email => {
            hashed(&n::email).or_else(|| email_from_user_id(event, &mut hashing.texts, log))
        }
        MatchKeyType::Phone => hashed(&|text, out| n::phone(text, country, out)),
        MatchKeyType::FirstName | MatchKeyType::LastName => hashed(&n::name),
        MatchKeyType::Address => hashed(&n::address),
        MatchKeyType::City => hashed(&n::city),
        MatchKeyType::State => hashed(&|text, out| n::state(text, country, out)),
        MatchKeyType::Postal => hashed(&n::postal),
        MatchKeyType::Maid
        | MatchKeyType::MatchId
        | MatchKeyType::RampId
        | MatchKeyType::RealId
        | MatchKeyType::MerkleId
        | MatchKeyType::KantarId
        | MatchKeyType::Fip => raw_key(event, key_type, log),
    }
}

/// A key that Amazon takes as it is.
#[inline(never)]
fn raw_key<'e>(event: &Event<'_, 'e>, key_type: MatchKeyType, log: &mut Log) -> Option<Found<'e>> {
    let input = input_of(key_type);
    match key_type {
        MatchKeyType::Maid => mobile_ad_id(event, log),
        MatchKeyType::MatchId => raw(event, input, key_type, log, is_raw_id)
            .or_else(|| match_id_from_user_id(event, log)),
        MatchKeyType::Fip => raw(event, input, key_type, log, is_ip_address),
        _ => raw(event, input, key_type, log, is_raw_id),
    }
}

/// The identifier in a value: a text, or a number as text. Anything else, and placeholders, are junk.
#[inline(always)]
fn identifier<'e>(value: Json<'e>, log: &mut Log) -> Result<Cow<'e, str>, Unusable> {
    match value.text_or_number() {
        Some(text) if !normalize::is_placeholder(&text) => Ok(text),
        _ => junk(log),
    }
}

#[cold]
fn junk<T>(log: &mut Log) -> Result<T, Unusable> {
    log.note(Note::JunkIdentifier);
    Err(Unusable::Junk)
}

fn hashed_key<'e>(
    text: &str,
    normalise: &dyn Fn(&str, &mut Vec<u8>) -> bool,
    pending: Option<Pending>,
    texts: &mut Vec<u8>,
    log: &mut Log,
) -> Result<Found<'e>, Unusable> {
    match Sha256Hex::read(text) {
        Some(hash) if hash.is_nobody() => return junk(log),
        Some(hash) => return Ok(Found::Hash(Box::new(hash))),
        None => {}
    }
    if normalise(text, texts) { Ok(Found::ToHash(pending)) } else { junk(log) }
}

/// The starter kit's rule: where there is no address, the user id is hashed in its place.
fn email_from_user_id<'e>(
    event: &Event<'_, 'e>,
    texts: &mut Vec<u8>,
    log: &mut Log,
) -> Option<Found<'e>> {
    let only_address = match event.plan.config.user_id_as {
        UserIdAs::Email => false,
        UserIdAs::EmailIfAddress => true,
        UserIdAs::MatchId | UserIdAs::None => return None,
    };
    event.first(Input::UserId, MatchKeyType::Email.as_str(), log, |value, log| {
        let text = identifier(value, log)?;
        if Sha256Hex::read(&text).is_some() {
            return hashed_key(&text, &normalize::email, None, texts, log);
        }
        if normalize::email(&text, texts) {
            return Ok(Found::ToHash(None));
        }
        if only_address {
            return Err(Unusable::NotAnAddress);
        }
        log.note(Note::UserIdNotAnAddress);
        texts.extend(text.to_lowercase().as_bytes());
        Ok(Found::ToHash(None))
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
    is_valid: fn(&str) -> bool,
) -> Option<Found<'e>> {
    event.first(input, key_type.as_str(), log, |value, log| {
        let text = identifier(value, log)?;
        if is_valid(&text) { Ok(Found::Raw(text)) } else { junk(log) }
    })
}
