//! A workstream's provider: who carries its messages, and what the box needs to be known there.
//!
//! Secrets here are used as they are, to sign and to sign in, so they are kept and not hashed; no export shows them.

use super::secret::Kept;
use super::words::words;
use crate::channels::spool::Keeper;

words! {
    /// Who carries text messages.
    pub enum SmsProvider {
        /// Twilio, and services that speak like it.
        Twilio = "twilio",
        /// A gateway on the branch's own network.
        Gateway = "gateway",
        /// A modem on the box, by smstools' spool folder.
        Spool = "spool",
        /// The same by gammu-smsd's folders.
        Gammu = "gammu",
    }
}

words! {
    /// How a gateway is asked.
    pub enum Asked {
        /// By a body.
        Post = "post",
        /// By a query.
        Get = "get",
    }
}

/// `[workstream.sms]` (S2-22).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sms {
    /// Who carries them.
    pub provider: SmsProvider,
    /// The number they are from.
    pub from: String,
    /// Who the box is to the provider.
    pub account: String,
    /// Shared with it.
    pub secret: Kept,
    /// Where it is met; empty for a spool.
    pub url: String,
    /// How a gateway is asked.
    pub asked: Asked,
    /// What a gateway is asked.
    pub request: String,
    /// The spool folder.
    pub folder: String,
    /// Words after which the customer is not written to any more; upper case.
    pub stop_words: Vec<String>,
    /// Words after which she is again.
    pub start_words: Vec<String>,
}

impl Sms {
    /// Who keeps its spool folder, if a modem carries it.
    pub fn keeper(&self) -> Option<Keeper> {
        match self.provider {
            SmsProvider::Spool => Some(Keeper::Smstools),
            SmsProvider::Gammu => Some(Keeper::Gammu),
            SmsProvider::Twilio | SmsProvider::Gateway => None,
        }
    }
}

/// `[workstream.messenger]` (S4-9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Messenger {
    /// The page's number.
    pub page: String,
    /// Where the Graph API is met.
    pub url: String,
    /// The page's access token.
    pub page_token: Kept,
    /// Signs what comes in.
    pub app_secret: Kept,
    /// Asked for when Facebook checks the address.
    pub verify_token: Kept,
}

/// `[workstream.voice]` (S2-18).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voice {
    /// Seconds a caller waits for an agent at most.
    pub wait_max_s: u32,
    /// Where extensions without a host are dialled by SIP; none: at the PBX itself.
    pub host: Option<String>,
}

/// `[workstream.webhook]`: another system that is told (S2-21).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Where to.
    pub url: String,
    /// Signs what goes out.
    pub secret: Kept,
}

impl super::workstream::Workstream {
    /// Its provider's secrets, each with its place below the workstream.
    pub fn kept(&self) -> impl Iterator<Item = (&'static str, &Kept)> {
        let sms = self.sms.iter().filter(|sms| sms.keeper().is_none());
        let sms = sms.map(|sms| ("sms.secret", &sms.secret));
        let messenger = self.messenger.iter().flat_map(|messenger| {
            [
                ("messenger.page_token", &messenger.page_token),
                ("messenger.app_secret", &messenger.app_secret),
                ("messenger.verify_token", &messenger.verify_token),
            ]
        });
        sms.chain(messenger).chain(self.webhook.iter().map(|webhook| ("webhook.secret", &webhook.secret)))
    }

    /// Takes over the secrets that this one leaves out and an earlier one has.
    pub(super) fn keep_from(&mut self, before: &Self) {
        let keep = |own: &mut Kept, before: &Kept| {
            if own.is_absent() {
                own.clone_from(before);
            }
        };
        if let (Some(own), Some(before)) = (&mut self.sms, &before.sms) {
            keep(&mut own.secret, &before.secret);
        }
        if let (Some(own), Some(before)) = (&mut self.messenger, &before.messenger) {
            keep(&mut own.page_token, &before.page_token);
            keep(&mut own.app_secret, &before.app_secret);
            keep(&mut own.verify_token, &before.verify_token);
        }
        if let (Some(own), Some(before)) = (&mut self.webhook, &before.webhook) {
            keep(&mut own.secret, &before.secret);
        }
    }
}
