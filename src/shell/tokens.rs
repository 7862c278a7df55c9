//! Who is behind a token: asked by the gateway's executors, written by the desk thread.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::clock::real_wall_ms;
use crate::gateway::{Caller, Identity, Roles, TokenHash};
use crate::limits::{SET_UPS_MAX, TOKENS_MAX};

/// A token lives for twelve hours of real time (protocol, "Settled").
pub const TOKEN_MS: i64 = 12 * 3600 * 1000;

/// A sign-in waits so long for its one-time codes to be set up.
pub const SET_UP_MS: i64 = 10 * 60 * 1000;

/// All good tokens, and what their owners may do as the desk is now.
#[derive(Default)]
pub struct Tokens {
    inner: RwLock<Inner>,
}

#[derive(Default)]
struct Inner {
    /// Until when, on the real clock.
    staff: HashMap<TokenHash, (Arc<str>, i64)>,
    /// Of sign-ins that wait for their second thing to be set up, and until when: good for that alone.
    waiting: HashMap<TokenHash, (Arc<str>, i64)>,
    /// From the desk's file; good as long as they stand there.
    fixed: HashMap<TokenHash, (Arc<str>, Roles)>,
    roles: HashMap<Arc<str>, Roles>,
}

impl Tokens {
    /// Takes in a token; gives back one that had to go for it, when there are too many.
    pub fn add(&self, hash: TokenHash, username: Arc<str>, expires_ms: i64) -> Vec<TokenHash> {
        let mut inner = self.write();
        let mut dropped = Vec::new();
        if inner.staff.len() >= TOKENS_MAX {
            let now_ms = real_wall_ms();
            dropped
                .extend(inner.staff.iter().filter(|(_, (_, until))| *until <= now_ms).map(|(hash, _)| *hash));
            if dropped.is_empty() {
                let oldest = inner.staff.iter().min_by_key(|(_, (_, until))| *until);
                dropped.extend(oldest.map(|(hash, _)| *hash));
            }
            for hash in &dropped {
                inner.staff.remove(hash);
            }
        }
        inner.staff.insert(hash, (username, expires_ms));
        dropped
    }

    /// Takes in a token that is good for setting up one-time codes and for nothing else. The oldest goes when there
    /// are too many.
    pub fn add_waiting(&self, hash: TokenHash, username: Arc<str>) {
        let mut inner = self.write();
        let now_ms = real_wall_ms();
        inner.waiting.retain(|_, (_, until)| *until > now_ms);
        if inner.waiting.len() >= SET_UPS_MAX
            && let Some(oldest) =
                inner.waiting.iter().min_by_key(|(_, (_, until))| *until).map(|(hash, _)| *hash)
        {
            inner.waiting.remove(&oldest);
        }
        inner.waiting.insert(hash, (username, now_ms + SET_UP_MS));
    }

    /// Everything somebody is signed in by.
    pub fn of(&self, username: &str) -> Vec<TokenHash> {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        let own = inner.staff.iter().filter(|(_, (owner, _))| **owner == *username);
        own.map(|(hash, _)| *hash).collect()
    }

    /// Forgets a token; says whether there was one.
    pub fn remove(&self, hash: &TokenHash) -> bool {
        let mut inner = self.write();
        inner.waiting.remove(hash).is_some() | inner.staff.remove(hash).is_some()
    }

    /// Forgets the tokens whose time is over.
    pub fn take_expired(&self) -> Vec<TokenHash> {
        let now_ms = real_wall_ms();
        let mut inner = self.write();
        let expired: Vec<TokenHash> =
            inner.staff.iter().filter(|(_, (_, until))| *until <= now_ms).map(|(hash, _)| *hash).collect();
        for hash in &expired {
            inner.staff.remove(hash);
        }
        expired
    }

    /// Takes over who may do what, and the fixed tokens, from a new desk.
    pub fn set_desk(&self, roles: HashMap<Arc<str>, Roles>, fixed: HashMap<TokenHash, (Arc<str>, Roles)>) {
        let mut inner = self.write();
        inner.roles = roles;
        inner.fixed = fixed;
    }

    /// What a member of staff may do; `None` for nobody of the desk.
    pub fn roles(&self, username: &str) -> Option<Roles> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner).roles.get(username).copied()
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Identity for Tokens {
    fn caller(&self, hash: &TokenHash) -> Option<Caller> {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((name, roles)) = inner.fixed.get(hash) {
            return Some(Caller { agent: Arc::clone(name), roles: *roles, token: *hash });
        }
        if let Some((name, until)) = inner.waiting.get(hash) {
            let good = *until > real_wall_ms() && inner.roles.contains_key(name);
            return good.then(|| Caller { agent: Arc::clone(name), roles: Roles::NONE, token: *hash });
        }
        let (username, until) = inner.staff.get(hash)?;
        let roles = *inner.roles.get(username)?;
        (*until > real_wall_ms()).then(|| Caller { agent: Arc::clone(username), roles, token: *hash })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::Role;

    #[test]
    fn a_token_is_good_until_its_time_its_sign_out_or_its_owners_end() {
        let tokens = Tokens::default();
        let alice: Arc<str> = "alice".into();
        let roles = HashMap::from([(Arc::clone(&alice), Roles::NONE.with(Role::Agent))]);
        tokens.set_desk(roles.clone(), HashMap::new());
        let (good, old) = (TokenHash::of("good"), TokenHash::of("old"));
        tokens.add(good, Arc::clone(&alice), real_wall_ms() + 60_000);
        tokens.add(old, Arc::clone(&alice), real_wall_ms() - 1);
        assert!(tokens.caller(&good).is_some_and(|caller| caller.roles.has(Role::Agent)));
        assert_eq!(tokens.caller(&old), None);
        assert_eq!(tokens.take_expired(), [old]);
        tokens.set_desk(HashMap::new(), HashMap::new());
        assert_eq!(tokens.caller(&good), None, "dropped from the desk");
        tokens.set_desk(roles, HashMap::new());
        assert!(tokens.remove(&good));
        assert_eq!(tokens.caller(&good), None);
    }
}
