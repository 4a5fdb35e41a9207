//! The paths that somebody asks for, as a trie of their keys: one look at each key of an event tells whether it leads anywhere.

use crate::scan;

/// A place in [`crate::read::Slots`]: the number of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SlotId(pub(crate) usize);

impl SlotId {
    /// Stands for everything that is the same for every event.
    pub(crate) const CONST_BIT: u64 = 1 << 63;
    /// Of a path that cannot be put in: a place no event fills.
    const NOWHERE: SlotId = SlotId(usize::MAX);

    /// The slots of what is looked at of a line.
    pub(crate) fn members(self) -> [SlotId; LINE.len()] {
        [SlotId(self.0 + 1), SlotId(self.0 + 2)]
    }

    /// One of 63 bits, so that a look at a word tells that nothing is there. The last ones share one.
    #[inline(always)]
    pub(crate) fn bit(self) -> u64 {
        1 << self.0.min(62)
    }
}

/// One key on the way to the wanted values.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) id: usize,
    key: String,
    /// The key's, as [`Key::ends`].
    ends: [u64; 2],
    pub(crate) children: Vec<Node>,
    /// For each [`Key::bucket`] the place of one of its children, counted from 1, or 0; nothing at all where there are none.
    buckets: Vec<u16>,
    /// The place of the next of its siblings in the same bucket, counted from 1, or 0.
    next: u16,
    /// Set if a path ends here.
    pub(crate) slot: Option<SlotId>,
    /// Stands for each line, if this is a list of an order's lines.
    pub(crate) line: Option<Box<Node>>,
    /// Whether there is nothing below it.
    pub(crate) is_leaf: bool,
    /// The list, if this stands for its lines.
    pub(crate) list: Option<SlotId>,
}

/// Many more than keys: a key that is nobody's shall fall into an empty one.
const BUCKETS: u32 = 256;

/// A key to look for.
#[derive(Clone, Copy)]
pub(crate) struct Key<'t> {
    text: &'t [u8],
    /// Its first eight bytes as a number, with zeros behind a shorter one.
    head: u64,
}

impl<'t> Key<'t> {
    pub(crate) fn new(text: &'t [u8]) -> Self {
        if let Some(head) = text.first_chunk() {
            return Key { text, head: u64::from_le_bytes(*head) };
        }
        let mut head = [0; 8];
        head.iter_mut().zip(text).for_each(|(place, byte)| *place = *byte);
        Key { text, head: u64::from_le_bytes(head) }
    }

    /// As [`Key::new`], by the first eight bytes from where it begins, whatever stands in them behind a shorter one. An empty one
    /// is none.
    #[inline(always)]
    pub(crate) fn with_head(text: &'t [u8], head: u64) -> Option<Self> {
        let missing = 8_usize.saturating_sub(text.len());
        let mask = u64::MAX.checked_shr(8 * u32::try_from(missing).unwrap_or(0))?;
        Some(Key { text, head: head & mask })
    }

    /// Most keys are nobody's: that shows by their bucket, or leaves one to compare.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "some bits")]
    fn bucket(self) -> usize {
        let mixed = (self.head ^ self.text.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> (u64::BITS - BUCKETS.ilog2())) as usize
    }

    /// Its first and its last eight bytes: up to sixteen, which nearly all have, are whole in them.
    #[inline(always)]
    pub(crate) fn ends(self) -> [u64; 2] {
        [self.head, self.text.last_chunk().map_or(0, |tail| u64::from_le_bytes(*tail))]
    }
}

/// A text in pieces of eight bytes, but for what is behind the last of them. (Compared as a whole it would cost a call.)
#[inline(always)]
fn eights(text: &(impl AsRef<[u8]> + ?Sized)) -> impl Iterator<Item = &[u8; 8]> {
    text.as_ref().as_chunks().0.iter()
}

impl Node {
    fn new(id: usize, key: &str) -> Self {
        Node {
            id,
            key: key.to_owned(),
            ends: Key::new(key.as_bytes()).ends(),
            children: Vec::new(),
            buckets: Vec::new(),
            next: 0,
            slot: None,
            line: None,
            is_leaf: true,
            list: None,
        }
    }

    #[inline(always)]
    pub(crate) fn child(&self, key: Key<'_>) -> Option<&Node> {
        let mut place = *self.buckets.get(key.bucket())?;
        if place == 0 {
            return None;
        }
        let ends = key.ends();
        loop {
            let child = self.children.get(usize::from(place).checked_sub(1)?)?;
            if child.is_called(key, ends) {
                return Some(child);
            }
            place = child.next;
        }
    }

    #[inline(always)]
    fn is_called(&self, Key { text, .. }: Key<'_>, ends: [u64; 2]) -> bool {
        // One by one: as a pair they would go by way of memory.
        let ([own_head, own_tail], [head, tail]) = (self.ends, ends);
        own_head == head
            && own_tail == tail
            && self.key.len() == text.len()
            && (text.len() <= 16 || eights(&self.key).eq(eights(text)))
    }

    /// The child of that key, made if there is none.
    fn child_or_new(&mut self, key: &str, nodes: &mut usize) -> Option<&mut Node> {
        let looked_for = Key::new(key.as_bytes());
        let known = self.children.iter().position(|child| child.key == key);
        let at = known.unwrap_or(self.children.len());
        if known.is_none() {
            let bucket = looked_for.bucket();
            self.buckets.resize(BUCKETS as usize, 0);
            let first = self.buckets.get_mut(bucket)?;
            let next = std::mem::replace(first, u16::try_from(at + 1).ok()?);
            self.children.push(Node { next, ..Node::new(*nodes, key) });
            self.is_leaf = false;
            *nodes += 1;
        }
        self.children.get_mut(at)
    }
}

/// What is looked at of a line of an order; its slots stand in this order behind that of the line.
const LINE: [&str; 2] = ["price", "quantity"];

/// All of them.
#[derive(Debug)]
pub(crate) struct Trie {
    pub(crate) root: Node,
    /// How many nodes there are.
    pub(crate) nodes: usize,
    /// By [`SlotId`].
    pub(crate) paths: Vec<String>,
    /// How often each of them was put in.
    uses: Vec<u32>,
    /// How many slots there are behind those of the paths: three for each list of lines.
    more: usize,
}

impl Trie {
    pub(crate) fn new() -> Self {
        Trie { root: Node::new(0, ""), nodes: 1, paths: Vec::new(), uses: Vec::new(), more: 0 }
    }

    /// How many slots there are.
    pub(crate) fn slots(&self) -> usize {
        self.paths.len() + self.more
    }

    /// Whether a path is looked at for one thing alone.
    #[cfg(feature = "wasm")]
    pub(crate) fn is_used_once(&self, slot: SlotId) -> bool {
        self.uses.get(slot.0) == Some(&1)
    }

    /// The node of a path that is in it.
    pub(crate) fn node(&self, path: &str) -> Option<&Node> {
        let mut keys = scan::split(path, b'.');
        keys.try_fold(&self.root, |node, key| node.child(Key::new(key.as_bytes())))
    }

    /// Takes the elements of a list for lines of an order. All paths are in it by now.
    pub(crate) fn lines(&mut self, list: SlotId) {
        let first = self.slots();
        let Some(path) = self.paths.get(list.0) else { return };
        let mut keys = scan::split(path, b'.');
        let node = keys.try_fold(&mut self.root, |node, key| {
            node.children.iter_mut().find(|child| child.key == key)
        });
        let Some(node) = node.filter(|node| node.line.is_none()) else { return };
        let mut line = Node::new(self.nodes, "");
        self.nodes += 1;
        (line.slot, line.list) = (Some(SlotId(first)), Some(list));
        for (key, slot) in LINE.iter().zip(first + 1..) {
            if let Some(member) = line.child_or_new(key, &mut self.nodes) {
                member.slot = Some(SlotId(slot));
            }
        }
        node.line = Some(Box::new(line));
        node.is_leaf = false;
        self.more += 1 + LINE.len();
    }

    /// The slot of a path, keys joined by dots, which is put in if it is new.
    pub(crate) fn slot(&mut self, path: &str) -> SlotId {
        let mut node = &mut self.root;
        for key in scan::split(path, b'.') {
            match node.child_or_new(key, &mut self.nodes) {
                Some(child) => node = child,
                None => return SlotId::NOWHERE,
            }
        }
        let slot = *node.slot.get_or_insert_with(|| {
            self.paths.push(path.to_owned());
            self.uses.push(0);
            SlotId(self.paths.len() - 1)
        });
        if let Some(uses) = self.uses.get_mut(slot.0) {
            *uses += 1;
        }
        slot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_every_length_are_found_whatever_stands_behind_them_and_no_others_are() {
        let keys: Vec<String> =
            (1..40).map(|length| ('a'..='z').cycle().take(length).collect()).collect();
        let mut trie = Trie::new();
        for key in keys.iter().step_by(2) {
            trie.slot(key);
        }
        for (index, key) in keys.iter().enumerate() {
            for behind in ["\"       ", "\":\"a value that is long\""] {
                let text = format!("{key}{behind}");
                let head = u64::from_le_bytes(*text.as_bytes().first_chunk().unwrap());
                let found = trie.root.child(Key::with_head(key.as_bytes(), head).unwrap());
                assert_eq!(
                    found.map(|node| node.id),
                    trie.root.child(Key::new(key.as_bytes())).map(|node| node.id)
                );
                let path = found.and_then(|node| node.slot).and_then(|slot| trie.paths.get(slot.0));
                assert_eq!(path, (index % 2 == 0).then_some(key));
            }
        }
    }

    #[test]
    fn a_path_has_one_slot_however_often_it_is_put_in() {
        let mut trie = Trie::new();
        let slots = ["a.b", "a", "a.b.c", "a.b"].map(|path| trie.slot(path).0);
        assert_eq!((slots, trie.nodes), ([0, 1, 2, 0], 4));
        assert_eq!(trie.paths, ["a.b", "a", "a.b.c"]);
    }
}
