//! An event that comes as fields: what an object has at the paths of [`crate::Transformer::paths`]. Who has an object need not
//! write a JSON text that would only be taken apart again.

use crate::plan::Plan;
use crate::read::{self, Slots, Span, byte, rest};
use crate::scan;
use crate::trie::SlotId;

/// These fields cannot say what the event is; its JSON can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotByFields;

/// Begins each field.
const BEGIN: u8 = b'\n';

/// Fills the slots. Each field is [`BEGIN`], the place of its path, and then `=` and a text as it is, or `:` and the JSON of
/// any value. There are `count` of them: if more begin, one is within a text, and nobody knows where.
pub(crate) fn fill(
    fields: &str,
    count: usize,
    plan: &Plan,
    slots: &mut Slots,
) -> Result<(), NotByFields> {
    slots.begin();
    let bytes = fields.as_bytes();
    let (mut at, mut found) = (0, 0);
    while byte(bytes, at) == BEGIN {
        found += 1;
        let (place, mark) = number(bytes, at + 1);
        if mark == at + 1 || place >= plan.slot_count() {
            return Err(NotByFields);
        }
        let begin = mark + 1;
        let end = begin + scan::length_until(rest(bytes, begin), BEGIN);
        let slot = SlotId(place);
        let value = match byte(bytes, mark) {
            b'=' => Span::text(begin, end),
            b':' => {
                let value = fields.get(begin..end).ok_or(NotByFields)?;
                // It stands within the event, and within an object for each key of its path but the last.
                let depth = plan.path(slot).split('.').count();
                read::parse_within(value, depth).map_err(|_| NotByFields)?.behind(begin)
            }
            _ => return Err(NotByFields),
        };
        slots.set(slot, value);
        at = end;
    }
    if at == bytes.len() && found == count { Ok(()) } else { Err(NotByFields) }
}

/// The number that begins there, and where it ends.
fn number(bytes: &[u8], start: usize) -> (usize, usize) {
    let (mut number, mut at) = (0_usize, start);
    while let digit @ b'0'..=b'9' = byte(bytes, at) {
        number = number.saturating_mul(10).saturating_add(usize::from(digit - b'0'));
        at += 1;
    }
    (number, at)
}
