//! What the box proves itself with: its own authority, the certificate of that, and the public face's.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::Shell;
use super::boot::BootError;
use super::certificate::PublicCertificate;
use super::clock::real_wall_ms;
use super::place::without_port;
use super::recover;
use crate::gateway::{Authority, Certificates};
use crate::store::Table;

/// Held for as long as the box runs.
pub(super) struct Tls {
    /// Names and addresses in the box's own certificate.
    pub(super) names: Vec<String>,
    /// What every handshake takes.
    pub(super) certificates: Arc<Certificates>,
    /// The public face's.
    pub(super) public: Arc<PublicCertificate>,
    /// Until when the box's own certificate is good, in seconds.
    pub(super) good_until_s: Arc<AtomicI64>,
    authority: Authority,
}

impl Tls {
    /// Takes up what lies in `DIR/tls`, or makes it; `kept` is the authority as the store holds it.
    pub(super) fn open(
        data: &Path,
        hosts: &[String],
        public_url: Option<&str>,
        now_s: Option<i64>,
        kept: Option<&[u8]>,
    ) -> Result<Tls, BootError> {
        let names: Vec<String> = hosts.iter().map(|host| without_port(host).to_owned()).collect();
        let folder = data.join("tls");
        bring_back_authority(&folder, kept).map_err(BootError::Io)?;
        let authority =
            Authority::open(&folder, &names, real_wall_ms() / 1000).map_err(BootError::Authority)?;
        let certificates = Certificates::new(authority.certificate().map_err(BootError::Certificate)?);
        let public_host = public_url.and_then(|url| url.strip_prefix("https://"));
        let public = PublicCertificate::open(
            Arc::clone(&certificates),
            folder,
            public_host.map(|host| without_port(host).to_owned()),
            names.clone(),
            now_s,
        );
        let good_until_s = Arc::new(AtomicI64::new(authority.good_until_s()));
        Ok(Tls { names, certificates, public: Arc::new(public), good_until_s, authority })
    }

    /// The authority as pages show it.
    pub(super) fn shown(&self) -> crate::admin::Authority {
        crate::admin::Authority {
            pem: self.authority.ca_pem().to_owned(),
            fingerprint: self.authority.ca_fingerprint().unwrap_or_default(),
        }
    }

    /// A new certificate of the box's own, when it is time.
    pub(super) fn renew(&mut self) {
        match self.renewed() {
            Ok(false) => {}
            Ok(true) => log::info!("the box's certificate has been renewed"),
            Err(error) => log::error!("the box's certificate was not renewed: {error}"),
        }
    }

    fn renewed(&mut self) -> Result<bool, String> {
        let renewed = self.authority.renew(&self.names, real_wall_ms() / 1000);
        if !renewed.map_err(|error| error.to_string())? {
            return Ok(false);
        }
        let certificate = self.authority.certificate().map_err(|error| error.to_string())?;
        self.certificates.replace_own(certificate);
        self.good_until_s.store(self.authority.good_until_s(), Ordering::Relaxed);
        Ok(true)
    }
}

/// The gateway's file of the box's own authority, in `DIR/tls`.
const AUTHORITY_FILE: &str = "authority.json";

/// On a box that a backup was restored on, everybody goes on trusting the authority of the box before.
fn bring_back_authority(folder: &Path, kept: Option<&[u8]>) -> io::Result<()> {
    let Some(kept) = kept else { return Ok(()) };
    let path = folder.join(AUTHORITY_FILE);
    if path.exists() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let part = folder.join("authority.part");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
    file.write_all(kept)?;
    file.sync_all()?;
    log::info!("the box's certificate authority is that of the backup");
    std::fs::rename(part, path)
}

impl Shell {
    /// Writes a copy of the authority's file into the store, when it is another: a backup then holds it.
    pub(super) fn keep_authority(&mut self, data: &Path, kept: Option<&[u8]>) -> io::Result<()> {
        let bytes = std::fs::read(data.join("tls").join(AUTHORITY_FILE))?;
        if kept != Some(&bytes) {
            self.put_bytes(Table::Meta, recover::AUTHORITY, &bytes);
        }
        Ok(())
    }
}
