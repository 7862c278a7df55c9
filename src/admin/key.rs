//! The secret of one start, shared by the gateway and the admin pages: it vouches for who is asking, and
//! every form's token hangs on it.

use data_encoding::HEXLOWER;
use ring::hmac;
use subtle::ConstantTimeEq;

use super::keeper::Actor;

/// The secret of this start. Two clones are the same secret; it has no `Debug`.
#[derive(Clone)]
pub struct StartKey {
    header: String,
    forms: hmac::Key,
}

/// Who is asking and through which sign-in: what a form's token is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Visitor {
    pub(super) actor: Actor,
    /// A name for the sign-in that is no secret itself.
    pub(super) session: String,
}

impl StartKey {
    /// Draws a new one; an error when the system has no random source.
    pub fn new() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 64];
        getrandom::fill(&mut bytes)?;
        let forms = hmac::Key::new(hmac::HMAC_SHA256, &bytes[32..]);
        Ok(Self { header: HEXLOWER.encode(&bytes[..32]), forms })
    }

    /// What the gateway sends along to show that it is the gateway.
    pub(super) fn header(&self) -> &str {
        &self.header
    }

    pub(super) fn is_gateway(&self, header: &str) -> bool {
        self.header.as_bytes().ct_eq(header.as_bytes()).into()
    }

    /// The name of a sign-in: its token's hash under this key, so that what travels and what a page shows is
    /// of no use elsewhere.
    pub(super) fn session(&self, token_hash: &[u8; 32]) -> String {
        HEXLOWER.encode(hmac::sign(&self.forms, &[b"session ".as_slice(), token_hash].concat()).as_ref())
    }

    /// The token that every form of this visitor carries. A page of another site, of another sign-in or of
    /// an earlier start has none that fits.
    pub(super) fn form_token(&self, visitor: &Visitor) -> String {
        HEXLOWER.encode(hmac::sign(&self.forms, &bound(visitor)).as_ref())
    }

    pub(super) fn form_token_fits(&self, visitor: &Visitor, token: &str) -> bool {
        HEXLOWER
            .decode(token.as_bytes())
            .is_ok_and(|token| hmac::verify(&self.forms, &bound(visitor), &token).is_ok())
    }
}

/// A zero byte stands in neither part, so no two visitors share a message.
fn bound(visitor: &Visitor) -> Vec<u8> {
    [b"form ", visitor.actor.name().as_bytes(), &[0], visitor.session.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visitor(name: &str, session: &str) -> Visitor {
        Visitor { actor: Actor::staff(name), session: session.to_owned() }
    }

    #[test]
    fn a_form_token_fits_its_visitor_its_sign_in_and_its_start_only() {
        let key = StartKey::new().unwrap();
        let token = key.form_token(&visitor("eva", "one"));
        assert!(key.form_token_fits(&visitor("eva", "one"), &token));
        assert!(!key.form_token_fits(&visitor("tom", "one"), &token));
        assert!(!key.form_token_fits(&visitor("eva", "two"), &token));
        assert!(!StartKey::new().unwrap().form_token_fits(&visitor("eva", "one"), &token));
        for no in ["", "zz", &token[1..], &token.to_uppercase()] {
            assert!(!key.form_token_fits(&visitor("eva", "one"), no), "{no}");
        }
    }

    #[test]
    fn the_gateway_is_known_by_the_whole_secret() {
        let key = StartKey::new().unwrap();
        assert!(key.is_gateway(key.header()));
        assert!(!key.is_gateway("") && !key.is_gateway(&key.header()[1..]));
        assert_ne!(key.session(&[1; 32]), key.session(&[2; 32]));
    }
}
