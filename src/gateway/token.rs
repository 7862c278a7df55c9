//! Staff tokens: 32 random bytes, told once, kept as a hash; and the cookie that carries one.

use data_encoding::BASE64URL_NOPAD;
use ring::digest;
use subtle::ConstantTimeEq;

/// The name of the staff cookie. The prefix makes browsers insist on `Secure`, `Path=/` and no domain.
pub const COOKIE_NAME: &str = "__Host-deskbell";

const TOKEN_BYTES: usize = 32;
/// 32 bytes in base64url without padding.
const TOKEN_CHARS: usize = 43;

/// A fresh secret. It has no `Debug`: it is told to its owner once and never logged.
pub struct Token(String);

impl Token {
    /// Draws a new one from the system's random source; an error when there is none.
    pub fn new() -> Result<Token, getrandom::Error> {
        let mut bytes = [0; TOKEN_BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Token(BASE64URL_NOPAD.encode(&bytes)))
    }

    /// The secret itself, for the one answer that tells it.
    pub fn secret(&self) -> &str {
        &self.0
    }

    /// What is stored of it.
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(&self.0)
    }

    /// The `Set-Cookie` value that hands it to a browser for `seconds`.
    pub fn cookie(&self, seconds: u64) -> String {
        format!("{COOKIE_NAME}={}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={seconds}", self.0)
    }
}

/// The `Set-Cookie` value that takes a token out of a browser again.
pub fn cookie_gone() -> String {
    format!("{COOKIE_NAME}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0")
}

/// SHA-256 of a token. Comparison takes the same time wherever two differ.
///
/// A plain hash is enough: the token has 256 random bits, so there is nothing to guess.
#[derive(Clone, Copy)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// The hash of a secret as it came in, whatever it looks like.
    pub fn of(secret: &str) -> TokenHash {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest::digest(&digest::SHA256, secret.as_bytes()).as_ref());
        TokenHash(hash)
    }

    /// A hash read back from where it was stored.
    pub fn from_bytes(bytes: [u8; 32]) -> TokenHash {
        TokenHash(bytes)
    }

    /// The bytes to store.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for TokenHash {
    fn eq(&self, other: &TokenHash) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for TokenHash {}

impl std::hash::Hash for TokenHash {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl std::fmt::Debug for TokenHash {
    /// Four bytes are enough to tell two apart in a log, and no use to anybody.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "token#{:02x}{:02x}{:02x}{:02x}", self.0[0], self.0[1], self.0[2], self.0[3])
    }
}

/// The hash of the token in an `Authorization: Bearer` header.
pub(super) fn from_authorization(value: &str) -> Option<TokenHash> {
    let (scheme, secret) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| well_formed(secret.trim()))?
}

/// The hash of the token in a `Cookie` header.
pub(super) fn from_cookies(value: &str) -> Option<TokenHash> {
    value.split(';').find_map(|pair| {
        let (name, secret) = pair.trim().split_once('=')?;
        (name == COOKIE_NAME).then(|| well_formed(secret))?
    })
}

/// Tokens made elsewhere (a machine's, from a file) may have another length; only what could never be
/// one is dropped before it is hashed.
fn well_formed(secret: &str) -> Option<TokenHash> {
    let plausible =
        (8..=4 * TOKEN_CHARS).contains(&secret.len()) && secret.bytes().all(|b| b.is_ascii_graphic());
    plausible.then(|| TokenHash::of(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_tokens_differ_and_each_is_found_by_its_hash() {
        let (one, two) = (Token::new().unwrap(), Token::new().unwrap());
        assert_eq!(one.secret().len(), TOKEN_CHARS);
        assert_ne!(one.secret(), two.secret());
        assert_eq!(one.hash(), TokenHash::of(one.secret()));
        assert_ne!(one.hash(), two.hash());
    }

    #[test]
    fn token_is_read_from_header_and_cookie_alike() {
        let token = Token::new().unwrap();
        assert_eq!(from_authorization(&format!("bearer {}", token.secret())), Some(token.hash()));
        assert_eq!(from_authorization(&format!("Basic {}", token.secret())), None);
        assert_eq!(from_authorization("Bearer short"), None);
        let cookies = format!("theme=dark; {COOKIE_NAME}={}; x=y", token.secret());
        assert_eq!(from_cookies(&cookies), Some(token.hash()));
        assert_eq!(from_cookies(&format!("deskbell={}", token.secret())), None);
    }

    #[test]
    fn cookie_is_closed_to_scripts_and_other_sites() {
        let cookie = Token::new().unwrap().cookie(60);
        for word in ["__Host-deskbell=", "Path=/", "Secure", "HttpOnly", "SameSite=Strict", "Max-Age=60"] {
            assert!(cookie.contains(word), "{word} is missing");
        }
        assert!(!cookie.contains("Domain"));
    }
}
