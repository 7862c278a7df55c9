//! The box's own secrets: random, made at the first start, kept in the store; and what is derived from them.
//!
//! A visitor's number follows from her secret by the key alone. So a visitor who never starts a chat leaves
//! nothing on the disk, and still is the same visitor after a restart. (Storing a hash of each secret was
//! the first design: every page view of every passer-by became a row.)

use data_encoding::BASE64URL_NOPAD;
use ring::{digest, hmac};

/// Bytes of the key as stored.
pub(super) const KEY_BYTES: usize = 32;

/// The keys of this box. No `Debug`: it holds secrets.
pub(super) struct Keys {
    mac: hmac::Key,
}

impl Keys {
    /// Keys from what is stored.
    pub(super) fn new(secret: &[u8]) -> Keys {
        Keys { mac: hmac::Key::new(hmac::HMAC_SHA256, secret) }
    }

    /// The name of a message by its sender, as the engine remembers it: keyed, so that nobody can choose two
    /// that are the same.
    pub(super) fn client(&self, client_id: &str) -> u64 {
        self.number(b"client", &[client_id.as_bytes()])
    }

    /// The visitor behind a proved `sub` of a workstream: on every device the same.
    pub(super) fn visitor_of_sub(&self, workstream: &str, sub: &str) -> u64 {
        self.number(b"sub", &[workstream.as_bytes(), sub.as_bytes()])
    }

    /// What names a call by SIP, so that nobody can choose two that are the same.
    pub(super) fn sip(&self) -> [u8; 32] {
        let mut secret = [0; 32];
        secret.copy_from_slice(&self.tag(b"sip", &[]).as_ref()[..32]);
        secret
    }

    /// A visitor's secret for a widget.
    pub(super) fn resume(&self, widget: &str, visitor: u64) -> String {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&visitor.to_be_bytes());
        bytes[8..].copy_from_slice(&self.proof(widget, visitor));
        BASE64URL_NOPAD.encode(&bytes)
    }

    /// The visitor behind a secret; `None` for one this box never gave for this widget.
    pub(super) fn visitor(&self, widget: &str, resume: &str) -> Option<u64> {
        let bytes = BASE64URL_NOPAD.decode(resume.as_bytes()).ok()?;
        let (visitor, proof) = bytes.split_first_chunk::<8>()?;
        let visitor = u64::from_be_bytes(*visitor);
        let right = subtle::ConstantTimeEq::ct_eq(&self.proof(widget, visitor)[..], proof);
        bool::from(right).then_some(visitor)
    }

    /// What stands in the address of an article, so that only who was given it finds it.
    pub(super) fn article(&self, id: &str) -> String {
        BASE64URL_NOPAD.encode(&self.tag(b"article", &[id.as_bytes()]).as_ref()[..24])
    }

    fn proof(&self, widget: &str, visitor: u64) -> [u8; 24] {
        let tag = self.tag(b"resume", &[widget.as_bytes(), &visitor.to_be_bytes()]);
        let mut proof = [0; 24];
        proof.copy_from_slice(&tag.as_ref()[..24]);
        proof
    }

    fn number(&self, purpose: &[u8], parts: &[&[u8]]) -> u64 {
        let tag = self.tag(purpose, parts);
        tag.as_ref().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    fn tag(&self, purpose: &[u8], parts: &[&[u8]]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.mac);
        context.update(purpose);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        context.sign()
    }
}

/// A fresh random number.
///
/// # Panics
/// When the system has no random bytes: nothing safe can be done then.
pub(super) fn random() -> u64 {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("the system has random bytes");
    u64::from_be_bytes(bytes)
}

/// A lasting number for something named by text: the same on every start, in every version.
pub(super) fn lasting_number(text: &str) -> u64 {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    digest.as_ref().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_leads_to_its_visitor_and_to_no_other_widget() {
        let keys = Keys::new(&[7; KEY_BYTES]);
        let secret = keys.resume("shop", 42);
        assert_eq!(secret.len(), 43);
        assert_eq!(keys.visitor("shop", &secret), Some(42));
        assert_eq!(keys.visitor("portal", &secret), None);
        assert_eq!(Keys::new(&[8; KEY_BYTES]).visitor("shop", &secret), None);
        for wrong in ["", "x", &secret[1..], &secret.to_uppercase()] {
            assert_eq!(keys.visitor("shop", wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_lasting_number_is_the_same_in_every_version() {
        assert_eq!(lasting_number("abc"), 0xba78_16bf_8f01_cfea);
    }

    #[test]
    fn parts_cannot_be_shifted_into_one_another() {
        let keys = Keys::new(&[7; KEY_BYTES]);
        assert_ne!(keys.visitor_of_sub("a", "bc"), keys.visitor_of_sub("ab", "c"));
        assert_ne!(keys.client("a"), keys.client("b"));
    }
}
