//! Backups nobody else reads: sealed with a passphrase or a key file, piece by piece, in bounded memory.
//!
//! ```text
//! magic (16) | kind u8 | memory KiB u32 | passes u32 | lanes u32 | salt (16) | nonce prefix (7) | check (32)
//! pieces of 64 KiB, each ChaCha20-Poly1305, its tag (16) behind it; the last one may be shorter
//! nonce of a piece: prefix | its number u32, big-endian | 1 for the last, else 0
//! ```
//!
//! This is the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár): pieces can neither be swapped, left
//! out, nor cut off at the end. Keys come by HKDF-SHA256 from the key file's 32 bytes, or from what argon2id
//! makes of a passphrase; a second key gives the head its check, so that a wrong key is told from damage.
//!
//! Why not the `age` crate: it would bring a second family of ciphers and some sixty crates into a binary that
//! has ring and argon2 already, for a format with recipients that a box in a back room has no use for. ChaCha20
//! and not AES, because the small boards have no instructions for the latter.

use argon2::{Algorithm, Argon2, Params, Version};
use data_encoding::HEXLOWER_PERMISSIVE;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf;
use ring::hmac;
use std::fmt;
use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;

pub(super) const MAGIC: &[u8; 16] = b"deskbell sealed\n";
const PIECE_BYTES: usize = 64 * 1024;
const TAG_BYTES: usize = 16;
const HEAD_BYTES: usize = 16 + 1 + 12 + 16 + 7;
const CHECK_BYTES: usize = 32;
const BY_PASSPHRASE: u8 = 1;
const BY_KEY_FILE: u8 = 2;
/// What a guess at a passphrase costs: no more memory than a sign-in takes, since the box itself may have to, but
/// thrice the time.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 6;
/// A head from elsewhere may not ask for more.
const MEMORY_KIB_MAX: u32 = 64 * 1024;
const PASSES_MAX: u32 = 24;
const LANES_MAX: u32 = 4;
/// Characters of a passphrase: it can be guessed at for as long as the file is around.
pub const PASSPHRASE_CHARS_MIN: usize = 12;

/// What a backup is sealed with. No `Debug`.
#[derive(Clone)]
pub enum SealKey {
    /// Words somebody remembers.
    Passphrase(String),
    /// The 32 bytes of a key file.
    File([u8; 32]),
}

/// Why something is not opened, or not sealed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SealFault {
    /// No key was given.
    KeyWanted,
    /// Another key, or a damaged head.
    WrongKey,
    /// It ends too early.
    Truncated,
    /// A piece is not what was sealed.
    Damaged,
    /// The key file does not hold 64 hexadecimal digits.
    NotAKey,
    /// The passphrase is too short to seal with.
    TooShort,
    /// No random bytes, or no memory.
    System,
}

impl fmt::Display for SealFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SealFault::KeyWanted => f.write_str("the backup is sealed: give its passphrase or its key file"),
            SealFault::WrongKey => {
                f.write_str("the backup was sealed with another passphrase or key, or its head is damaged")
            }
            SealFault::Truncated => f.write_str("the backup is cut short"),
            SealFault::Damaged => {
                f.write_str("the backup is damaged or cut short: a sealed piece does not open")
            }
            SealFault::NotAKey => f.write_str("the key file does not hold 64 hexadecimal digits"),
            SealFault::TooShort => {
                write!(f, "a passphrase for a backup has at least {PASSPHRASE_CHARS_MIN} characters")
            }
            SealFault::System => f.write_str("the system gave no random bytes or no memory"),
        }
    }
}

impl std::error::Error for SealFault {}

impl From<SealFault> for io::Error {
    fn from(fault: SealFault) -> Self {
        io::Error::other(fault)
    }
}

impl SealKey {
    /// Reads a key file.
    pub fn read(path: &Path) -> io::Result<SealKey> {
        let mut text = String::new();
        fs::File::open(path)?.take(1024).read_to_string(&mut text)?;
        let bytes = HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).ok();
        let bytes: Option<[u8; 32]> = bytes.and_then(|bytes| bytes.try_into().ok());
        Ok(SealKey::File(bytes.ok_or(SealFault::NotAKey)?))
    }

    /// The text of a new key file.
    pub fn make() -> Result<String, SealFault> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|_| SealFault::System)?;
        Ok(format!("{}\n", HEXLOWER_PERMISSIVE.encode(&bytes)))
    }
}

/// Cipher and head check of one file.
struct Keys {
    cipher: LessSafeKey,
    check: hmac::Key,
}

/// What stands at the start of a sealed file.
struct Head {
    bytes: [u8; HEAD_BYTES],
}

impl Head {
    fn new(key: &SealKey) -> Result<Head, SealFault> {
        let mut bytes = [0; HEAD_BYTES];
        bytes[..16].copy_from_slice(MAGIC);
        bytes[16] = match key {
            SealKey::Passphrase(_) => BY_PASSPHRASE,
            SealKey::File(_) => BY_KEY_FILE,
        };
        bytes[17..21].copy_from_slice(&MEMORY_KIB.to_le_bytes());
        bytes[21..25].copy_from_slice(&PASSES.to_le_bytes());
        bytes[25..29].copy_from_slice(&1u32.to_le_bytes());
        getrandom::fill(&mut bytes[29..]).map_err(|_| SealFault::System)?;
        Ok(Head { bytes })
    }

    fn salt(&self) -> &[u8] {
        &self.bytes[29..45]
    }

    fn number(&self, at: usize) -> u32 {
        self.bytes[at..at + 4].iter().rev().fold(0, |all, byte| all << 8 | u32::from(*byte))
    }

    fn keys(&self, key: &SealKey) -> Result<Keys, SealFault> {
        let secret = match (key, self.bytes[16]) {
            (SealKey::File(bytes), BY_KEY_FILE) => *bytes,
            (SealKey::Passphrase(words), BY_PASSPHRASE) => self.stretched(words)?,
            _ => return Err(SealFault::WrongKey),
        };
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, self.salt()).extract(&secret);
        let derived = |what: &[u8]| -> Result<[u8; 32], SealFault> {
            let mut bytes = [0; 32];
            let what = [what];
            let okm = root.expand(&what, hkdf::HKDF_SHA256).map_err(|_| SealFault::System)?;
            okm.fill(&mut bytes).map_err(|_| SealFault::System)?;
            Ok(bytes)
        };
        let cipher = UnboundKey::new(&CHACHA20_POLY1305, &derived(b"deskbell backup, pieces")?);
        let check = hmac::Key::new(hmac::HMAC_SHA256, &derived(b"deskbell backup, head")?);
        Ok(Keys { cipher: LessSafeKey::new(cipher.map_err(|_| SealFault::System)?), check })
    }

    fn stretched(&self, words: &str) -> Result<[u8; 32], SealFault> {
        let (memory, passes, lanes) = (self.number(17), self.number(21), self.number(25));
        if memory > MEMORY_KIB_MAX || passes > PASSES_MAX || lanes > LANES_MAX {
            return Err(SealFault::WrongKey);
        }
        let params = Params::new(memory, passes, lanes, None).map_err(|_| SealFault::WrongKey)?;
        let mut secret = [0; 32];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(words.as_bytes(), self.salt(), &mut secret)
            .map_err(|_| SealFault::System)?;
        Ok(secret)
    }

    fn nonce(&self, number: u32, last: bool) -> Nonce {
        let mut nonce = [0; 12];
        nonce[..7].copy_from_slice(&self.bytes[45..52]);
        nonce[7..11].copy_from_slice(&number.to_be_bytes());
        nonce[11] = u8::from(last);
        Nonce::assume_unique_for_key(nonce)
    }
}

/// Seals what is written into it. Not whole before [`finish`](Sealer::finish).
pub(super) struct Sealer<W> {
    out: W,
    head: Head,
    keys: Keys,
    number: u32,
    piece: Vec<u8>,
}

impl<W: Write> Sealer<W> {
    /// Begins a sealed file.
    pub(super) fn new(mut out: W, key: &SealKey) -> io::Result<Sealer<W>> {
        if let SealKey::Passphrase(words) = key
            && words.chars().count() < PASSPHRASE_CHARS_MIN
        {
            return Err(SealFault::TooShort.into());
        }
        let head = Head::new(key)?;
        let keys = head.keys(key)?;
        out.write_all(&head.bytes)?;
        out.write_all(hmac::sign(&keys.check, &head.bytes).as_ref())?;
        Ok(Sealer { out, head, keys, number: 0, piece: Vec::with_capacity(PIECE_BYTES + TAG_BYTES) })
    }

    fn seal(&mut self, last: bool) -> io::Result<()> {
        let nonce = self.head.nonce(self.number, last);
        let sealed = self.keys.cipher.seal_in_place_append_tag(nonce, Aad::empty(), &mut self.piece);
        sealed.map_err(|_| SealFault::System)?;
        self.number = self.number.checked_add(1).ok_or(SealFault::System)?;
        self.out.write_all(&self.piece)?;
        self.piece.clear();
        Ok(())
    }

    /// Writes the last piece and gives back what was written into.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.seal(true)?;
        self.out.flush()?;
        Ok(self.out)
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full piece waits for the next byte: whether it is the last shows only then.
        if self.piece.len() == PIECE_BYTES && !bytes.is_empty() {
            self.seal(false)?;
        }
        let taken = bytes.len().min(PIECE_BYTES - self.piece.len());
        self.piece.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Reads a sealed file, its magic included, as what was sealed.
pub(super) struct Unsealer<R> {
    from: R,
    head: Head,
    keys: Keys,
    number: u32,
    /// One byte more than a piece, once read: it tells whether another follows.
    ahead: Vec<u8>,
    piece: Vec<u8>,
    at: usize,
    done: bool,
}

impl<R: Read> Unsealer<R> {
    /// Reads the head and checks the key.
    pub(super) fn new(mut from: R, key: Option<&SealKey>) -> io::Result<Unsealer<R>> {
        let mut head = Head { bytes: [0; HEAD_BYTES] };
        let mut check = [0; CHECK_BYTES];
        from.read_exact(&mut head.bytes)?;
        from.read_exact(&mut check)?;
        let keys = head.keys(key.ok_or(SealFault::KeyWanted)?)?;
        hmac::verify(&keys.check, &head.bytes, &check).map_err(|_| SealFault::WrongKey)?;
        let (ahead, piece) = (Vec::new(), Vec::new());
        Ok(Unsealer { from, head, keys, number: 0, ahead, piece, at: 0, done: false })
    }

    fn next_piece(&mut self) -> io::Result<()> {
        let full = PIECE_BYTES + TAG_BYTES;
        let mut sealed = std::mem::take(&mut self.ahead);
        let wanted = (full + 1 - sealed.len()) as u64;
        self.from.by_ref().take(wanted).read_to_end(&mut sealed)?;
        let last = sealed.len() <= full;
        if !last {
            self.ahead.extend(sealed.pop());
        }
        let open = |bytes: &[u8], last: bool| {
            let mut bytes = bytes.to_vec();
            let nonce = self.head.nonce(self.number, last);
            let length = self.keys.cipher.open_in_place(nonce, Aad::empty(), &mut bytes).ok()?.len();
            bytes.truncate(length);
            Some(bytes)
        };
        self.piece = match open(&sealed, last) {
            Some(piece) => piece,
            // Cut at a seam: the piece is whole, and others were to follow.
            None if last && (sealed.len() < TAG_BYTES || open(&sealed, false).is_some()) => {
                return Err(SealFault::Truncated.into());
            }
            None => return Err(SealFault::Damaged.into()),
        };
        self.at = 0;
        self.done = last;
        self.number = self.number.checked_add(1).ok_or(SealFault::Damaged)?;
        Ok(())
    }
}

impl<R: Read> Read for Unsealer<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.at == self.piece.len() {
            if self.done {
                return Ok(0);
            }
            self.next_piece()?;
        }
        let taken = into.len().min(self.piece.len() - self.at);
        into[..taken].copy_from_slice(&self.piece[self.at..self.at + taken]);
        self.at += taken;
        Ok(taken)
    }
}

/// Whether a file begins as a sealed one does.
pub fn is_sealed(path: &Path) -> io::Result<bool> {
    let mut magic = Vec::new();
    fs::File::open(path)?.take(MAGIC.len() as u64).read_to_end(&mut magic)?;
    Ok(magic == MAGIC)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> SealKey {
        SealKey::File([7; 32])
    }

    fn sealed(bytes: &[u8]) -> Vec<u8> {
        let mut sealer = Sealer::new(Vec::new(), &key()).expect("a head");
        sealer.write_all(bytes).expect("sealed");
        sealer.finish().expect("the last piece")
    }

    fn open(bytes: &[u8], key: &SealKey) -> Result<Vec<u8>, SealFault> {
        let fault = |error: io::Error| match error.downcast::<SealFault>() {
            Ok(fault) => fault,
            Err(_) => SealFault::Truncated,
        };
        let mut opened = Vec::new();
        let mut unsealer = Unsealer::new(bytes, Some(key)).map_err(fault)?;
        unsealer.read_to_end(&mut opened).map_err(fault)?;
        Ok(opened)
    }

    #[test]
    fn what_was_sealed_is_opened_at_every_length_around_a_seam() {
        for length in [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES] {
            let bytes: Vec<u8> = (0..length).map(|n| n as u8).collect();
            let sealed = sealed(&bytes);
            assert!(!sealed.windows(16).skip(16).any(|some| length > 16 && some == &bytes[..16]));
            assert_eq!(open(&sealed, &key()).as_ref(), Ok(&bytes), "{length}");
        }
    }

    #[test]
    fn cut_flipped_swapped_or_lengthened_it_does_not_open() {
        let sealed = sealed(&[3; 2 * PIECE_BYTES + 100]);
        let start = HEAD_BYTES + CHECK_BYTES;
        let piece = PIECE_BYTES + TAG_BYTES;
        for length in [0, 10, start, start + 5, start + piece, start + 2 * piece] {
            assert_eq!(open(&sealed[..length], &key()), Err(SealFault::Truncated), "{length}");
        }
        // In the middle of a piece nobody can tell a cut from damage.
        for length in [start + 100, start + piece + 100, sealed.len() - 1] {
            assert_eq!(open(&sealed[..length], &key()), Err(SealFault::Damaged), "{length}");
        }
        for at in [16, 30, 46, 60, start, start + piece + 9, sealed.len() - 1] {
            let mut flipped = sealed.clone();
            flipped[at] ^= 1;
            assert!(open(&flipped, &key()).is_err(), "byte {at}");
        }
        let mut swapped = sealed.clone();
        let (first, second) = swapped[start..].split_at_mut(piece);
        first.swap_with_slice(&mut second[..piece]);
        assert_eq!(open(&swapped, &key()), Err(SealFault::Damaged));
        assert!(open(&[&sealed[..], b"x"].concat(), &key()).is_err());
    }

    #[test]
    fn another_key_is_told_from_damage_and_a_greedy_head_is_refused() {
        let plain = sealed(b"all of it");
        assert_eq!(open(&plain, &SealKey::File([8; 32])), Err(SealFault::WrongKey));
        assert_eq!(
            open(&plain, &SealKey::Passphrase("long enough a phrase".into())),
            Err(SealFault::WrongKey)
        );
        let words = SealKey::Passphrase("long enough a phrase".into());
        let mut sealer = Sealer::new(Vec::new(), &words).expect("a head");
        sealer.write_all(b"all of it").expect("sealed");
        let mut bytes = sealer.finish().expect("the last piece");
        assert_eq!(open(&bytes, &words).as_deref(), Ok(&b"all of it"[..]));
        assert_eq!(
            open(&bytes, &SealKey::Passphrase("long enough a phrasf".into())),
            Err(SealFault::WrongKey)
        );
        bytes[19] = 0xff;
        assert_eq!(open(&bytes, &words), Err(SealFault::WrongKey), "16 GiB are not asked for");
        let short = Sealer::new(Vec::new(), &SealKey::Passphrase("short".into()));
        assert!(short.is_err_and(|error| error.to_string().contains("12 characters")));
    }

    #[test]
    fn a_key_file_is_64_digits_and_nothing_else() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("key");
        fs::write(&path, SealKey::make().expect("random bytes")).expect("written");
        assert!(matches!(SealKey::read(&path), Ok(SealKey::File(_))));
        for bad in ["", "zz", &"a".repeat(63), &"a".repeat(2000)] {
            fs::write(&path, bad).expect("written");
            assert!(SealKey::read(&path).is_err(), "{bad:?}");
        }
    }
}
