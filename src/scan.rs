//! Search for bytes, many at once: sixteen where WebAssembly has vectors, eight in a word elsewhere.

/// How many bytes there are in front of the first that means something within a JSON string: a quote, a backslash, or a
/// control character.
#[inline(always)]
pub(crate) fn plain_length(bytes: &[u8]) -> usize {
    // Most texts end within the first chunk.
    if let Some(first) = bytes.first_chunk() {
        let marks = chunk::special(*first);
        if marks != 0 {
            return chunk::first(marks);
        }
    }
    long_plain_length(bytes)
}

#[inline(never)]
fn long_plain_length(bytes: &[u8]) -> usize {
    length_without(bytes, chunk::special, |byte| matches!(byte, b'"' | b'\\' | 0..=0x1f))
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
        u8x16_bitmask, u8x16_eq, u8x16_lt, u8x16_splat, u64x2, v128, v128_or,
    };

    pub(super) const SIZE: usize = 16;
    /// A bit for each byte, the lowest for the first.
    pub(super) type Marks = u16;

    fn vector(bytes: [u8; SIZE]) -> v128 {
        let number = u128::from_le_bytes(bytes);
        u64x2(number as u64, (number >> 64) as u64)
    }

    pub(super) fn special(bytes: [u8; SIZE]) -> Marks {
        let bytes = vector(bytes);
        let quote = u8x16_eq(bytes, u8x16_splat(b'"'));
        let backslash = u8x16_eq(bytes, u8x16_splat(b'\\'));
        let control = u8x16_lt(bytes, u8x16_splat(0x20));
        u8x16_bitmask(v128_or(v128_or(quote, backslash), control))
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

    pub(super) fn special(bytes: [u8; SIZE]) -> Marks {
        let word = u64::from_le_bytes(bytes);
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        (zeros(word ^ (ONES * u64::from(b'"'))) | zeros(word ^ (ONES * u64::from(b'\\'))) | control)
            & HIGHS
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
