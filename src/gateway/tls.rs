//! TLS: which certificate a client is shown, changed while running, and the settings around it.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::http::Face;

/// A certificate chain with its key, checked to belong together. No `Debug`: it holds a secret.
#[derive(Clone)]
pub struct ServerCertificate(Arc<CertifiedKey>);

/// Why a certificate cannot be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CertificateFault {
    /// The text holds no certificate, or a broken one.
    NoCertificate,
    /// The text holds no private key, or a broken one.
    NoKey,
    /// The key is of a kind this box cannot use, or not the certificate's.
    Mismatch(String),
}

impl fmt::Display for CertificateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CertificateFault::NoCertificate => f.write_str("there is no certificate in it"),
            CertificateFault::NoKey => f.write_str("there is no private key in it"),
            CertificateFault::Mismatch(why) => {
                write!(f, "key and certificate cannot be used together: {why}")
            }
        }
    }
}

impl std::error::Error for CertificateFault {}

impl ServerCertificate {
    /// From PEM text: the chain with the box's own certificate first, and its key.
    pub fn from_pem(chain: &str, key: &str) -> Result<ServerCertificate, CertificateFault> {
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain.as_bytes())
            .collect::<Result<_, _>>()
            .map_err(|_| CertificateFault::NoCertificate)?;
        if chain.is_empty() {
            return Err(CertificateFault::NoCertificate);
        }
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|_| CertificateFault::NoKey)?;
        CertifiedKey::from_der(chain, key, &ring::default_provider())
            .map(|certified| ServerCertificate(Arc::new(certified)))
            .map_err(|error| CertificateFault::Mismatch(error.to_string()))
    }
}

/// The certificates in use. Replacing one binds every handshake from then on; sockets already open go on.
pub struct Certificates {
    shown: RwLock<Shown>,
}

struct Shown {
    /// From the box's own authority: for every name that has no other.
    own: ServerCertificate,
    /// For the public face, when the admin has given one.
    public: Option<(Vec<String>, ServerCertificate)>,
}

impl Certificates {
    /// Shows `own` to everybody.
    pub fn new(own: ServerCertificate) -> Arc<Certificates> {
        Arc::new(Certificates { shown: RwLock::new(Shown { own, public: None }) })
    }

    /// Shows another certificate of the box's own from now on.
    pub fn replace_own(&self, own: ServerCertificate) {
        self.shown.write().unwrap_or_else(PoisonError::into_inner).own = own;
    }

    /// Shows this certificate to clients who ask for one of `names`, and on the public face to those who name
    /// nobody (REQ B-10); `None` takes it away.
    pub fn set_public(&self, public: Option<(Vec<String>, ServerCertificate)>) {
        self.shown.write().unwrap_or_else(PoisonError::into_inner).public = public;
    }

    fn for_name(&self, name: Option<&str>, face: Face) -> Arc<CertifiedKey> {
        let shown = self.shown.read().unwrap_or_else(PoisonError::into_inner);
        let asked = |names: &[String]| match name {
            Some(name) => names.iter().any(|one| one.eq_ignore_ascii_case(name)),
            None => face == Face::Public,
        };
        match &shown.public {
            Some((names, public)) if asked(names) => public.0.clone(),
            _ => shown.own.0.clone(),
        }
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificates")
    }
}

/// The certificates as clients of one face see them.
#[derive(Debug)]
struct Seen {
    certificates: Arc<Certificates>,
    face: Face,
}

impl ResolvesServerCert for Seen {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.certificates.for_name(hello.server_name(), self.face))
    }
}

/// The TLS settings of each face; they differ in what a client that names nobody is shown.
pub(super) struct Configs {
    public: Arc<ServerConfig>,
    staff: Arc<ServerConfig>,
}

impl Configs {
    /// Those of a face; one socket for both is the staff's.
    pub(super) fn of(&self, face: Face) -> &Arc<ServerConfig> {
        match face {
            Face::Public => &self.public,
            Face::Staff | Face::Both => &self.staff,
        }
    }
}

pub(super) fn server_configs(certificates: Arc<Certificates>) -> Result<Configs, rustls::Error> {
    let seen = |face| Arc::new(Seen { certificates: Arc::clone(&certificates), face });
    Ok(Configs { public: server_config(seen(Face::Public))?, staff: server_config(seen(Face::Staff))? })
}

/// TLS 1.2 and 1.3, HTTP/1.1 only. What a 1.2 client resumes by is a ticket, nothing is kept for it here. A 1.3 client
/// gets none: its ticket comes just when its first request leaves, and one that reads and writes in two threads over
/// one OpenSSL, as Python's do, then loses the request or its answer (4 of 100 upgrades hung; none of 120 without).
fn server_config(seen: Arc<Seen>) -> Result<Arc<ServerConfig>, rustls::Error> {
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let mut config = builder
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(seen);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    config.ticketer = ring::Ticketer::new()?;
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(name: &str) -> (String, String) {
        let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    #[test]
    fn public_name_is_shown_its_own_certificate_and_the_rest_the_box_s() {
        let load = |name| {
            let (chain, key) = certificate(name);
            ServerCertificate::from_pem(&chain, &key).unwrap()
        };
        let (own, public) = (load("box.local"), load("chat.example"));
        let certificates = Certificates::new(own.clone());
        certificates.set_public(Some((vec!["chat.example".to_owned()], public.clone())));
        assert!(Arc::ptr_eq(&certificates.for_name(Some("Chat.Example"), Face::Staff), &public.0));
        assert!(Arc::ptr_eq(&certificates.for_name(Some("box.local"), Face::Public), &own.0));
        assert!(Arc::ptr_eq(&certificates.for_name(None, Face::Staff), &own.0));
        assert!(Arc::ptr_eq(&certificates.for_name(None, Face::Public), &public.0), "who names nobody");
        certificates.set_public(None);
        assert!(Arc::ptr_eq(&certificates.for_name(Some("chat.example"), Face::Public), &own.0));
    }

    #[test]
    fn key_of_another_certificate_is_refused_by_name() {
        let ((chain, key), (_, other)) = (certificate("a.example"), certificate("b.example"));
        let fault = |chain: &str, key: &str| ServerCertificate::from_pem(chain, key).err();
        assert!(matches!(fault(&chain, &other), Some(CertificateFault::Mismatch(_))));
        assert_eq!(fault("", &key), Some(CertificateFault::NoCertificate));
        assert_eq!(fault(&chain, "nothing"), Some(CertificateFault::NoKey));
        assert_eq!(fault(&chain, &key), None);
    }
}
