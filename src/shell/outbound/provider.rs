//! From the desk to a provider: which one carries a row, what it is to be asked, and what its answer means.

use super::records::{Outbound, Parcel};
use crate::channels::call::Watched;
use crate::channels::sms::{gateway, twilio};
use crate::channels::spool::{Keeper, is_number};
use crate::channels::{Call, Found, Reply, Sent, mail, messenger, webhook};
use crate::desk::channels::{Asked, Messenger, Sms, SmsProvider, Webhook};
use crate::desk::{Desk, Id, Kept};
use crate::ops::credentials::reveal;
use crate::shell::Shell;

/// What a row of the outbox asks of whom, by the desk in force.
#[derive(Clone, Copy)]
pub(super) enum Errand<'a> {
    /// A text message for a number.
    Sms(&'a Sms, Words<'a>),
    /// A Messenger message for somebody.
    Messenger(&'a Messenger, Words<'a>),
    /// An event for another system.
    Webhook(&'a Webhook, Event<'a>),
    /// A customer's copy, whose text has to be read first.
    Copy,
}

/// What is said to whom.
#[derive(Clone, Copy)]
pub(super) struct Words<'a> {
    to: &'a str,
    text: &'a str,
    /// The first attempt that may have arrived, in seconds of the real clock.
    since_s: Option<i64>,
}

/// What has happened.
#[derive(Clone, Copy)]
pub(super) struct Event<'a> {
    id: &'a str,
    body: &'a str,
}

/// What a provider needs to know of the box.
#[derive(Clone, Copy)]
pub(super) struct Asking<'a> {
    /// The row's number.
    pub(super) id: u64,
    /// Through which workstream.
    pub(super) workstream: &'a str,
    /// `https://…` of the public face.
    pub(super) public_url: &'a str,
    /// The real clock.
    pub(super) now_s: i64,
}

impl<'a> Errand<'a> {
    /// None when the desk has nobody for it (any more).
    pub(super) fn of(desk: &'a Desk, row: &'a Outbound) -> Option<Errand<'a>> {
        // Whatever became of its workstream.
        if matches!(row.what, Parcel::Copy { .. }) {
            return desk.mail.as_ref().map(|_| Errand::Copy);
        }
        let workstream = desk.workstream(&row.workstream)?;
        match &row.what {
            Parcel::Webhook { id, body } => {
                workstream.webhook.as_ref().map(|hook| Errand::Webhook(hook, Event { id, body }))
            }
            Parcel::Copy { .. } => None,
            Parcel::Text { to, text } => {
                let words = Words { to, text, since_s: row.tries.since_s };
                match (&workstream.sms, &workstream.messenger) {
                    (Some(sms), _) => Some(Errand::Sms(sms, words)),
                    (None, Some(messenger)) => Some(Errand::Messenger(messenger, words)),
                    (None, None) => None,
                }
            }
        }
    }

    /// Why it can never be done, known before anybody is asked.
    pub(super) fn hopeless(self) -> Option<&'static str> {
        match self {
            Errand::Sms(sms, words) if sms.keeper().is_some() && !is_number(words.to) => {
                Some("a modem cannot write to a sender without a number")
            }
            _ => None,
        }
    }

    /// The call that does it; none for what has to be read first.
    pub(super) fn call(self, asking: Asking<'_>) -> Option<Call> {
        let Asking { id, workstream, public_url, now_s } = asking;
        Some(match self {
            Errand::Copy => return None,
            Errand::Sms(sms, Words { to, text, .. }) => {
                let hook = format!("{public_url}/hooks/sms/{workstream}?out={id}");
                match sms.provider {
                    SmsProvider::Twilio => twilio::call(account(sms), to, text, &hook),
                    SmsProvider::Gateway => {
                        let key = gateway::receipt_key(shown(&sms.secret), id);
                        gateway::call(lan(sms), id, to, text, &format!("{hook}&key={key}&status=%d"))
                    }
                    SmsProvider::Spool => Keeper::Smstools.call(&sms.folder, id, to, text),
                    SmsProvider::Gammu => Keeper::Gammu.call(&sms.folder, id, to, text),
                }
            }
            Errand::Messenger(page, Words { to, text, .. }) => messenger::call(page_of(page), to, text),
            Errand::Webhook(hook, Event { id, body }) => {
                webhook::call(&hook.url, shown(&hook.secret), id, now_s, body)
            }
        })
    }

    /// What came of it.
    pub(super) fn sent(self, reply: &Reply) -> Sent {
        match self {
            Errand::Sms(sms, _) => match sms.provider {
                SmsProvider::Twilio => twilio::sent(reply),
                SmsProvider::Gateway => gateway::sent(reply),
                SmsProvider::Spool => Keeper::Smstools.sent_by(reply),
                SmsProvider::Gammu => Keeper::Gammu.sent_by(reply),
            },
            Errand::Messenger(..) => messenger::sent(reply),
            Errand::Webhook(..) => webhook::sent(reply),
            Errand::Copy => mail::sent(reply),
        }
    }

    /// The call that asks whether it was accepted; none where nobody can be asked.
    pub(super) fn ask(self) -> Option<Call> {
        match self {
            Errand::Sms(sms, words) if sms.provider == SmsProvider::Twilio => {
                Some(twilio::ask(account(sms), words.to))
            }
            Errand::Messenger(page, words) => Some(messenger::ask(page_of(page), words.to)),
            // A spool's file has one name: putting it again is asking.
            Errand::Sms(..) | Errand::Webhook(..) | Errand::Copy => None,
        }
    }

    /// What came of the question.
    pub(super) fn found(self, reply: &Reply) -> Found {
        match self {
            Errand::Sms(_, Words { text, since_s: Some(since_s), .. }) => twilio::found(reply, text, since_s),
            Errand::Messenger(page, Words { text, since_s: Some(since_s), .. }) => {
                messenger::found(&page.page, reply, text, since_s)
            }
            // Never asked about.
            _ => Found::Listed(Vec::new()),
        }
    }
}

/// A secret as the provider is to see it. Without one the provider refuses, which is told and waited for.
fn shown(kept: &Kept) -> &str {
    reveal(kept).unwrap_or_default()
}

fn account(sms: &Sms) -> twilio::Account<'_> {
    twilio::Account { url: &sms.url, sid: &sms.account, token: shown(&sms.secret), from: &sms.from }
}

fn lan(sms: &Sms) -> gateway::Gateway<'_> {
    gateway::Gateway {
        url: &sms.url,
        get: sms.asked == Asked::Get,
        request: &sms.request,
        account: &sms.account,
        secret: shown(&sms.secret),
        from: &sms.from,
    }
}

fn page_of(page: &Messenger) -> messenger::Page<'_> {
    messenger::Page { url: &page.url, id: &page.page, token: shown(&page.page_token) }
}

impl Shell {
    /// Spool folders of the desk in force.
    pub(super) fn spools(&self) -> Vec<Watched> {
        let spool = |workstream: &crate::desk::Workstream| {
            let sms = workstream.sms.as_ref()?;
            let (workstream, folder) = (workstream.id.as_str().to_owned(), sms.folder.clone());
            Some(Watched { workstream, keeper: sms.keeper()?, folder })
        };
        self.desk.workstreams.iter().filter_map(spool).collect()
    }
}
