//! The box's own certificate authority: made on the first start, asked again whenever a name changes.
//!
//! A page with an untrusted certificate gets no service worker and so no desktop notification with
//! buttons (REQ S2-7); nobody else issues certificates for `192.168.1.10`. The authority may vouch for
//! local names and the box's own only, so that trusting it costs little if its key is ever stolen.
//!
//! Everything lies in one file, `authority.json`, replaced as a whole: a power cut leaves the old one or
//! the new one. `ca.crt` beside it is a copy for people.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::net::IpAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, SanType, SerialNumber,
};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::origin::Network;
use super::tls::{CertificateFault, ServerCertificate};

/// Days a certificate of the box is good for; browsers refuse more than 397 in one they are to trust.
const LEAF_DAYS: i64 = 396;
/// Days before its end at which a certificate is replaced.
const RENEW_DAYS: i64 = 60;
/// 2025-01-01T00:00:00Z. A clock that shows less has never been set (REQ D-18), and the authority is good
/// from here on whatever the clock showed when it was made.
const CLOCK_FLOOR_S: i64 = 1_735_689_600;
/// 2049-12-31T23:59:59Z, the last moment with a two-digit year.
const AUTHORITY_END_S: i64 = 2_524_607_999;

/// Names that only mean something on a local network.
const LOCAL_DOMAINS: [&str; 6] = ["localhost", "local", "lan", "internal", "home.arpa", "test"];
/// Addresses that only mean something on a local network.
const LOCAL_NETWORKS: [&str; 9] = [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "100.64.0.0/10",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
];

/// The authority and the certificate it last issued. No `Debug`: it holds keys.
pub struct Authority {
    folder: PathBuf,
    kept: Kept,
}

/// What lies on disk. Both keys are PEM; times are Unix seconds.
#[derive(Serialize, Deserialize)]
struct Kept {
    version: u32,
    common_name: String,
    /// Names outside the local ones that this authority may vouch for.
    permitted: Vec<String>,
    authority_key: String,
    authority_pem: String,
    names: Vec<String>,
    leaf_key: String,
    leaf_pem: String,
    leaf_from_s: i64,
    leaf_until_s: i64,
}

/// Why there is no certificate.
#[derive(Debug)]
pub enum AuthorityFault {
    /// This is neither a DNS name nor an address.
    BadName(String),
    /// There is no name to issue a certificate for.
    NoName,
    /// The file is there and cannot be understood. It is not replaced by itself: everybody who trusts the
    /// old authority would have to trust a new one.
    Damaged(PathBuf),
    /// The disk said no.
    Io(PathBuf, io::Error),
    /// The certificate could not be made.
    Make(String),
}

impl fmt::Display for AuthorityFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AuthorityFault::BadName(name) => write!(f, "{name:?} is neither a name nor an address"),
            AuthorityFault::NoName => f.write_str("the box has no name to issue a certificate for"),
            AuthorityFault::Damaged(path) => write!(
                f,
                "{} cannot be read; restore it, or remove it to make a new authority that every device must trust anew",
                path.display()
            ),
            AuthorityFault::Io(path, error) => write!(f, "{}: {error}", path.display()),
            AuthorityFault::Make(why) => write!(f, "the certificate could not be made: {why}"),
        }
    }
}

impl std::error::Error for AuthorityFault {}

impl From<rcgen::Error> for AuthorityFault {
    fn from(error: rcgen::Error) -> AuthorityFault {
        AuthorityFault::Make(error.to_string())
    }
}

impl Authority {
    /// Opens the authority in `folder` (`DIR/tls`), or makes it, and sees to a certificate for `names`
    /// (DNS names and addresses, without ports) that is good at `now_s`.
    pub fn open(folder: &Path, names: &[String], now_s: i64) -> Result<Authority, AuthorityFault> {
        let names = checked(names)?;
        let path = folder.join("authority.json");
        let kept = match fs::read(&path) {
            Ok(bytes) => {
                let damaged = |_| AuthorityFault::Damaged(path.clone());
                serde_json::from_slice::<Kept>(&bytes).map_err(damaged)?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => made(&names, now_s)?,
            Err(error) => return Err(AuthorityFault::Io(path, error)),
        };
        let mut authority = Authority { folder: folder.to_owned(), kept };
        // The copy for people is missing too where a backup has brought the file back.
        if !path.exists() || !folder.join("ca.crt").exists() {
            authority.store()?;
        }
        authority.see_to(names, now_s)?;
        Ok(authority)
    }

    /// Replaces the certificate when it is for other names or nearly over; says whether it did. To be asked
    /// daily, and when names or clock have changed; then [`super::Certificates::replace_own`].
    pub fn renew(&mut self, names: &[String], now_s: i64) -> Result<bool, AuthorityFault> {
        let names = checked(names)?;
        self.see_to(names, now_s)
    }

    /// The certificate of the authority, for `/ca.crt`.
    pub fn ca_pem(&self) -> &str {
        &self.kept.authority_pem
    }

    /// SHA-256 of the authority's certificate, as people compare it: `AB:CD:…`.
    pub fn ca_fingerprint(&self) -> Result<String, AuthorityFault> {
        let der = pem_bytes(&self.kept.authority_pem)
            .ok_or_else(|| AuthorityFault::Damaged(self.folder.join("authority.json")))?;
        let hash = ring::digest::digest(&ring::digest::SHA256, &der);
        Ok(hash.as_ref().iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":"))
    }

    /// The box's certificate, to be shown to clients.
    pub fn certificate(&self) -> Result<ServerCertificate, CertificateFault> {
        ServerCertificate::from_pem(&self.kept.leaf_pem, &self.kept.leaf_key)
    }

    /// The last second at which the box's certificate is good.
    pub fn good_until_s(&self) -> i64 {
        self.kept.leaf_until_s
    }

    fn see_to(&mut self, names: Vec<String>, now_s: i64) -> Result<bool, AuthorityFault> {
        if !names.iter().all(|name| is_permitted(name, &self.kept.permitted)) {
            log::warn!(
                "a new name lies outside what the box's authority may vouch for: a new authority is made"
            );
            self.kept = made(&names, now_s)?;
            self.store()?;
            return Ok(true);
        }
        // A clock behind the last certificate is a clock not set yet: never issue into the past.
        let now_s = now_s.max(self.kept.leaf_from_s);
        let nearly_over = now_s > self.kept.leaf_until_s - RENEW_DAYS * 86_400;
        if names == self.kept.names && !nearly_over {
            return Ok(false);
        }
        let (pem, key, from_s, until_s) =
            issue(&self.kept.common_name, &self.kept.authority_key, &names, now_s)?;
        let kept = &mut self.kept;
        (kept.leaf_pem, kept.leaf_key, kept.leaf_from_s, kept.leaf_until_s) = (pem, key, from_s, until_s);
        kept.names = names;
        self.store()?;
        Ok(true)
    }

    fn store(&self) -> Result<(), AuthorityFault> {
        let io = |error| AuthorityFault::Io(self.folder.clone(), error);
        let json =
            serde_json::to_vec_pretty(&self.kept).map_err(|error| AuthorityFault::Make(error.to_string()))?;
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder).map_err(io)?;
        replace_file(&self.folder, "authority.json", &json, 0o600).map_err(io)?;
        replace_file(&self.folder, "ca.crt", self.kept.authority_pem.as_bytes(), 0o644).map_err(io)
    }
}

/// Writes beside and renames, so that the file is always whole.
pub fn replace_file(folder: &Path, name: &str, bytes: &[u8], mode: u32) -> io::Result<()> {
    let beside = folder.join(format!("{name}.new"));
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, folder.join(name))?;
    fs::File::open(folder)?.sync_all()
}

fn made(names: &[String], now_s: i64) -> Result<Kept, AuthorityFault> {
    let key = KeyPair::generate()?;
    let common_name = format!("deskbell box {}", data_encoding::HEXUPPER.encode(&random::<4>()?));
    let permitted: Vec<String> = names.iter().filter(|name| !is_permitted(name, &[])).cloned().collect();
    let mut params = authority_params(&common_name);
    params.not_before = moment(CLOCK_FLOOR_S)?;
    params.not_after = moment(AUTHORITY_END_S)?;
    params.serial_number = Some(serial()?);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.use_authority_key_identifier_extension = true;
    params.name_constraints = Some(constraints(&permitted));
    let authority_pem = params.self_signed(&key)?.pem();
    let authority_key = key.serialize_pem();
    let (leaf_pem, leaf_key, leaf_from_s, leaf_until_s) = issue(&common_name, &authority_key, names, now_s)?;
    let names = names.to_vec();
    Ok(Kept {
        version: 1,
        common_name,
        permitted,
        authority_key,
        authority_pem,
        names,
        leaf_key,
        leaf_pem,
        leaf_from_s,
        leaf_until_s,
    })
}

/// A fresh key and a random serial each time: browsers refuse a serial they have seen on another
/// certificate of the same authority.
fn issue(
    common_name: &str,
    authority_key: &str,
    names: &[String],
    now_s: i64,
) -> Result<(String, String, i64, i64), AuthorityFault> {
    let issuer = Issuer::new(authority_params(common_name), KeyPair::from_pem(authority_key)?);
    let from_s = now_s.max(CLOCK_FLOOR_S + 86_400) - 86_400;
    let until_s = from_s + LEAF_DAYS * 86_400;
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    if let Some(name) = names.first() {
        params.distinguished_name.push(DnType::CommonName, name.as_str());
    }
    for name in names {
        params.subject_alt_names.push(match name.parse::<IpAddr>() {
            Ok(address) => SanType::IpAddress(address),
            Err(_) => SanType::DnsName(name.as_str().try_into()?),
        });
    }
    params.not_before = moment(from_s)?;
    params.not_after = moment(until_s)?;
    params.serial_number = Some(serial()?);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let pem = params.signed_by(&key, &issuer)?.pem();
    Ok((pem, key.serialize_pem(), from_s, until_s))
}

fn authority_params(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = authority_name(common_name);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn authority_name(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, "deskbell");
    name.push(DnType::CommonName, common_name);
    name
}

fn constraints(permitted: &[String]) -> NameConstraints {
    let mut trees: Vec<GeneralSubtree> =
        LOCAL_DOMAINS.iter().map(|domain| GeneralSubtree::DnsName((*domain).to_owned())).collect();
    let networks = LOCAL_NETWORKS.iter().filter_map(|text| {
        let (address, bits) = text.split_once('/')?;
        Some((address.parse().ok()?, bits.parse().ok()?))
    });
    trees.extend(
        networks
            .map(|(address, bits)| GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(address, bits))),
    );
    for name in permitted {
        trees.push(match name.parse::<IpAddr>() {
            Ok(address) => {
                let bits = if address.is_ipv4() { 32 } else { 128 };
                GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(address, bits))
            }
            Err(_) => GeneralSubtree::DnsName(name.clone()),
        });
    }
    NameConstraints { permitted_subtrees: trees, excluded_subtrees: Vec::new() }
}

fn is_permitted(name: &str, permitted: &[String]) -> bool {
    if permitted.iter().any(|own| own == name) {
        return true;
    }
    match name.parse::<IpAddr>() {
        Ok(address) => {
            let networks = LOCAL_NETWORKS.iter().filter_map(|text| text.parse::<Network>().ok());
            networks.into_iter().any(|network| network.contains(address))
        }
        Err(_) => LOCAL_DOMAINS.iter().any(|domain| {
            name.strip_suffix(domain).is_some_and(|before| before.is_empty() || before.ends_with('.'))
        }),
    }
}

/// The names in one spelling, each once, in the order given.
fn checked(names: &[String]) -> Result<Vec<String>, AuthorityFault> {
    let mut checked: Vec<String> = Vec::with_capacity(names.len());
    for name in names {
        let plain = name.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        let plain = plain.parse::<IpAddr>().map_or(plain, |address| address.to_string());
        if !is_name(&plain) {
            return Err(AuthorityFault::BadName(name.clone()));
        }
        if !checked.contains(&plain) {
            checked.push(plain);
        }
    }
    if checked.is_empty() { Err(AuthorityFault::NoName) } else { Ok(checked) }
}

fn is_name(text: &str) -> bool {
    let label = |label: &str| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        (1..=63).contains(&label.len())
            && label.bytes().all(fits)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.parse::<IpAddr>().is_ok() || text.len() <= 253 && text.split('.').all(label)
}

fn serial() -> Result<SerialNumber, AuthorityFault> {
    let mut bytes = random::<16>()?;
    bytes[0] = bytes[0] & 0x7f | 0x40;
    Ok(SerialNumber::from_slice(&bytes))
}

fn random<const N: usize>() -> Result<[u8; N], AuthorityFault> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| AuthorityFault::Make(error.to_string()))?;
    Ok(bytes)
}

fn moment(unix_s: i64) -> Result<OffsetDateTime, AuthorityFault> {
    let epoch = OffsetDateTime::UNIX_EPOCH;
    epoch
        .checked_add(Duration::seconds(unix_s))
        .ok_or_else(|| AuthorityFault::Make("the clock is beyond all dates".to_owned()))
}

fn pem_bytes(pem: &str) -> Option<Vec<u8>> {
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    data_encoding::BASE64.decode(body.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const NOW_S: i64 = 1_790_000_000;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn second_start_keeps_authority_and_certificate() {
        let folder = tempfile::tempdir().unwrap();
        let first = Authority::open(folder.path(), &names(&["box.local", "10.0.0.5"]), NOW_S).unwrap();
        let again =
            Authority::open(folder.path(), &names(&["box.local", "10.0.0.5"]), NOW_S + 86_400).unwrap();
        assert_eq!(first.ca_pem(), again.ca_pem());
        assert_eq!(first.kept.leaf_pem, again.kept.leaf_pem);
        assert!(again.certificate().is_ok());
        assert_eq!(again.ca_fingerprint().unwrap().len(), 32 * 3 - 1);
        let mode = fs::metadata(folder.path().join("authority.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_to_string(folder.path().join("ca.crt")).unwrap(), first.ca_pem());
    }

    #[test]
    fn certificate_is_renewed_for_new_names_and_before_its_end_under_the_same_authority() {
        let folder = tempfile::tempdir().unwrap();
        let mut authority = Authority::open(folder.path(), &names(&["box.local"]), NOW_S).unwrap();
        let ca = authority.ca_pem().to_owned();
        assert!(!authority.renew(&names(&["BOX.local"]), NOW_S + 300 * 86_400).unwrap());
        assert!(authority.renew(&names(&["box.local", "192.168.1.10"]), NOW_S).unwrap());
        assert!(authority.renew(&names(&["box.local", "192.168.1.10"]), NOW_S + 340 * 86_400).unwrap());
        assert!(authority.good_until_s() - authority.kept.leaf_from_s <= 397 * 86_400);
        assert_eq!(authority.ca_pem(), ca);
    }

    #[test]
    fn clock_that_was_never_set_neither_renews_nor_issues_into_the_past() {
        let folder = tempfile::tempdir().unwrap();
        let mut authority = Authority::open(folder.path(), &names(&["box.local"]), 60).unwrap();
        assert!(authority.kept.leaf_from_s >= CLOCK_FLOOR_S);
        assert!(authority.renew(&names(&["box.local"]), NOW_S).unwrap(), "once the clock is set");
        assert!(!authority.renew(&names(&["box.local"]), 60).unwrap());
    }

    #[test]
    fn name_beyond_the_constraints_makes_a_new_authority_and_a_local_one_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let mut authority = Authority::open(folder.path(), &names(&["box.example"]), NOW_S).unwrap();
        let ca = authority.ca_pem().to_owned();
        authority.renew(&names(&["box.example", "desk.lan", "::1"]), NOW_S).unwrap();
        assert_eq!(authority.ca_pem(), ca);
        authority.renew(&names(&["other.example"]), NOW_S).unwrap();
        assert_ne!(authority.ca_pem(), ca);
    }

    #[test]
    fn damaged_file_and_bad_names_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["", "a b", "box_1.local", "-a.local", "https://box", "box.local:8443", "*.local"] {
            let fault = Authority::open(folder.path(), &names(&[name]), NOW_S).err();
            assert!(matches!(fault, Some(AuthorityFault::BadName(_))), "{name}");
        }
        assert!(matches!(Authority::open(folder.path(), &[], NOW_S).err(), Some(AuthorityFault::NoName)));
        fs::write(folder.path().join("authority.json"), b"{").unwrap();
        let fault = Authority::open(folder.path(), &names(&["box.local"]), NOW_S).err();
        assert!(matches!(fault, Some(AuthorityFault::Damaged(_))));
    }
}
