//! The only reader of event JSON: one strict pass that keeps what the plan asks for and skips the rest without building it.
//!
//! It takes exactly the texts RFC 8259 allows, up to [`MAX_DEPTH`] containers inside each other. The last of several
//! equal keys wins, as in JavaScript. Numbers are kept as their text, so that amounts stay exact.

mod walk;

use std::borrow::Cow;

use crate::plan::Plan;
use crate::scan::plain_length;
use crate::trie::{Node, SlotId};
pub(crate) use walk::Frames;
use walk::walk;

/// How many containers may be inside each other.
pub(crate) const MAX_DEPTH: usize = 64;
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

/// Where reading ended, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stop {
    error: ReadError,
    /// How many bytes are in order.
    at: usize,
}

type Result<T, E = Stop> = std::result::Result<T, E>;

#[cold]
fn not_json<T>(at: usize) -> Result<T> {
    Err(Stop { error: ReadError::NotJson, at })
}

/// One JSON value, borrowed from the event's text. Containers are kept as their text and read when somebody looks inside.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Json<'e> {
    Null,
    Bool(bool),
    Number(&'e str),
    Text(&'e str),
    /// A text as it stands between its quotes: with escapes, which are resolved when somebody asks.
    Escaped(&'e str),
    Array(&'e str),
    Object(&'e str),
}

impl<'e> Json<'e> {
    /// The text as it is, if it is one.
    #[inline]
    pub(crate) fn whole_text(self) -> Option<Cow<'e, str>> {
        match self {
            Json::Text(text) => Some(Cow::Borrowed(text)),
            Json::Escaped(raw) => Some(Cow::Owned(unescape(raw))),
            _ => None,
        }
    }

    /// The trimmed text, unless it is empty or the value is no text.
    #[inline(always)]
    pub(crate) fn text(self) -> Option<Cow<'e, str>> {
        match self {
            Json::Text(text) => {
                let text = trimmed(text);
                (!text.is_empty()).then_some(Cow::Borrowed(text))
            }
            Json::Escaped(raw) => unescaped(raw),
            _ => None,
        }
    }

    /// As [`Json::text`], apart from where it is called: nearly no event has what this is for.
    #[inline(never)]
    pub(crate) fn rare_text(self) -> Option<Cow<'e, str>> {
        self.text()
    }

    /// A text, or a number as text: identifiers come as both.
    #[inline(always)]
    pub(crate) fn text_or_number(self) -> Option<Cow<'e, str>> {
        match self {
            Json::Number(number) => Some(Cow::Borrowed(number)),
            other => other.text(),
        }
    }

    /// A text of nothing but white space.
    pub(crate) fn is_blank(self) -> bool {
        self.is_text() && self.text().is_none()
    }

    pub(crate) fn is_text(self) -> bool {
        matches!(self, Json::Text(_) | Json::Escaped(_))
    }

    /// The elements of an array; nothing for anything else.
    pub(crate) fn elements(self) -> Vec<Json<'e>> {
        let mut elements = Vec::new();
        if let Json::Array(text) = self {
            each_child(text, &mut |_, value| elements.push(value));
        }
        elements
    }

    /// The members of an object, in order; nothing for anything else. Of equal keys all are given.
    pub(crate) fn members(self) -> Vec<(Cow<'e, str>, Json<'e>)> {
        let mut members = Vec::new();
        self.each_member(&mut |key, value| members.push((key, value)));
        members
    }

    /// As [`Json::members`], one by one.
    pub(crate) fn each_member(self, take: &mut dyn FnMut(Cow<'e, str>, Json<'e>)) {
        if let Json::Object(text) = self {
            each_child(text, &mut |key, value| take(key.whole_text().unwrap_or_default(), value));
        }
    }

    /// The value of the last member of that name, if this is an object that has one which is not null.
    pub(crate) fn member(self, name: &str) -> Option<Json<'e>> {
        let (_, value) = self.members().into_iter().rfind(|(key, _)| key == name)?;
        (value != Json::Null).then_some(value)
    }
}

/// Where a [`Json`] stands in a text, which is at hand when somebody looks at it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    kind: Kind,
    start: usize,
    end: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Null,
    Bool,
    Number,
    Text,
    Escaped,
    Array,
    Object,
}

impl Span {
    const NULL: Self = Span { kind: Kind::Null, start: 0, end: 0 };

    /// A text without escapes.
    pub(crate) fn text(start: usize, end: usize) -> Self {
        Span { kind: Kind::Text, start, end }
    }

    /// A list.
    pub(crate) fn array(start: usize, end: usize) -> Self {
        Span { kind: Kind::Array, start, end }
    }

    /// The same in a text that has so many more bytes in front.
    pub(crate) fn behind(self, more: usize) -> Self {
        Span { start: self.start + more, end: self.end + more, ..self }
    }

    #[inline]
    fn of(self, text: &str) -> Json<'_> {
        let text = text.get(self.start..self.end).unwrap_or_default();
        match self.kind {
            Kind::Null => Json::Null,
            Kind::Bool => Json::Bool(text == "true"),
            Kind::Number => Json::Number(text),
            Kind::Text => Json::Text(text),
            Kind::Escaped => Json::Escaped(text),
            Kind::Array => Json::Array(text),
            Kind::Object => Json::Object(text),
        }
    }
}

/// As [`Json::text`], of a text with escapes.
#[cold]
#[inline(never)]
fn unescaped(raw: &str) -> Option<Cow<'_, str>> {
    let text = unescape(raw);
    let text = trimmed(&text);
    (!text.is_empty()).then(|| Cow::Owned(text.to_owned()))
}

/// As [`str::trim`]; nearly every text has nothing to trim, and shows it by its first and last byte.
#[inline]
pub(crate) fn trimmed(text: &str) -> &str {
    let is_plain = |byte: Option<&u8>| byte.is_some_and(|byte| (0x21..0x7f).contains(byte));
    let bytes = text.as_bytes();
    if is_plain(bytes.first()) && is_plain(bytes.last()) { text } else { text.trim() }
}

/// What is looked at of a line of an order, price and quantity, null the same as nothing; nothing if it is no object.
pub(crate) type Line<T> = Option<[Option<T>; 2]>;

/// The values an event has at the places the plan asks for. Made once for many events: what an earlier one left is told
/// by its mark.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    values: Vec<(u32, Span)>,
    /// For each node of the trie the event that has passed it, to notice a key that stands twice.
    seen: Vec<u32>,
    /// The number of the event at hand.
    mark: u32,
    /// The places that may have a value, as [`SlotId::bit`].
    present: u64,
    /// Whether the event at hand must not go over the end of a line.
    is_line: bool,
    /// The lines of its order, each with the list that it is in.
    lines: Vec<(SlotId, Line<Span>)>,
    /// Of lists that came again how many lines there were before.
    forgotten: Vec<(SlotId, usize)>,
}

impl Slots {
    pub(crate) fn new(plan: &Plan) -> Self {
        let mut slots = Slots::default();
        slots.fit(plan);
        slots
    }

    /// Makes room for the events of another plan.
    pub(crate) fn fit(&mut self, plan: &Plan) {
        if self.values.len() < plan.slot_count() {
            self.values.resize(plan.slot_count(), (0, Span::NULL));
        }
        if self.seen.len() < plan.node_count() {
            self.seen.resize(plan.node_count(), 0);
        }
    }

    /// The value at that place in the text that was read; a JSON null is the same as nothing.
    #[inline]
    pub(crate) fn get<'e>(&self, slot: SlotId, text: &'e str) -> Option<Json<'e>> {
        self.span(slot).map(|value| value.of(text))
    }

    #[inline(always)]
    fn span(&self, slot: SlotId) -> Option<Span> {
        let (mark, value) = self.values.get(slot.0)?;
        (*mark == self.mark && value.kind != Kind::Null).then_some(*value)
    }

    /// The lines of the order in that list.
    pub(crate) fn lines<'s, 'e>(
        &'s self,
        list: SlotId,
        text: &'e str,
    ) -> impl Iterator<Item = Line<Json<'e>>> + use<'s, 'e> {
        let before =
            self.forgotten.iter().find(|(of, _)| *of == list).map_or(0, |(_, lines)| *lines);
        let lines = self.lines.iter().skip(before).filter(move |(of, _)| *of == list);
        lines.map(|(_, line)| line.map(|members| members.map(|member| Some(member?.of(text)))))
    }

    /// Whether one of the places with these [`SlotId::bit`]s may have a value. Most have none, and need not be looked at one
    /// by one.
    #[inline]
    pub(crate) fn may_have(&self, bits: u64) -> bool {
        (self.present | SlotId::CONST_BIT) & bits != 0
    }

    #[inline(always)]
    pub(crate) fn set(&mut self, slot: SlotId, value: Span) {
        if let Some(place) = self.values.get_mut(slot.0) {
            *place = (self.mark, value);
            self.present |= slot.bit();
        }
    }

    /// Notes that there is such a value; answers whether it is the first one.
    #[inline(always)]
    fn enter(&mut self, node: &Node) -> bool {
        // Of a place with nothing below it only the value itself counts, and that is overwritten.
        if node.is_leaf {
            return true;
        }
        match self.seen.get_mut(node.id) {
            Some(seen) if *seen == self.mark => false,
            Some(seen) => {
                *seen = self.mark;
                true
            }
            None => true,
        }
    }

    /// Forgets what an earlier, equal key brought: the last one counts whole. (Each line but the first comes again, too.)
    fn enter_again(&mut self, node: &Node) {
        if node.list.is_none() { self.forget(node) } else { self.end_line(node) }
    }

    #[cold]
    fn forget(&mut self, node: &Node) {
        if let Some(slot) = node.slot {
            self.set(slot, Span::NULL);
        }
        if let Some(Node { list: Some(list), .. }) = node.line.as_deref() {
            self.forget_lines(*list);
        }
        node.children.iter().for_each(|child| self.forget(child));
    }

    /// Sets a list of lines that are to be added.
    pub(crate) fn begin_lines(&mut self, list: &Node, value: Span) {
        if !self.enter(list) {
            self.enter_again(list);
        }
        if let Some(slot) = list.slot {
            self.set(slot, value);
        }
    }

    /// (To look for them among the others each time would take long where a list comes often.)
    fn forget_lines(&mut self, list: SlotId) {
        let lines = self.lines.len();
        match self.forgotten.iter_mut().find(|(of, _)| *of == list) {
            Some(known) => known.1 = lines,
            None => self.forgotten.push((list, lines)),
        }
    }

    /// Adds a line.
    pub(crate) fn add_line(&mut self, list: SlotId, members: [Option<Span>; 2]) {
        self.lines.push((list, Some(members)));
    }

    /// Takes up the line that was read last.
    fn end_line(&mut self, line: &Node) {
        let (Some(slot), Some(list)) = (line.slot, line.list) else { return };
        let is_object = self.span(slot).is_some_and(|value| value.kind == Kind::Object);
        let members = slot.members();
        let line = is_object.then(|| members.map(|member| self.span(member)));
        // Of lines that are none one says as much as many.
        if line.is_some() || !matches!(self.lines.last(), Some((of, None)) if *of == list) {
            self.lines.push((list, line));
        }
        for slot in [slot].into_iter().chain(members) {
            self.set(slot, Span::NULL);
        }
    }

    /// Takes up the last line of a list that ends.
    fn end_lines(&mut self, line: &Node) {
        if let Some(seen) = self.seen.get_mut(line.id)
            && std::mem::take(seen) == self.mark
        {
            self.end_line(line);
        }
    }

    /// As [`blanks`]; of what must be a line the text ends where it goes on in the next one.
    #[inline(always)]
    fn blanks(&self, bytes: &[u8], at: usize) -> usize {
        if byte(bytes, at) > b' ' { at } else { self.some_blanks(bytes, at) }
    }

    #[inline(never)]
    fn some_blanks(&self, bytes: &[u8], at: usize) -> usize {
        let end = some_blanks(bytes, at);
        let goes_on = || bytes.get(at..end).is_some_and(|blanks| blanks.contains(&b'\n'));
        if self.is_line && goes_on() { bytes.len() } else { end }
    }

    /// Forgets the event at hand.
    pub(crate) fn begin(&mut self) {
        self.present = 0;
        self.lines.clear();
        self.forgotten.clear();
        // No batch has as many events as there are marks; if one had, it would begin anew.
        self.mark = self.mark.checked_add(1).unwrap_or_else(|| {
            self.values.fill((0, Span::NULL));
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
pub(crate) fn parse(text: &str) -> Result<Json<'_>, usize> {
    Ok(parse_within(text, 0)?.of(text))
}

/// As [`parse`], of a value that stands within so many containers.
pub(crate) fn parse_within(text: &str, outer: usize) -> Result<Span, usize> {
    let bytes = text.as_bytes();
    let (value, end) = value_within(text, start_of(text), outer).map_err(|stop| stop.at)?;
    let end = blanks(bytes, end);
    if end == bytes.len() { Ok(value) } else { Err(end) }
}

/// Reads the text of one event. Fills a slot for each path of the plan that the event has.
pub(crate) fn read(text: &str, plan: &Plan, slots: &mut Slots) -> Result<(), ReadError> {
    if text.len() > MAX_EVENT_BYTES {
        return Err(ReadError::TooLarge);
    }
    let start = start_of(text);
    let end = read_at(text, start, plan, slots, &mut Frames::new())?;
    if blanks(text.as_bytes(), end) < text.len() {
        Err(ReadError::NotJson)
    } else if byte(text.as_bytes(), start) == b'{' {
        Ok(())
    } else {
        Err(ReadError::NotAnObject)
    }
}

/// Reads the value that begins there, as far as it goes, and answers where it ends.
pub(crate) fn read_at<'n>(
    text: &str,
    start: usize,
    plan: &'n Plan,
    slots: &mut Slots,
    frames: &mut Frames<'n>,
) -> Result<usize, ReadError> {
    slots.begin();
    walk(text, start, 0, Some(plan.root()), frames, slots).map_err(|stop| stop.error)
}

/// As [`read_at`], of a value that ends in the line that it begins in; what does not is not read any further.
pub(crate) fn read_in_line<'n>(
    text: &str,
    start: usize,
    plan: &'n Plan,
    slots: &mut Slots,
    frames: &mut Frames<'n>,
) -> Result<usize, ReadError> {
    slots.is_line = true;
    let end = read_at(text, start, plan, slots, frames);
    slots.is_line = false;
    end
}

/// As [`parse_within`], of a list of an order's lines, which it takes up: the list is what a text ends with from there on.
pub(crate) fn read_lines(
    text: &str,
    start: usize,
    list: &Node,
    outer: usize,
    slots: &mut Slots,
) -> Result<(), usize> {
    let behind =
        walk(text, start, outer, Some(list), &mut Frames::new(), slots).map_err(|stop| stop.at)?;
    let behind = blanks(text.as_bytes(), behind);
    if behind == text.len() { Ok(()) } else { Err(behind) }
}

/// Where the value of a whole text begins. (RFC 8259 section 8.1: a reader may ignore a byte order mark.)
pub(crate) fn start_of(text: &str) -> usize {
    blanks(text.as_bytes(), if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 })
}

/// Replaces each `\uD800`-like escape without its other half by `\ufffd`, as `String.prototype.toWellFormed` does: an
/// emoji cut in two must not cost the event.
pub(crate) fn replace_lone_surrogates(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, escape)) = rest.find('\\').and_then(|at| rest.split_at_checked(at)) {
        out.push_str(before);
        let unit = |at| match byte(escape.as_bytes(), at) {
            b'\\' if byte(escape.as_bytes(), at + 1) == b'u' => {
                code_unit(escape.as_bytes(), at + 2)
            }
            _ => None,
        };
        let (replacement, length) = match (unit(0), unit(6)) {
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

// --- the pass ----------------------------------------------------------------------------------------------------

/// The byte there; behind the end a 0, which stands for nothing in JSON.
#[inline(always)]
pub(crate) fn byte(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at).copied().unwrap_or(0)
}

#[inline(always)]
pub(crate) fn rest(bytes: &[u8], at: usize) -> &[u8] {
    bytes.get(at..).unwrap_or_default()
}

/// Where the white space ends that begins there.
#[inline(always)]
pub(crate) fn blanks(bytes: &[u8], at: usize) -> usize {
    // Programs write none.
    if byte(bytes, at) > b' ' { at } else { some_blanks(bytes, at) }
}

#[inline(never)]
fn some_blanks(bytes: &[u8], at: usize) -> usize {
    let mut at = at;
    while matches!(byte(bytes, at), b' ' | b'\n' | b'\r' | b'\t') {
        at += 1;
    }
    at
}

#[inline(always)]
fn slice(text: &str, start: usize, end: usize) -> Result<&str> {
    match text.get(start..end) {
        Some(slice) => Ok(slice),
        None => not_json(start),
    }
}

/// The value that begins there, and where it ends.
pub(crate) fn value_at(text: &str, start: usize) -> Result<(Json<'_>, usize)> {
    let (span, end) = value_within(text, start, 0)?;
    Ok((span.of(text), end))
}

/// As [`value_at`], of a value that stands within so many containers.
#[inline(always)]
fn value_within(text: &str, start: usize, outer: usize) -> Result<(Span, usize)> {
    let bytes = text.as_bytes();
    match byte(bytes, start) {
        b'"' => {
            let (end, has_escapes) = string(bytes, start + 1)?;
            let kind = if has_escapes { Kind::Escaped } else { Kind::Text };
            Ok((Span { kind, start: start + 1, end }, end + 1))
        }
        bracket @ (b'{' | b'[') => {
            let end = walk(text, start, outer, None, &mut Frames::new(), &mut Slots::default())?;
            let kind = if bracket == b'{' { Kind::Object } else { Kind::Array };
            Ok((Span { kind, start, end }, end))
        }
        first => {
            let end = scalar(bytes, start)?;
            Ok((Span { kind: kind_of_scalar(first), start, end }, end))
        }
    }
}

/// The members of an object or the elements of a list, with a null for a key, whose text was checked when it was first read.
fn each_child<'e>(container: &'e str, take: &mut dyn FnMut(Json<'e>, Json<'e>)) {
    let bytes = container.as_bytes();
    let is_object = byte(bytes, 0) == b'{';
    let mut at = blanks(bytes, 1);
    while !matches!(byte(bytes, at), b'}' | b']') {
        let mut key = Json::Null;
        if is_object {
            let Ok((name, end)) = value_at(container, at) else { return };
            key = name;
            // Past the colon.
            at = blanks(bytes, blanks(bytes, end) + 1);
        }
        let Ok((value, end)) = value_at(container, at) else { return };
        take(key, value);
        at = behind_comma(bytes, end);
    }
}

/// Where the next child begins behind one that ends there, or the bracket is that ends them all.
fn behind_comma(bytes: &[u8], end: usize) -> usize {
    let at = blanks(bytes, end);
    if byte(bytes, at) == b',' { blanks(bytes, at + 1) } else { at }
}

fn kind_of_scalar(first: u8) -> Kind {
    match first {
        b't' | b'f' => Kind::Bool,
        b'n' => Kind::Null,
        _ => Kind::Number,
    }
}

/// From behind the opening quote of a string: where the closing one stands, and whether there are escapes.
#[inline(always)]
fn string(bytes: &[u8], start: usize) -> Result<(usize, bool)> {
    let at = start + plain_length(rest(bytes, start));
    match byte(bytes, at) {
        b'"' => Ok((at, false)),
        b'\\' => Ok((escaped_string(bytes, at)?, true)),
        _ => not_json(at),
    }
}

/// The same from an escape on.
#[inline(never)]
fn escaped_string(bytes: &[u8], start: usize) -> Result<usize> {
    let mut at = start;
    loop {
        match byte(bytes, at) {
            b'"' => return Ok(at),
            b'\\' => at = escape(bytes, at + 1)?,
            _ => return not_json(at),
        }
        at += plain_length(rest(bytes, at));
    }
}

/// Passes over an escape from behind its backslash.
fn escape(bytes: &[u8], at: usize) -> Result<usize> {
    let lone_surrogate = Err(Stop { error: ReadError::LoneSurrogate, at });
    match byte(bytes, at) {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(at + 1),
        b'u' => match code_unit(bytes, at + 1) {
            Some(0xd800..=0xdbff) if rest(bytes, at + 5).starts_with(b"\\u") => {
                match code_unit(bytes, at + 7) {
                    Some(0xdc00..=0xdfff) => Ok(at + 11),
                    Some(_) => lone_surrogate,
                    None => not_json(at + 7),
                }
            }
            Some(0xd800..=0xdfff) => lone_surrogate,
            Some(_) => Ok(at + 5),
            None => not_json(at + 1),
        },
        _ => not_json(at),
    }
}

/// Four hex digits.
fn code_unit(bytes: &[u8], at: usize) -> Option<u16> {
    rest(bytes, at).first_chunk::<4>()?.iter().try_fold(0, |unit, byte| {
        let digit = char::from(*byte).to_digit(16)?;
        Some(unit << 4 | u16::try_from(digit).ok()?)
    })
}

#[inline(always)]
fn scalar(bytes: &[u8], at: usize) -> Result<usize> {
    match byte(bytes, at) {
        b't' => word(bytes, at, b"true"),
        b'f' => word(bytes, at, b"false"),
        b'n' => word(bytes, at, b"null"),
        _ => number(bytes, at),
    }
}

#[inline(always)]
fn word<const N: usize>(bytes: &[u8], at: usize, word: &[u8; N]) -> Result<usize> {
    if rest(bytes, at).first_chunk() == Some(word) { Ok(at + N) } else { not_json(at) }
}

#[inline(always)]
fn number(bytes: &[u8], start: usize) -> Result<usize> {
    let mut at = start + usize::from(byte(bytes, start) == b'-');
    at = if byte(bytes, at) == b'0' { at + 1 } else { digits(bytes, at)? };
    if byte(bytes, at) == b'.' {
        at = digits(bytes, at + 1)?;
    }
    if let b'e' | b'E' = byte(bytes, at) {
        at += 1 + usize::from(matches!(byte(bytes, at + 1), b'+' | b'-'));
        at = digits(bytes, at)?;
    }
    Ok(at)
}

#[inline(always)]
fn digits(bytes: &[u8], start: usize) -> Result<usize> {
    let mut at = start;
    while byte(bytes, at).is_ascii_digit() {
        at += 1;
    }
    if at == start { not_json(at) } else { Ok(at) }
}

/// The text that a string stands for; `raw` is what is between its quotes, already found well-formed.
#[inline(never)]
fn unescape(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((before, escape)) = rest.split_once('\\') {
        out.push_str(before);
        let bytes = escape.as_bytes();
        let (c, length) = match byte(bytes, 0) {
            b'b' => ('\u{8}', 1),
            b'f' => ('\u{c}', 1),
            b'n' => ('\n', 1),
            b'r' => ('\r', 1),
            b't' => ('\t', 1),
            b'u' => {
                let units = [1, 7].map(|at| code_unit(bytes, at).unwrap_or_default());
                let c = char::decode_utf16(units).next().and_then(std::result::Result::ok);
                let c = c.unwrap_or(char::REPLACEMENT_CHARACTER);
                // Beyond U+FFFF it takes two units.
                (c, if c.len_utf16() == 2 { 11 } else { 5 })
            }
            literal => (char::from(literal), 1),
        };
        out.push(c);
        rest = escape.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}
