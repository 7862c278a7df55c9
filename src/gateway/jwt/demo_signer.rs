//! What the demo's portal page signs its tokens with, in the place of a real site's server.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use ring::rand::SystemRandom;
use ring::signature::{self, EcdsaKeyPair, KeyPair};
use serde_json::Value;

use super::keys::{BIT_STRING, OID, OID_EC, OID_P256, SEQUENCE};

/// What the demo's portal page signs with, in the place of a site's own server. Holds a private key, and so
/// has no `Debug`.
pub struct DemoSigner {
    pair: EcdsaKeyPair,
    random: SystemRandom,
    pkcs8: Vec<u8>,
}

/// Why the demo cannot sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignerFault {
    /// The system gives no random numbers.
    Random,
    /// The stored key is not a P-256 key in PKCS #8.
    Key,
}

impl fmt::Display for SignerFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SignerFault::Random => "the system gives no random numbers",
            SignerFault::Key => "the demo's signing key is not a P-256 key in PKCS #8",
        })
    }
}

impl std::error::Error for SignerFault {}

impl DemoSigner {
    /// A new key.
    pub fn generate() -> Result<DemoSigner, SignerFault> {
        let pkcs8 =
            EcdsaKeyPair::generate_pkcs8(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        DemoSigner::from_pkcs8(pkcs8.map_err(|_| SignerFault::Random)?.as_ref())
    }

    /// The key that [`pkcs8`](Self::pkcs8) gave at an earlier start.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<DemoSigner, SignerFault> {
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &random);
        Ok(DemoSigner { pair: pair.map_err(|_| SignerFault::Key)?, random, pkcs8: pkcs8.to_vec() })
    }

    /// The private key, to be kept for the next start.
    pub fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The public key as SubjectPublicKeyInfo in DER, for [`PublicKey::from_spki_der`].
    pub fn public_key_der(&self) -> Vec<u8> {
        let element = |tag: u8, contents: &[u8]| [&[tag, contents.len() as u8], contents].concat();
        let algorithm = element(SEQUENCE, &[element(OID, OID_EC), element(OID, OID_P256)].concat());
        let bits = element(BIT_STRING, &[&[0], self.pair.public_key().as_ref()].concat());
        element(SEQUENCE, &[algorithm, bits].concat())
    }

    /// A token with these claims, a JSON object. Times and names are the caller's.
    pub fn sign(&self, claims: &Value) -> Result<String, SignerFault> {
        let header = BASE64URL_NOPAD.encode(br#"{"alg":"ES256","typ":"JWT"}"#);
        let signed = format!("{header}.{}", BASE64URL_NOPAD.encode(claims.to_string().as_bytes()));
        let seal = self.pair.sign(&self.random, signed.as_bytes()).map_err(|_| SignerFault::Random)?;
        Ok(format!("{signed}.{}", BASE64URL_NOPAD.encode(seal.as_ref())))
    }
}
