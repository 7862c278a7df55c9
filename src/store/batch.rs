//! What one turn of the desk changes, and what may leave the box once it is on disk.

use super::schema::Table;
use crate::limits::{BUFFER_KEPT_BYTES_MAX, KEY_BYTES_MAX};
use std::fmt;

/// Set in the table's number: the change deletes.
pub(super) const DELETE: u8 = 0x80;

/// Table, length of the key, length of the value.
const CHANGE_HEAD_BYTES: usize = 1 + 2 + 4;

/// What must not leave the box before the changes it speaks of are on disk: frames, answers, signals.
///
/// Called on the journal thread, in the order of submission, after the sync: it must neither block nor panic.
pub trait Release: Send + 'static {
    /// Lets it out.
    fn release(self);

    /// Bytes it holds while it waits; they count to what may wait for the journal.
    fn bytes(&self) -> usize {
        0
    }
}

impl Release for () {
    fn release(self) {}
}

impl Release for Box<dyn FnOnce() + Send> {
    fn release(self) {
        self();
    }
}

/// Changes that become durable together, and the releases that wait for them.
///
/// Records, not inputs: they mean the same to every later version. Take one from
/// [`Store::batch`](super::Store::batch), whose buffers have been used before.
pub struct Batch<R> {
    changes: Vec<u8>,
    releases: Vec<R>,
    /// Bytes the releases hold.
    held: usize,
    key_too_long: bool,
}

// What customers wrote is in it, and has no business in a log.
impl<R> fmt::Debug for Batch<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "batch of {} bytes, {} releases", self.changes.len(), self.releases.len())
    }
}

impl<R> Default for Batch<R> {
    fn default() -> Self {
        Batch { changes: Vec::new(), releases: Vec::new(), held: 0, key_too_long: false }
    }
}

impl<R> Batch<R> {
    /// Stores `value` under `key`, over whatever was there. A key longer than
    /// [`KEY_BYTES_MAX`] spoils the batch: submitting it is refused.
    pub fn put(&mut self, table: Table, key: &[u8], value: &[u8]) {
        self.put_with(table, key, |out| out.extend_from_slice(value));
    }

    /// The same for a value that `write` appends to what it is given, and may not look at.
    pub fn put_with(&mut self, table: Table, key: &[u8], write: impl FnOnce(&mut Vec<u8>)) {
        self.push_key(table as u8, key);
        let length_at = self.changes.len();
        self.changes.extend_from_slice(&[0; 4]);
        write(&mut self.changes);
        let length = (self.changes.len() - length_at - 4) as u32;
        self.changes[length_at..length_at + 4].copy_from_slice(&length.to_le_bytes());
    }

    /// Removes `key`; one that is not there is no fault.
    pub fn delete(&mut self, table: Table, key: &[u8]) {
        self.push_key(table as u8 | DELETE, key);
    }

    /// Holds `release` back until everything in this batch, and every batch before it, is on disk.
    pub fn release_after(&mut self, release: R)
    where
        R: Release,
    {
        self.held += release.bytes();
        self.releases.push(release);
    }

    /// Takes over what waits in `before`, to be let out with this batch instead, ahead of its own.
    pub fn take_releases(&mut self, before: &mut Batch<R>) {
        std::mem::swap(&mut self.releases, &mut before.releases);
        self.releases.append(&mut before.releases);
        self.held += std::mem::take(&mut before.held);
    }

    /// Forgets the changes behind the first `bytes`, which end with a whole one.
    pub fn cut_back(&mut self, bytes: usize) {
        self.changes.truncate(bytes);
    }

    /// Bytes its releases hold.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// Whether it changes nothing (it may still hold releases).
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Bytes its changes take in the journal.
    pub fn bytes(&self) -> usize {
        self.changes.len()
    }

    /// Bytes a change of this key and value takes; those of a deletion are fewer.
    pub fn bytes_of(key: &[u8], value: &[u8]) -> usize {
        CHANGE_HEAD_BYTES + key.len() + value.len()
    }

    pub(super) fn changes(&self) -> &[u8] {
        &self.changes
    }

    pub(super) fn drain_releases(&mut self) -> impl Iterator<Item = R> + '_ {
        self.releases.drain(..)
    }

    pub(super) fn key_too_long(&self) -> bool {
        self.key_too_long
    }

    /// Ready for reuse. What a burst has blown up is given back to the system.
    pub(super) fn reset(&mut self) {
        self.changes.clear();
        self.changes.shrink_to(BUFFER_KEPT_BYTES_MAX);
        self.releases.clear();
        self.releases.shrink_to(BUFFER_KEPT_BYTES_MAX / size_of::<R>().max(64));
        self.held = 0;
        self.key_too_long = false;
    }

    fn push_key(&mut self, head: u8, key: &[u8]) {
        self.key_too_long |= key.len() > KEY_BYTES_MAX;
        self.changes.push(head);
        self.changes.extend_from_slice(&(key.len() as u16).to_le_bytes());
        self.changes.extend_from_slice(key);
    }
}

/// One change as it stands in the journal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Change<'a> {
    Put(Table, &'a [u8], &'a [u8]),
    Delete(Table, &'a [u8]),
}

/// Why a body of changes cannot be read. Its checksum held, so a later version wrote it, or a defect did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ChangeError {
    UnknownTable(u8),
    CutShort,
}

/// The changes of a journal entry's body, in order.
pub(super) struct Changes<'a>(pub(super) &'a [u8]);

impl<'a> Changes<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], ChangeError> {
        let (head, rest) = self.0.split_at_checked(length).ok_or(ChangeError::CutShort)?;
        self.0 = rest;
        Ok(head)
    }

    fn change(&mut self) -> Result<Change<'a>, ChangeError> {
        let head = self.take(1)?[0];
        let table = Table::from_number(head & !DELETE).ok_or(ChangeError::UnknownTable(head & !DELETE))?;
        let length = self.take(2)?;
        let key = self.take(usize::from(u16::from_le_bytes([length[0], length[1]])))?;
        if head & DELETE != 0 {
            return Ok(Change::Delete(table, key));
        }
        let length = self.take(4)?;
        let value = self.take(u32::from_le_bytes([length[0], length[1], length[2], length[3]]) as usize)?;
        Ok(Change::Put(table, key, value))
    }
}

impl<'a> Iterator for Changes<'a> {
    type Item = Result<Change<'a>, ChangeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let change = self.change();
        if change.is_err() {
            self.0 = &[];
        }
        Some(change)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_for_a_batch_can_wait_for_its_last_part() {
        let (mut first, mut last) = (Batch::default(), Batch::default());
        first.put(Table::Messages, b"a", b"1");
        let whole = first.bytes();
        first.put(Table::Messages, b"b", b"2");
        first.cut_back(whole);
        assert_eq!(Changes(first.changes()).count(), 1);
        first.release_after(Told("before"));
        last.release_after(Told("after"));
        last.take_releases(&mut first);
        assert_eq!((first.held(), last.held()), (0, 11));
        assert_eq!(first.drain_releases().count(), 0);
        assert_eq!(last.drain_releases().map(|one| one.0).collect::<Vec<_>>(), ["before", "after"]);
    }

    struct Told(&'static str);

    impl Release for Told {
        fn release(self) {}

        fn bytes(&self) -> usize {
            self.0.len()
        }
    }

    #[test]
    fn changes_are_read_back_as_they_were_written() {
        let mut batch = Batch::<()>::default();
        batch.put(Table::Messages, b"key", b"value");
        batch.delete(Table::Live, b"");
        assert_eq!(
            batch.bytes(),
            Batch::<()>::bytes_of(b"key", b"value") + 3,
            "a deletion is table and length"
        );
        let read: Result<Vec<_>, _> = Changes(batch.changes()).collect();
        assert_eq!(
            read,
            Ok(vec![Change::Put(Table::Messages, b"key", b"value"), Change::Delete(Table::Live, b"")])
        );
    }

    #[test]
    fn a_body_cut_anywhere_is_refused_once_and_ends() {
        let mut batch = Batch::<()>::default();
        batch.put(Table::Messages, b"key", b"value");
        for length in 1..batch.bytes() {
            let read: Vec<_> = Changes(&batch.changes()[..length]).collect();
            assert_eq!(read, [Err(ChangeError::CutShort)], "{length}");
        }
    }

    #[test]
    fn a_table_of_a_later_version_has_its_number_in_the_refusal() {
        assert_eq!(Changes(&[0x7f, 0, 0]).next(), Some(Err(ChangeError::UnknownTable(0x7f))));
    }
}
