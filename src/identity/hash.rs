//! SHA-256 (FIPS 180-4), as Amazon takes identifiers: 64 lower-case hex digits of the UTF-8 bytes.

use std::fmt;

use sha2::{Digest, Sha256};

/// The hash of the empty text. It stands for nobody, and is never sent.
const OF_NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// A SHA-256 in 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Sha256Hex(pub(super) [u8; 64]);

impl Sha256Hex {
    /// Stands for one that [`super::Hashing`] has yet to make.
    pub(crate) const TO_COME: Self = Sha256Hex([0; 64]);

    pub(crate) fn is_to_come(&self) -> bool {
        let [first, ..] = self.0;
        first == 0
    }

    /// The hash of a text.
    pub(crate) fn of(text: &[u8]) -> Self {
        let digest = Sha256::digest(text);
        let digit = |nibble: u8| DIGITS.get(usize::from(nibble & 15)).copied().unwrap_or(b'0');
        let mut hex = [0; 64];
        let (pairs, _) = hex.as_chunks_mut::<2>();
        for (pair, byte) in pairs.iter_mut().zip(digest) {
            *pair = [digit(byte >> 4), digit(byte)];
        }
        Sha256Hex(hex)
    }

    /// Puts the hashes of up to four texts there, which together cost little more than one.
    pub(crate) fn of_four(texts: [&[u8]; 4], hexes: &mut [[u8; 64]; 4]) {
        #[cfg(target_arch = "wasm32")]
        if super::lanes::sha256_hex(texts, hexes) {
            return;
        }
        *hexes = texts.map(|text| Self::of(text).0);
    }

    /// A value that is already a hash (64 hex digits in either case), lower-cased; it is never hashed again.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let digits: [u8; 64] = text.as_bytes().try_into().ok()?;
        let is_hash = digits.iter().all(u8::is_ascii_hexdigit);
        is_hash.then(|| Sha256Hex(digits.map(|digit| digit.to_ascii_lowercase())))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Hex digits are UTF-8.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// As [`Sha256Hex::as_str`], with the length that each of them has.
    pub(crate) fn digits(&self) -> &[u8; 64] {
        &self.0
    }

    /// Whether it cannot be anybody's: of the empty text, or all zeros.
    pub(crate) fn is_nobody(&self) -> bool {
        self.as_str() == OF_NOTHING || self.0.iter().all(|digit| *digit == b'0')
    }
}

impl fmt::Debug for Sha256Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_lower_case_hex() {
        assert_eq!(Sha256Hex::of(b"").as_str(), OF_NOTHING);
        assert_eq!(
            Sha256Hex::of(b"abc@example.com").as_str(),
            "9eceb13483d7f187ec014fd6d4854d1420cfc634328af85f51d0323ba8622e21"
        );
    }

    #[test]
    fn four_at_once_are_what_sha2_makes_of_each_at_every_length() {
        let text: Vec<u8> = (1..=u8::MAX).collect();
        for length in 0..80_usize {
            let texts = [0, 1, 7, 60].map(|less: usize| {
                text.get(less..less + length.saturating_sub(less)).unwrap_or_default()
            });
            let mut hexes = [[0; 64]; 4];
            if super::super::lanes::sha256_hex(texts, &mut hexes) {
                assert_eq!(hexes.map(Sha256Hex), texts.map(Sha256Hex::of), "{length}");
            } else {
                assert!(length > 55);
            }
        }
    }
}
