//! Who a persistent customer is: a JSON Web Token that the site has signed (REQ S0-15; protocol, "Who may
//! connect").
//!
//! The token decides nothing about its own checking: which algorithms and keys count is the desk's to say.
//! What the header says about keys (`jwk`, `jku`, `x5u`, `x5c`) is not read, `kid` only tells which key to try
//! first, and an extension that must be understood is refused. Claims are read only behind a good signature.
//!
//! A fault names what the site's developer has to mend and never holds a piece of the token.

mod demo_signer;
mod keys;

pub use demo_signer::{DemoSigner, SignerFault};
pub use keys::{KeyFault, PublicKey};

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use keys::Algorithm;

/// Bytes of a token; longer ones are refused unread. Doubled: half a frame is spent before any check.
pub const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// Seconds by which the site's clock and the box's may differ. Doubled: a revoked login lives that much longer.
pub const LEEWAY_S: i64 = 60;

/// Keys of one workstream: each may cost a verification. Doubled: a forged token costs twice the time.
pub const KEYS_MAX: usize = 8;

/// Characters of `sub`, `name`, `email` and `phone_number`, as of every name on the wire.
pub const NAME_CHARS_MAX: usize = 200;

/// Keys of `context`, and bytes of a key, of a value, and of all together.
pub const CONTEXT_KEYS_MAX: usize = 32;
/// Bytes of one context key.
pub const CONTEXT_KEY_BYTES_MAX: usize = 64;
/// Bytes of one context value.
pub const CONTEXT_VALUE_BYTES_MAX: usize = 512;
/// Bytes of all context keys and values.
pub const CONTEXT_BYTES_MAX: usize = 4096;

/// What a workstream trusts: its `[auth]`.
pub struct Trust {
    /// The `iss` every token must carry.
    pub issuer: String,
    /// The `aud` every token must carry, alone or in a list.
    pub audience: String,
    /// The site's public keys, at most [`KEYS_MAX`]; several while it changes them.
    pub keys: Vec<PublicKey>,
}

/// A customer as a verified token describes them.
#[derive(Clone, Debug, PartialEq)]
pub struct Customer {
    /// `sub`: who it is. The same on every device.
    pub subject: String,
    /// `name`.
    pub name: Option<String>,
    /// `email`.
    pub email: Option<String>,
    /// `phone_number`.
    pub phone: Option<String>,
    /// `context`, in the order of the keys.
    pub context: Vec<(String, ContextValue)>,
    /// `exp`, in seconds of the wall clock.
    pub expires_wall_s: i64,
}

/// A value of the context.
#[derive(Clone, Debug, PartialEq)]
pub enum ContextValue {
    /// A text.
    Text(String),
    /// A number, as written.
    Number(Number),
    /// A yes or no.
    Flag(bool),
}

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JwtFault {
    /// Longer than [`TOKEN_BYTES_MAX`].
    TooLong,
    /// Not three parts with dots between.
    NotThreeParts,
    /// Five parts: encrypted.
    Encrypted,
    /// A part is not base64url without padding, in its one canonical spelling.
    NotBase64,
    /// The header is not a JSON object, or something follows it.
    HeaderNotJson,
    /// A member stands twice in the header or the claims.
    Duplicate,
    /// No `alg`, or not a string.
    AlgorithmMissing,
    /// `alg` is `none`.
    AlgorithmNone,
    /// An HMAC: whoever can check such a token can also make one.
    AlgorithmSymmetric,
    /// Any other algorithm but RS256 and ES256.
    AlgorithmUnknown,
    /// `crit`, or `b64`: an extension this box does not have.
    Critical,
    /// `cty` or `typ` says that this is not a plain JWT, for instance a token within a token.
    Nested,
    /// The workstream has no key for this algorithm.
    NoKey,
    /// No key verifies the signature.
    Signature,
    /// The claims are not a JSON object, or something follows them.
    ClaimsNotJson,
    /// `sub` is missing.
    SubjectMissing,
    /// `iss` is missing.
    IssuerMissing,
    /// `iss` is another one.
    IssuerWrong,
    /// `aud` is missing.
    AudienceMissing,
    /// `aud` does not name this desk.
    AudienceWrong,
    /// `exp` is missing.
    ExpiryMissing,
    /// `exp` has passed.
    Expired,
    /// `nbf` is still to come.
    NotYet,
    /// This claim is not of its type, empty, or holds control characters.
    ClaimWrong(&'static str),
    /// This claim is longer than [`NAME_CHARS_MAX`].
    ClaimTooLong(&'static str),
    /// `context` is not an object of strings, numbers and booleans.
    ContextWrong,
    /// `context` is over its limits.
    ContextTooLarge,
}

impl fmt::Display for JwtFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            JwtFault::TooLong => "the token is longer than 8 KiB",
            JwtFault::NotThreeParts => {
                "the token is not three parts with dots between: header.claims.signature"
            }
            JwtFault::Encrypted => "the token is encrypted; send a signed one",
            JwtFault::NotBase64 => "a part of the token is not base64url without padding",
            JwtFault::HeaderNotJson => "the token's header is not a JSON object",
            JwtFault::Duplicate => "a member stands twice in the token's header or claims",
            JwtFault::AlgorithmMissing => "the token's header has no alg",
            JwtFault::AlgorithmNone => "the token is not signed (alg none); sign it with RS256 or ES256",
            JwtFault::AlgorithmSymmetric => {
                "the token is signed with a shared secret; sign it with RS256 or ES256"
            }
            JwtFault::AlgorithmUnknown => "the token's alg is neither RS256 nor ES256",
            JwtFault::Critical => {
                "the token's header asks for an extension (crit or b64) that is not supported"
            }
            JwtFault::Nested => "the token's header says that it is not a plain JWT (typ or cty)",
            JwtFault::NoKey => "the workstream's public_keys have no key for the token's alg",
            JwtFault::Signature => "none of the workstream's public_keys verifies the token's signature",
            JwtFault::ClaimsNotJson => "the token's claims are not a JSON object",
            JwtFault::SubjectMissing => "the token has no sub",
            JwtFault::IssuerMissing => "the token has no iss",
            JwtFault::IssuerWrong => "the token's iss is not the workstream's issuer",
            JwtFault::AudienceMissing => "the token has no aud",
            JwtFault::AudienceWrong => "the token's aud does not name the workstream's audience",
            JwtFault::ExpiryMissing => "the token has no exp",
            JwtFault::Expired => "the token has expired (exp); compare the clocks of the site and the box",
            JwtFault::NotYet => {
                "the token is not valid yet (nbf); compare the clocks of the site and the box"
            }
            JwtFault::ClaimWrong(claim) => {
                return write!(
                    f,
                    "the token's {claim} is of the wrong type, empty, or holds control characters"
                );
            }
            JwtFault::ClaimTooLong(claim) => {
                return write!(f, "the token's {claim} is longer than {NAME_CHARS_MAX} characters");
            }
            JwtFault::ContextWrong => "the token's context is not an object of strings, numbers and booleans",
            JwtFault::ContextTooLarge => {
                "the token's context has more than 32 keys, or a key, a value or all of it is too long"
            }
        })
    }
}

impl std::error::Error for JwtFault {}

/// Checks a token and says who the customer is. `now_wall_s` is the real clock, in seconds since 1970; while
/// that is not trusted the caller does not ask (D-18).
pub fn verify(token: &str, trust: &Trust, now_wall_s: i64) -> Result<Customer, JwtFault> {
    verify_by(token, trust, now_wall_s).map(|(customer, _)| customer)
}

/// The same, and which of the trusted keys the token was signed with: when that key is withdrawn, so is the
/// customer.
pub fn verify_by(token: &str, trust: &Trust, now_wall_s: i64) -> Result<(Customer, usize), JwtFault> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(JwtFault::TooLong);
    }
    let parts: Vec<&str> = token.split('.').take(6).collect();
    let (header, claims, seal) = match parts[..] {
        [header, claims, seal] => (header, claims, seal),
        [_, _, _, _, _] => return Err(JwtFault::Encrypted),
        _ => return Err(JwtFault::NotThreeParts),
    };
    let fields = object(&decode(header)?, JwtFault::HeaderNotJson)?;
    let algorithm = check_header(&fields)?;
    let signed = &token.as_bytes()[..header.len() + 1 + claims.len()];
    let key =
        check_signature(trust, algorithm, fields.get("kid").and_then(Value::as_str), signed, &decode(seal)?)?;
    let claims = object(&decode(claims)?, JwtFault::ClaimsNotJson)?;
    check_origin(&claims, trust)?;
    let expires_wall_s = check_times(&claims, now_wall_s)?;
    let customer = Customer {
        subject: text(&claims, "sub")?.ok_or(JwtFault::SubjectMissing)?,
        name: text(&claims, "name")?,
        email: text(&claims, "email")?,
        phone: text(&claims, "phone_number")?,
        context: context(&claims)?,
        expires_wall_s,
    };
    Ok((customer, key))
}

fn decode(part: &str) -> Result<Vec<u8>, JwtFault> {
    BASE64URL_NOPAD.decode(part.as_bytes()).map_err(|_| JwtFault::NotBase64)
}

fn check_header(header: &Map<String, Value>) -> Result<Algorithm, JwtFault> {
    if header.contains_key("crit") || header.contains_key("b64") {
        return Err(JwtFault::Critical);
    }
    let is_plain = |kind: &Value| kind.as_str().is_some_and(|k| k.eq_ignore_ascii_case("JWT"));
    if header.contains_key("cty") || header.get("typ").is_some_and(|kind| !is_plain(kind)) {
        return Err(JwtFault::Nested);
    }
    match header.get("alg").and_then(Value::as_str) {
        Some("RS256") => Ok(Algorithm::Rs256),
        Some("ES256") => Ok(Algorithm::Es256),
        Some(name) if name.eq_ignore_ascii_case("none") => Err(JwtFault::AlgorithmNone),
        Some(name) if name.get(..2).is_some_and(|n| n.eq_ignore_ascii_case("hs")) => {
            Err(JwtFault::AlgorithmSymmetric)
        }
        Some(_) => Err(JwtFault::AlgorithmUnknown),
        None => Err(JwtFault::AlgorithmMissing),
    }
}

/// Tries the keys of the token's algorithm, the one its `kid` names first. A key serves one algorithm only:
/// else a public RSA key could pass for the secret of another scheme.
fn check_signature(
    trust: &Trust,
    by: Algorithm,
    kid: Option<&str>,
    signed: &[u8],
    seal: &[u8],
) -> Result<usize, JwtFault> {
    let mut keys: Vec<(usize, &PublicKey)> =
        trust.keys.iter().enumerate().take(KEYS_MAX).filter(|(_, key)| key.algorithm() == by).collect();
    if keys.is_empty() {
        return Err(JwtFault::NoKey);
    }
    keys.sort_by_key(|(_, key)| kid.is_none() || key.id() != kid);
    let good = keys.iter().find(|(_, key)| key.verifies(signed, seal));
    good.map(|(at, _)| *at).ok_or(JwtFault::Signature)
}

fn check_origin(claims: &Map<String, Value>, trust: &Trust) -> Result<(), JwtFault> {
    match claims.get("iss") {
        None => return Err(JwtFault::IssuerMissing),
        Some(Value::String(issuer)) if *issuer == trust.issuer => {}
        Some(_) => return Err(JwtFault::IssuerWrong),
    }
    let is_ours = |value: &Value| value.as_str() == Some(&trust.audience);
    match claims.get("aud") {
        None => Err(JwtFault::AudienceMissing),
        Some(Value::Array(list)) if list.iter().all(Value::is_string) && list.iter().any(is_ours) => Ok(()),
        Some(one) if is_ours(one) => Ok(()),
        Some(_) => Err(JwtFault::AudienceWrong),
    }
}

fn check_times(claims: &Map<String, Value>, now_wall_s: i64) -> Result<i64, JwtFault> {
    let expires = seconds(claims, "exp")?.ok_or(JwtFault::ExpiryMissing)?;
    let begins = seconds(claims, "nbf")?.unwrap_or(i64::MIN);
    if expires.saturating_add(LEEWAY_S) <= now_wall_s {
        Err(JwtFault::Expired)
    } else if begins > now_wall_s.saturating_add(LEEWAY_S) {
        Err(JwtFault::NotYet)
    } else {
        Ok(expires)
    }
}

/// A time claim. Fractions are allowed by the standard and cut off; what no clock can hold is its end.
fn seconds(claims: &Map<String, Value>, claim: &'static str) -> Result<Option<i64>, JwtFault> {
    match claims.get(claim) {
        None => Ok(None),
        Some(Value::Number(number)) => {
            let whole = number.as_i64().or_else(|| number.as_f64().map(|float| float.floor() as i64));
            whole.map(Some).ok_or(JwtFault::ClaimWrong(claim))
        }
        Some(_) => Err(JwtFault::ClaimWrong(claim)),
    }
}

/// A text claim; `null`, which many libraries write for "none", is none.
fn text(claims: &Map<String, Value>, claim: &'static str) -> Result<Option<String>, JwtFault> {
    match claims.get(claim) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(value)) if value.chars().count() > NAME_CHARS_MAX => {
            Err(JwtFault::ClaimTooLong(claim))
        }
        Some(Value::String(value)) if value.trim().is_empty() || value.chars().any(char::is_control) => {
            Err(JwtFault::ClaimWrong(claim))
        }
        Some(Value::String(value)) => Ok(Some(value.clone())),
        Some(_) => Err(JwtFault::ClaimWrong(claim)),
    }
}

fn context(claims: &Map<String, Value>) -> Result<Vec<(String, ContextValue)>, JwtFault> {
    let entries = match claims.get("context") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Object(entries)) => entries,
        Some(_) => return Err(JwtFault::ContextWrong),
    };
    if entries.len() > CONTEXT_KEYS_MAX {
        return Err(JwtFault::ContextTooLarge);
    }
    let mut bytes_total = 0;
    let mut context = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        let (value, bytes) = match value {
            Value::String(text) => (ContextValue::Text(text.clone()), text.len()),
            Value::Number(number) => (ContextValue::Number(number.clone()), number.to_string().len()),
            Value::Bool(flag) => (ContextValue::Flag(*flag), flag.to_string().len()),
            _ => return Err(JwtFault::ContextWrong),
        };
        bytes_total += key.len() + bytes;
        let is_over = key.len() > CONTEXT_KEY_BYTES_MAX || bytes > CONTEXT_VALUE_BYTES_MAX;
        if is_over || bytes_total > CONTEXT_BYTES_MAX {
            return Err(JwtFault::ContextTooLarge);
        }
        context.push((key.clone(), value));
    }
    Ok(context)
}

// ── strict JSON ─────────────────────────────────────────────────────────────────────────────────────

/// A JSON object with nothing behind it, and no member twice at any depth: two readers must not be able to
/// see two different customers in one token.
fn object(bytes: &[u8], fault: JwtFault) -> Result<Map<String, Value>, JwtFault> {
    match serde_json::from_slice::<Strict>(bytes) {
        Ok(Strict(Value::Object(members))) => Ok(members),
        Err(error) if error.to_string().starts_with(TWICE) => Err(JwtFault::Duplicate),
        _ => Err(fault),
    }
}

/// What the reader below says of a repeated member; serde_json appends the place and no other message begins so.
const TWICE: &str = "member stands twice";

/// Any JSON value without repeated members.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Strict, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Strict)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((name, Strict(value))) = members.next_entry::<String, Strict>()? {
            if map.insert(name, value).is_some() {
                return Err(A::Error::custom(TWICE));
            }
        }
        Ok(Value::Object(map))
    }
}
