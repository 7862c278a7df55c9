//! A site with customers of its own: signs their tokens as its server would.

use data_encoding::BASE64;
use deskbell::gateway::jwt::DemoSigner;
use serde_json::{Value, json};

/// What the example's desk holds in place of this site's key.
const EXAMPLE_KEYS: (&str, &str) = ("public_keys = [", "]");

/// A site's signing key.
pub(crate) struct Site(DemoSigner);

impl Site {
    pub(crate) fn new() -> Site {
        Site(DemoSigner::generate().expect("a key"))
    }

    /// The public key as the desk holds it.
    pub(crate) fn pem(&self) -> String {
        pem(&self.0.public_key_der())
    }

    /// The example's desk with these sites' keys instead of its own.
    pub(crate) fn desk(sites: &[&Site]) -> String {
        let pems: Vec<String> = sites.iter().map(|site| site.pem()).collect();
        desk_with_keys(include_str!("../data/desk.example.toml"), &pems)
    }

    /// A good token of a customer.
    pub(crate) fn token(&self, sub: &str) -> String {
        self.sign(&Site::claims(sub))
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.0.sign(claims).expect("signed")
    }

    /// Claims of a good token; the real clock counts.
    pub(crate) fn claims(sub: &str) -> Value {
        json!({
            "sub": sub, "iss": "https://shop.example", "aud": "deskbell",
            "exp": now_s() + 300, "name": format!("Customer {sub}"),
        })
    }
}

/// Seconds since 1970 on the real clock.
pub(crate) fn now_s() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_secs()).expect("this century")
}

/// A desk with these keys, as PEM, in place of those it holds.
pub(crate) fn desk_with_keys(desk: &str, pems: &[String]) -> String {
    let at = desk.find(EXAMPLE_KEYS.0).expect("the example holds keys");
    let end = at + desk[at..].find(EXAMPLE_KEYS.1).expect("and ends their list") + 1;
    let keys: Vec<String> = pems.iter().map(|pem| format!("\"\"\"{pem}\"\"\"")).collect();
    format!("{}public_keys = [{}]{}", &desk[..at], keys.join(", "), &desk[end..])
}

/// A SubjectPublicKeyInfo as PEM.
pub(crate) fn pem(spki_der: &[u8]) -> String {
    let body = BASE64.encode(spki_der);
    let lines: Vec<&str> =
        body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).expect("ASCII")).collect();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----", lines.join("\n"))
}
