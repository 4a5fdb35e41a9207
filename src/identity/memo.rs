//! What was made of the names and places of a batch. People share them: one that came before need be neither normalised nor
//! hashed again. Nothing of it outlives the batch.

use super::hash::Sha256Hex;
use crate::amazon::MatchKeyType;
use crate::country::Country;

/// Longer texts are not remembered: they are nearly all somebody's own.
const LONGEST: usize = 32;
/// How many may be remembered; one whose place is taken takes it over.
const ROOM: usize = 1024;
/// After so many texts it is worth it to begin: a single event has fewer.
const ENOUGH: u32 = 16;

/// Everything that the hash of an identifier depends on.
#[derive(Debug, Clone, Copy)]
struct Key {
    /// The text as it came: its beginning and its end, which together are all of it.
    words: [u64; 4],
    length: usize,
    of: MatchKeyType,
    country: Country,
}

impl Key {
    fn new(text: &str, of: MatchKeyType, country: Country) -> Option<Self> {
        let is_short = text.len() <= LONGEST;
        is_short.then(|| Key { words: words(text.as_bytes()), length: text.len(), of, country })
    }

    /// (Compared as a whole they would cost a call.)
    #[inline]
    fn is(&self, other: &Self) -> bool {
        let differences = self.words.iter().zip(&other.words).fold(0, |all, (a, b)| all | (a ^ b));
        differences == 0
            && self.length == other.length
            && self.of == other.of
            && self.country == other.country
    }

    #[expect(clippy::cast_possible_truncation, reason = "some bits")]
    fn place(&self) -> usize {
        let mixed = self.words.iter().fold(self.of as u64, |mixed, word| {
            (mixed.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        });
        (mixed >> (u64::BITS - ROOM.ilog2())) as usize
    }
}

/// The first and the last bytes of a text, up to sixteen of each. (They are read from where they stand: written together and
/// read again, the processor would wait for them.)
#[inline(always)]
fn words(text: &[u8]) -> [u64; 4] {
    let four = |bytes: &[u8; 4]| u64::from(u32::from_le_bytes(*bytes));
    if let (Some(first), Some(last)) = (text.first_chunk::<16>(), text.last_chunk::<16>()) {
        let ([a, b], [c, d]) = (halves(first), halves(last));
        [a, b, c, d]
    } else if let (Some(first), Some(last)) = (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        [u64::from_le_bytes(*first), u64::from_le_bytes(*last), 0, 0]
    } else if let (Some(first), Some(last)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        [four(first) | four(last) << 32, 0, 0, 0]
    } else {
        [text.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)), 0, 0, 0]
    }
}

#[expect(clippy::cast_possible_truncation, reason = "both halves are taken")]
fn halves(bytes: &[u8; 16]) -> [u64; 2] {
    let number = u128::from_le_bytes(*bytes);
    [number as u64, (number >> 64) as u64]
}

/// What is remembered.
#[derive(Debug, Default)]
pub(super) struct Memo {
    known: Vec<Known>,
    /// By [`Key::place`] where it is among them, counted from 1, or 0: they are few, and stand together.
    places: Vec<u16>,
    /// How many texts were asked for.
    turn: u32,
}

#[derive(Debug, Clone)]
struct Known {
    key: Key,
    /// By [`Memo::turn`], when it was taken up.
    turn: u32,
    hash: Option<Sha256Hex>,
}

/// What is to be remembered when its hash is there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pending {
    at: usize,
    turn: u32,
}

/// What is remembered of a text.
pub(super) enum Recall {
    /// The place of its hash, for [`Memo::hash`].
    Known(usize),
    /// Nothing yet; [`Memo::put`] takes its hash, if it is worth it.
    Nothing(Option<Pending>),
}

impl Memo {
    /// The hash of such a text, if it came before; else it is taken up.
    pub(super) fn recall(
        &mut self,
        text: &str,
        key_type: MatchKeyType,
        country: Country,
    ) -> Recall {
        use MatchKeyType::{City, FirstName, LastName, Postal, State};
        // Others are somebody's own.
        let is_shared = matches!(key_type, FirstName | LastName | City | State | Postal);
        if !is_shared {
            return Recall::Nothing(None);
        }
        if self.places.is_empty() {
            self.turn += 1;
            if self.turn < ENOUGH {
                return Recall::Nothing(None);
            }
            self.places = vec![0; ROOM];
        }
        let Some(key) = Key::new(text, key_type, country) else { return Recall::Nothing(None) };
        let Some(place) = self.places.get_mut(key.place()) else { return Recall::Nothing(None) };
        let at = usize::from(*place).wrapping_sub(1);
        self.turn = self.turn.wrapping_add(1);
        let new = Known { key, turn: self.turn, hash: None };
        match self.known.get_mut(at) {
            Some(known) if known.key.is(&new.key) && known.hash.is_some() => {
                return Recall::Known(at);
            }
            Some(known) => *known = new,
            None => {
                self.known.push(new);
                *place = u16::try_from(self.known.len()).unwrap_or(0);
            }
        }
        let at = usize::from(*place).wrapping_sub(1);
        Recall::Nothing(Some(Pending { at, turn: self.turn }))
    }

    /// The hash that was recalled last from that place.
    pub(super) fn hash(&self, at: usize) -> Option<Sha256Hex> {
        self.known.get(at)?.hash
    }

    /// Remembers a hash, unless another text has taken the place meanwhile.
    pub(super) fn put(&mut self, pending: Pending, hash: Sha256Hex) {
        if let Some(known) = self.known.get_mut(pending.at)
            && known.turn == pending.turn
        {
            known.hash = Some(hash);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_the_same_key_if_they_are_the_same() {
        let country = Country::recognise("US").unwrap();
        let key = |text: &str| Key::new(text, MatchKeyType::City, country);
        for length in 0..=LONGEST {
            let text: String = ('a'..='z').cycle().take(length).collect();
            assert!(key(&text).unwrap().is(&key(&text.clone()).unwrap()));
            for at in 0..length {
                let mut other = text.clone();
                other.replace_range(at..=at, "-");
                assert!(!key(&text).unwrap().is(&key(&other).unwrap()), "{other}");
            }
            if let Some(longer) = key(&format!("{text}\0")) {
                assert!(!key(&text).unwrap().is(&longer));
            }
        }
        assert!(key(&"a".repeat(LONGEST + 1)).is_none());
    }
}
