//! The certificate of the public face, when the branch has brought one: kept, shown, taken away (REQ B-10).
//!
//! It comes from the admin pages and lies in `DIR/tls`, or with the image as a credential of the service; the
//! admin's goes before the image's. The key is written once, mode 0600, and never read out again.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::desk::Secret;
use crate::gateway::{Brought, Certificates, replace_file};
use crate::limits::CERTIFICATE_BYTES_MAX;

/// File of the admin's, in `DIR/tls`.
const FILE: &str = "public.json";

/// Names of the image's, in the folder of the service's credentials.
const CREDENTIALS: [&str; 2] = ["public.crt", "public.key"];

/// Days before its end from which it is spoken of: a month of working days to see to it.
pub const WARN_DAYS: i64 = 30;

#[derive(Serialize, Deserialize)]
struct Kept {
    version: u32,
    chain: String,
    key: String,
}

/// What there is to say of the certificate in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Names it is for, as they stand in it.
    pub names: Vec<String>,
    /// Who issued it.
    pub issuer: String,
    /// Last second at which it is good.
    pub until_s: i64,
    /// Whether an admin brought it; else it is the image's.
    pub uploaded: bool,
}

/// The public face's certificate.
pub struct PublicCertificate {
    certificates: Arc<Certificates>,
    folder: PathBuf,
    credentials: Option<PathBuf>,
    /// The public face's host; without one, the box's names.
    hosts: Vec<String>,
    /// Every name of the box, public and other.
    all: Vec<String>,
    shown: Mutex<Option<Shown>>,
}

impl PublicCertificate {
    /// Takes up what there is. A certificate that cannot be used is logged by name and left alone: the box starts
    /// all the same, with its own.
    pub fn open(
        certificates: Arc<Certificates>,
        folder: PathBuf,
        public_host: Option<String>,
        names: Vec<String>,
        now_s: Option<i64>,
    ) -> PublicCertificate {
        let hosts = public_host.map_or_else(|| names.clone(), |host| vec![host]);
        let public = PublicCertificate {
            certificates,
            folder,
            credentials: std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from),
            hosts,
            all: names,
            shown: Mutex::default(),
        };
        public.take_up(now_s);
        public
    }

    /// What is in use; none when the box shows its own to everybody.
    pub fn shown(&self) -> Option<Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes a certificate from an admin: judged, kept, and shown from the next handshake on.
    pub fn bring(&self, chain: &str, key: &Secret, now_s: Option<i64>) -> Result<Shown, String> {
        if chain.len().max(key.expose().len()) > CERTIFICATE_BYTES_MAX {
            return Err(format!(
                "A certificate and its key take at most {CERTIFICATE_BYTES_MAX} bytes each."
            ));
        }
        let brought = self.judged(chain, key.expose(), now_s)?;
        let kept = Kept { version: 1, chain: brought.chain_pem.clone(), key: key.expose().trim().to_owned() };
        let json = serde_json::to_vec(&kept).map_err(|error| error.to_string())?;
        replace_file(&self.folder, FILE, &json, 0o600)
            .map_err(|error| format!("It could not be kept on the disk: {error}."))?;
        Ok(self.show(&brought, true))
    }

    /// Takes the admin's away; the image's is shown again, or the box's own.
    pub fn take_away(&self, now_s: Option<i64>) -> Result<(), String> {
        match fs::remove_file(self.folder.join(FILE)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(format!("It could not be removed: {error}."));
            }
            _ => {}
        }
        self.certificates.set_public(None);
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.take_up(now_s);
        Ok(())
    }

    fn take_up(&self, now_s: Option<i64>) {
        let read = |path: &Path| {
            fs::read_to_string(path).ok().filter(|text| text.len() <= 4 * CERTIFICATE_BYTES_MAX)
        };
        let kept = read(&self.folder.join(FILE)).and_then(|text| serde_json::from_str::<Kept>(&text).ok());
        if let Some(kept) = kept {
            // One that has expired meanwhile is shown all the same: everybody sees what is wrong with it.
            match self.judged(&kept.chain, &kept.key, None) {
                Ok(brought) => return drop(self.show(&brought, true)),
                Err(fault) => log::error!("the certificate an admin has brought is not used: {fault}"),
            }
        }
        let Some(folder) = &self.credentials else { return };
        let [Some(chain), Some(key)] = CREDENTIALS.map(|name| read(&folder.join(name))) else { return };
        match self.judged(&chain, &key, now_s) {
            Ok(brought) => drop(self.show(&brought, false)),
            Err(fault) => log::error!("the certificate of the service's credentials is not used: {fault}"),
        }
    }

    fn judged(&self, chain: &str, key: &str, now_s: Option<i64>) -> Result<Brought, String> {
        Brought::read(chain, key, &self.hosts, now_s).map_err(|fault| fault.to_string())
    }

    fn show(&self, brought: &Brought, uploaded: bool) -> Shown {
        let shown = Shown {
            names: brought.names.clone(),
            issuer: brought.issuer.clone(),
            until_s: brought.good_s.1,
            uploaded,
        };
        let names = brought.covered(&self.all);
        self.certificates.set_public(Some((names, brought.certificate.clone())));
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Some(shown.clone());
        shown
    }
}
