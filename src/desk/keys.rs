//! Public keys a site signs its customers' tokens with: PEM of a SubjectPublicKeyInfo, RSA or P-256.
//!
//! Only the envelope is read here, strictly; what checks signatures wants its contents. A key that cannot
//! work is a fault of the desk at load and not a customer turned away later.

use data_encoding::BASE64;

/// The kinds of key there are tokens for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// RS256.
    Rsa,
    /// ES256.
    P256,
}

/// A public key that can check a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    kind: KeyKind,
    spki: Box<[u8]>,
    bits_at: usize,
}

/// Why something is no key we can use. None of them repeats a byte of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFault {
    /// No `-----BEGIN PUBLIC KEY-----` block, or text beside it.
    NotPem,
    /// A PEM block of another kind, such as a certificate.
    OtherBlock,
    /// A private key.
    Private,
    /// The block's body is not base64.
    NotBase64,
    /// The body is not the DER of a SubjectPublicKeyInfo.
    NotSpki,
    /// Neither RSA nor an elliptic curve key on P-256.
    OtherKind,
    /// RSA, but not of 2048 to 8192 bits.
    RsaBits(usize),
}

impl std::fmt::Display for KeyFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotPem => write!(f, "must be one PEM block that begins -----BEGIN PUBLIC KEY-----"),
            Self::OtherBlock => write!(f, "is a PEM block of another kind; PUBLIC KEY is wanted"),
            Self::Private => {
                write!(f, "is a private key: it does not belong here, and should now be replaced")
            }
            Self::NotBase64 => write!(f, "is not base64 between its BEGIN and END"),
            Self::NotSpki => {
                write!(f, "is not a public key (SubjectPublicKeyInfo) between its BEGIN and END")
            }
            Self::OtherKind => write!(f, "must be an RSA key or an elliptic curve key on P-256"),
            Self::RsaBits(bits) => write!(f, "is an RSA key of {bits} bits; 2048 to 8192 are wanted"),
        }
    }
}

impl std::error::Error for KeyFault {}

/// Bits of an RSA modulus that can be checked: fewer are unsafe, more are slow enough to be used against the
/// box.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01]; // 1.2.840.113549.1.1.1
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01]; // 1.2.840.10045.2.1
const PRIME256V1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07]; // 1.2.840.10045.3.1.7

impl PublicKey {
    /// Reads one PEM block.
    pub fn from_pem(pem: &str) -> Result<Self, KeyFault> {
        let rest = pem.trim().strip_prefix("-----BEGIN ").ok_or(KeyFault::NotPem)?;
        let (label, rest) = rest.split_once("-----").ok_or(KeyFault::NotPem)?;
        if label.ends_with("PRIVATE KEY") {
            return Err(KeyFault::Private);
        }
        if label != "PUBLIC KEY" {
            return Err(KeyFault::OtherBlock);
        }
        let body = rest.strip_suffix("-----END PUBLIC KEY-----").ok_or(KeyFault::NotPem)?;
        if body.contains('-') {
            return Err(KeyFault::NotPem); // a second block
        }
        let body: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        let der = BASE64.decode(body.as_bytes()).map_err(|_| KeyFault::NotBase64)?;
        Self::from_spki(&der)
    }

    /// Reads the DER of a SubjectPublicKeyInfo.
    pub fn from_spki(der: &[u8]) -> Result<Self, KeyFault> {
        let (kind, bits) = read_spki(der).ok_or(KeyFault::NotSpki)?;
        let kind = kind.ok_or(KeyFault::OtherKind)?;
        match kind {
            KeyKind::Rsa => {
                let modulus_bits = read_rsa_modulus_bits(bits).ok_or(KeyFault::NotSpki)?;
                if !RSA_BITS.contains(&modulus_bits) {
                    return Err(KeyFault::RsaBits(modulus_bits));
                }
            }
            // An uncompressed point of two 32-byte coordinates, the one form in use.
            KeyKind::P256 if bits.len() != 65 || bits[0] != 4 => return Err(KeyFault::OtherKind),
            KeyKind::P256 => {}
        }
        Ok(Self { kind, spki: der.into(), bits_at: der.len() - bits.len() })
    }

    /// RSA or P-256.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The whole SubjectPublicKeyInfo in DER.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// The key alone, as signature checks take it: for RSA the DER of an RSAPublicKey, for P-256 the
    /// uncompressed point.
    pub fn key_bytes(&self) -> &[u8] {
        &self.spki[self.bits_at..]
    }

    /// The PEM block, lines of 64 characters, without a line end after the last.
    pub fn to_pem(&self) -> String {
        const LINE_CHARS: usize = 64;
        let body = BASE64.encode(&self.spki);
        let mut pem = String::from("-----BEGIN PUBLIC KEY-----\n");
        for line in body.as_bytes().chunks(LINE_CHARS) {
            pem.extend(line.iter().map(|b| char::from(*b)));
            pem.push('\n');
        }
        pem.push_str("-----END PUBLIC KEY-----");
        pem
    }
}

/// The kind, when it is one of ours, and the contents of the bit string, which end the input.
fn read_spki(der: &[u8]) -> Option<(Option<KeyKind>, &[u8])> {
    let (outer, rest) = element(der, 0x30)?;
    let (algorithm, after) = element(outer, 0x30)?;
    let (bit_string, end) = element(after, 0x03)?;
    let (oid, parameters) = element(algorithm, 0x06)?;
    let (unused_bits, bits) = bit_string.split_first()?;
    if !rest.is_empty() || !end.is_empty() || *unused_bits != 0 {
        return None;
    }
    let kind = match oid {
        RSA_ENCRYPTION => Some(KeyKind::Rsa),
        EC_PUBLIC_KEY => match element(parameters, 0x06) {
            Some((PRIME256V1, [])) => Some(KeyKind::P256),
            _ => None,
        },
        _ => None,
    };
    Some((kind, bits))
}

fn read_rsa_modulus_bits(bits: &[u8]) -> Option<usize> {
    let (sequence, rest) = element(bits, 0x30)?;
    let (modulus, exponent) = element(sequence, 0x02)?;
    let (_, end) = element(exponent, 0x02)?;
    if !rest.is_empty() || !end.is_empty() {
        return None;
    }
    let leading = modulus.iter().position(|b| *b != 0)?;
    let significant = &modulus[leading..];
    Some(significant.len() * 8 - significant[0].leading_zeros() as usize)
}

/// One DER element of a tag: its contents, and what follows it. Lengths in their shortest form, up to 64 KiB.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (length, body) = match der {
        [t, n @ 0..=0x7f, rest @ ..] if *t == tag => (usize::from(*n), rest),
        [t, 0x81, n @ 0x80..=0xff, rest @ ..] if *t == tag => (usize::from(*n), rest),
        [t, 0x82, high @ 1..=0xff, low, rest @ ..] if *t == tag => {
            (usize::from(u16::from_be_bytes([*high, *low])), rest)
        }
        _ => return None,
    };
    body.split_at_checked(length)
}
