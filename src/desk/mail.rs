//! `[mail]`: the relay through which customers are sent a copy of their chat, if they ask for one (B-11).

use super::secret::Kept;
use super::words::words;

words! {
    /// How the line to the relay is kept from others.
    pub enum MailSecurity {
        /// In the clear first, then TLS, or not at all.
        Starttls = "starttls",
        /// TLS from the first byte.
        Tls = "tls",
        /// In the clear: on the branch's own network only.
        None = "none",
    }
}

impl MailSecurity {
    /// The port a relay is met at, unless the desk says otherwise.
    pub const fn port(self) -> u16 {
        match self {
            MailSecurity::Starttls => 587,
            MailSecurity::Tls => 465,
            MailSecurity::None => 25,
        }
    }
}

/// A mail relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Where it is met.
    pub host: String,
    /// At which port.
    pub port: u16,
    /// How the line is kept from others.
    pub security: MailSecurity,
    /// Who the box is there; empty: it signs in nowhere.
    pub user: String,
    /// Its password there.
    pub password: Kept,
    /// Whom letters are from: an address, or a name and an address.
    pub from: String,
}
