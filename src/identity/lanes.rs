//! SHA-256 (FIPS 180-4) of four short messages at once, one in each lane of a vector. A browser's or a server's WebAssembly
//! has no instruction for SHA-256, but it has vectors of four words: four identifiers cost little more than one.
//!
//! The crate sha2 is the reference, and takes what does not fit. Elsewhere it takes everything: machines have
//! instructions for SHA-256 that it uses.

use vector::{Lanes, across, add, and, hex_digits, lanes, rotate, row, shift, xor};

use crate::write;

/// The longest message of one block: 64 bytes less the bit behind it and the length.
const MAX_BYTES: usize = 55;

const INITIAL: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

const ROUNDS: [u32; 64] = [
    0x428a_2f98,
    0x7137_4491,
    0xb5c0_fbcf,
    0xe9b5_dba5,
    0x3956_c25b,
    0x59f1_11f1,
    0x923f_82a4,
    0xab1c_5ed5,
    0xd807_aa98,
    0x1283_5b01,
    0x2431_85be,
    0x550c_7dc3,
    0x72be_5d74,
    0x80de_b1fe,
    0x9bdc_06a7,
    0xc19b_f174,
    0xe49b_69c1,
    0xefbe_4786,
    0x0fc1_9dc6,
    0x240c_a1cc,
    0x2de9_2c6f,
    0x4a74_84aa,
    0x5cb0_a9dc,
    0x76f9_88da,
    0x983e_5152,
    0xa831_c66d,
    0xb003_27c8,
    0xbf59_7fc7,
    0xc6e0_0bf3,
    0xd5a7_9147,
    0x06ca_6351,
    0x1429_2967,
    0x27b7_0a85,
    0x2e1b_2138,
    0x4d2c_6dfc,
    0x5338_0d13,
    0x650a_7354,
    0x766a_0abb,
    0x81c2_c92e,
    0x9272_2c85,
    0xa2bf_e8a1,
    0xa81a_664b,
    0xc24b_8b70,
    0xc76c_51a3,
    0xd192_e819,
    0xd699_0624,
    0xf40e_3585,
    0x106a_a070,
    0x19a4_c116,
    0x1e37_6c08,
    0x2748_774c,
    0x34b0_bcb5,
    0x391c_0cb3,
    0x4ed8_aa4a,
    0x5b9c_ca4f,
    0x682e_6ff3,
    0x748f_82ee,
    0x78a5_636f,
    0x84c8_7814,
    0x8cc7_0208,
    0x90be_fffa,
    0xa450_6ceb,
    0xbef9_a3f7,
    0xc671_78f2,
];

/// Puts the digests of four messages in hex digits there; answers whether it did, which it does not if one is longer than a
/// block takes.
#[inline(never)]
pub(super) fn sha256_hex(messages: [&[u8]; 4], hexes: &mut [[u8; 64]; 4]) -> bool {
    if messages.iter().any(|message| message.len() > MAX_BYTES) {
        return false;
    }
    let mut blocks = [[0; 64]; 4];
    for (block, message) in blocks.iter_mut().zip(messages) {
        pad(block, message);
    }
    let mut schedule = [lanes([0; 4]); 16];
    let (quarters, _) = schedule.as_chunks_mut::<4>();
    for (at, words) in quarters.iter_mut().enumerate() {
        *words = across(
            blocks.each_ref().map(|block| row(block.as_chunks().0.get(at).unwrap_or(&[0; 16]))),
        );
    }
    // (In a block it would have to be stored and loaded at once.)
    let lengths = messages.map(|message| u32::try_from(8 * message.len()).unwrap_or(0));
    if let Some(word) = schedule.last_mut() {
        *word = lanes(lengths);
    }
    let mut state = INITIAL.map(|word| lanes([word; 4]));
    let [_, b, c, ..] = state;
    let mut differences = xor(b, c);
    let (sixteens, _) = ROUNDS.as_chunks::<16>();
    for (index, constants) in sixteens.iter().enumerate() {
        if index > 0 {
            expand(&mut schedule);
        }
        for (constant, words) in constants.iter().zip(&schedule) {
            differences = round(&mut state, differences, *constant, *words);
        }
    }
    for (word, initial) in state.iter_mut().zip(INITIAL) {
        *word = add(*word, lanes([initial; 4]));
    }
    let (halves, _) = state.as_chunks::<4>();
    for (half, words) in halves.iter().enumerate() {
        for (hex, row) in hexes.iter_mut().zip(across(*words)) {
            if let Some(place) = hex.as_chunks_mut::<32>().0.get_mut(half) {
                *place = hex_digits(row);
            }
        }
    }
    true
}

/// Makes zeros the one block of a short message, but for its length: its bytes, and a bit behind them.
#[inline(always)]
fn pad(block: &mut [u8; 64], message: &[u8]) {
    if let Some((text, [end, ..])) = block.split_at_mut_checked(message.len()) {
        write::copy(text, message);
        *end = 0x80;
    }
}

/// The next sixteen words of the message schedule.
fn expand(schedule: &mut [Lanes; 16]) {
    for at in 0..16 {
        let word = |ahead: usize| schedule.get((at + ahead) % 16).copied().unwrap_or(lanes([0; 4]));
        let (w1, w14) = (word(1), word(14));
        let small0 = xor(xor(rotate(w1, 7), rotate(w1, 18)), shift(w1, 3));
        let small1 = xor(xor(rotate(w14, 17), rotate(w14, 19)), shift(w14, 10));
        let next = add(add(word(0), small0), add(word(9), small1));
        if let Some(place) = schedule.get_mut(at) {
            *place = next;
        }
    }
}

/// One round. The majority of a, b and c is b but where a differs from it, and c does: the first of these differences is the other
/// one of the next round, which this answers.
#[expect(clippy::many_single_char_names, reason = "the standard's own names")]
fn round(state: &mut [Lanes; 8], b_or_c: Lanes, constant: u32, words: Lanes) -> Lanes {
    let [a, b, c, d, e, f, g, h] = *state;
    let big1 = xor(xor(rotate(e, 6), rotate(e, 11)), rotate(e, 25));
    let choice = xor(g, and(e, xor(f, g)));
    let first = add(add(add(h, big1), add(choice, lanes([constant; 4]))), words);
    let big0 = xor(xor(rotate(a, 2), rotate(a, 13)), rotate(a, 22));
    let a_or_b = xor(a, b);
    let majority = xor(b, and(a_or_b, b_or_c));
    *state = [add(first, add(big0, majority)), a, b, c, add(d, first), e, f, g];
    a_or_b
}

/// Four words that are worked on at once.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod vector {
    use core::arch::wasm32::{
        i8x16_shuffle, i8x16_swizzle, i32x4_shuffle, i64x2_shuffle, u8x16_shr, u8x16_splat, u32x4,
        u32x4_shl, u32x4_shr, u64x2, u64x2_extract_lane, v128_or,
    };
    pub(super) use core::arch::wasm32::{
        i32x4_add as add, v128 as Lanes, v128_and as and, v128_xor as xor,
    };

    pub(super) fn lanes([a, b, c, d]: [u32; 4]) -> Lanes {
        u32x4(a, b, c, d)
    }

    pub(super) fn rotate(a: Lanes, by: u32) -> Lanes {
        v128_or(u32x4_shr(a, by), u32x4_shl(a, 32 - by))
    }

    pub(super) fn shift(a: Lanes, by: u32) -> Lanes {
        u32x4_shr(a, by)
    }

    fn load(bytes: [u8; 16]) -> Lanes {
        let number = u128::from_le_bytes(bytes);
        u64x2(number as u64, (number >> 64) as u64)
    }

    fn store(vector: Lanes) -> [u8; 16] {
        let number = u128::from(u64x2_extract_lane::<1>(vector)) << 64;
        (number | u128::from(u64x2_extract_lane::<0>(vector))).to_le_bytes()
    }

    fn swapped(a: Lanes) -> Lanes {
        i8x16_shuffle::<3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12>(a, a)
    }

    pub(super) fn row(bytes: &[u8; 16]) -> Lanes {
        swapped(load(*bytes))
    }

    pub(super) fn across([a, b, c, d]: [Lanes; 4]) -> [Lanes; 4] {
        let (ab, ab_high) = (i32x4_shuffle::<0, 4, 1, 5>(a, b), i32x4_shuffle::<2, 6, 3, 7>(a, b));
        let (cd, cd_high) = (i32x4_shuffle::<0, 4, 1, 5>(c, d), i32x4_shuffle::<2, 6, 3, 7>(c, d));
        [
            i64x2_shuffle::<0, 2>(ab, cd),
            i64x2_shuffle::<1, 3>(ab, cd),
            i64x2_shuffle::<0, 2>(ab_high, cd_high),
            i64x2_shuffle::<1, 3>(ab_high, cd_high),
        ]
    }

    pub(super) fn hex_digits(row: Lanes) -> [u8; 32] {
        let digits = load(*b"0123456789abcdef");
        let bytes = swapped(row);
        let high = i8x16_swizzle(digits, u8x16_shr(bytes, 4));
        let low = i8x16_swizzle(digits, and(bytes, u8x16_splat(15)));
        let mut hex = [0; 32];
        let (halves, _) = hex.as_chunks_mut::<16>();
        let digits = [
            i8x16_shuffle::<0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23>(high, low),
            i8x16_shuffle::<8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31>(
                high, low,
            ),
        ];
        for (half, digits) in halves.iter_mut().zip(digits) {
            *half = store(digits);
        }
        hex
    }
}

/// The same without vectors, to hold the whole against sha2 on any machine.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod vector {
    use std::array::from_fn;

    pub(super) type Lanes = [u32; 4];

    pub(super) fn lanes(words: [u32; 4]) -> Lanes {
        words
    }

    fn zip([a0, a1, a2, a3]: Lanes, [b0, b1, b2, b3]: Lanes, f: impl Fn(u32, u32) -> u32) -> Lanes {
        [f(a0, b0), f(a1, b1), f(a2, b2), f(a3, b3)]
    }

    pub(super) fn add(a: Lanes, b: Lanes) -> Lanes {
        zip(a, b, u32::wrapping_add)
    }

    pub(super) fn xor(a: Lanes, b: Lanes) -> Lanes {
        zip(a, b, |a, b| a ^ b)
    }

    pub(super) fn and(a: Lanes, b: Lanes) -> Lanes {
        zip(a, b, |a, b| a & b)
    }

    pub(super) fn rotate(a: Lanes, by: u32) -> Lanes {
        a.map(|word| word.rotate_right(by))
    }

    pub(super) fn shift(a: Lanes, by: u32) -> Lanes {
        a.map(|word| word >> by)
    }

    /// Four big-endian words.
    pub(super) fn row(bytes: &[u8; 16]) -> Lanes {
        let (words, _) = bytes.as_chunks::<4>();
        from_fn(|word| words.get(word).map_or(0, |bytes| u32::from_be_bytes(*bytes)))
    }

    /// The first words of all four, the second ones, and so on.
    pub(super) fn across(rows: [Lanes; 4]) -> [Lanes; 4] {
        from_fn(|word| rows.map(|row| row.get(word).copied().unwrap_or(0)))
    }

    pub(super) fn hex_digits(row: Lanes) -> [u8; 32] {
        let hex = row.map(|word| format!("{word:08x}")).concat();
        from_fn(|at| hex.as_bytes().get(at).copied().unwrap_or(b'0'))
    }
}
