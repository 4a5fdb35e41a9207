//! An event that comes as fields: what an object has at the paths of [`crate::Transformer::paths`]. Who has an object need not
//! write a JSON text that would only be taken apart again.

use crate::plan::Plan;
use crate::read::{self, Slots, Span, byte};
use crate::trie::{Node, SlotId};

/// One value of an event; its text stands behind that of the field before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Where its path stands in [`crate::Transformer::paths`], counted from 0.
    pub place: usize,
    /// Whether its text is the JSON of a value, of any type; else it is a text as it is. (The lines of an order,
    /// [`crate::Transformer::lines`], if all of them are objects, may also be their prices and quantities alone, `19.99*2 5*1 `,
    /// of which some may be missing.)
    pub is_json: bool,
    /// How long its text is, in UTF-16 code units: bytes, where all of it is ASCII.
    pub length: usize,
}

/// These fields cannot say what the event is; its JSON can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotByFields;

/// Fills the slots from the texts of the fields, one behind the other.
pub(crate) fn fill(
    texts: &str,
    fields: impl Iterator<Item = Field>,
    plan: &Plan,
    slots: &mut Slots,
) -> Result<(), NotByFields> {
    slots.begin();
    let is_ascii = texts.is_ascii();
    let mut at = 0_usize;
    for Field { place, is_json, length } in fields {
        if place >= plan.path_count() {
            return Err(NotByFields);
        }
        let end = if is_ascii { at.checked_add(length) } else { behind_units(texts, at, length) };
        let (slot, end) = (SlotId(place), end.ok_or(NotByFields)?);
        if is_json {
            json(texts, at, end, slot, plan, slots)?;
        } else {
            slots.set(slot, Span::text(at, end));
        }
        at = end;
    }
    if at == texts.len() { Ok(()) } else { Err(NotByFields) }
}

/// Fills a slot with the JSON value that is there.
fn json(
    texts: &str,
    start: usize,
    end: usize,
    slot: SlotId,
    plan: &Plan,
    slots: &mut Slots,
) -> Result<(), NotByFields> {
    let text = texts.get(start..end).ok_or(NotByFields)?;
    // It stands within the event, and within an object for each key of its path but the last.
    let depth = || plan.path(slot).split('.').count();
    let begin = read::start_of(text);
    let first = byte(text.as_bytes(), begin);
    if let Some(list) = plan.list(slot) {
        if first == b'[' {
            let texts = texts.get(..end).ok_or(NotByFields)?;
            let read = read::read_lines(texts, start + begin, list, depth(), slots);
            return read.map_err(|_| NotByFields);
        }
        // No number has a star.
        if matches!(first, b'*' | b'-' | b'0'..=b'9') && text.contains('*') {
            return lines(text, start, slot, list, slots);
        }
    }
    let depth = if matches!(first, b'[' | b'{') { depth() } else { 0 };
    let value = read::parse_within(text, depth).map_err(|_| NotByFields)?;
    slots.set(slot, value.behind(start));
    Ok(())
}

/// Takes up the lines of an order, each a price, `*`, a quantity and a blank, of which one or both may be missing.
fn lines(
    text: &str,
    start: usize,
    slot: SlotId,
    list: &Node,
    slots: &mut Slots,
) -> Result<(), NotByFields> {
    slots.begin_lines(list, Span::array(start, start + text.len()));
    let mut at = start;
    for line in text.strip_suffix(' ').ok_or(NotByFields)?.split(' ') {
        let (price, quantity) = line.split_once('*').ok_or(NotByFields)?;
        let number = |text: &str, start| match text {
            "" => Ok(None),
            number => {
                Ok(Some(read::parse_within(number, 0).map_err(|_| NotByFields)?.behind(start)))
            }
        };
        let members = [number(price, at)?, number(quantity, at + price.len() + 1)?];
        slots.add_line(slot, members);
        at += line.len() + 1;
    }
    Ok(())
}

/// Where so many UTF-16 code units end; nothing if that is within a character or behind the end.
fn behind_units(text: &str, start: usize, units: usize) -> Option<usize> {
    let (mut at, mut left) = (start, units);
    let mut chars = text.get(start..)?.chars();
    while left > 0 {
        let next = chars.next()?;
        left = left.checked_sub(next.len_utf16())?;
        at += next.len_utf8();
    }
    Some(at)
}
