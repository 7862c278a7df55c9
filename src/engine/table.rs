//! A table of fixed size whose handles carry a generation, and the map from lasting names to handles.

use super::id::Handle;

const NO_SLOT: u32 = u32::MAX;

/// Rows allocated once; full is refused; a stale handle is a miss.
#[derive(Debug)]
pub struct Table<T> {
    slots: Box<[Slot<T>]>,
    /// First free slot; the free ones are a list, last freed first, so that a quiet box touches little memory.
    free: u32,
    len: u32,
}

#[derive(Debug)]
struct Slot<T> {
    generation: u32,
    next_free: u32,
    row: Option<T>,
}

impl<T> Table<T> {
    /// An empty table of this many rows.
    pub fn new(capacity: u32) -> Table<T> {
        let next = |index: u32| if index + 1 < capacity { index + 1 } else { NO_SLOT };
        let slots =
            (0..capacity).map(|index| Slot { generation: 0, next_free: next(index), row: None }).collect();
        Table { slots, free: if capacity == 0 { NO_SLOT } else { 0 }, len: 0 }
    }

    /// What so many rows take.
    pub fn bytes(capacity: u32) -> usize {
        capacity as usize * size_of::<Slot<T>>()
    }

    /// Puts in the row made for its handle; `None` when full.
    pub fn insert_with(&mut self, row: impl FnOnce(Handle) -> T) -> Option<Handle> {
        let index = self.free;
        let slot = self.slots.get_mut(index as usize)?;
        let handle = Handle { index, generation: slot.generation };
        self.free = slot.next_free;
        slot.row = Some(row(handle));
        self.len += 1;
        Some(handle)
    }

    /// The row, unless the handle is stale.
    pub fn get(&self, handle: Handle) -> Option<&T> {
        let slot = self.slots.get(handle.index as usize)?;
        if slot.generation == handle.generation { slot.row.as_ref() } else { None }
    }

    /// The row, unless the handle is stale.
    pub fn get_mut(&mut self, handle: Handle) -> Option<&mut T> {
        let slot = self.slots.get_mut(handle.index as usize)?;
        if slot.generation == handle.generation { slot.row.as_mut() } else { None }
    }

    /// Drops the row where it lies, without moving it; false when the handle is stale.
    pub fn remove(&mut self, handle: Handle) -> bool {
        let Some(slot) = self.slots.get_mut(handle.index as usize) else { return false };
        if slot.generation != handle.generation || slot.row.is_none() {
            return false;
        }
        slot.row = None;
        // A slot used four thousand million times gives its first handle again; at a thousand conversations
        // a second in one slot that is after fifty days, and nothing keeps a handle over a turn of the table.
        slot.generation = slot.generation.wrapping_add(1);
        slot.next_free = self.free;
        self.free = handle.index;
        self.len -= 1;
        true
    }

    /// All rows with their handles, in slot order.
    pub fn iter(&self) -> impl Iterator<Item = (Handle, &T)> {
        (0_u32..).zip(&self.slots).filter_map(|(index, slot)| {
            slot.row.as_ref().map(|row| (Handle { index, generation: slot.generation }, row))
        })
    }

    /// The handle of the row in this slot, if it holds one.
    pub fn at(&self, index: u32) -> Option<Handle> {
        let slot = self.slots.get(index as usize)?;
        slot.row.as_ref().map(|_| Handle { index, generation: slot.generation })
    }

    /// Rows in use.
    pub fn len(&self) -> u32 {
        self.len
    }

    /// None in use?
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Rows there are.
    pub fn capacity(&self) -> u32 {
        u32::try_from(self.slots.len()).unwrap_or(NO_SLOT)
    }
}

/// From lasting names to handles: open addressing, allocated once, never more than half full.
#[derive(Debug)]
pub struct IdMap {
    rows: Box<[Option<(u64, Handle)>]>,
    len: u32,
}

impl IdMap {
    /// Room for this many names.
    pub fn new(capacity: u32) -> IdMap {
        IdMap { rows: vec![None; IdMap::rows(capacity)].into(), len: 0 }
    }

    /// What room for this many names takes.
    pub fn bytes(capacity: u32) -> usize {
        IdMap::rows(capacity) * size_of::<Option<(u64, Handle)>>()
    }

    fn rows(capacity: u32) -> usize {
        (capacity.max(1) as usize * 2).next_power_of_two()
    }

    /// Remembers a name; false when it is there already or the map is half full.
    pub fn insert(&mut self, id: u64, handle: Handle) -> bool {
        if self.len as usize * 2 >= self.rows.len() {
            return false;
        }
        let mut at = self.home(id);
        while let Some((held, _)) = self.rows[at] {
            if held == id {
                return false;
            }
            at = self.after(at);
        }
        self.rows[at] = Some((id, handle));
        self.len += 1;
        true
    }

    /// The handle of a name.
    pub fn get(&self, id: u64) -> Option<Handle> {
        self.find(id).and_then(|at| self.rows[at]).map(|(_, handle)| handle)
    }

    /// Forgets a name. Those pushed past it move back, so that no tombstones gather over the years.
    pub fn remove(&mut self, id: u64) -> Option<Handle> {
        let mut hole = self.find(id)?;
        let (_, handle) = self.rows[hole].take()?;
        self.len -= 1;
        let mut at = self.after(hole);
        while let Some((held, _)) = self.rows[at] {
            let home = self.home(held);
            // May it lie in the hole? Only if its home is not between the hole and where it is.
            let distance_home = at.wrapping_sub(home) & (self.rows.len() - 1);
            let distance_hole = at.wrapping_sub(hole) & (self.rows.len() - 1);
            if distance_home >= distance_hole {
                self.rows[hole] = self.rows[at].take();
                hole = at;
            }
            at = self.after(at);
        }
        Some(handle)
    }

    fn find(&self, id: u64) -> Option<usize> {
        let mut at = self.home(id);
        while let Some((held, _)) = self.rows[at] {
            if held == id {
                return Some(at);
            }
            at = self.after(at);
        }
        None
    }

    /// Fibonacci hashing: names grow with time, their high bits tell little.
    fn home(&self, id: u64) -> usize {
        let mixed = (id ^ (id >> 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed >> (64 - self.rows.len().trailing_zeros())) as usize
    }

    fn after(&self, at: usize) -> usize {
        (at + 1) & (self.rows.len() - 1)
    }
}
