//! What the targets share: a moment, and base64url as consent strings use it.

/// 2026-11-21T00:00:00Z.
pub const NOW: i64 = 1_795_219_200_000;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Bytes as base64url without padding, so that what is mutated are the bits that mean something.
#[allow(dead_code)]
pub fn base64url(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for index in 0..=chunk.len() {
            out.push(char::from(ALPHABET[(bits >> (18 - 6 * index) & 63) as usize]));
        }
    }
    out
}

/// The bit at that place of a base64url text; nothing behind its end or in front of a foreign character.
#[allow(dead_code)]
pub fn bit(text: &str, at: usize) -> Option<bool> {
    let sextet = ALPHABET.iter().position(|letter| Some(letter) == text.as_bytes().get(at / 6))?;
    Some(sextet >> (5 - at % 6) & 1 == 1)
}
