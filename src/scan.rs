//! Search for bytes, many at once: sixteen where WebAssembly has vectors, eight in a word elsewhere.

use std::hint::black_box;

/// How many bytes there are in front of the first that means something within a JSON string: a quote, a backslash, or a
/// control character.
#[inline(always)]
pub(crate) fn plain_length(bytes: &[u8]) -> usize {
    // Most texts end within the first chunk.
    if let Some(first) = bytes.first_chunk() {
        let marks = Special::known().0.marks(*first);
        if marks != 0 {
            return chunk::first(marks);
        }
    }
    long_plain_length(bytes)
}

/// What a JSON string is looked through for, made once for many strings.
#[derive(Clone, Copy)]
pub(crate) struct Special(chunk::Special);

impl Special {
    #[inline(always)]
    fn known() -> Self {
        Special(chunk::Special::of(b'"', b'\\', 0x1f))
    }

    /// Hidden from the compiler: V8 puts a constant vector together anew at each use, which takes as long as the search.
    #[inline(always)]
    pub(crate) fn hidden() -> Self {
        let [quote, backslash, control] = black_box([b'"', b'\\', 0x1f]);
        Special(chunk::Special::of(quote, backslash, control))
    }

    /// How many bytes there are in front of the first of them; nothing if there is none. (Without a call, which would take what is
    /// in registers out of them.)
    #[inline(always)]
    pub(crate) fn first(self, bytes: &[u8]) -> Option<usize> {
        let Some(chunk) = bytes.first_chunk() else { return first_of_few(bytes, 0) };
        let marks = self.0.marks(*chunk);
        // Most texts end within the first chunk.
        if marks != 0 {
            return Some(chunk::first(marks));
        }
        let mut at = chunk::SIZE;
        while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
            let marks = self.0.marks(*chunk);
            if marks != 0 {
                return Some(at + chunk::first(marks));
            }
            at += chunk::SIZE;
        }
        first_of_few(bytes, at)
    }
}

#[inline(always)]
fn first_of_few(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    while let Some(byte) = bytes.get(at) {
        if is_special(*byte) {
            return Some(at);
        }
        at += 1;
    }
    None
}

fn is_special(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | 0..=0x1f)
}

#[inline(never)]
fn long_plain_length(bytes: &[u8]) -> usize {
    Special::hidden().first(bytes).unwrap_or(bytes.len())
}

/// The parts of a text between these characters, which must be ASCII.
pub(crate) fn split(text: &str, byte: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let (part, behind) = rest?.split_at_checked(length_until(rest?.as_bytes(), byte))?;
        rest = behind.get(1..);
        Some(part)
    })
}

/// Whether two short texts are the same. (For that alone the compiler would call a loop over single bytes.)
#[inline(always)]
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    match (a.first_chunk::<8>(), b.first_chunk::<8>(), a.last_chunk::<8>(), b.last_chunk::<8>()) {
        (Some(a8), Some(b8), Some(a_end), Some(b_end)) => {
            a8 == b8 && a_end == b_end && (a.len() <= 16 || a == b)
        }
        _ => match (
            a.first_chunk::<4>(),
            b.first_chunk::<4>(),
            a.last_chunk::<4>(),
            b.last_chunk::<4>(),
        ) {
            (Some(a4), Some(b4), Some(a_end), Some(b_end)) => a4 == b4 && a_end == b_end,
            _ => a.iter().eq(b),
        },
    }
}

/// How many bytes there are in front of the first such byte.
pub(crate) fn length_until(bytes: &[u8], byte: u8) -> usize {
    length_without(bytes, |bytes| chunk::equal(bytes, byte), |other| other == byte)
}

/// `marks` says of a chunk which of its bytes are looked for.
#[inline]
fn length_without(
    bytes: &[u8],
    marks: impl Fn([u8; chunk::SIZE]) -> chunk::Marks,
    is_one: impl Fn(u8) -> bool,
) -> usize {
    let (chunks, rest) = bytes.as_chunks();
    for (index, bytes) in chunks.iter().enumerate() {
        let marks = marks(*bytes);
        if marks != 0 {
            return index * chunk::SIZE + chunk::first(marks);
        }
    }
    chunks.len() * chunk::SIZE + rest.iter().position(|byte| is_one(*byte)).unwrap_or(rest.len())
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod chunk {
    use core::arch::wasm32::{
        u8x16_bitmask, u8x16_eq, u8x16_le, u8x16_splat, u64x2, v128, v128_or,
    };

    pub(super) const SIZE: usize = 16;
    /// A bit for each byte, the lowest for the first.
    pub(super) type Marks = u16;

    fn vector(bytes: [u8; SIZE]) -> v128 {
        let number = u128::from_le_bytes(bytes);
        u64x2(number as u64, (number >> 64) as u64)
    }

    /// Two bytes, and the highest of those that are looked for with them.
    #[derive(Clone, Copy)]
    pub(super) struct Special {
        one: v128,
        other: v128,
        highest: v128,
    }

    impl Special {
        #[inline(always)]
        pub(super) fn of(one: u8, other: u8, highest: u8) -> Self {
            let [one, other, highest] = [one, other, highest].map(|byte| u8x16_splat(byte));
            Special { one, other, highest }
        }

        /// Which of the bytes are looked for.
        #[inline(always)]
        pub(super) fn marks(self, bytes: [u8; SIZE]) -> Marks {
            let bytes = vector(bytes);
            let either = v128_or(u8x16_eq(bytes, self.one), u8x16_eq(bytes, self.other));
            u8x16_bitmask(v128_or(either, u8x16_le(bytes, self.highest)))
        }
    }

    pub(super) fn equal(bytes: [u8; SIZE], byte: u8) -> Marks {
        u8x16_bitmask(u8x16_eq(vector(bytes), u8x16_splat(byte)))
    }

    pub(super) fn first(marks: Marks) -> usize {
        marks.trailing_zeros() as usize
    }
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod chunk {
    pub(super) const SIZE: usize = 8;
    /// The highest bit of each byte. The lowest mark is the first byte and always true; those above it may be carried over.
    pub(super) type Marks = u64;

    const ONES: u64 = u64::from_ne_bytes([1; SIZE]);
    const HIGHS: u64 = ONES << 7;

    fn zeros(word: u64) -> u64 {
        word.wrapping_sub(ONES) & !word
    }

    /// Two bytes, and the highest of those that are looked for with them, in each byte of a word.
    #[derive(Clone, Copy)]
    pub(super) struct Special {
        one: u64,
        other: u64,
        above: u64,
    }

    impl Special {
        #[inline(always)]
        pub(super) fn of(one: u8, other: u8, highest: u8) -> Self {
            let [one, other, highest] = [one, other, highest].map(|byte| ONES * u64::from(byte));
            Special { one, other, above: highest + ONES }
        }

        /// Which of the bytes are looked for.
        #[inline(always)]
        pub(super) fn marks(self, bytes: [u8; SIZE]) -> Marks {
            let word = u64::from_le_bytes(bytes);
            let low = word.wrapping_sub(self.above) & !word;
            (zeros(word ^ self.one) | zeros(word ^ self.other) | low) & HIGHS
        }
    }

    pub(super) fn equal(bytes: [u8; SIZE], byte: u8) -> Marks {
        zeros(u64::from_le_bytes(bytes) ^ (ONES * u64::from(byte))) & HIGHS
    }

    pub(super) fn first(marks: Marks) -> usize {
        marks.trailing_zeros() as usize / 8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_found_wherever_it_stands() {
        for byte in 0..=u8::MAX {
            for length in 0..40 {
                for place in 0..length {
                    let mut bytes = vec![b'x'; length];
                    bytes.iter_mut().skip(place).take(1).for_each(|at| *at = byte);
                    let is_special = matches!(byte, b'"' | b'\\' | 0..=0x1f);
                    assert_eq!(plain_length(&bytes), if is_special { place } else { length });
                    assert_eq!(
                        length_until(&bytes, b'\n'),
                        if byte == b'\n' { place } else { length }
                    );
                }
            }
        }
    }
}
