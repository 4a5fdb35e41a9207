//! Fields of so many bits in URL-safe base64, the common ground of TCF and GPP strings.

/// Reads fields from the left. Every step answers nothing past the end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bits<'t> {
    text: &'t [u8],
    at: usize,
}

impl<'t> Bits<'t> {
    /// Nothing if a character is not of the alphabet (RFC 4648 section 5, without padding).
    pub(super) fn new(text: &'t str) -> Option<Self> {
        let text = text.as_bytes();
        text.iter().all(|byte| sextet(*byte).is_some()).then_some(Bits { text, at: 0 })
    }

    /// An unsigned number of `width` bits, at most 32.
    pub(super) fn number(&mut self, width: usize) -> Option<u32> {
        let mut number = 0;
        for _ in 0..width {
            number = number << 1 | u32::from(self.bit()?);
        }
        Some(number)
    }

    pub(super) fn bit(&mut self) -> Option<bool> {
        let value = sextet(*self.text.get(self.at / 6)?)?;
        let bit = value >> (5 - self.at % 6) & 1 == 1;
        self.at += 1;
        Some(bit)
    }

    /// Whether nothing but zeros is left, and no more of them than fill up bytes and groups of base64.
    pub(super) fn is_padding(&mut self) -> bool {
        let left = (self.text.len() * 6).checked_sub(self.at);
        left.is_some_and(|left| left < 24 && self.number(left) == Some(0))
    }

    /// Whether the text has at least so many bits.
    pub(super) fn has(&self, bits: usize) -> bool {
        self.text.len() * 6 >= bits
    }

    pub(super) fn skip(&mut self, width: usize) {
        self.at = self.at.saturating_add(width);
    }

    /// A number in Fibonacci coding: the sum of the Fibonacci numbers whose bits are set, ended by a second 1 in a row
    /// (IAB GPP, "Fibonacci Integer").
    pub(super) fn fibonacci(&mut self) -> Option<u32> {
        let (mut sum, mut previous_bit) = (0_u32, false);
        let (mut this, mut next) = (1_u32, 2_u32);
        loop {
            let bit = self.bit()?;
            if bit && previous_bit {
                return Some(sum);
            }
            if bit {
                sum = sum.checked_add(this)?;
            }
            (this, next) = (next, this.checked_add(next)?);
            previous_bit = bit;
        }
    }
}

fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'-' => Some(62),
        b'_' => Some(63),
        _ => None,
    }
}
