//! The pass over an event's JSON: every byte is checked once, and what the plan asks for is put into slots on the way.
//!
//! It goes two ways by the same rules. The plain one knows JSON as programs write it, and takes nearly all of an event; at anything
//! else it stops, and the odd one takes that member.

use super::{
    Kind, MAX_DEPTH, ReadError, Result, Slots, Span, Stop, byte, escaped_string, kind_of_scalar,
    not_json, rest, scalar, slice, unescape,
};
use crate::scan::Special;
use crate::trie::{Key, Node};

/// Of each open container: where it begins, and its node; none where nothing is asked for. Made once for many events.
pub(crate) struct Frames<'n>([(usize, Option<&'n Node>); MAX_DEPTH]);

impl Frames<'_> {
    pub(crate) fn new() -> Self {
        Frames([(0, None); MAX_DEPTH])
    }
}

/// Passes over the value that begins there, down the trie from the node that stands for it, if there is one, and answers
/// where it ends. Everything is checked, asked for or not. The value stands within so many `outer` containers.
pub(super) fn walk<'n>(
    text: &str,
    start: usize,
    outer: usize,
    root: Option<&'n Node>,
    frames: &mut Frames<'n>,
    slots: &mut Slots,
) -> Result<usize> {
    let mut walk = Walk {
        text,
        special: Special::hidden(),
        at: start,
        has_ended: false,
        frames,
        depth: 0,
        deepest: MAX_DEPTH.saturating_sub(outer),
        objects: 0,
        around: root,
    };
    while !walk.plain(slots) {
        if walk.odd(slots)? {
            break;
        }
    }
    Ok(walk.at)
}

/// A value on the way to its end. There is no recursion.
struct Walk<'w, 'n> {
    text: &'w str,
    special: Special,
    /// Where a member or an element begins, or behind one that has ended.
    at: usize,
    has_ended: bool,
    frames: &'w mut Frames<'n>,
    depth: usize,
    deepest: usize,
    /// A bit for each open container, the innermost the lowest; it is set for an object.
    objects: u64,
    /// The node of the innermost object, or of what is in the innermost list.
    around: Option<&'n Node>,
}

impl Walk<'_, '_> {
    /// Goes on as far as all is as programs write it, and answers whether that is the end. This is where most of an event's time
    /// goes. It calls nothing: V8 keeps nothing in registers that is needed behind a call, be it never made.
    #[inline(never)]
    fn plain(&mut self, slots: &mut Slots) -> bool {
        self.go::<false>(slots).unwrap_or(false)
    }

    /// Passes over one member or element with anything in it: escapes, what comes again, mistakes.
    #[inline(never)]
    fn odd(&mut self, slots: &mut Slots) -> Result<bool> {
        self.go::<true>(slots)
    }

    #[expect(
        clippy::too_many_lines,
        reason = "the steps of one loop, which share what is in registers"
    )]
    #[inline(always)]
    fn go<const ODD: bool>(&mut self, slots: &mut Slots) -> Result<bool> {
        let bytes = self.text.as_bytes();
        let at = |left: &[u8]| bytes.len() - left.len();
        let (special, is_line) = (self.special, slots.is_line);
        // From where it is at to the end of the text.
        let mut left = rest(bytes, self.at);
        let (mut depth, mut objects, mut around) = (self.depth, self.objects, self.around);
        let mut has_ended = ODD && self.has_ended;
        // What is not plain is left to the other one, from the beginning of the member on, or from its end. (Where nothing is left to
        // the other one below, there is nothing that could be odd: what is passed over has been looked at.)
        macro_rules! odd {
            ($has_ended:literal, $what:expr) => {{
                if !ODD {
                    (self.at, self.has_ended) = (at(left), $has_ended);
                    (self.depth, self.objects, self.around) = (depth, objects, around);
                    return Ok(false);
                }
                $what
            }};
        }
        loop {
            if has_ended {
                has_ended = false;
            } else {
                let mut target = around;
                let mut value = left;
                if objects & 1 == 1 {
                    target = None;
                    let Some((b'"', key)) = left.split_first() else {
                        odd!(false, return not_json(at(left)))
                    };
                    let Some(length) = special.first(key) else {
                        odd!(false, return not_json(bytes.len()))
                    };
                    let Some((name, mut behind)) = key.split_at_checked(length) else {
                        odd!(false, return not_json(bytes.len()))
                    };
                    let mut four = first_four(behind);
                    let has_escapes = !begins(four, *b"\"");
                    if has_escapes {
                        odd!(false, {
                            behind = rest(bytes, odd_string(bytes, at(behind))?);
                            four = first_four(behind);
                        });
                    }
                    if let Some(node) = around {
                        let head = key.first_chunk().filter(|_| !has_escapes);
                        match head.and_then(|head| Key::with_head(name, u64::from_le_bytes(*head)))
                        {
                            Some(key) => target = node.child(key),
                            None => odd!(false, {
                                target =
                                    child_by_text(node, slice(self.text, at(key), at(behind))?);
                            }),
                        }
                    }
                    if begins(four, *b"\":") && third(four) > b' ' {
                        let Some(next) = behind.get(2..) else {
                            odd!(false, return not_json(bytes.len()))
                        };
                        value = next;
                    } else if begins(four, *b"\":")
                        && let Some(next) = behind.get(2..).and_then(|next| solid(next, is_line))
                    {
                        value = next;
                    } else {
                        odd!(false, {
                            let colon = slots.blanks(bytes, at(behind) + 1);
                            if byte(bytes, colon) != b':' {
                                return not_json(colon);
                            }
                            value = rest(bytes, slots.blanks(bytes, colon + 1));
                        });
                    }
                }
                let slot = target.and_then(|node| node.slot);
                let Some((first, inner)) = value.split_first() else {
                    odd!(false, return not_json(bytes.len()))
                };
                match *first {
                    b'"' => {
                        let Some(length) = special.first(inner) else {
                            odd!(false, return not_json(bytes.len()))
                        };
                        let Some(mut behind) = inner.get(length..) else {
                            odd!(false, return not_json(bytes.len()))
                        };
                        let mut four = first_four(behind);
                        let mut kind = Kind::Text;
                        if !begins(four, *b"\"") {
                            odd!(false, {
                                behind = rest(bytes, odd_string(bytes, at(behind))?);
                                four = first_four(behind);
                                kind = Kind::Escaped;
                            });
                        }
                        if let Some(node) = target
                            && !slots.enter(node)
                        {
                            odd!(false, slots.enter_again(node));
                        }
                        if let Some(slot) = slot {
                            slots.set(slot, Span { kind, start: at(inner), end: at(behind) });
                        }
                        if begins(four, *b"\",") && third(four) > b' ' && depth > 0 {
                            let Some(next) = behind.get(2..) else {
                                return not_json(bytes.len());
                            };
                            left = next;
                            if !ODD {
                                continue;
                            }
                            (self.at, self.has_ended) = (at(left), false);
                            return Ok(false);
                        }
                        let Some(next) = behind.get(1..) else { return not_json(bytes.len()) };
                        left = next;
                    }
                    bracket @ (b'{' | b'[') => {
                        if depth == self.deepest {
                            let stop = Stop { error: ReadError::TooDeep, at: at(value) };
                            odd!(false, return Err(stop));
                        }
                        let mut inner = inner;
                        if byte(inner, 0) <= b' ' {
                            match solid(inner, is_line) {
                                Some(next) => inner = next,
                                None => {
                                    odd!(
                                        false,
                                        inner = rest(bytes, slots.blanks(bytes, at(inner)))
                                    );
                                }
                            }
                        }
                        if let Some(node) = target
                            && !slots.enter(node)
                        {
                            odd!(false, slots.enter_again(node));
                        }
                        if let Some(frame) = self.frames.0.get_mut(depth) {
                            *frame = (at(value), target);
                        }
                        depth += 1;
                        let is_object = bracket == b'{';
                        objects = objects << 1 | u64::from(is_object);
                        left = inner;
                        // In ASCII the closing bracket is two behind the opening one. An empty container is about to end.
                        if byte(left, 0) != bracket + 2 {
                            around = if is_object { parent(target) } else { line_of(target) };
                            if !ODD {
                                continue;
                            }
                            (self.at, self.has_ended) = (at(left), false);
                            (self.depth, self.objects, self.around) = (depth, objects, around);
                            return Ok(false);
                        }
                    }
                    _ => {
                        let length = match scalar(value, 0) {
                            Ok(length) => length,
                            Err(Stop { error, at: within }) => {
                                let stop = Stop { error, at: at(value) + within };
                                odd!(false, return Err(stop))
                            }
                        };
                        if let Some(node) = target
                            && !slots.enter(node)
                        {
                            odd!(false, slots.enter_again(node));
                        }
                        let Some(next) = value.get(length..) else { return not_json(bytes.len()) };
                        left = next;
                        if let Some(slot) = slot {
                            let (start, end) = (at(value), at(left));
                            slots.set(slot, Span { kind: kind_of_scalar(*first), start, end });
                        }
                    }
                }
            }
            // A value has ended here.
            loop {
                if depth == 0 {
                    self.at = at(left);
                    return Ok(true);
                }
                if byte(left, 0) <= b' ' {
                    match solid(left, is_line) {
                        Some(next) => left = next,
                        None => odd!(true, left = rest(bytes, slots.blanks(bytes, at(left)))),
                    }
                }
                let is_object = objects & 1 == 1;
                match byte(left, 0) {
                    b',' => {
                        match left.get(1..) {
                            Some(next @ [first, ..]) if *first > b' ' => left = next,
                            next => match next.and_then(|next| solid(next, is_line)) {
                                Some(next) => left = next,
                                None => {
                                    odd!(
                                        true,
                                        left = rest(bytes, slots.blanks(bytes, at(left) + 1))
                                    );
                                }
                            },
                        }
                        break;
                    }
                    bracket if bracket == if is_object { b'}' } else { b']' } => {
                        let Some(behind) = left.get(1..) else { return not_json(bytes.len()) };
                        if let Some((start, Some(Node { slot: Some(slot), line, .. }))) =
                            self.frames.0.get(depth.wrapping_sub(1)).copied()
                        {
                            let kind = if is_object { Kind::Object } else { Kind::Array };
                            if let Some(line) = line {
                                odd!(true, slots.end_lines(line));
                            }
                            slots.set(*slot, Span { kind, start, end: at(behind) });
                        }
                        left = behind;
                        depth -= 1;
                        objects >>= 1;
                        // What is in a list has no path, but for the lines of an order.
                        around = match self.frames.0.get(depth.wrapping_sub(1)) {
                            Some((_, node)) if objects & 1 == 1 => parent(*node),
                            Some((_, node)) => line_of(*node),
                            None => None,
                        };
                    }
                    _ => odd!(true, return not_json(at(left))),
                }
            }
            if ODD {
                (self.at, self.has_ended) = (at(left), false);
                (self.depth, self.objects, self.around) = (depth, objects, around);
                return Ok(false);
            }
        }
    }
}

/// What is behind white space; nothing if nothing is, or, in what must be a line, another line.
#[inline(always)]
fn solid(mut left: &[u8], is_line: bool) -> Option<&[u8]> {
    loop {
        left = match left {
            [b' ' | b'\t' | b'\r', next @ ..] => next,
            [b'\n', next @ ..] if !is_line => next,
            [] | [b'\n', ..] => return None,
            _ => return Some(left),
        };
    }
}

/// The first four bytes, as a number with the first one lowest; of fewer only the first one.
#[inline(always)]
fn first_four(bytes: &[u8]) -> u32 {
    match bytes.first_chunk() {
        Some(four) => u32::from_le_bytes(*four),
        None => byte(bytes, 0).into(),
    }
}

/// Whether [`first_four`] begin with these.
#[inline(always)]
fn begins<const N: usize>(four: u32, with: [u8; N]) -> bool {
    let mask = with.iter().fold(0, |mask, _| mask << 8 | 0xff);
    four & mask == with.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

/// The third of [`first_four`].
#[inline(always)]
fn third(four: u32) -> u8 {
    let [_, _, third, _] = four.to_le_bytes();
    third
}

/// Where the closing quote of a string is in which something else comes first; only an escape may.
#[inline(never)]
fn odd_string(bytes: &[u8], at: usize) -> Result<usize> {
    if byte(bytes, at) == b'\\' { escaped_string(bytes, at) } else { not_json(at) }
}

/// The child of a key with escapes, or at the end of a text.
#[inline(never)]
fn child_by_text<'n>(node: &'n Node, raw: &str) -> Option<&'n Node> {
    node.child(Key::new(unescape(raw).as_bytes()))
}

/// A node that something is below of: nobody need look up the keys of another.
#[inline(always)]
fn parent(node: Option<&Node>) -> Option<&Node> {
    node.filter(|node| !node.children.is_empty())
}

/// What stands for the lines of an order that this is a list of.
#[inline(always)]
fn line_of(node: Option<&Node>) -> Option<&Node> {
    node.and_then(|list| list.line.as_deref())
}
