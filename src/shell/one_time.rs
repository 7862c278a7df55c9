//! The second thing a sign-in asks for: codes of an authenticator (RFC 6238: SHA-1, six digits, 30 s), and
//! recovery codes for the day it is lost. Pure: the time is passed in.

use data_encoding::BASE32_NOPAD;
use qrcodegen::{QrCode, QrCodeEcc};
use ring::{digest, hmac};
use subtle::ConstantTimeEq;

use super::records::User;

/// Bytes of a secret: as many as SHA-1 gives, as RFC 4226 recommends.
const SECRET_BYTES: usize = 20;
const STEP_S: i64 = 30;
/// Steps a code may be early or late: a phone's clock, and somebody who types.
const DRIFT_STEPS: i64 = 1;
/// Recovery codes made at a time; each is good once.
pub(super) const RECOVERY_CODES: usize = 10;
/// Bytes behind a recovery code: 80 bits, so that its hash needs no salt.
const RECOVERY_BYTES: usize = 10;

/// What an authenticator is set up with; shown once.
pub(crate) struct Enrolment {
    /// In base32, for typing.
    pub(crate) secret: String,
    /// `otpauth://totp/…`.
    pub(crate) uri: String,
    /// Modules of a side of its QR code, quiet zone included, and the dark ones as an SVG path.
    pub(crate) qr: (i32, String),
}

/// A new secret; an error when the system has no random bytes.
pub(super) fn new_secret() -> Result<Vec<u8>, getrandom::Error> {
    let mut secret = vec![0; SECRET_BYTES];
    getrandom::fill(&mut secret)?;
    Ok(secret)
}

/// New recovery codes and what is kept of them.
pub(super) fn new_recovery() -> Result<(Vec<String>, Vec<[u8; 32]>), getrandom::Error> {
    let mut codes = Vec::with_capacity(RECOVERY_CODES);
    for _ in 0..RECOVERY_CODES {
        let mut bytes = [0; RECOVERY_BYTES];
        getrandom::fill(&mut bytes)?;
        let text = BASE32_NOPAD.encode(&bytes);
        let groups: Vec<&str> =
            (0..text.len()).step_by(4).map(|at| &text[at..(at + 4).min(text.len())]).collect();
        codes.push(groups.join("-"));
    }
    let hashes = codes.iter().map(|code| hash(code)).collect();
    Ok((codes, hashes))
}

impl Enrolment {
    /// Of a secret, for an account of a branch.
    pub(super) fn new(secret: &[u8], username: &str, branch: &str) -> Enrolment {
        let secret = BASE32_NOPAD.encode(secret);
        let (issuer, account) = (escaped(branch), escaped(username));
        let uri = format!("otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}");
        let qr = drawn(&uri);
        Enrolment { secret, uri, qr }
    }
}

fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let one = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(one).collect()
}

/// A text too long for a code has none: the secret can be typed.
fn drawn(text: &str) -> (i32, String) {
    const QUIET: i32 = 4;
    let Ok(code) = QrCode::encode_text(text, QrCodeEcc::Low) else { return (0, String::new()) };
    let mut path = String::new();
    for y in 0..code.size() {
        for x in 0..code.size() {
            if code.get_module(x, y) {
                path.push_str(&format!("M{} {}h1v1h-1z", x + QUIET, y + QUIET));
            }
        }
    }
    (code.size() + 2 * QUIET, path)
}

/// The code of one step.
fn code_at(secret: &[u8], step: u64) -> u32 {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let bytes = tag.as_ref();
    let at = usize::from(bytes[19] & 0x0f);
    let part = bytes[at..at + 4].iter().fold(0u32, |all, byte| all << 8 | u32::from(*byte));
    (part & 0x7fff_ffff) % 1_000_000
}

/// The step a code belongs to at this time, when it is one after `after`: a code is good once.
pub(super) fn step_of(secret: &[u8], code: &str, now_s: i64, after: u64) -> Option<u64> {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    if code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let now = now_s.div_euclid(STEP_S);
    let mut found = None;
    for step in (now - DRIFT_STEPS..=now + DRIFT_STEPS).filter_map(|step| u64::try_from(step).ok()) {
        let fits: bool = format!("{:06}", code_at(secret, step)).as_bytes().ct_eq(code.as_bytes()).into();
        if fits && step > after {
            found = Some(step);
        }
    }
    found
}

fn hash(code: &str) -> [u8; 32] {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, plain.to_ascii_uppercase().as_bytes()).as_ref());
    hash
}

impl User {
    /// Whether a sign-in of this person asks for a code.
    pub(super) fn has_totp(&self) -> bool {
        self.secret.is_some()
    }

    /// Takes a code, or a recovery code, and spends it.
    pub(super) fn take(&mut self, code: &str, now_s: i64) -> bool {
        let Some(secret) = &self.secret else { return false };
        if let Some(step) = step_of(secret, code, now_s, self.last_step) {
            self.last_step = step;
            return true;
        }
        let wanted = hash(code);
        let before = self.recovery.len();
        self.recovery.retain(|kept| !bool::from(kept[..].ct_eq(&wanted[..])));
        self.recovery.len() < before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";

    #[test]
    fn codes_are_those_of_the_rfc() {
        // RFC 6238, appendix B, SHA-1, the last six of eight digits.
        for (at_s, code) in [
            (59, 287_082),
            (1_111_111_109, 81_804),
            (1_111_111_111, 50_471),
            (1_234_567_890, 5_924),
            (2_000_000_000, 279_037),
            (20_000_000_000, 353_130),
        ] {
            assert_eq!(code_at(SECRET, at_s / 30), code, "{at_s}");
        }
    }

    #[test]
    fn a_code_is_good_once_and_a_step_to_either_side() {
        let mut user = User { secret: Some(SECRET.to_vec()), ..User::default() };
        assert!(!user.take("287083", 59));
        assert!(user.take("287 082", 59), "as people type it");
        assert!(!user.take("287082", 59), "the same again");
        assert!(!user.take("287082", 89), "nor a step later");
        let mut user = User { secret: Some(SECRET.to_vec()), ..User::default() };
        assert!(user.take("287082", 89), "a step late");
        let mut user = User { secret: Some(SECRET.to_vec()), ..User::default() };
        assert!(!user.take("287082", 121), "two steps late");
        for odd in ["", "28708", "2870820", "28708a", "٢٨٧٠٨٢", "      "] {
            assert!(!user.take(odd, 59), "{odd:?}");
        }
        assert!(!User::default().take("287082", 59), "nobody without a secret");
    }

    #[test]
    fn a_recovery_code_is_good_once_in_either_case() {
        let (codes, recovery) = new_recovery().unwrap();
        let mut user = User { secret: Some(SECRET.to_vec()), recovery, ..User::default() };
        assert_eq!(codes.len(), RECOVERY_CODES);
        assert!(user.take(&codes[3].to_lowercase(), 0));
        assert!(!user.take(&codes[3], 0));
        assert!(user.take(&codes[4].replace('-', ""), 0));
        assert_eq!(user.recovery.len(), RECOVERY_CODES - 2);
    }

    #[test]
    fn an_enrolment_can_be_typed_and_scanned() {
        let enrolment = Enrolment::new(SECRET, "jan@x.example", "Utrecht & co");
        assert_eq!(enrolment.secret, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert!(enrolment.uri.starts_with("otpauth://totp/Utrecht%20%26%20co:jan%40x.example?secret=GEZD"));
        assert!(enrolment.qr.0 > 30 && enrolment.qr.1.len() > 1000);
    }
}
