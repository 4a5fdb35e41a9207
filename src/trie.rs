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

    /// One of 63 bits, so that a look at a word tells that nothing is there. The last ones share one.
    #[inline(always)]
    pub(crate) fn bit(self) -> u64 {
        1 << self.0.min(62)
    }
}

/// One key on the way to the wanted values.
#[derive(Debug, Default)]
pub(crate) struct Node {
    pub(crate) id: usize,
    key: String,
    pub(crate) children: Vec<Node>,
    /// For each [`bucket`] the place of one of its children, counted from 1, or 0; nothing at all where there are no children.
    buckets: Vec<u16>,
    /// The place of the next of its siblings in the same bucket, counted from 1, or 0.
    next: u16,
    /// Set if a path ends here.
    pub(crate) slot: Option<SlotId>,
}

const BUCKETS: usize = 64;

/// Most keys are nobody's: a glance at length, first and last byte tells that, or leaves one to compare.
#[inline(always)]
fn bucket(key: &[u8]) -> usize {
    let [first, last] = [key.first(), key.last()].map(|byte| usize::from(*byte.unwrap_or(&0)));
    (key.len() + first * 7 + last * 3) % BUCKETS
}

impl Node {
    #[inline(always)]
    pub(crate) fn child(&self, key: &[u8]) -> Option<&Node> {
        let mut place = *self.buckets.get(bucket(key))?;
        loop {
            let child = self.children.get(usize::from(place).checked_sub(1)?)?;
            if scan::same(child.key.as_bytes(), key) {
                return Some(child);
            }
            place = child.next;
        }
    }

    /// The child of that key, made if there is none.
    fn child_or_new(&mut self, key: &str, nodes: &mut usize) -> Option<&mut Node> {
        let known = self.children.iter().position(|child| child.key == key);
        let at = known.unwrap_or(self.children.len());
        if known.is_none() {
            self.buckets.resize(BUCKETS, 0);
            let first = self.buckets.get_mut(bucket(key.as_bytes()))?;
            let next = std::mem::replace(first, u16::try_from(at + 1).ok()?);
            self.children.push(Node { id: *nodes, key: key.to_owned(), next, ..Node::default() });
            *nodes += 1;
        }
        self.children.get_mut(at)
    }
}

/// All of them.
#[derive(Debug)]
pub(crate) struct Trie {
    pub(crate) root: Node,
    /// How many nodes there are.
    pub(crate) nodes: usize,
    /// By [`SlotId`].
    pub(crate) paths: Vec<String>,
}

impl Trie {
    pub(crate) fn new() -> Self {
        Trie { root: Node::default(), nodes: 1, paths: Vec::new() }
    }

    /// The slot of a path, keys joined by dots, which is put in if it is new.
    pub(crate) fn slot(&mut self, path: &str) -> SlotId {
        let mut node = &mut self.root;
        for key in path.split('.') {
            match node.child_or_new(key, &mut self.nodes) {
                Some(child) => node = child,
                None => return SlotId::NOWHERE,
            }
        }
        *node.slot.get_or_insert_with(|| {
            self.paths.push(path.to_owned());
            SlotId(self.paths.len() - 1)
        })
    }
}
