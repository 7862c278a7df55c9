//! The public keys of a site: read from what `[auth] public_keys` holds, each good for one algorithm only.

use std::fmt;

use ring::signature::{self, UnparsedPublicKey};

/// Bits of an RSA modulus. Below, it is no longer safe; above, one forged token costs milliseconds.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;

/// A site's public key: RSA of 2048 to 4096 bits for RS256, or P-256 for ES256.
#[derive(Clone)]
pub struct PublicKey {
    id: Option<String>,
    material: Material,
}

#[derive(Clone)]
enum Material {
    /// The RSAPublicKey structure.
    Rsa(Vec<u8>),
    /// The uncompressed point.
    P256(Vec<u8>),
}

/// Why a public key is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyFault {
    /// Not one PEM block `PUBLIC KEY`.
    NotPem,
    /// A private key, where only the public one belongs.
    Private,
    /// Not a SubjectPublicKeyInfo in DER, or something follows it.
    NotSpki,
    /// Neither RSA nor P-256.
    Algorithm,
    /// RSA of fewer than 2048 or more than 4096 bits, or with an even or tiny exponent.
    Rsa,
}

impl fmt::Display for KeyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            KeyFault::NotPem => "not a PEM block that begins with -----BEGIN PUBLIC KEY-----",
            KeyFault::Private => "this is a private key; keep it on the site and give its public key here",
            KeyFault::NotSpki => "not a public key (SubjectPublicKeyInfo)",
            KeyFault::Algorithm => "neither an RSA nor a P-256 key",
            KeyFault::Rsa => "an RSA key must have 2048 to 4096 bits and an odd exponent of 3 or more",
        })
    }
}

impl std::error::Error for KeyFault {}

impl PublicKey {
    /// The key of a SubjectPublicKeyInfo in DER.
    pub fn from_spki_der(der: &[u8]) -> Result<PublicKey, KeyFault> {
        let material = read_spki(der)?;
        Ok(PublicKey { id: None, material })
    }

    /// The key of a PEM block `PUBLIC KEY`, as `[auth] public_keys` holds it.
    pub fn from_pem(pem: &str) -> Result<PublicKey, KeyFault> {
        if pem.contains("PRIVATE KEY") {
            return Err(KeyFault::Private);
        }
        let body = pem.trim().strip_prefix("-----BEGIN PUBLIC KEY-----");
        let body = body.and_then(|b| b.strip_suffix("-----END PUBLIC KEY-----")).ok_or(KeyFault::NotPem)?;
        let packed: String = body.split_ascii_whitespace().collect();
        let der = data_encoding::BASE64.decode(packed.as_bytes()).map_err(|_| KeyFault::NotPem)?;
        PublicKey::from_spki_der(&der)
    }

    /// The same key, tried first for tokens whose `kid` is this.
    pub fn with_id(self, id: impl Into<String>) -> PublicKey {
        PublicKey { id: Some(id.into()), ..self }
    }

    pub(super) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        match self.material {
            Material::Rsa(_) => Algorithm::Rs256,
            Material::P256(_) => Algorithm::Es256,
        }
    }

    pub(super) fn verifies(&self, signed: &[u8], seal: &[u8]) -> bool {
        match &self.material {
            Material::Rsa(key) => {
                UnparsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA256, key).verify(signed, seal)
            }
            Material::P256(point) => {
                UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point).verify(signed, seal)
            }
        }
        .is_ok()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Rs256,
    Es256,
}

const OID_RSA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01];
pub(super) const OID_EC: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01];
pub(super) const OID_P256: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];

pub(super) const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
const NULL: u8 = 0x05;
pub(super) const OID: u8 = 0x06;

fn read_spki(der: &[u8]) -> Result<Material, KeyFault> {
    let fields = |der| {
        let mut info = Der(Der(der).only(SEQUENCE)?);
        let mut algorithm = Der(info.next(SEQUENCE)?);
        let bits = info.only(BIT_STRING)?;
        let key = bits.strip_prefix(&[0])?;
        Some((algorithm.next(OID)?, algorithm, key))
    };
    let (oid, mut parameters, key) = fields(der).ok_or(KeyFault::NotSpki)?;
    match oid {
        OID_RSA if parameters.only(NULL) == Some(&[]) => check_rsa(key).map(|()| Material::Rsa(key.to_vec())),
        OID_EC if parameters.only(OID) == Some(OID_P256) => match key {
            [0x04, point @ ..] if point.len() == 64 => Ok(Material::P256(key.to_vec())),
            _ => Err(KeyFault::NotSpki),
        },
        _ => Err(KeyFault::Algorithm),
    }
}

fn check_rsa(key: &[u8]) -> Result<(), KeyFault> {
    let numbers = |key| {
        let mut numbers = Der(Der(key).only(SEQUENCE)?);
        Some((numbers.next(INTEGER)?, numbers.only(INTEGER)?))
    };
    let (modulus, exponent) = numbers(key).ok_or(KeyFault::NotSpki)?;
    // A leading zero byte keeps a DER integer positive.
    let modulus = modulus.strip_prefix(&[0]).unwrap_or(modulus);
    let bits = modulus.len() * 8 - modulus.first().map_or(0, |b| b.leading_zeros() as usize);
    let is_odd = exponent.last().is_some_and(|b| b % 2 == 1) && exponent != [1];
    let is_safe = RSA_BITS.contains(&bits) && is_odd && exponent.len() <= 5;
    if is_safe { Ok(()) } else { Err(KeyFault::Rsa) }
}

/// Just enough DER: definite, minimal lengths of up to two bytes.
struct Der<'d>(&'d [u8]);

impl<'d> Der<'d> {
    /// The contents of the next element, if it has this tag.
    fn next(&mut self, tag: u8) -> Option<&'d [u8]> {
        let (&first, rest) = self.0.strip_prefix(&[tag])?.split_first()?;
        let size = match first {
            0..=0x7F => 0,
            0x81 => 1,
            0x82 => 2,
            _ => return None,
        };
        let (long, rest) = rest.split_at_checked(size)?;
        let length = match *long {
            [] => usize::from(first),
            [low] => usize::from(low),
            [high, low] => usize::from(u16::from_be_bytes([high, low])),
            _ => return None,
        };
        // The shortest spelling of the length is the only one.
        if (size == 1 && length < 0x80) || (size == 2 && length < 0x100) {
            return None;
        }
        let (contents, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(contents)
    }

    /// The contents of the last element, if it has this tag and nothing follows.
    fn only(&mut self, tag: u8) -> Option<&'d [u8]> {
        self.next(tag).filter(|_| self.0.is_empty())
    }
}
