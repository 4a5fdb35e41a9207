//! Many events at once: NDJSON, a JSON array or `{"batch":[…]}` in; wire events, their places and one outcome code per
//! event out. A broken event costs none of its neighbours.

use std::borrow::Cow;
use std::ops::Range;

use crate::identity::Hashing;
use crate::log::Log;
use crate::outcome::{Detail, DropReason};
use crate::plan::Plan;
use crate::read::{self, Frames, MAX_EVENT_BYTES, Slots, blanks, byte, rest, value_at};
use crate::scan;
use crate::time::Instant;
use crate::transform::{self, Dropped};
use crate::write::Writer;
use crate::{AmazonEvent, Transformer};

/// How the input of a batch is laid out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// An array if it begins with `[`, a batch call if it is one object with a `batch` list, else NDJSON.
    #[default]
    Auto,
    /// One event a line; lines end at `\n` alone, blank ones are passed over.
    Ndjson,
    /// One event.
    Event,
}

/// What became of many events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// The body of a request with all mapped events, `{"events":[…]}`. Amazon takes 1 to 500 of them.
    pub body: Vec<u8>,
    /// For each mapped event where it starts and ends in [`Batch::events`].
    pub offsets: Vec<u32>,
    /// For each event of the input the place of its outcome in [`OUTCOME_CODES`].
    pub outcomes: Vec<u8>,
}

const OPENING: &[u8; 11] = br#"{"events":["#;
const CLOSING: &[u8; 2] = b"]}";

impl Batch {
    /// The mapped events' JSON, joined by commas: the body without what is around them.
    #[must_use]
    pub fn events(&self) -> &[u8] {
        self.body.get(self.events_range()).unwrap_or_default()
    }

    /// Where [`Batch::events`] are in the body.
    #[must_use]
    pub fn events_range(&self) -> Range<usize> {
        OPENING.len()..self.body.len().saturating_sub(CLOSING.len())
    }
}

/// One outcome that an event of a batch can have: nothing for mapped, else the reason and its detail.
pub type OutcomeCode = Option<(DropReason, Option<Detail>)>;

/// All outcomes an event of a batch can have.
pub const OUTCOME_CODES: &[OutcomeCode] = &[
    None,
    Some((DropReason::InvalidEvent, Some(Detail::NotJson))),
    Some((DropReason::InvalidEvent, Some(Detail::NotAnObject))),
    Some((DropReason::InvalidEvent, Some(Detail::TooDeep))),
    Some((DropReason::InvalidEvent, Some(Detail::TooLarge))),
    Some((DropReason::InvalidEvent, Some(Detail::TypeUnusable))),
    Some((DropReason::InvalidEvent, Some(Detail::EventUnusable))),
    Some((DropReason::UnmappedEvent, None)),
    Some((DropReason::DisabledEvent, None)),
    Some((DropReason::EventTooOld, None)),
    Some((DropReason::EventInFuture, None)),
    Some((DropReason::CountryMissing, None)),
    Some((DropReason::ConsentMissing, None)),
    Some((DropReason::ConsentDenied, None)),
    Some((DropReason::NoMatchKey, None)),
];

/// The place of a drop in [`OUTCOME_CODES`].
fn place_of(Dropped { reason, detail }: Dropped) -> u8 {
    match reason {
        DropReason::InvalidEvent => match detail {
            None | Some(Detail::NotJson) => 1,
            Some(Detail::NotAnObject) => 2,
            Some(Detail::TooDeep) => 3,
            Some(Detail::TooLarge) => 4,
            Some(Detail::TypeUnusable) => 5,
            Some(Detail::EventUnusable) => 6,
        },
        DropReason::UnmappedEvent => 7,
        DropReason::DisabledEvent => 8,
        DropReason::EventTooOld => 9,
        DropReason::EventInFuture => 10,
        DropReason::CountryMissing => 11,
        DropReason::ConsentMissing => 12,
        DropReason::ConsentDenied => 13,
        DropReason::NoMatchKey => 14,
    }
}

/// More than most events take.
const BYTES_PER_EVENT: usize = 1024;

pub(crate) fn transform(
    transformer: &Transformer,
    memory: Vec<u8>,
    input: &[u8],
    now: Instant,
    format: Format,
) -> Batch {
    let text = text_of(input);
    let mut run = Run::new(transformer, &text, now, memory);
    let is_array = |text: &str| byte(text.as_bytes(), blanks(text.as_bytes(), 0)) == b'[';
    match format {
        Format::Event => run.event(&text),
        Format::Auto if is_array(&text) => {
            let start = blanks(text.as_bytes(), 0);
            let end = run.elements(start).map_or(text.len(), |end| blanks(text.as_bytes(), end));
            if end < text.len() {
                run.event(text.get(end..).unwrap_or_default());
            }
        }
        Format::Auto => {
            if !run.batch_call() {
                run = Run::new(transformer, &text, now, Vec::new());
                run.lines(&text);
            }
        }
        Format::Ndjson => run.lines(&text),
    }
    run.hashing.fill(&mut run.body);
    run.body.literal(CLOSING);
    Batch { body: run.body.into_bytes(), ..run.batch }
}

/// The input as text. What is not UTF-8 becomes something that no JSON text may hold, so that it costs just the event that
/// it stands in.
fn text_of(input: &[u8]) -> Cow<'_, str> {
    let input = input.strip_prefix("\u{feff}".as_bytes()).unwrap_or(input);
    match simdutf8::basic::from_utf8(input) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(input.utf8_chunks().fold(String::new(), |mut text, chunk| {
            text.push_str(chunk.valid());
            if !chunk.invalid().is_empty() {
                text.push('\0');
            }
            text
        })),
    }
}

/// [`read::read_at`] or [`read::read_in_line`].
type Read<'t> =
    fn(&str, usize, &'t Plan, &mut Slots, &mut Frames<'t>) -> Result<usize, read::ReadError>;

/// A batch at work.
struct Run<'t> {
    transformer: &'t Transformer,
    text: &'t str,
    now: Instant,
    slots: Slots,
    frames: Frames<'t>,
    hashing: Hashing,
    /// With holes for the hashes of what waits.
    body: Writer,
    batch: Batch,
}

impl<'t> Run<'t> {
    fn new(transformer: &'t Transformer, text: &'t str, now: Instant, memory: Vec<u8>) -> Self {
        // An event comes out at about half its length. Seldom is more wanted, and what is new of it is zeroed.
        let mut body = Writer::within(memory, text.len() / 8 * 5 + BYTES_PER_EVENT);
        body.literal(OPENING);
        Run {
            transformer,
            text,
            now,
            slots: Slots::new(&transformer.plan),
            frames: Frames::new(),
            hashing: Hashing::new(),
            body,
            batch: Batch::default(),
        }
    }

    /// Lines, each of them an event, end at `\n` alone; blank ones are passed over.
    fn lines(&mut self, text: &'t str) {
        let mut start = 0;
        while start < text.len() {
            let end = self.line(text, start).unwrap_or_else(|| {
                let end = start + scan::length_until(rest(text.as_bytes(), start), b'\n');
                let line = text.get(start..end).unwrap_or_default().trim_ascii();
                if !line.is_empty() {
                    self.event(line);
                }
                end
            });
            start = end + 1;
        }
    }

    /// Maps the event that is the line that begins there, if it can be read as it stands; answers where the line ends, which
    /// shows by the reading: nobody need look for it first.
    fn line(&mut self, text: &'t str, start: usize) -> Option<usize> {
        let bytes = text.as_bytes();
        let end = self.read(text, start, read::read_in_line)?;
        let behind = end + usize::from(byte(bytes, end) == b'\r');
        (byte(bytes, behind) == b'\n' || behind == bytes.len()).then(|| {
            self.map_read(text);
            behind
        })
    }

    /// The elements of a JSON array that begins there; answers where it ends, if it does. What is no element is one event
    /// that cannot be read.
    fn elements(&mut self, start: usize) -> Option<usize> {
        let (text, bytes) = (self.text, self.text.as_bytes());
        let mut at = blanks(bytes, start + 1);
        if byte(bytes, at) == b']' {
            return Some(at + 1);
        }
        loop {
            let end = match self.element(at) {
                Some(end) => end,
                None => {
                    let end = at + element_length(text.get(at..)?.as_bytes());
                    let element = text.get(at..end)?.trim_ascii();
                    if element.is_empty() && end == text.len() {
                        return None;
                    }
                    self.event(element);
                    end
                }
            };
            at = blanks(bytes, end + 1);
            match byte(bytes, end) {
                b',' => {}
                b']' => return Some(end + 1),
                _ => return None,
            }
        }
    }

    /// Maps the element that begins there, if it can be read as it stands; answers where the comma or bracket behind it is.
    fn element(&mut self, start: usize) -> Option<usize> {
        let (text, bytes) = (self.text, self.text.as_bytes());
        let behind = blanks(bytes, self.read(text, start, read::read_at)?);
        matches!(byte(bytes, behind), b',' | b']').then(|| {
            self.map_read(text);
            behind
        })
    }

    /// Reads the object that begins there, if it is one of an event's size; answers where it ends.
    fn read(&mut self, text: &str, start: usize, read: Read<'t>) -> Option<usize> {
        if byte(text.as_bytes(), start) != b'{' {
            return None;
        }
        let end =
            read(text, start, &self.transformer.plan, &mut self.slots, &mut self.frames).ok()?;
        (end - start <= MAX_EVENT_BYTES).then_some(end)
    }

    /// Maps what was read.
    fn map_read(&mut self, text: &'t str) {
        let (plan, log) = (&self.transformer.plan, &mut Log::default());
        let mapped = transform::map_read(plan, text, &self.slots, self.now, &mut self.hashing, log);
        self.take(mapped);
    }

    /// The events of `{"batch":[…]}`; answers whether the input is such a call. One that is cut off or broken behind the list,
    /// or has something behind it in its line, has the events in front, and one that cannot be read.
    fn batch_call(&mut self) -> bool {
        let (text, bytes) = (self.text, self.text.as_bytes());
        let mut at = blanks(bytes, 0);
        let mut list = None;
        if byte(bytes, at) != b'{' {
            return false;
        }
        loop {
            at = blanks(bytes, at + 1);
            let Some((key, colon)) = value_at(text, at).ok().filter(|(key, _)| key.is_text())
            else {
                break;
            };
            at = blanks(bytes, colon);
            if byte(bytes, at) != b':' {
                break;
            }
            at = blanks(bytes, at + 1);
            let end = if byte(bytes, at) == b'[' && key.whole_text().as_deref() == Some("batch") {
                if list.replace(at).is_some() {
                    // The last of equal keys counts.
                    *self = Run::new(self.transformer, text, self.now, Vec::new());
                }
                match self.elements(at) {
                    Some(end) => end,
                    // What it is cut off in was an element.
                    None => return true,
                }
            } else {
                match value_at(text, at) {
                    Ok((_, end)) => end,
                    Err(_) => break,
                }
            };
            at = blanks(bytes, end);
            match byte(bytes, at) {
                b',' => {}
                b'}' if list.is_some() => {
                    let behind = text.get(at + 1..).unwrap_or_default();
                    let (line, others) = behind.split_once('\n').unwrap_or((behind, ""));
                    if line.trim_ascii().is_empty() {
                        // With more lines it is one of them: an event that has a list of that name.
                        return others.trim_ascii().is_empty();
                    }
                    self.take(Err(Detail::NotJson.into()));
                    self.lines(others);
                    return true;
                }
                _ => break,
            }
        }
        if list.is_some() {
            self.take(Err(Detail::NotJson.into()));
        }
        list.is_some()
    }

    fn event(&mut self, text: &'t str) {
        let (plan, log) = (&self.transformer.plan, &mut Log::default());
        let (slots, hashing) = (&mut self.slots, &mut self.hashing);
        let mapped = transform::map(plan, text, self.now, slots, hashing, log);
        self.take(mapped);
    }

    fn take(&mut self, mapped: Result<AmazonEvent<'t>, Dropped>) {
        let code = match mapped {
            Ok(event) => {
                self.write(&event);
                0
            }
            Err(dropped) => place_of(dropped),
        };
        self.batch.outcomes.push(code);
    }

    fn write(&mut self, event: &AmazonEvent<'_>) {
        if self.body.len() > OPENING.len() {
            self.body.literal(b",");
        }
        let start = self.body.len();
        event.write_json(&mut self.body);
        let places = [start, self.body.len()].map(|at| in_bytes(at - OPENING.len()));
        self.batch.offsets.extend(places);
        if self.hashing.is_enough() {
            self.hashing.fill(&mut self.body);
        }
    }
}

/// Inputs of 4 GiB do not fit wasm's memory in the first place.
fn in_bytes(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// How long a broken element is: up to the comma or bracket of the list's own level, whatever is in it.
fn element_length(text: &[u8]) -> usize {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    let end = text.iter().position(|byte| {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            return false;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => depth += 1,
            b',' | b']' if depth == 0 => return true,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        false
    });
    end.unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_outcome_has_the_code_of_its_place() {
        let drops = OUTCOME_CODES.iter().filter_map(|code| *code);
        let places: Vec<u8> =
            drops.map(|(reason, detail)| place_of(Dropped { reason, detail })).collect();
        assert_eq!(places, (1..=14).collect::<Vec<u8>>());
        assert_eq!(OUTCOME_CODES.len(), DropReason::ALL.len() + Detail::ALL.len());
    }
}
