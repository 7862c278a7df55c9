//! A table of fixed size whose handles carry a generation.

use super::id::Handle;

/// Rows allocated once; full is refused; a stale handle is a miss.
#[derive(Debug)]
pub struct Table<T> {
    rows: Box<[Option<T>]>,
}

impl<T> Table<T> {
    /// An empty table of this many rows.
    pub fn new(capacity: u32) -> Table<T> {
        Table { rows: (0..capacity).map(|_| None).collect() }
    }
    /// Puts in the row made for its handle; `None` when full.
    pub fn insert_with(&mut self, _row: impl FnOnce(Handle) -> T) -> Option<Handle> {
        None
    }
    /// The row, unless the handle is stale.
    pub fn get(&self, handle: Handle) -> Option<&T> {
        self.rows[handle.index as usize].as_ref()
    }
    /// The row, unless the handle is stale.
    pub fn get_mut(&mut self, handle: Handle) -> Option<&mut T> {
        self.rows[handle.index as usize].as_mut()
    }
    /// Takes the row out in place (no move of a large value); false when the handle is stale.
    pub fn remove(&mut self, _handle: Handle) -> bool {
        false
    }
    /// All rows with their handles, in slot order.
    pub fn iter(&self) -> impl Iterator<Item = (Handle, &T)> {
        self.rows
            .iter()
            .enumerate()
            .filter_map(|(i, r)| r.as_ref().map(|r| (Handle { index: i as u32, generation: 0 }, r)))
    }
    /// The handle of the row in this slot, if it holds one.
    pub fn at(&self, _index: u32) -> Option<Handle> {
        None
    }
    /// Rows in use.
    pub fn len(&self) -> u32 {
        0
    }
    /// None in use?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Rows there are.
    pub fn capacity(&self) -> u32 {
        self.rows.len() as u32
    }
}

/// From lasting names to handles: open addressing, allocated once, never more than half full.
#[derive(Debug)]
pub struct IdMap {
    rows: Box<[(u64, Option<Handle>)]>,
}

impl IdMap {
    /// Room for this many names.
    pub fn new(capacity: u32) -> IdMap {
        IdMap { rows: vec![(0, None); capacity as usize * 2].into() }
    }
    /// Remembers a name; false when it is there already or the map is full.
    pub fn insert(&mut self, _id: u64, _handle: Handle) -> bool {
        !self.rows.is_empty()
    }
    /// The handle of a name.
    pub fn get(&self, _id: u64) -> Option<Handle> {
        None
    }
    /// Forgets a name.
    pub fn remove(&mut self, _id: u64) -> Option<Handle> {
        None
    }
}
