//! Reading the journal: along the chain, entry by entry, from where the state ends.
//!
//! Recovery and the apply thread read alike, and whoever is fed from the journal later can too: a cursor
//! needs the file and a [`Covered`], never the writer.

use super::disk::DiskFile;
use super::ring::{
    BLOCK, Checksum, EntryHeader, Geometry, HEADER_BYTES, RUN_STARTED, RingHeader, Run, file_offset,
};
use super::schema::Covered;
use crate::limits::BUFFER_KEPT_BYTES_MAX;
use std::io;
use std::sync::Arc;

/// A place in the chain, between two entries.
pub(super) struct Cursor {
    file: Arc<dyn DiskFile>,
    geometry: Geometry,
    ring: u64,
    at: u64,
    next: u64,
    previous: Checksum,
    run: Run,
    entry: Vec<u8>,
}

/// Why the chain cannot be followed (its end is no error).
#[derive(Debug)]
pub(super) enum CursorError {
    Io(io::Error),
    /// A valid entry of a later version of the program.
    Newer,
}

impl From<io::Error> for CursorError {
    fn from(error: io::Error) -> Self {
        CursorError::Io(error)
    }
}

impl Cursor {
    /// After what `covered` covers, which must speak of the ring `header` heads.
    pub(super) fn new(file: Arc<dyn DiskFile>, header: &RingHeader, covered: &Covered) -> Cursor {
        assert_eq!(header.ring, covered.ring);
        Cursor {
            file,
            geometry: header.geometry,
            ring: header.ring,
            at: covered.at,
            next: covered.sequence + 1,
            previous: covered.previous,
            run: Run::new(covered.salt),
            entry: Vec::new(),
        }
    }

    /// The place, as the state remembers it. `stored_bytes` is the state's own.
    pub(super) fn covered(&self, stored_bytes: u64) -> Covered {
        Covered {
            ring: self.ring,
            sequence: self.next - 1,
            at: self.at,
            previous: self.previous,
            salt: self.run.salt,
            stored_bytes,
        }
    }

    /// Sequence of the last entry read.
    pub(super) fn sequence(&self) -> u64 {
        self.next - 1
    }

    /// Moves over the next entry and gives its header and the segment it lies in, or `None` at the
    /// chain's end.
    pub(super) fn advance(&mut self) -> Result<Option<(EntryHeader, usize)>, CursorError> {
        // An entry that did not fit the rest of its segment stands at the start of the next. Asking both
        // needs no mark of the writer's, which would be one more write and one more thing to tear.
        let next_segment = self.geometry.next_segment(self.at);
        let at_start = self.at.is_multiple_of(self.geometry.segment_bytes);
        let places = [Some(self.at), (!at_start).then_some(next_segment)];
        for at in places.into_iter().flatten() {
            if let Some((header, checksum)) = self.load(at)? {
                if !header.is_known(&self.entry) {
                    return Err(CursorError::Newer);
                }
                if header.salt != self.run.salt {
                    self.run = Run::new(header.salt);
                }
                self.at = (at + header.padded()) % self.geometry.ring_bytes();
                self.next = header.last() + 1;
                self.previous = checksum;
                return Ok(Some((header, self.geometry.segment_of(at))));
            }
        }
        Ok(None)
    }

    /// The changes of the entry last moved over.
    pub(super) fn changes(&self) -> &[u8] {
        let length = EntryHeader::parse(&self.entry).map_or(0, |header| header.length as usize);
        &self.entry[HEADER_BYTES..HEADER_BYTES + length]
    }

    /// The first valid entry beyond the chain's end that can only have been written after a whole chain:
    /// entries follow one another only after a sync, so an acknowledged one before it is damaged.
    pub(super) fn beyond_end(&mut self) -> io::Result<Option<u64>> {
        let reach = (self.geometry.entry_bytes_max() + HEADER_BYTES) as u64 + BLOCK;
        let (rest, next_segment) =
            (self.geometry.rest_of_segment(self.at), self.geometry.next_segment(self.at));
        let blocks = |from: u64, bytes: u64| (from..from + bytes).step_by(BLOCK as usize);
        // The damaged entry may be one that did not fit the rest: what followed it stands behind it.
        let beyond_rest = blocks(next_segment, if rest < reach { reach } else { 0 });
        for at in blocks(self.at, rest.min(reach)).chain(beyond_rest) {
            let Some(header) = self.read_header(at)? else { continue };
            let run = Run::new(header.salt);
            if header.first > self.next
                && self.read_entry(at, &header)?
                && header.verify(&run, &self.entry).is_some()
            {
                return Ok(Some(header.first));
            }
        }
        Ok(None)
    }

    /// Reads the entry at `at` if it is the chain's next.
    fn load(&mut self, at: u64) -> io::Result<Option<(EntryHeader, Checksum)>> {
        let Some(header) = self.read_header(at)? else { return Ok(None) };
        if header.first != self.next || header.previous != self.previous {
            return Ok(None);
        }
        let new_run = (header.salt != self.run.salt).then(|| Run::new(header.salt));
        if new_run.is_some() && header.kind != RUN_STARTED || !self.read_entry(at, &header)? {
            return Ok(None);
        }
        let run = new_run.as_ref().unwrap_or(&self.run);
        Ok(header.verify(run, &self.entry).map(|checksum| (header, checksum)))
    }

    /// The first block at `at`, if it starts an entry of this ring.
    fn read_header(&mut self, at: u64) -> io::Result<Option<EntryHeader>> {
        self.entry.clear();
        self.entry.shrink_to(BUFFER_KEPT_BYTES_MAX);
        self.entry.resize(BLOCK as usize, 0);
        self.file.read_at(&mut self.entry, file_offset(at))?;
        Ok(EntryHeader::parse(&self.entry).filter(|header| header.ring == self.ring))
    }

    /// The rest of the entry whose first block is read; `false` if it cannot be that long.
    fn read_entry(&mut self, at: u64, header: &EntryHeader) -> io::Result<bool> {
        let bytes = header.padded();
        if header.length as usize > self.geometry.entry_bytes_max()
            || bytes > self.geometry.rest_of_segment(at)
        {
            return Ok(false);
        }
        self.entry.resize(bytes as usize, 0);
        self.file.read_at(&mut self.entry[BLOCK as usize..], file_offset(at) + BLOCK)?;
        Ok(true)
    }
}
