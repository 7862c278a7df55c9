//! Who a persistent customer is: her site's token, checked by the workstream's keys (S0-15).
//!
//! What is wrong with a token is the business of whoever makes it: the reason goes into the answer, which the
//! widget shows in the console of that page, and into the log; neither holds a piece of the token.

use std::fmt;
use std::sync::Arc;

use super::Shell;
use super::card::ContextValue;
use super::clock::real_wall_ms;
use crate::agent::answer;
use crate::desk::keys::PublicKey;
use crate::desk::{Desk, Id, Workstream};
use crate::engine::refusal::Refusal;
use crate::gateway::{ConnId, jwt};

/// Who a customer is, as her site has signed it.
#[derive(Clone, Debug, Default)]
pub(super) struct Claims {
    /// The lasting name.
    pub(super) sub: String,
    /// Name; empty when not given.
    pub(super) name: String,
    /// E-mail address.
    pub(super) email: String,
    /// Phone number.
    pub(super) phone: String,
    /// What else the site says of her.
    pub(super) context: Vec<(String, ContextValue)>,
}

/// By what a connected customer was proved: good as long as the desk trusts it.
#[derive(Clone, Debug)]
pub(super) struct Proof {
    workstream: Arc<str>,
    issuer: String,
    audience: String,
    key: PublicKey,
}

impl Proof {
    fn holds(&self, desk: &Desk) -> bool {
        let auth = desk.workstream(&self.workstream).and_then(|workstream| workstream.auth.as_ref());
        auth.is_some_and(|auth| {
            auth.issuer == self.issuer
                && auth.audience == self.audience
                && auth.keys().any(|key| *key == self.key)
        })
    }
}

/// Why nobody is proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unproved {
    /// `hello` came without a token.
    NoToken,
    /// The workstream trusts nobody.
    NoTrust,
    /// The token is not good.
    Token(jwt::JwtFault),
}

impl fmt::Display for Unproved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unproved::NoToken => {
                f.write_str("hello carries no jwt; the page gives one by setAuthTokenProvider")
            }
            Unproved::NoTrust => f.write_str("the workstream has no auth settings"),
            Unproved::Token(fault) => write!(f, "{fault}"),
        }
    }
}

/// Checks a token by the real clock.
pub(super) fn identify(workstream: &Workstream, token: Option<&str>) -> Result<(Claims, Proof), Unproved> {
    let auth = workstream.auth.as_ref().ok_or(Unproved::NoTrust)?;
    let token = token.ok_or(Unproved::NoToken)?;
    let (known, keys): (Vec<&PublicKey>, Vec<jwt::PublicKey>) =
        auth.keys().filter_map(|key| Some((key, jwt::PublicKey::from_spki_der(key.spki()).ok()?))).unzip();
    let trust = jwt::Trust { issuer: auth.issuer.clone(), audience: auth.audience.clone(), keys };
    let (customer, by) = jwt::verify_by(token, &trust, real_wall_ms() / 1000).map_err(Unproved::Token)?;
    let value = |value: jwt::ContextValue| match value {
        jwt::ContextValue::Text(text) => ContextValue::Text(text),
        jwt::ContextValue::Number(number) => ContextValue::Number(number.as_f64().unwrap_or_default()),
        jwt::ContextValue::Flag(flag) => ContextValue::Flag(flag),
    };
    let proof = Proof {
        workstream: workstream.id.as_str().into(),
        issuer: auth.issuer.clone(),
        audience: auth.audience.clone(),
        key: known.get(by).map(|key| (*key).clone()).ok_or(Unproved::NoTrust)?,
    };
    let claims = Claims {
        sub: customer.subject,
        name: customer.name.unwrap_or_default(),
        email: customer.email.unwrap_or_default(),
        phone: customer.phone.unwrap_or_default(),
        context: customer.context.into_iter().map(|(key, given)| (key, value(given))).collect(),
    };
    Ok((claims, proof))
}

impl Shell {
    /// Proves a customer of a persistent workstream; who is not proved is told why, and her socket ends.
    pub(super) fn prove(
        &mut self,
        conn: ConnId,
        re: Option<i64>,
        workstream: &Workstream,
        token: Option<&str>,
    ) -> Option<(Claims, Proof)> {
        if !self.clock.is_trusted() {
            // Expired or not: nobody can tell (D-18). The widget comes again by itself.
            let why = "The box does not know the time yet, so it cannot tell whether a token has expired.";
            self.send(conn, answer::error_because(re, Refusal::Unavailable, why));
            self.close(conn, 1013, "the box does not know the time yet");
            return None;
        }
        match identify(workstream, token) {
            Ok(proved) => Some(proved),
            Err(why) => {
                log::info!("a customer of {} was refused: {why}", workstream.id);
                self.send(conn, answer::error_because(re, Refusal::Unauthorized, &why.to_string()));
                self.close(conn, 1008, "unauthorized: the error says why");
                None
            }
        }
    }

    /// A desk has come into force: customers proved by what it no longer trusts go, and may come again with a
    /// token it does trust.
    pub(super) fn end_unproved(&mut self) {
        let gone: Vec<ConnId> = self
            .connections
            .all
            .keys()
            .filter(|conn| {
                let Some(customer) = self.connections.customer(**conn) else { return false };
                // Where the widget itself is gone the customer stays to be warned, and to end (S3-9).
                let stands = self.workstream_of(&customer.widget).is_some();
                stands && customer.proof.as_ref().is_some_and(|proof| !proof.holds(&self.desk))
            })
            .copied()
            .collect();
        for conn in gone {
            log::info!("a customer's token is no longer trusted: its key, issuer or audience was changed");
            self.close(conn, 1008, "unauthorized: the key of the token is no longer trusted");
        }
    }
}
