//! Many events at once: NDJSON, a JSON array or `{"batch":[…]}` in; wire events, their places and one outcome code per
//! event out. A broken event costs none of its neighbours.

use crate::Transformer;
use crate::outcome::{Detail, DropReason, Outcome};
use crate::time::Instant;

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

/// What became of many events. A request body is `{"events":[`, a slice of `events`, `]}`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// The mapped events' JSON, joined by commas.
    pub events: Vec<u8>,
    /// For each mapped event where it starts and ends in `events`.
    pub offsets: Vec<u32>,
    /// For each event of the input the place of its outcome in [`OUTCOME_CODES`].
    pub outcomes: Vec<u8>,
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

pub(crate) fn transform(
    transformer: &Transformer,
    input: &[u8],
    now: Instant,
    format: Format,
) -> Batch {
    let mut batch = Batch::default();
    let input = input.strip_prefix("\u{feff}".as_bytes()).unwrap_or(input);
    each_event(input, format, &mut |event| batch.add(&transformer.evaluate_at(event, now)));
    batch
}

impl Batch {
    fn add(&mut self, outcome: &Outcome) {
        let code = OUTCOME_CODES.iter().position(|code| *code == outcome.reason());
        self.outcomes.push(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX));
        if let Outcome::Mapped { event, .. } = outcome {
            if !self.events.is_empty() {
                self.events.push(b',');
            }
            let start = self.events.len();
            self.events.extend_from_slice(event.to_json().as_bytes());
            // Inputs of 4 GiB do not fit wasm's memory in the first place.
            self.offsets
                .extend([start, self.events.len()].map(|at| u32::try_from(at).unwrap_or(u32::MAX)));
        }
    }
}

fn each_event(input: &[u8], format: Format, take: &mut dyn FnMut(&[u8])) {
    match format {
        Format::Event => take(input),
        Format::Ndjson => lines(input, take),
        Format::Auto => {
            let trimmed = input.trim_ascii();
            if trimmed.first() == Some(&b'[') {
                elements(trimmed, take);
            } else if let Some(array) = batch_list(trimmed) {
                elements(array, take);
            } else {
                lines(input, take);
            }
        }
    }
}

fn lines(input: &[u8], take: &mut dyn FnMut(&[u8])) {
    for line in input.split(|byte| *byte == b'\n') {
        let line = line.trim_ascii();
        if !line.is_empty() {
            take(line);
        }
    }
}

/// The elements of a JSON array, split at the commas of its own level without a look at what they are. What is not an
/// element is one event that cannot be read.
fn elements(array: &[u8], take: &mut dyn FnMut(&[u8])) {
    let mut rest = array.get(1..).unwrap_or_default();
    let mut first = true;
    loop {
        let (element, end) = next_element(rest);
        let element = element.trim_ascii();
        let is_empty_array = first && element.is_empty() && end == Some(b']');
        let is_nothing = element.is_empty() && end.is_none();
        if !is_empty_array && !is_nothing {
            take(element);
        }
        rest = rest.get(element_length(rest)..).unwrap_or_default();
        first = false;
        if end != Some(b',') {
            break;
        }
    }
    let rest = rest.trim_ascii();
    if !rest.is_empty() {
        take(rest);
    }
}

/// The text up to the comma or bracket that ends an element, and which it was.
fn next_element(text: &[u8]) -> (&[u8], Option<u8>) {
    let length = element_length(text);
    let end = length.checked_sub(1).and_then(|at| text.get(at)).copied();
    let closed = end.filter(|_| scan(text).is_some());
    let element =
        if closed.is_some() { text.get(..length.saturating_sub(1)) } else { text.get(..length) };
    (element.unwrap_or_default(), closed)
}

/// How long an element is with the byte that ends it.
fn element_length(text: &[u8]) -> usize {
    scan(text).map_or(text.len(), |at| at + 1)
}

/// Where the comma or bracket stands that ends the element.
fn scan(text: &[u8]) -> Option<usize> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.iter().enumerate() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => depth += 1,
            b',' | b']' if depth == 0 => return Some(at),
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// The list of `{"batch":[…]}`, if the whole input is such an object.
fn batch_list(input: &[u8]) -> Option<&[u8]> {
    let text = std::str::from_utf8(input).ok()?;
    crate::read::top_level_array(text, "batch").map(str::as_bytes)
}
