//! The only reader of event JSON: one strict pass that keeps what the plan asks for and skips the rest without building it.
//!
//! It takes exactly the texts RFC 8259 allows, up to [`MAX_DEPTH`] containers inside each other. The last of several
//! equal keys wins, as in JavaScript. Numbers are kept as their text, so that amounts stay exact.

use std::borrow::Cow;

use crate::plan::{Node, Plan, SlotId};
use crate::scan::plain_length;

/// How many containers may be inside each other.
pub(crate) const MAX_DEPTH: u8 = 64;
/// The largest event that is read, in bytes of its JSON text: 1 MiB.
pub const MAX_EVENT_BYTES: usize = 1024 * 1024;

/// Why a text is no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadError {
    NotJson,
    NotAnObject,
    TooDeep,
    TooLarge,
    /// JSON by its grammar, but an escape names half a character: see [`replace_lone_surrogates`].
    LoneSurrogate,
}

type Result<T> = std::result::Result<T, ReadError>;

/// One JSON value, borrowed from the event's text. Containers are kept as their text and read when somebody looks inside.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json<'e> {
    Null,
    Bool(bool),
    Number(&'e str),
    Text(Cow<'e, str>),
    Array(&'e str),
    Object(&'e str),
}

impl<'e> Json<'e> {
    /// The trimmed text, unless it is empty or the value is no text.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text.trim()).filter(|text| !text.is_empty()),
            _ => None,
        }
    }

    /// A text, or a number as text: identifiers come as both.
    pub(crate) fn text_or_number(&self) -> Option<&str> {
        match self {
            Json::Number(number) => Some(number),
            other => other.text(),
        }
    }

    /// As [`Json::text`], to be kept.
    pub(crate) fn kept_text(&self) -> Option<Cow<'e, str>> {
        match self {
            Json::Text(Cow::Borrowed(text)) => Some(Cow::Borrowed(text.trim())),
            other => other.text().map(|text| Cow::Owned(text.to_owned())),
        }
        .filter(|text| !text.is_empty())
    }

    /// As [`Json::text_or_number`], to be kept.
    pub(crate) fn kept_text_or_number(&self) -> Option<Cow<'e, str>> {
        match self {
            Json::Number(number) => Some(Cow::Borrowed(*number)),
            other => other.kept_text(),
        }
    }

    /// A text of nothing but white space.
    pub(crate) fn is_blank(&self) -> bool {
        matches!(self, Json::Text(text) if text.trim().is_empty())
    }

    /// The elements of an array; nothing for anything else.
    pub(crate) fn elements(&self) -> Vec<Json<'e>> {
        let mut elements = Vec::new();
        if let Json::Array(text) = self {
            // The text was validated when it was first read.
            let _ = Reader::new(text).array(|reader| {
                elements.push(reader.value()?);
                Ok(())
            });
        }
        elements
    }

    /// The elements of an array, each as these members of it, null the same as nothing; `None` for one that is no object.
    pub(crate) fn lines<const N: usize>(
        &self,
        names: [&str; N],
        mut line: impl FnMut(Option<[Option<Json<'e>>; N]>),
    ) {
        let Json::Array(text) = self else { return };
        // The text was validated when it was first read.
        let _ = Reader::new(text).array(|reader| {
            if reader.peek() != Some(b'{') {
                line(None);
                return reader.skip();
            }
            let mut members = [const { None }; N];
            reader.object(|reader, key| {
                match names.iter().zip(&mut members).find(|(name, _)| **name == key) {
                    Some((_, member)) => {
                        *member = Some(reader.value()?).filter(|value| *value != Json::Null);
                        Ok(())
                    }
                    None => reader.skip(),
                }
            })?;
            line(Some(members));
            Ok(())
        });
    }

    /// The members of an object, in order; nothing for anything else. Of equal keys all are given.
    pub(crate) fn members(&self) -> Vec<(Cow<'e, str>, Json<'e>)> {
        let mut members = Vec::new();
        if let Json::Object(text) = self {
            let _ = Reader::new(text).object(|reader, key| {
                members.push((key, reader.value()?));
                Ok(())
            });
        }
        members
    }

    /// The value of the last member of that name, if this is an object that has one which is not null.
    pub(crate) fn member(&self, name: &str) -> Option<Json<'e>> {
        let (_, value) = self.members().into_iter().rfind(|(key, _)| key == name)?;
        (value != Json::Null).then_some(value)
    }
}

/// The values an event has at the places the plan asks for. Made once for many events: what an earlier one left is told
/// by its mark.
#[derive(Debug)]
pub(crate) struct Slots<'e> {
    values: Vec<(u32, Json<'e>)>,
    /// For each node of the trie the event that has passed it, to notice a key that stands twice.
    seen: Vec<u32>,
    /// The number of the event at hand.
    mark: u32,
}

impl<'e> Slots<'e> {
    pub(crate) fn new(plan: &Plan) -> Self {
        Slots {
            values: vec![(0, Json::Null); plan.slot_count()],
            seen: vec![0; plan.node_count()],
            mark: 0,
        }
    }

    /// The value at that place; a JSON null is the same as nothing.
    pub(crate) fn get(&self, slot: SlotId) -> Option<&Json<'e>> {
        let (mark, value) = self.values.get(slot.0)?;
        (*mark == self.mark && *value != Json::Null).then_some(value)
    }

    fn set(&mut self, slot: SlotId, value: Json<'e>) {
        if let Some(place) = self.values.get_mut(slot.0) {
            *place = (self.mark, value);
        }
    }

    /// Forgets what an earlier, equal key brought: the last one counts whole.
    fn enter(&mut self, node: &Node) {
        let Some(seen) = self.seen.get_mut(node.id) else { return };
        if std::mem::replace(seen, self.mark) == self.mark
            && let Some(values) = self.values.get_mut(node.slots.clone())
        {
            values.fill((0, Json::Null));
        }
    }

    /// Forgets the event at hand.
    fn begin(&mut self) {
        // No batch has as many events as there are marks; if one had, it would begin anew.
        self.mark = self.mark.checked_add(1).unwrap_or_else(|| {
            self.values.fill((0, Json::Null));
            self.seen.fill(0);
            1
        });
    }
}

/// The value that is the whole of a text, read when somebody looks inside.
///
/// # Errors
///
/// Text that is not JSON: how many bytes of it are in order.
pub(crate) fn parse(text: &str) -> std::result::Result<Json<'_>, usize> {
    let mut reader = Reader::new(text);
    // RFC 8259 section 8.1: a reader may ignore a byte order mark.
    reader.at = if text.starts_with('\u{feff}') { 3 } else { 0 };
    reader.skip_whitespace();
    let value = reader.value();
    reader.skip_whitespace();
    match value {
        Ok(value) if reader.peek().is_none() => Ok(value),
        _ => Err(reader.at),
    }
}

/// Reads one event. Fills a slot for each path of the plan that the event has.
pub(crate) fn read<'e>(text: &'e str, plan: &Plan, slots: &mut Slots<'e>) -> Result<()> {
    if text.len() > MAX_EVENT_BYTES {
        return Err(ReadError::TooLarge);
    }
    slots.begin();
    // RFC 8259 section 8.1: a reader may ignore a byte order mark.
    let mut reader = Reader::new(text.strip_prefix('\u{feff}').unwrap_or(text));
    reader.skip_whitespace();
    let is_object = reader.peek() == Some(b'{');
    reader.fill(plan.root(), slots)?;
    reader.skip_whitespace();
    if reader.peek().is_some() {
        return Err(ReadError::NotJson);
    }
    if is_object { Ok(()) } else { Err(ReadError::NotAnObject) }
}

/// Replaces each `\uD800`-like escape without its other half by `\ufffd`, as `String.prototype.toWellFormed` does: an
/// emoji cut in two must not cost the event.
pub(crate) fn replace_lone_surrogates(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, escape)) = rest.find('\\').and_then(|at| rest.split_at_checked(at)) {
        out.push_str(before);
        let unit = |text: &str, at: usize| {
            text.get(at..at + 2).filter(|start| *start == "\\u")?;
            u16::from_str_radix(text.get(at + 2..at + 6)?, 16).ok()
        };
        let (replacement, length) = match (unit(escape, 0), unit(escape, 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => (None, 12),
            (Some(0xd800..=0xdfff), _) => (Some("\\ufffd"), 6),
            (Some(_), _) => (None, 6),
            (None, _) => (None, 2),
        };
        let (this, after) = escape.split_at_checked(length).unwrap_or((escape, ""));
        out.push_str(replacement.unwrap_or(this));
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The text of the array that an object has under that key, if the whole text is such an object.
pub(crate) fn top_level_array<'e>(text: &'e str, key: &str) -> Option<&'e str> {
    let mut array = None;
    let mut reader = Reader::new(text);
    let read = reader.object(|reader, name| {
        let start = reader.at;
        let is_array = reader.peek() == Some(b'[');
        reader.skip()?;
        if name == key && is_array {
            array = Some(reader.slice(start)?);
        }
        Ok(())
    });
    array.filter(|_| read.is_ok() && reader.at == text.len())
}

struct Reader<'e> {
    text: &'e str,
    at: usize,
    depth: u8,
}

impl<'e> Reader<'e> {
    fn new(text: &'e str) -> Self {
        Reader { text, at: 0, depth: 0 }
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn slice(&self, start: usize) -> Result<&'e str> {
        self.text.get(start..self.at).ok_or(ReadError::NotJson)
    }

    #[inline]
    fn skip_whitespace(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Result<()> {
        if self.peek() == Some(byte) {
            self.at += 1;
            Ok(())
        } else {
            Err(ReadError::NotJson)
        }
    }

    fn literal(&mut self, literal: &str) -> Result<()> {
        let end = self.at + literal.len();
        if self.text.as_bytes().get(self.at..end) == Some(literal.as_bytes()) {
            self.at = end;
            Ok(())
        } else {
            Err(ReadError::NotJson)
        }
    }

    /// Reads the value here, following the trie down from `node`.
    fn fill(&mut self, node: &Node, slots: &mut Slots<'e>) -> Result<()> {
        slots.enter(node);
        if self.peek() == Some(b'{') && !node.children.is_empty() {
            let start = self.at;
            self.container(b'{', b'}', |reader| {
                let (key, has_escapes) = reader.raw_key()?;
                let child = if has_escapes { node.child(&unescape(key)?) } else { node.child(key) };
                match child {
                    Some(child) => reader.fill(child, slots),
                    None => reader.skip(),
                }
            })?;
            if let Some(slot) = node.slot {
                slots.set(slot, Json::Object(self.slice(start)?));
            }
            Ok(())
        } else if let Some(slot) = node.slot {
            slots.set(slot, self.value()?);
            Ok(())
        } else {
            self.skip()
        }
    }

    fn value(&mut self) -> Result<Json<'e>> {
        let start = self.at;
        match self.peek() {
            Some(b'"') => Ok(Json::Text(self.string()?)),
            Some(first) => {
                self.skip()?;
                let text = self.slice(start)?;
                Ok(match first {
                    b'{' => Json::Object(text),
                    b'[' => Json::Array(text),
                    b't' => Json::Bool(true),
                    b'f' => Json::Bool(false),
                    b'n' => Json::Null,
                    _ => Json::Number(text),
                })
            }
            None => Err(ReadError::NotJson),
        }
    }

    /// Passes over a value, as strictly as if it were kept.
    fn skip(&mut self) -> Result<()> {
        match self.peek() {
            Some(b'"') => self.skip_string().map(|_| ()),
            Some(b'{' | b'[') => self.skip_container(),
            _ => self.skip_scalar(),
        }
    }

    fn skip_scalar(&mut self) -> Result<()> {
        match self.peek() {
            Some(b't') => self.literal("true"),
            Some(b'f') => self.literal("false"),
            Some(b'n') => self.literal("null"),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(ReadError::NotJson),
        }
    }

    /// Without recursion, and with one bit for each open container: most of an event is passed over.
    fn skip_container(&mut self) -> Result<()> {
        let outside = self.depth;
        // The innermost is the lowest bit; it is set for an object.
        let mut open: u64 = 0;
        loop {
            // A value begins here.
            match self.peek() {
                Some(b'"') => _ = self.skip_string()?,
                Some(bracket @ (b'{' | b'[')) => {
                    self.open()?;
                    let is_object = bracket == b'{';
                    open = open << 1 | u64::from(is_object);
                    if self.peek() != Some(if is_object { b'}' } else { b']' }) {
                        if is_object {
                            self.raw_key()?;
                        }
                        continue;
                    }
                }
                _ => self.skip_scalar()?,
            }
            // A value has ended here, or an empty container is about to.
            loop {
                if self.depth == outside {
                    return Ok(());
                }
                let is_object = open & 1 == 1;
                self.skip_whitespace();
                match self.peek() {
                    Some(b',') => {
                        self.at += 1;
                        self.skip_whitespace();
                        if is_object {
                            self.raw_key()?;
                        }
                        break;
                    }
                    Some(b'}') if is_object => self.close(),
                    Some(b']') if !is_object => self.close(),
                    _ => return Err(ReadError::NotJson),
                }
                open >>= 1;
            }
        }
    }

    /// A key between its quotes, and whether it has escapes. Stands before the value then.
    #[inline]
    fn raw_key(&mut self) -> Result<(&'e str, bool)> {
        let start = self.at + 1;
        let has_escapes = self.skip_string()?;
        let key = self.text.get(start..self.at - 1).ok_or(ReadError::NotJson)?;
        self.skip_whitespace();
        self.expect(b':')?;
        self.skip_whitespace();
        Ok((key, has_escapes))
    }

    /// Passes over a bracket that opens a container, and the blanks behind it.
    fn open(&mut self) -> Result<()> {
        self.at += 1;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(ReadError::TooDeep);
        }
        self.skip_whitespace();
        Ok(())
    }

    fn close(&mut self) {
        self.at += 1;
        self.depth -= 1;
    }

    /// Gives each member's key and stands before its value, which `member` must read.
    fn object(
        &mut self,
        mut member: impl FnMut(&mut Self, Cow<'e, str>) -> Result<()>,
    ) -> Result<()> {
        self.container(b'{', b'}', |reader| {
            let (key, has_escapes) = reader.raw_key()?;
            let key = if has_escapes { Cow::Owned(unescape(key)?) } else { Cow::Borrowed(key) };
            member(reader, key)
        })
    }

    fn array(&mut self, element: impl FnMut(&mut Self) -> Result<()>) -> Result<()> {
        self.container(b'[', b']', element)
    }

    fn container(
        &mut self,
        open: u8,
        close: u8,
        mut item: impl FnMut(&mut Self) -> Result<()>,
    ) -> Result<()> {
        if self.peek() != Some(open) {
            return Err(ReadError::NotJson);
        }
        self.open()?;
        if self.peek() != Some(close) {
            loop {
                item(self)?;
                self.skip_whitespace();
                if self.peek() != Some(b',') {
                    break;
                }
                self.at += 1;
                self.skip_whitespace();
            }
        }
        if self.peek() != Some(close) {
            return Err(ReadError::NotJson);
        }
        self.close();
        Ok(())
    }

    fn digits(&mut self) -> Result<()> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start { Err(ReadError::NotJson) } else { Ok(()) }
    }

    fn number(&mut self) -> Result<()> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn string(&mut self) -> Result<Cow<'e, str>> {
        let start = self.at + 1;
        let has_escapes = self.skip_string()?;
        let raw = self.text.get(start..self.at - 1).ok_or(ReadError::NotJson)?;
        if has_escapes { unescape(raw).map(Cow::Owned) } else { Ok(Cow::Borrowed(raw)) }
    }

    /// Passes over a string and says whether it has escapes.
    fn skip_string(&mut self) -> Result<bool> {
        self.expect(b'"')?;
        let mut has_escapes = false;
        loop {
            self.at += plain_length(self.text.as_bytes().get(self.at..).unwrap_or_default());
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(has_escapes);
                }
                Some(b'\\') => {
                    has_escapes = true;
                    self.at += 1;
                    self.skip_escape()?;
                }
                _ => return Err(ReadError::NotJson),
            }
        }
    }

    fn skip_escape(&mut self) -> Result<()> {
        let escape = self.peek();
        self.at += 1;
        match escape {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(()),
            Some(b'u') => match self.hex()? {
                0xd800..=0xdbff => {
                    self.literal("\\u").map_err(|_| ReadError::LoneSurrogate)?;
                    match self.hex()? {
                        0xdc00..=0xdfff => Ok(()),
                        _ => Err(ReadError::LoneSurrogate),
                    }
                }
                0xdc00..=0xdfff => Err(ReadError::LoneSurrogate),
                _ => Ok(()),
            },
            _ => Err(ReadError::NotJson),
        }
    }

    fn hex(&mut self) -> Result<u16> {
        let digits = self.text.get(self.at..self.at + 4).ok_or(ReadError::NotJson)?;
        self.at += 4;
        // from_str_radix alone would take a sign.
        if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            u16::from_str_radix(digits, 16).map_err(|_| ReadError::NotJson)
        } else {
            Err(ReadError::NotJson)
        }
    }
}

/// The text that a string stands for; `raw` is what is between its quotes, already found well-formed.
fn unescape(raw: &str) -> Result<String> {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((before, escape)) = rest.split_once('\\') {
        out.push_str(before);
        let mut chars = escape.chars();
        match chars.next().ok_or(ReadError::NotJson)? {
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'u' => {
                let mut reader = Reader { text: escape, at: 1, depth: 0 };
                let first = reader.hex()?;
                let units = if (0xd800..0xdc00).contains(&first) {
                    reader.literal("\\u")?;
                    vec![first, reader.hex()?]
                } else {
                    vec![first]
                };
                out.push_str(&String::from_utf16(&units).map_err(|_| ReadError::LoneSurrogate)?);
                chars = escape.get(reader.at..).ok_or(ReadError::NotJson)?.chars();
            }
            literal => out.push(literal),
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    Ok(out)
}
