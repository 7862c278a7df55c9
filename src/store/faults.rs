//! A disk in memory that fails, tears, forgets, freezes and fills up on demand. For tests.
//!
//! It keeps what a power cut leaves: what was synced, and of the writes since then what the test says.

use super::Options;
use super::disk::{Disk, DiskFile, Name};
use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Bytes a disk writes at once or not at all.
pub const SECTOR_BYTES: usize = 512;

/// How long a frozen operation waits at most.
const FROZEN_MAX: Duration = Duration::from_secs(20);

/// An operation a fault can hit.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Op {
    /// A write, of any length.
    Write,
    /// A sync.
    Sync,
}

/// What happens instead.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The operation fails and has no effect.
    Fail,
    /// So does every one after it: the disk is gone.
    Gone,
    /// Half of it is done, then it fails: half the bytes of a write, half of what a sync had to make durable.
    Tear,
    /// There is no space for it.
    NoSpace,
    /// It waits until [`MemoryDisk::thaw`].
    Freeze,
}

/// What a power cut leaves of the writes since the last sync, file by file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PowerCut {
    /// Nothing.
    LoseAll,
    /// All of it.
    KeepAll,
    /// All, but only so many bytes of the very last write to the journal.
    TearLast(usize),
    /// Each sector of each write or not, as this seed has it: order is not kept either.
    Shuffle(u64),
}

/// Which operations are counted for a fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Target {
    One(Name, Op),
    /// Of whatever file.
    Any,
}

/// How often a file was used, and for how many bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Writes begun.
    pub writes: u64,
    /// Bytes written.
    pub bytes: u64,
    /// Syncs begun.
    pub syncs: u64,
}

/// The disk. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct MemoryDisk(Arc<Platter>);

#[derive(Debug, Default)]
struct Platter {
    inside: Mutex<Inside>,
    thawed: Condvar,
}

#[derive(Debug, Default)]
struct Inside {
    files: HashMap<Name, usize>,
    contents: Vec<Content>,
    counts: HashMap<Name, Counts>,
    faults: Vec<(Target, u64, Fault)>,
    /// Writes and syncs of all files.
    operations: u64,
    frozen: bool,
    capacity: Option<u64>,
    cannot_reserve: bool,
    cut: bool,
}

#[derive(Clone, Debug)]
struct Content {
    name: Name,
    now: Vec<u8>,
    synced: Vec<u8>,
    /// Writes since the last sync: offset and bytes.
    pending: Vec<(usize, Vec<u8>)>,
}

impl MemoryDisk {
    /// An empty disk without a limit.
    pub fn new() -> MemoryDisk {
        MemoryDisk::default()
    }

    /// Lets the `nth` operation from now on (0 is the next) meet `fault`; those after it go well again.
    pub fn arm(&self, name: Name, op: Op, nth: u64, fault: Fault) {
        let mut inside = self.lock();
        let counts = inside.counts.entry(name).or_default();
        let done = match op {
            Op::Write => counts.writes,
            Op::Sync => counts.syncs,
        };
        inside.faults.push((Target::One(name, op), done + nth, fault));
    }

    /// Lets the `nth` write or sync of whatever file from now on meet `fault`.
    pub fn arm_any(&self, nth: u64, fault: Fault) {
        let mut inside = self.lock();
        let number = inside.operations + nth;
        inside.faults.push((Target::Any, number, fault));
    }

    /// Writes and syncs of all files so far.
    pub fn operations(&self) -> u64 {
        self.lock().operations
    }

    /// Whether an operation is waiting for [`thaw`](Self::thaw).
    pub fn is_frozen(&self) -> bool {
        self.lock().frozen
    }

    /// Lets a frozen operation go on, and those that would have frozen later.
    pub fn thaw(&self) {
        let mut inside = self.lock();
        inside.frozen = false;
        inside.faults.retain(|fault| fault.2 != Fault::Freeze);
        self.0.thawed.notify_all();
    }

    /// Use of a file so far.
    pub fn counts(&self, name: Name) -> Counts {
        self.lock().counts.get(&name).copied().unwrap_or_default()
    }

    /// Bytes the disk holds at most.
    pub fn set_capacity(&self, bytes: u64) {
        self.lock().capacity = Some(bytes);
    }

    /// From now on it is one that knows no reserving.
    pub fn refuse_to_reserve(&self) {
        self.lock().cannot_reserve = true;
    }

    /// Bytes in use.
    pub fn used_bytes(&self) -> u64 {
        self.lock().used()
    }

    /// Whether there is such a file.
    pub fn has(&self, name: Name) -> bool {
        self.lock().files.contains_key(&name)
    }

    /// A file's bytes as they are now.
    pub fn bytes_of(&self, name: Name) -> Vec<u8> {
        let inside = self.lock();
        inside.files.get(&name).map(|&index| inside.contents[index].now.clone()).unwrap_or_default()
    }

    /// Changes a file behind the store's back, durably. The file grows as needed.
    pub fn overwrite(&self, name: Name, offset: usize, bytes: &[u8]) {
        let mut inside = self.lock();
        if let Some(&index) = inside.files.get(&name) {
            let content = &mut inside.contents[index];
            put(&mut content.now, offset, bytes);
            put(&mut content.synced, offset, bytes);
        }
    }

    /// The disk a start after a power cut right now would find. This one goes on.
    pub fn after(&self, cut: PowerCut) -> MemoryDisk {
        let inside = self.lock();
        let next = Inside {
            files: inside.files.clone(),
            contents: inside.contents.iter().map(|content| content.after(cut)).collect(),
            capacity: inside.capacity,
            ..Inside::default()
        };
        MemoryDisk(Arc::new(Platter { inside: Mutex::new(next), thawed: Condvar::new() }))
    }

    /// The power goes: every operation fails from now on, frozen ones too.
    pub fn cut_power(&self) {
        let mut inside = self.lock();
        inside.cut = true;
        inside.frozen = false;
        self.0.thawed.notify_all();
    }

    /// A small store on this disk: a ring of two segments of 64 KiB, nothing reserved, no ballast, no lingering.
    pub fn options(&self) -> Options {
        Options {
            segment_bytes: 64 * 1024,
            segments: 2,
            cache_bytes: 512 * 1024,
            reserve_bytes: 0,
            ballast_bytes: 0,
            linger: Duration::ZERO,
            disk: Some(Arc::new(self.clone())),
            ..Options::new("")
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.0.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts the operation and lets it meet its fault. True when it is to be torn.
    fn begin(&self, name: Name, op: Op, bytes: usize) -> io::Result<(MutexGuard<'_, Inside>, bool)> {
        let mut inside = self.lock();
        inside.alive()?;
        let counts = inside.counts.entry(name).or_default();
        let number = match op {
            Op::Write => {
                counts.bytes += bytes as u64;
                counts.writes += 1;
                counts.writes - 1
            }
            Op::Sync => {
                counts.syncs += 1;
                counts.syncs - 1
            }
        };
        let all = inside.operations;
        inside.operations += 1;
        let fault = inside.faults.iter().find(|fault| match fault.0 {
            Target::One(..) => (fault.0, fault.1) == (Target::One(name, op), number),
            Target::Any => fault.1 == all,
        });
        let fault = fault.map(|fault| fault.2);
        match fault {
            Some(Fault::Fail) => return Err(io::Error::other("injected fault")),
            Some(Fault::Gone) => inside.cut = true,
            Some(Fault::NoSpace) => return Err(io::ErrorKind::StorageFull.into()),
            Some(Fault::Freeze) => {
                inside.frozen = true;
                // A test that fails before it thaws must end all the same.
                let waited = self.0.thawed.wait_timeout_while(inside, FROZEN_MAX, |inside| inside.frozen);
                inside = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
            Some(Fault::Tear) | None => {}
        }
        inside.alive()?;
        Ok((inside, fault == Some(Fault::Tear)))
    }
}

impl Inside {
    fn alive(&self) -> io::Result<()> {
        if self.cut { Err(io::Error::other("the power is gone")) } else { Ok(()) }
    }

    fn used(&self) -> u64 {
        self.files.values().map(|&index| self.contents[index].now.len() as u64).sum()
    }

    fn make_room(&self, more: u64) -> io::Result<()> {
        let full = self.capacity.is_some_and(|capacity| self.used() + more > capacity);
        if full { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

impl Content {
    fn after(&self, cut: PowerCut) -> Content {
        let mut left = self.synced.clone();
        // A length is metadata; what redb extends it uses only after a sync.
        left.resize(self.now.len(), 0);
        let last = self.pending.len().wrapping_sub(1);
        let mut seed = 0;
        for (index, (offset, bytes)) in self.pending.iter().enumerate() {
            match cut {
                PowerCut::LoseAll => {}
                PowerCut::TearLast(kept) if self.name == Name::Journal && index == last => {
                    put(&mut left, *offset, &bytes[..kept.min(bytes.len())]);
                }
                PowerCut::KeepAll | PowerCut::TearLast(_) => put(&mut left, *offset, bytes),
                PowerCut::Shuffle(start) => {
                    for (sector, bytes) in bytes.chunks(SECTOR_BYTES).enumerate() {
                        seed = mix(seed ^ mix(start));
                        if seed & 1 == 0 {
                            put(&mut left, offset + sector * SECTOR_BYTES, bytes);
                        }
                    }
                }
            }
        }
        Content { name: self.name, now: left.clone(), synced: left, pending: Vec::new() }
    }
}

/// A step of SplitMix64.
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn put(content: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    if content.len() < offset + bytes.len() {
        content.resize(offset + bytes.len(), 0);
    }
    content[offset..offset + bytes.len()].copy_from_slice(bytes);
}

#[derive(Debug)]
struct MemoryFile {
    disk: MemoryDisk,
    index: usize,
    name: Name,
}

impl Disk for MemoryDisk {
    fn open(&self, name: Name) -> io::Result<Option<Arc<dyn DiskFile>>> {
        let inside = self.lock();
        inside.alive()?;
        let index = inside.files.get(&name).copied();
        Ok(index.map(|index| Arc::new(MemoryFile { disk: self.clone(), index, name }) as Arc<dyn DiskFile>))
    }

    fn create(&self, name: Name) -> io::Result<Arc<dyn DiskFile>> {
        let mut inside = self.lock();
        inside.alive()?;
        let index = inside.contents.len();
        inside.contents.push(Content { name, now: Vec::new(), synced: Vec::new(), pending: Vec::new() });
        inside.files.insert(name, index);
        Ok(Arc::new(MemoryFile { disk: self.clone(), index, name }))
    }

    fn publish(&self, from: Name, to: Name) -> io::Result<()> {
        let mut inside = self.lock();
        inside.alive()?;
        let index = inside.files.remove(&from).ok_or(io::ErrorKind::NotFound)?;
        inside.contents[index].name = to;
        inside.files.insert(to, index);
        Ok(())
    }

    fn remove(&self, name: Name) -> io::Result<()> {
        let mut inside = self.lock();
        inside.alive()?;
        inside.files.remove(&name);
        Ok(())
    }

    fn free_bytes(&self) -> io::Result<u64> {
        let inside = self.lock();
        inside.alive()?;
        Ok(inside.capacity.map_or(u64::MAX / 4, |capacity| capacity.saturating_sub(inside.used())))
    }
}

impl DiskFile for MemoryFile {
    fn bytes(&self) -> io::Result<u64> {
        let inside = self.disk.lock();
        inside.alive()?;
        Ok(inside.contents[self.index].now.len() as u64)
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<()> {
        let inside = self.disk.lock();
        inside.alive()?;
        let content = inside.contents[self.index].now.get(offset as usize..offset as usize + into.len());
        into.copy_from_slice(content.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_at(&self, from: &[u8], offset: u64) -> io::Result<()> {
        let (mut inside, torn) = self.disk.begin(self.name, Op::Write, from.len())?;
        let from = if torn { &from[..from.len() / 2] } else { from };
        let end = offset + from.len() as u64;
        inside.make_room(end.saturating_sub(inside.contents[self.index].now.len() as u64))?;
        let content = &mut inside.contents[self.index];
        put(&mut content.now, offset as usize, from);
        content.pending.push((offset as usize, from.to_vec()));
        if torn { Err(io::Error::other("torn by an injected fault")) } else { Ok(()) }
    }

    fn set_bytes(&self, bytes: u64) -> io::Result<()> {
        let mut inside = self.disk.lock();
        inside.alive()?;
        inside.make_room(bytes.saturating_sub(inside.contents[self.index].now.len() as u64))?;
        let content = &mut inside.contents[self.index];
        content.now.resize(bytes as usize, 0);
        content.synced.truncate(bytes as usize);
        Ok(())
    }

    fn reserve(&self, bytes: u64) -> io::Result<()> {
        if self.disk.lock().cannot_reserve {
            Err(io::ErrorKind::Unsupported.into())
        } else {
            self.set_bytes(bytes)
        }
    }

    fn sync(&self) -> io::Result<()> {
        let (mut inside, torn) = self.disk.begin(self.name, Op::Sync, 0)?;
        let content = &mut inside.contents[self.index];
        let count = if torn { content.pending.len() / 2 } else { content.pending.len() };
        for (offset, bytes) in content.pending.drain(..count) {
            put(&mut content.synced, offset, &bytes);
        }
        if torn { Err(io::Error::other("torn by an injected fault")) } else { Ok(()) }
    }
}
