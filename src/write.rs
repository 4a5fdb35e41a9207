//! The JSON that goes out, put together in one growing buffer. A request body is hundreds of short pieces: words of ours are
//! stored in one go, for their length is known when they are compiled, and texts go sixteen bytes at a time.

use crate::scan::plain_length;

/// How many digits a hash has.
const DIGITS: usize = 64;

/// A piece of JSON of up to N bytes, which is copied in one go with what is behind its end.
#[derive(Clone, Copy)]
pub(crate) struct Piece<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> Piece<N> {
    /// A word of ours between two texts.
    #[expect(clippy::indexing_slicing, reason = "done by the compiler")]
    pub(crate) const fn new(before: &str, word: &str, behind: &str) -> Self {
        let mut piece = Piece { bytes: [0; N], length: 0 };
        let parts = [before.as_bytes(), word.as_bytes(), behind.as_bytes()];
        let mut part = 0;
        while part < parts.len() {
            let mut at = 0;
            while at < parts[part].len() {
                piece.bytes[piece.length] = parts[part][at];
                piece.length += 1;
                at += 1;
            }
            part += 1;
        }
        piece
    }
}

/// JSON text on its way out.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    /// What is behind the end is to be written over.
    bytes: Vec<u8>,
    end: usize,
    /// Where hashes are to be put that are not there yet.
    holes: Vec<usize>,
}

impl Writer {
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Writer { bytes: vec![0; capacity], ..Writer::default() }
    }

    /// As [`Writer::with_capacity`], in memory that has served another one.
    pub(crate) fn within(mut memory: Vec<u8>, capacity: usize) -> Self {
        if memory.is_empty() {
            return Self::with_capacity(capacity);
        }
        if memory.len() < capacity {
            memory.resize(capacity, 0);
        }
        Writer { bytes: memory, ..Writer::default() }
    }

    /// Begins anew, in the same buffer.
    #[cfg(feature = "wasm")]
    pub(crate) fn clear(&mut self) {
        self.end = 0;
        self.holes.clear();
    }

    /// The bytes so far.
    #[cfg(feature = "wasm")]
    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.end).unwrap_or_default()
    }

    /// How many bytes there are.
    pub(crate) fn len(&self) -> usize {
        self.end
    }

    /// The bytes, which are UTF-8.
    pub(crate) fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.truncate(self.end);
        self.bytes
    }

    /// The text.
    pub(crate) fn into_string(self) -> String {
        String::from_utf8(self.into_bytes()).unwrap_or_default()
    }

    /// Room for so many more bytes.
    #[inline(always)]
    fn reserve(&mut self, more: usize) {
        if self.bytes.len() - self.end < more {
            self.grow(more);
        }
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, more: usize) {
        self.bytes.resize((self.end + more).max(self.bytes.len() * 2), 0);
    }

    /// Appends a text of a length that the compiler knows.
    #[inline(always)]
    pub(crate) fn literal<const N: usize>(&mut self, text: &[u8; N]) {
        self.reserve(N);
        if let Some(place) = self.bytes.get_mut(self.end..).and_then(<[u8]>::first_chunk_mut) {
            *place = *text;
            self.end += N;
        }
    }

    /// Appends a piece.
    #[inline(always)]
    pub(crate) fn piece<const N: usize>(&mut self, piece: &Piece<N>) {
        self.reserve(N);
        if let Some(place) = self.bytes.get_mut(self.end..).and_then(<[u8]>::first_chunk_mut) {
            *place = piece.bytes;
            self.end += piece.length;
        }
    }

    /// Leaves a hole for the digits of a hash. It is nobody's until then: what stood there may be of another batch.
    pub(crate) fn hole(&mut self) {
        self.holes.push(self.end);
        self.literal(&[b'0'; DIGITS]);
    }

    /// Puts digits into a hole, counted from 0 since [`Writer::filled`].
    pub(crate) fn fill(&mut self, hole: usize, digits: &[u8; DIGITS]) {
        let place =
            self.holes.get(hole).and_then(|at| self.bytes.get_mut(*at..)?.first_chunk_mut());
        if let Some(place) = place {
            *place = *digits;
        }
    }

    /// All holes are filled.
    pub(crate) fn filled(&mut self) {
        self.holes.clear();
    }

    /// Appends a text as it is.
    #[inline(never)]
    pub(crate) fn raw(&mut self, text: &str) {
        self.reserve(text.len());
        let end = self.end + text.len();
        if let Some(room) = self.bytes.get_mut(self.end..end) {
            copy(room, text.as_bytes());
            self.end = end;
        }
    }

    /// Appends a comma if something was put in since it began there.
    #[inline]
    pub(crate) fn comma(&mut self, start: usize) {
        if self.end > start {
            self.literal(b",");
        }
    }

    /// Appends a word that needs no escapes, between quotes.
    #[inline]
    pub(crate) fn word(&mut self, word: &str) {
        self.literal(b"\"");
        self.raw(word);
        self.literal(b"\"");
    }

    /// Appends a JSON string (RFC 8259 section 7).
    pub(crate) fn text(&mut self, text: &str) {
        self.literal(b"\"");
        if plain_length(text.as_bytes()) == text.len() {
            self.raw(text);
        } else {
            self.escaped(text);
        }
        self.literal(b"\"");
    }

    #[cold]
    fn escaped(&mut self, text: &str) {
        let mut rest = text;
        // Only ASCII stops it, so that the text is never cut within a character.
        while let Some((plain, special)) = rest.split_at_checked(plain_length(rest.as_bytes())) {
            self.raw(plain);
            let mut chars = special.chars();
            match chars.next() {
                Some('\n') => self.literal(b"\\n"),
                Some('\r') => self.literal(b"\\r"),
                Some('\t') => self.literal(b"\\t"),
                Some('\u{8}') => self.literal(b"\\b"),
                Some('\u{c}') => self.literal(b"\\f"),
                Some('"') => self.literal(b"\\\""),
                Some('\\') => self.literal(b"\\\\"),
                Some(control) => self.raw(&format!("\\u{:04x}", u32::from(control))),
                None => break,
            }
            rest = chars.as_str();
        }
    }

    /// Appends a whole number.
    pub(crate) fn number(&mut self, number: u64) {
        if number >= 10 {
            self.number(number / 10);
        }
        self.digit(number % 10);
    }

    #[inline(always)]
    pub(crate) fn digit(&mut self, digit: u64) {
        self.literal(&[u8::try_from(digit).map_or(b'0', |digit| b'0' + digit)]);
    }
}

/// Copies a short text. (For a length that it does not know the compiler would call out of WebAssembly.) The last bytes are
/// stored together with some that are there already, so that nothing goes byte by byte.
#[inline(always)]
pub(crate) fn copy(room: &mut [u8], text: &[u8]) {
    let is_short = ends::<16>(room, text)
        || ends::<8>(room, text)
        || ends::<4>(room, text)
        || ends::<2>(room, text)
        || ends::<1>(room, text);
    if is_short && text.len() > 32 {
        room.copy_from_slice(text);
    }
}

/// Copies the first and the last N bytes, if there are as many.
#[inline(always)]
fn ends<const N: usize>(room: &mut [u8], text: &[u8]) -> bool {
    let (Some(first), Some(last)) = (text.first_chunk::<N>(), text.last_chunk::<N>()) else {
        return false;
    };
    if let Some(place) = room.first_chunk_mut() {
        *place = *first;
    }
    if let Some(place) = room.last_chunk_mut() {
        *place = *last;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_every_length_come_out_as_they_went_in() {
        for length in 0..70 {
            let text: String =
                ('!'..='~').filter(|c| !"\"\\".contains(*c)).cycle().take(length).collect();
            let mut out = Writer::default();
            out.text(&text);
            out.raw(&text);
            assert_eq!(out.into_string(), format!("\"{text}\"{text}"));
        }
    }

    #[test]
    fn what_must_be_escaped_is() {
        let mut out = Writer::default();
        out.text("a\"b\\c\n\r\t\u{8}\u{c}\u{1}é\u{2028}\u{1f600}");
        assert_eq!(out.into_string(), "\"a\\\"b\\\\c\\n\\r\\t\\b\\f\\u0001é\u{2028}\u{1f600}\"");
    }

    #[test]
    fn numbers_come_out_in_digits() {
        let mut out = Writer::default();
        out.number(0);
        out.number(u64::MAX);
        assert_eq!(out.into_string(), "018446744073709551615");
    }
}
