//! How the journal lies on disk: a header block, then a ring of segments holding a chain of entries.
//!
//! ```text
//! block 0   ring header, written once: geometry, ring id, the ring before, first sequence, check
//! segment   entry | entry | … | unused end       every entry padded to whole blocks
//! entry     header (80 bytes) | changes | zeros
//! ```
//!
//! An entry is valid when it continues the chain: this ring's id, the next sequence, the checksum of the
//! entry before, and a checksum of its own keyed with the run's salt. So neither an earlier lap nor bytes a
//! customer chose can pass for one. Only an entry that starts a run may bring a new salt.

use super::disk::{Disk, DiskFile, Name};
use crate::limits::{BATCH_BYTES_MAX, JOURNAL_BLOCK_BYTES, JOURNAL_ENTRY_BYTES_MAX, JOURNAL_SEGMENTS_MAX};
use ring::{digest, hmac};
use std::io;
use std::sync::Arc;

pub(super) const BLOCK: u64 = JOURNAL_BLOCK_BYTES as u64;
pub(super) const HEADER_BYTES: usize = 80;

const MAGIC: &[u8; 16] = b"deskbell ring 1\n";
const ENTRY_MAGIC: &[u8; 4] = b"bell";
/// Version of the entry's body. The header's layout is for good, so that an earlier program can name a later one.
const VERSION: u8 = 1;
/// A ring so small that a segment holds only a few entries; tests use it.
const SEGMENT_BLOCKS_MIN: u64 = 16;

pub(super) type Checksum = [u8; 16];
pub(super) type Salt = [u8; 16];

/// The sizes of a ring.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Geometry {
    pub(super) segment_bytes: u64,
    pub(super) segments: u32,
}

impl Geometry {
    pub(super) fn new(segment_bytes: u64, segments: u32) -> Option<Geometry> {
        let whole = segment_bytes.is_multiple_of(BLOCK) && segment_bytes >= SEGMENT_BLOCKS_MIN * BLOCK;
        // 1 GiB a segment keeps every product below in range.
        (whole && segment_bytes <= 1 << 30 && (2..=JOURNAL_SEGMENTS_MAX).contains(&segments))
            .then_some(Geometry { segment_bytes, segments })
    }

    pub(super) fn ring_bytes(self) -> u64 {
        self.segment_bytes * u64::from(self.segments)
    }

    /// Bytes of changes in one entry; a quarter of a segment at most, to bound what its end wastes.
    pub(super) fn entry_bytes_max(self) -> usize {
        JOURNAL_ENTRY_BYTES_MAX.min(self.segment_bytes as usize / 4)
    }

    pub(super) fn batch_bytes_max(self) -> usize {
        BATCH_BYTES_MAX.min(self.entry_bytes_max())
    }

    pub(super) fn segment_of(self, at: u64) -> usize {
        (at / self.segment_bytes) as usize
    }

    /// Start of the segment after the one `at` lies in.
    pub(super) fn next_segment(self, at: u64) -> u64 {
        (at / self.segment_bytes + 1) * self.segment_bytes % self.ring_bytes()
    }

    /// Bytes from `at` to the end of its segment.
    pub(super) fn rest_of_segment(self, at: u64) -> u64 {
        self.segment_bytes - at % self.segment_bytes
    }
}

/// A length in whole blocks.
pub(super) fn padded(bytes: usize) -> u64 {
    (bytes as u64).next_multiple_of(BLOCK)
}

/// Where a ring's bytes stand in its file.
pub(super) fn file_offset(at: u64) -> u64 {
    BLOCK + at
}

/// Block 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct RingHeader {
    pub(super) geometry: Geometry,
    pub(super) ring: u64,
    /// The ring this one took over from; 0 for none.
    pub(super) before: u64,
    /// Sequence of the first entry.
    pub(super) first: u64,
}

/// Why block 0 is not a ring's.
#[derive(Debug)]
pub(super) enum HeaderError {
    Damaged,
    Io(io::Error),
}

impl RingHeader {
    fn encode(&self) -> [u8; 72] {
        let mut bytes = [0; 72];
        bytes[..16].copy_from_slice(MAGIC);
        bytes[16..24].copy_from_slice(&self.geometry.segment_bytes.to_le_bytes());
        bytes[24..32].copy_from_slice(&u64::from(self.geometry.segments).to_le_bytes());
        bytes[32..40].copy_from_slice(&self.ring.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.before.to_le_bytes());
        bytes[48..56].copy_from_slice(&self.first.to_le_bytes());
        let check = digest::digest(&digest::SHA256, &bytes[..56]);
        bytes[56..].copy_from_slice(&check.as_ref()[..16]);
        bytes
    }

    /// What the first entry names as the one before it.
    pub(super) fn genesis(&self) -> Checksum {
        bytes_at(&self.encode(), 56)
    }

    pub(super) fn read(file: &dyn DiskFile) -> Result<RingHeader, HeaderError> {
        let mut bytes = [0; 72];
        if file.bytes().map_err(HeaderError::Io)? < BLOCK {
            return Err(HeaderError::Damaged);
        }
        file.read_at(&mut bytes, 0).map_err(HeaderError::Io)?;
        let segments = u32::try_from(u64_at(&bytes, 24)).map_err(|_| HeaderError::Damaged)?;
        let header = RingHeader {
            geometry: Geometry::new(u64_at(&bytes, 16), segments).ok_or(HeaderError::Damaged)?,
            ring: u64_at(&bytes, 32),
            before: u64_at(&bytes, 40),
            first: u64_at(&bytes, 48),
        };
        let whole = file.bytes().map_err(HeaderError::Io)? == file_offset(header.geometry.ring_bytes());
        if whole && header.encode() == bytes { Ok(header) } else { Err(HeaderError::Damaged) }
    }

    /// Makes the file of a new ring, every byte of it written, and puts it in force.
    pub(super) fn create(&self, disk: &dyn Disk) -> io::Result<Arc<dyn DiskFile>> {
        let file = disk.create(Name::NewJournal)?;
        let bytes = file_offset(self.geometry.ring_bytes());
        match file.reserve(bytes) {
            // Some file systems cannot (ext3, NFS): the zeros take the space as well, only later.
            Err(error) if error.kind() == io::ErrorKind::Unsupported => {}
            reserved => reserved?,
        }
        // Space merely reserved is turned into data at its first write, which changes metadata and so
        // costs a second flush in every sync.
        let zeros = vec![0; 256 * 1024];
        let mut offset = 0;
        while offset < bytes {
            let length = zeros.len().min((bytes - offset) as usize);
            file.write_at(&zeros[..length], offset)?;
            offset += length as u64;
        }
        file.write_at(&self.encode(), 0)?;
        file.sync()?;
        disk.publish(Name::NewJournal, Name::Journal)?;
        Ok(file)
    }
}

/// A run of the program, and the key its entries are checked with.
#[derive(Clone)]
pub(super) struct Run {
    pub(super) salt: Salt,
    key: hmac::Key,
}

impl Run {
    pub(super) fn new(salt: Salt) -> Run {
        Run { salt, key: hmac::Key::new(hmac::HMAC_SHA256, &salt) }
    }

    fn checksum(&self, header: &[u8], body: &[u8]) -> Checksum {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(&header[..HEADER_BYTES - 16]);
        context.update(body);
        bytes_at(context.sign().as_ref(), 0)
    }
}

/// Kind of the first entry of a run; it changes nothing.
pub(super) const RUN_STARTED: u8 = 1;
/// Kind of an entry with the changes of one or more batches.
pub(super) const CHANGES: u8 = 2;

/// An entry's header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct EntryHeader {
    pub(super) kind: u8,
    pub(super) ring: u64,
    pub(super) salt: Salt,
    /// Sequence of its first batch.
    pub(super) first: u64,
    /// Batches in it, at least one.
    pub(super) count: u32,
    /// Bytes of changes.
    pub(super) length: u32,
    pub(super) previous: Checksum,
}

impl EntryHeader {
    pub(super) fn last(&self) -> u64 {
        self.first + u64::from(self.count) - 1
    }

    /// Writes the header before the changes already in `entry`, pads to whole blocks, and gives the
    /// entry's checksum.
    pub(super) fn seal(&self, run: &Run, entry: &mut Vec<u8>) -> Checksum {
        let (header, body) = entry.split_at_mut(HEADER_BYTES);
        assert_eq!(body.len(), self.length as usize);
        header[..4].copy_from_slice(ENTRY_MAGIC);
        header[4] = VERSION;
        header[5] = self.kind;
        header[6..8].fill(0);
        header[8..16].copy_from_slice(&self.ring.to_le_bytes());
        header[16..32].copy_from_slice(&self.salt);
        header[32..40].copy_from_slice(&self.first.to_le_bytes());
        header[40..44].copy_from_slice(&self.count.to_le_bytes());
        header[44..48].copy_from_slice(&self.length.to_le_bytes());
        header[48..64].copy_from_slice(&self.previous);
        let checksum = run.checksum(header, body);
        header[64..].copy_from_slice(&checksum);
        entry.resize(padded(entry.len()) as usize, 0);
        checksum
    }

    /// The header at the start of `block`, if its form allows one; nothing is checked yet.
    pub(super) fn parse(block: &[u8]) -> Option<EntryHeader> {
        if block.len() < HEADER_BYTES || &block[..4] != ENTRY_MAGIC {
            return None;
        }
        let header = EntryHeader {
            kind: block[5],
            ring: u64_at(block, 8),
            salt: bytes_at(block, 16),
            first: u64_at(block, 32),
            count: u32_at(block, 40),
            length: u32_at(block, 44),
            previous: bytes_at(block, 48),
        };
        let sane = header.count > 0 && header.first.checked_add(u64::from(header.count)).is_some();
        sane.then_some(header)
    }

    /// Bytes on disk.
    pub(super) fn padded(&self) -> u64 {
        padded(HEADER_BYTES + self.length as usize)
    }

    /// The checksum of `entry`, header and changes, if it is the one `run` would give it.
    pub(super) fn verify(&self, run: &Run, entry: &[u8]) -> Option<Checksum> {
        let body = entry.get(HEADER_BYTES..HEADER_BYTES + self.length as usize)?;
        let checksum = run.checksum(&entry[..HEADER_BYTES], body);
        (checksum == bytes_at::<16>(entry, 64)).then_some(checksum)
    }

    /// Whether this program knows what a valid `entry` means; a later one may have written it.
    pub(super) fn is_known(&self, entry: &[u8]) -> bool {
        entry[4] == VERSION && matches!(self.kind, RUN_STARTED | CHANGES)
    }
}

pub(super) fn bytes_at<const N: usize>(bytes: &[u8], offset: usize) -> [u8; N] {
    let mut taken = [0; N];
    taken.copy_from_slice(&bytes[offset..offset + N]);
    taken
}

fn u32_at(bytes: &[u8], offset: usize) -> u32 {
    u32::from_le_bytes(bytes_at(bytes, offset))
}

pub(super) fn u64_at(bytes: &[u8], offset: usize) -> u64 {
    u64::from_le_bytes(bytes_at(bytes, offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> (EntryHeader, Run, Vec<u8>) {
        let run = Run::new([7; 16]);
        let mut bytes = vec![0; HEADER_BYTES];
        bytes.extend_from_slice(b"changes");
        let header = EntryHeader {
            kind: CHANGES,
            ring: 1,
            salt: run.salt,
            first: 9,
            count: 2,
            length: 7,
            previous: [3; 16],
        };
        header.seal(&run, &mut bytes);
        (header, run, bytes)
    }

    #[test]
    fn an_entry_fills_whole_blocks_and_is_read_back() {
        let (header, run, bytes) = entry();
        assert_eq!(bytes.len() as u64, BLOCK);
        assert_eq!(EntryHeader::parse(&bytes), Some(header));
        assert!(header.verify(&run, &bytes).is_some());
        assert!(header.is_known(&bytes));
        assert_eq!(header.last(), 10);
    }

    #[test]
    fn every_flipped_bit_of_an_entry_is_seen() {
        let (_, run, bytes) = entry();
        for bit in 0..(HEADER_BYTES + 7) * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let valid = EntryHeader::parse(&flipped).and_then(|header| header.verify(&run, &flipped));
            assert_eq!(valid, None, "bit {bit}");
        }
    }

    #[test]
    fn an_entry_of_a_later_version_is_not_guessed_at() {
        let (header, _, mut bytes) = entry();
        bytes[4] = 2;
        assert!(!header.is_known(&bytes));
    }

    #[test]
    fn only_rings_that_can_work_have_a_geometry() {
        let small = SEGMENT_BLOCKS_MIN * BLOCK;
        assert!(Geometry::new(small, 2).is_some());
        for (bytes, segments) in
            [(small, 1), (small, JOURNAL_SEGMENTS_MAX + 1), (small + 1, 2), (BLOCK, 2), (1 << 40, 2)]
        {
            assert_eq!(Geometry::new(bytes, segments), None, "{bytes} {segments}");
        }
    }

    #[test]
    fn the_next_segment_after_the_last_is_the_first() {
        let geometry = Geometry::new(16 * BLOCK, 3).expect("a working geometry");
        assert_eq!(geometry.next_segment(0), 16 * BLOCK);
        assert_eq!(geometry.next_segment(47 * BLOCK), 0);
        assert_eq!(geometry.rest_of_segment(47 * BLOCK), BLOCK);
    }
}
