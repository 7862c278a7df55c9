//! The waiting lines: ordered lists threaded through fixed arrays, one link per conversation slot.

/// Place in a line: first by arrival, then by the lasting name.
pub type Key = (i64, u64);

/// Many lines over the same slots; a slot stands in one line at most.
#[derive(Debug)]
pub struct Lines {
    heads: Box<[Option<u32>]>,
}

impl Lines {
    /// Empty lines over this many slots.
    pub fn new(lines: usize, _slots: u32) -> Lines {
        Lines { heads: vec![None; lines].into() }
    }
    /// Puts a slot in its place; walks from the end, where arrivals belong. The slot stands in no line.
    pub fn insert(&mut self, _line: usize, _slot: u32, _key: Key) {}
    /// Takes a slot out of whatever line it is in; false when in none.
    pub fn remove(&mut self, _slot: u32) -> bool {
        false
    }
    /// The first of a line.
    pub fn head(&self, line: usize) -> Option<u32> {
        self.heads[line]
    }
    /// The one behind.
    pub fn next(&self, _slot: u32) -> Option<u32> {
        None
    }
    /// Which line a slot is in.
    pub fn line_of(&self, _slot: u32) -> Option<usize> {
        None
    }
    /// The key it stands by.
    pub fn key(&self, _slot: u32) -> Key {
        (0, 0)
    }
    /// How many stand in a line.
    pub fn len(&self, _line: usize) -> u32 {
        0
    }
}
