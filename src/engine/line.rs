//! The waiting lines: ordered lists threaded through fixed arrays, one link per conversation slot.
//!
//! A heap was tried on paper: O(log n) to insert, but a place in the line, which every waiting customer is
//! told, costs O(n log n) there. Arrivals belong at the end, where insertion is one step; only what comes back
//! with its original arrival time walks.

/// Place in a line: first by arrival, then by the lasting name.
pub type Key = (i64, u64);

const NONE: u32 = u32::MAX;

/// Many lines over the same slots; a slot stands in one line at most.
#[derive(Debug)]
pub struct Lines {
    ends: Box<[Ends]>,
    links: Box<[Link]>,
}

#[derive(Clone, Copy, Debug)]
struct Ends {
    first: u32,
    last: u32,
    len: u32,
}

#[derive(Clone, Copy, Debug)]
struct Link {
    line: u32,
    before: u32,
    behind: u32,
    key: Key,
}

impl Lines {
    /// Empty lines over this many slots.
    pub fn new(lines: usize, slots: u32) -> Lines {
        Lines {
            ends: vec![Ends { first: NONE, last: NONE, len: 0 }; lines].into(),
            links: vec![Link { line: NONE, before: NONE, behind: NONE, key: (0, 0) }; slots as usize].into(),
        }
    }

    /// What so many lines over so many slots take.
    pub fn bytes(lines: usize, slots: u32) -> usize {
        lines * size_of::<Ends>() + slots as usize * size_of::<Link>()
    }

    /// Puts a slot in its place; walks from the end, where arrivals belong.
    ///
    /// # Panics
    /// When the slot stands in a line already.
    pub fn insert(&mut self, line: usize, slot: u32, key: Key) {
        assert_eq!(self.line_of(slot), None, "slot {slot} stands in a line already");
        let mut before = self.ends[line].last;
        while before != NONE && self.links[before as usize].key > key {
            before = self.links[before as usize].before;
        }
        let ends = self.ends[line];
        let behind = if before == NONE { ends.first } else { self.links[before as usize].behind };
        self.links[slot as usize] =
            Link { line: u32::try_from(line).expect("lines are few"), before, behind, key };
        match before {
            NONE => self.ends[line].first = slot,
            before => self.links[before as usize].behind = slot,
        }
        match behind {
            NONE => self.ends[line].last = slot,
            behind => self.links[behind as usize].before = slot,
        }
        self.ends[line].len += 1;
    }

    /// Takes a slot out of whatever line it is in; false when in none.
    pub fn remove(&mut self, slot: u32) -> bool {
        let Some(line) = self.line_of(slot) else { return false };
        let Link { before, behind, .. } = self.links[slot as usize];
        match before {
            NONE => self.ends[line].first = behind,
            before => self.links[before as usize].behind = behind,
        }
        match behind {
            NONE => self.ends[line].last = before,
            behind => self.links[behind as usize].before = before,
        }
        self.ends[line].len -= 1;
        self.links[slot as usize].line = NONE;
        true
    }

    /// The first of a line.
    pub fn head(&self, line: usize) -> Option<u32> {
        some(self.ends[line].first)
    }

    /// The one behind.
    pub fn next(&self, slot: u32) -> Option<u32> {
        some(self.links[slot as usize].behind)
    }

    /// Which line a slot is in.
    pub fn line_of(&self, slot: u32) -> Option<usize> {
        some(self.links[slot as usize].line).map(|line| line as usize)
    }

    /// The key a slot stands by.
    pub fn key(&self, slot: u32) -> Key {
        self.links[slot as usize].key
    }

    /// How many stand in a line.
    pub fn len(&self, line: usize) -> u32 {
        self.ends[line].len
    }

    /// Does nobody stand in a line?
    pub fn is_empty(&self, line: usize) -> bool {
        self.len(line) == 0
    }
}

fn some(index: u32) -> Option<u32> {
    (index != NONE).then_some(index)
}
