//! Many events at once: NDJSON, a JSON array or `{"batch":[…]}` in; wire events, their places and one outcome code per
//! event out. A broken event costs none of its neighbours.

use crate::Transformer;
use crate::outcome::{Detail, DropReason};
use crate::read::Slots;
use crate::scan;
use crate::time::Instant;
use crate::trace::Log;
use crate::transform::Dropped;

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
    let input = input.strip_prefix("\u{feff}".as_bytes()).unwrap_or(input);
    let mut batch = Batch::default();
    // An event comes out about half as long as it went in.
    let mut events = String::with_capacity(input.len() / 2);
    let mut slots = Slots::new(&transformer.plan);
    each_event(input, format, &mut |event| {
        let code = match transformer.map(event, now, &mut slots, &mut Log::default()) {
            Ok(mapped) => {
                if !events.is_empty() {
                    events.push(',');
                }
                let start = events.len();
                mapped.write_json(&mut events);
                batch.offsets.extend([start, events.len()].map(in_bytes));
                None
            }
            Err(Dropped { reason, detail }) => Some((reason, detail)),
        };
        let place = OUTCOME_CODES.iter().position(|known| *known == code);
        batch.outcomes.push(place.and_then(|place| u8::try_from(place).ok()).unwrap_or(u8::MAX));
    });
    batch.events = events.into_bytes();
    batch
}

/// Inputs of 4 GiB do not fit wasm's memory in the first place.
fn in_bytes(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn each_event<'e>(input: &'e [u8], format: Format, take: &mut dyn FnMut(&'e [u8])) {
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

fn lines<'e>(input: &'e [u8], take: &mut dyn FnMut(&'e [u8])) {
    for line in scan::split(input, b'\n') {
        let line = line.trim_ascii();
        if !line.is_empty() {
            take(line);
        }
    }
}

/// The elements of a JSON array, split at the commas of its own level without a look at what they are. What is not an
/// element is one event that cannot be read.
fn elements<'e>(array: &'e [u8], take: &mut dyn FnMut(&'e [u8])) {
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
    let closed = end.filter(|_| element_end(text).is_some());
    let element =
        if closed.is_some() { text.get(..length.saturating_sub(1)) } else { text.get(..length) };
    (element.unwrap_or_default(), closed)
}

/// How long an element is with the byte that ends it.
fn element_length(text: &[u8]) -> usize {
    element_end(text).map_or(text.len(), |at| at + 1)
}

/// Where the comma or bracket stands that ends the element.
fn element_end(text: &[u8]) -> Option<usize> {
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
