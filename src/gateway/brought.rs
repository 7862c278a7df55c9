//! A certificate the branch brings for its public name: read, judged, and refused by name (REQ B-10).

use std::fmt;
use std::net::IpAddr;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use super::tls::{CertificateFault, ServerCertificate};

/// A certificate with its chain and key, fit for a name of this box.
#[derive(Clone)]
pub struct Brought {
    /// What is shown to clients.
    pub certificate: ServerCertificate,
    /// The names it is for, as they stand in it.
    pub names: Vec<String>,
    /// Who issued it.
    pub issuer: String,
    /// First and last second at which it is good.
    pub good_s: (i64, i64),
    /// The chain alone, in PEM, whatever else stood in the text.
    pub chain_pem: String,
}

/// Why it is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BroughtFault {
    /// No certificate in the text, or one that cannot be read.
    NoCertificate,
    /// No private key in the text, or one of a kind this box cannot use.
    NoKey,
    /// The key belongs to none of the certificates.
    Mismatch,
    /// The key belongs to a later certificate of the chain.
    WrongOrder,
    /// The certificate at this place, counted from 2, has not issued the one before it.
    BrokenChain(usize),
    /// It is an authority's own.
    IsAuthority,
    /// It was over at this second.
    Over(i64),
    /// It begins at this second only.
    NotYet(i64),
    /// It is for other names.
    WrongHost {
        /// The name it should be for.
        wanted: String,
        /// Those it is for.
        names: Vec<String>,
    },
}

impl fmt::Display for BroughtFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = |second: &i64| {
            let at = jiff::Timestamp::from_second(*second).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
            at.strftime("%Y-%m-%d").to_string()
        };
        match self {
            BroughtFault::NoCertificate => f.write_str("There is no certificate in it that can be read."),
            BroughtFault::NoKey => f.write_str(
                "There is no private key in it that can be used: RSA from 2048 bits, P-256, P-384 or Ed25519, in PEM, \
                 without a passphrase.",
            ),
            BroughtFault::Mismatch => {
                f.write_str("The key does not belong to the certificate: one of them is of another request.")
            }
            BroughtFault::WrongOrder => f.write_str(
                "The certificates are in the wrong order: the one for your name must come first, then those of its \
                 issuers.",
            ),
            BroughtFault::BrokenChain(place) => write!(
                f,
                "Certificate {place} of the chain has not issued the one before it: one is missing, or they are in the \
                 wrong order."
            ),
            BroughtFault::IsAuthority => {
                f.write_str("This is the certificate of an authority, not one for a name.")
            }
            BroughtFault::Over(until) => write!(f, "The certificate has expired on {}.", day(until)),
            BroughtFault::NotYet(from) => write!(f, "The certificate is not valid before {}.", day(from)),
            BroughtFault::WrongHost { wanted, names } => {
                write!(f, "The certificate is for {}, and not for {wanted}.", listed(names))
            }
        }
    }
}

impl std::error::Error for BroughtFault {}

fn listed(names: &[String]) -> String {
    const SHOWN: usize = 5;
    match names.len() {
        0 => "no name".to_owned(),
        count if count > SHOWN => format!("{} and {} more", names[..SHOWN].join(", "), count - SHOWN),
        _ => names.join(", "),
    }
}

impl Brought {
    /// Reads chain and key. One of `hosts` (without ports) must be among its names; `now_s` is the time, where it
    /// is known: a box that does not know the time cannot say that something is over.
    pub fn read(
        chain: &str,
        key: &str,
        hosts: &[String],
        now_s: Option<i64>,
    ) -> Result<Brought, BroughtFault> {
        let ders: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain.as_bytes())
            .collect::<Result<_, _>>()
            .map_err(|_| BroughtFault::NoCertificate)?;
        let parse = |der| X509Certificate::from_der(der).map(|(_, parsed)| parsed);
        let parsed: Vec<X509Certificate<'_>> = ders
            .iter()
            .map(|der| parse(der))
            .collect::<Result<_, _>>()
            .map_err(|_| BroughtFault::NoCertificate)?;
        let first = parsed.first().ok_or(BroughtFault::NoCertificate)?;
        let chain_pem: String = ders.iter().map(|der| pem(der)).collect();
        let certificate = with_its_key(&ders, &chain_pem, key)?;
        if let Some(at) = parsed.windows(2).position(|pair| pair[0].issuer() != pair[1].subject()) {
            return Err(BroughtFault::BrokenChain(at + 2));
        }
        if first.is_ca() && first.issuer() != first.subject() {
            return Err(BroughtFault::IsAuthority);
        }
        let good_s = (first.validity().not_before.timestamp(), first.validity().not_after.timestamp());
        match now_s {
            Some(now_s) if now_s > good_s.1 => return Err(BroughtFault::Over(good_s.1)),
            Some(now_s) if now_s < good_s.0 => return Err(BroughtFault::NotYet(good_s.0)),
            _ => {}
        }
        let names = names_of(first);
        if !hosts.iter().any(|host| names.iter().any(|name| covers(name, host))) {
            let wanted = hosts.first().cloned().unwrap_or_default();
            return Err(BroughtFault::WrongHost { wanted, names });
        }
        let issuer = issuer_of(first);
        Ok(Brought { certificate, names, issuer, good_s, chain_pem })
    }

    /// Those of `hosts` that it is for.
    pub fn covered(&self, hosts: &[String]) -> Vec<String> {
        hosts.iter().filter(|host| self.names.iter().any(|name| covers(name, host))).cloned().collect()
    }
}

fn with_its_key(
    ders: &[CertificateDer<'static>],
    chain: &str,
    key: &str,
) -> Result<ServerCertificate, BroughtFault> {
    match ServerCertificate::from_pem(chain, key) {
        Ok(certificate) => Ok(certificate),
        Err(CertificateFault::NoCertificate) => Err(BroughtFault::NoCertificate),
        Err(CertificateFault::NoKey) => Err(BroughtFault::NoKey),
        Err(CertificateFault::Mismatch(_)) => {
            let of_another =
                ders.iter().skip(1).any(|der| ServerCertificate::from_pem(&pem(der), key).is_ok());
            Err(if of_another { BroughtFault::WrongOrder } else { BroughtFault::Mismatch })
        }
    }
}

fn names_of(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(names)) = certificate.subject_alternative_name() else { return Vec::new() };
    let name = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(*bytes).ok().map(|bytes| IpAddr::from(bytes).to_string()),
            _ => <[u8; 16]>::try_from(*bytes).ok().map(|bytes| IpAddr::from(bytes).to_string()),
        },
        _ => None,
    };
    names.value.general_names.iter().filter_map(name).collect()
}

/// The issuer as people know it: its common name, or else its organisation.
fn issuer_of(certificate: &X509Certificate<'_>) -> String {
    let issuer = certificate.issuer();
    let mut parts = issuer.iter_common_name().chain(issuer.iter_organization());
    parts.find_map(|part| part.as_str().ok()).unwrap_or("unnamed").to_owned()
}

/// Whether a name of a certificate is for this host: the same, or `*.` and one label before it.
fn covers(name: &str, host: &str) -> bool {
    if name.eq_ignore_ascii_case(host) {
        return true;
    }
    match (name.strip_prefix("*."), host.split_once('.')) {
        (Some(domain), Some((label, rest))) => !label.is_empty() && rest.eq_ignore_ascii_case(domain),
        _ => false,
    }
}

fn pem(der: &[u8]) -> String {
    let text = data_encoding::BASE64.encode(der);
    let mut pem = "-----BEGIN CERTIFICATE-----\n".to_owned();
    for line in text.as_bytes().chunks(64) {
        pem.push_str(&String::from_utf8_lossy(line));
        pem.push('\n');
    }
    pem + "-----END CERTIFICATE-----\n"
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
    use time::{Duration, OffsetDateTime};

    use super::*;

    struct Made {
        pem: String,
        key: String,
    }

    /// A leaf for `name` with its issuer behind it, good for `days` from `from_days`.
    fn made(name: &str, from_days: i64, days: i64) -> (Made, Made) {
        let now = OffsetDateTime::now_utc();
        let authority_key = KeyPair::generate().unwrap();
        let mut authority = CertificateParams::default();
        authority.distinguished_name.push(rcgen::DnType::CommonName, "An Authority");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority_pem = authority.self_signed(&authority_key).unwrap().pem();
        let key = KeyPair::generate().unwrap();
        let mut leaf = CertificateParams::new(vec![name.to_owned()]).unwrap();
        leaf.distinguished_name.push(rcgen::DnType::CommonName, name);
        leaf.not_before = now + Duration::days(from_days);
        leaf.not_after = now + Duration::days(from_days + days);
        let authority_key_pem = authority_key.serialize_pem();
        let pem = leaf.signed_by(&key, &Issuer::new(authority, authority_key)).unwrap().pem();
        (Made { pem, key: key.serialize_pem() }, Made { pem: authority_pem, key: authority_key_pem })
    }

    fn read(chain: &str, key: &str, host: &str) -> Result<Brought, BroughtFault> {
        let now_s = OffsetDateTime::now_utc().unix_timestamp();
        Brought::read(chain, key, &[host.to_owned()], Some(now_s))
    }

    #[test]
    fn a_chain_with_its_key_is_taken_for_its_names() {
        let (leaf, authority) = made("*.example.com", -1, 90);
        // People paste everything they were sent, the key among it.
        let pasted = format!("{}{}\n{}", leaf.pem, leaf.key, authority.pem);
        let brought = read(&pasted, &leaf.key, "chat.example.com").expect("good");
        assert_eq!(
            (brought.names.as_slice(), brought.issuer.as_str()),
            (&["*.example.com".to_owned()][..], "An Authority")
        );
        assert!(!brought.chain_pem.contains("KEY") && brought.chain_pem.matches("BEGIN").count() == 2);
        let hosts = ["a.example.com", "a.b.example.com", "example.com"].map(str::to_owned);
        assert_eq!(brought.covered(&hosts), ["a.example.com"]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let (leaf, authority) = made("chat.example.com", -1, 90);
        let (other, other_authority) = made("other.example.com", -1, 90);
        let fault = |chain: &str, key: &str, host: &str| read(chain, key, host).err().expect("a fault");
        let host = "chat.example.com";
        assert_eq!(fault("", &leaf.key, host), BroughtFault::NoCertificate);
        assert_eq!(
            fault("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", &leaf.key, host),
            BroughtFault::NoCertificate
        );
        assert_eq!(fault(&leaf.pem, "", host), BroughtFault::NoKey);
        assert_eq!(fault(&leaf.pem, &other.key, host), BroughtFault::Mismatch);
        let backwards = format!("{}{}", authority.pem, leaf.pem);
        assert_eq!(fault(&backwards, &leaf.key, host), BroughtFault::WrongOrder);
        let foreign = format!("{}{}", leaf.pem, other_authority.pem);
        // Both authorities have one name; their keys differ, which clients see and this box need not.
        assert!(read(&foreign, &leaf.key, host).is_ok());
        let twice = format!("{}{}", leaf.pem, other.pem);
        assert_eq!(fault(&twice, &leaf.key, host), BroughtFault::BrokenChain(2));
        assert!(matches!(fault(&other.pem, &other.key, host), BroughtFault::WrongHost { .. }));
        let (old, _) = made(host, -100, 90);
        assert!(matches!(fault(&old.pem, &old.key, host), BroughtFault::Over(_)));
        let (early, _) = made(host, 5, 90);
        assert!(matches!(fault(&early.pem, &early.key, host), BroughtFault::NotYet(_)));
        let untrusted = Brought::read(&old.pem, &old.key, &[host.to_owned()], None);
        assert!(untrusted.is_ok(), "a box that does not know the time cannot say it is over");
    }
}
