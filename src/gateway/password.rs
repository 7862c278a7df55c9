//! Passwords: argon2id, never on an executor's thread, two at a time.
//!
//! A hash takes 19 MiB and tens of milliseconds by design. Without a bound a handful of sign-ins would
//! take the memory of a small box; without another thread they would stop every socket.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use data_encoding::BASE64_NOPAD;
use smol::lock::Semaphore;
use subtle::ConstantTimeEq;

use crate::limits;

/// Bytes of the longest password.
pub const PASSWORD_BYTES_MAX: usize = 1024;

/// A hash of nothing anybody knows, with the parameters of the real ones: an unknown user costs the same.
const STAND_IN: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$ZGVza2JlbGwtc3RhbmQtaW4$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Why there is no answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PasswordFault {
    /// Too many sign-ins are waiting already: 503, try again in a second.
    Busy,
    /// Longer than [`PASSWORD_BYTES_MAX`].
    TooLong,
    /// The stored text is not an argon2 hash this box would make or take.
    NotAHash,
    /// The system gave no random bytes or no memory.
    System,
}

impl std::fmt::Display for PasswordFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            PasswordFault::Busy => "too many sign-ins at once",
            PasswordFault::TooLong => "the password is too long",
            PasswordFault::NotAHash => "the stored password is not a hash this box can check",
            PasswordFault::System => "the system gave no random bytes or no memory",
        })
    }
}

impl std::error::Error for PasswordFault {}

/// The few places at which passwords are hashed.
pub struct Passwords {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl Passwords {
    /// So many places: each takes 19 MiB and a core while a hash is made.
    pub fn new(places: usize) -> Passwords {
        let places = Arc::new(Semaphore::new(places));
        Passwords { places, waiting: AtomicUsize::new(0) }
    }

    /// Whether `password` is the one behind `stored`. For a user who does not exist pass `None`: it takes
    /// as long and is never right.
    pub async fn verify(&self, password: String, stored: Option<String>) -> Result<bool, PasswordFault> {
        self.off_the_executor(move || verify_now(&password, stored.as_deref())).await
    }

    /// The hash to store for a new password.
    pub async fn hash(&self, password: String) -> Result<String, PasswordFault> {
        self.off_the_executor(move || hash_now(&password)).await
    }

    async fn off_the_executor<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordFault> + Send + 'static,
    ) -> Result<T, PasswordFault> {
        let _waiter = Waiter::new(&self.waiting)?;
        let place = self.places.acquire_arc().await;
        // The place goes along: a client who hangs up does not free it while its hash still runs.
        smol::unblock(move || {
            let done = work();
            drop(place);
            done
        })
        .await
    }
}

struct Waiter<'a>(&'a AtomicUsize);

impl Waiter<'_> {
    fn new(waiting: &AtomicUsize) -> Result<Waiter<'_>, PasswordFault> {
        let waiter = Waiter(waiting);
        let before = waiting.fetch_add(1, Ordering::Relaxed);
        if before < limits::PASSWORD_WAITERS_MAX { Ok(waiter) } else { Err(PasswordFault::Busy) }
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The hash to store, made here and now: for the command line, which has no executor to spare.
pub fn hash_now(password: &str) -> Result<String, PasswordFault> {
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(PasswordFault::TooLong);
    }
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|_| PasswordFault::System)?;
    let params = Params::DEFAULT;
    let hash: [u8; HASH_BYTES] = digest(password, &salt, Algorithm::Argon2id, params.clone())?;
    Ok(format!(
        "$argon2id$v=19$m={},t={},p={}${}${}",
        params.m_cost(),
        params.t_cost(),
        params.p_cost(),
        BASE64_NOPAD.encode(&salt),
        BASE64_NOPAD.encode(&hash)
    ))
}

/// Bytes of a hash this box makes.
const HASH_BYTES: usize = 32;

/// Above 32 MiB an allocator always maps fresh pages and gives them back when freed. Asked for the 19 MiB a
/// hash takes, it would keep them for the next one: the box would sit on them for months (seen: 28 MiB
/// resident instead of 10 after the first sign-in). Pages never touched cost nothing.
const SCRATCH_BYTES: usize = 33 << 20;

fn digest<const N: usize>(
    password: &str,
    salt: &[u8],
    algorithm: Algorithm,
    params: Params,
) -> Result<[u8; N], PasswordFault> {
    let blocks = params.block_count();
    let mut scratch: Vec<Block> = Vec::new();
    let room = blocks.max(SCRATCH_BYTES / size_of::<Block>());
    scratch.try_reserve_exact(room).map_err(|_| PasswordFault::System)?;
    scratch.resize(blocks, Block::default());
    let mut hash = [0; N];
    Argon2::new(algorithm, Version::V0x13, params)
        .hash_password_into_with_memory(password.as_bytes(), salt, &mut hash, &mut scratch)
        .map_err(|_| PasswordFault::System)?;
    Ok(hash)
}

/// Whether a text is a hash that this box would check: a desk may carry them.
pub fn is_a_hash(text: &str) -> bool {
    parse(text).is_ok()
}

/// Whether it is the one behind `stored`, found out here and now; `None` is never right, and takes as long.
pub fn verify_now(password: &str, stored: Option<&str>) -> Result<bool, PasswordFault> {
    let hash = parse(stored.unwrap_or(STAND_IN))?;
    if password.len() > PASSWORD_BYTES_MAX {
        return Ok(false);
    }
    let (Some(salt), Some(known)) = (&hash.salt, &hash.hash) else { return Err(PasswordFault::NotAHash) };
    let algorithm = Algorithm::try_from(hash.algorithm.as_str()).map_err(|_| PasswordFault::NotAHash)?;
    let params = Params::try_from(&hash).map_err(|_| PasswordFault::NotAHash)?;
    let found: [u8; HASH_BYTES] = digest(password, salt, algorithm, params)?;
    let right = bool::from(found.ct_eq(known.as_bytes()));
    Ok(right && stored.is_some())
}

/// A hash from elsewhere may not ask for more memory or time than the box's own.
fn parse(text: &str) -> Result<PasswordHash, PasswordFault> {
    let hash = PasswordHash::new(text).map_err(|_| PasswordFault::NotAHash)?;
    let params = Params::try_from(&hash).map_err(|_| PasswordFault::NotAHash)?;
    let modest = params.m_cost() <= Params::DEFAULT_M_COST
        && params.t_cost() <= 2 * Params::DEFAULT_T_COST
        && params.p_cost() <= 4;
    let complete = hash.salt.is_some()
        && hash.hash.is_some_and(|hash| hash.as_bytes().len() == HASH_BYTES)
        && hash.algorithm.as_str().starts_with("argon2");
    if modest && complete { Ok(hash) } else { Err(PasswordFault::NotAHash) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn right_password_is_right_and_every_other_is_wrong() {
        let passwords = Passwords::new(limits::PASSWORD_HASHES_MAX);
        smol::block_on(async {
            let stored = passwords.hash("correct horse".to_owned()).await.unwrap();
            assert!(stored.starts_with("$argon2id$") && is_a_hash(&stored));
            let check =
                |password: &str, stored: Option<String>| passwords.verify(password.to_owned(), stored);
            assert_eq!(check("correct horse", Some(stored.clone())).await, Ok(true));
            assert_eq!(check("correct horsf", Some(stored.clone())).await, Ok(false));
            assert_eq!(check("", Some(stored)).await, Ok(false));
            assert_eq!(check("correct horse", None).await, Ok(false));
            assert_eq!(check("x", Some("plain text".to_owned())).await, Err(PasswordFault::NotAHash));
        });
    }

    #[test]
    fn hash_that_wants_a_gigabyte_is_not_taken() {
        assert!(is_a_hash(STAND_IN));
        assert!(!is_a_hash(&STAND_IN.replace("m=19456", "m=1048576")));
        assert!(!is_a_hash(&STAND_IN.replace("t=2", "t=4000")));
        assert!(!is_a_hash("$argon2id$v=19$m=19456,t=2,p=1$ZGVza2JlbGw"));
    }

    #[test]
    fn crowd_beyond_the_waiting_places_is_told_to_come_back() {
        let passwords = Passwords::new(limits::PASSWORD_HASHES_MAX);
        let waiters: Vec<_> =
            (0..limits::PASSWORD_WAITERS_MAX).map(|_| Waiter::new(&passwords.waiting).unwrap()).collect();
        let busy = smol::block_on(passwords.verify("x".to_owned(), None));
        assert_eq!(busy, Err(PasswordFault::Busy));
        drop(waiters);
        assert_eq!(passwords.waiting.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn password_too_long_is_refused_and_never_right() {
        let long = "x".repeat(PASSWORD_BYTES_MAX + 1);
        assert_eq!(hash_now(&long), Err(PasswordFault::TooLong));
        assert_eq!(verify_now(&long, Some(STAND_IN)), Ok(false));
    }
}
