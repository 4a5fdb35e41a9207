//! SHA-256, as Amazon takes identifiers: 64 lower-case hex digits of the UTF-8 bytes.

use sha2::{Digest, Sha256};

/// The hash of the empty text. It stands for nobody, and is never sent.
const OF_NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// SHA-256 in lower-case hex.
pub(crate) fn sha256_hex(text: &str) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(text.as_bytes()) {
        for nibble in [byte >> 4, byte & 15] {
            hex.push(char::from_digit(nibble.into(), 16).unwrap_or('0'));
        }
    }
    hex
}

/// A value that is already a hash (64 hex digits in either case), lower-cased; it is never hashed again.
pub(crate) fn pre_hashed(text: &str) -> Option<String> {
    let is_hash = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then(|| text.to_ascii_lowercase())
}

/// A hash that cannot be anybody's: of the empty text, or all zeros.
pub(crate) fn is_nobody(hash: &str) -> bool {
    hash == OF_NOTHING || hash.bytes().all(|byte| byte == b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_lower_case_hex() {
        assert_eq!(sha256_hex(""), OF_NOTHING);
        assert_eq!(
            sha256_hex("abc@example.com"),
            "9eceb13483d7f187ec014fd6d4854d1420cfc634328af85f51d0323ba8622e21"
        );
    }
}
