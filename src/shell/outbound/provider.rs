//! From the desk to a provider: which one carries a row, what it is to be asked, and what its answer means.

use super::records::{Outbound, Parcel};
use crate::channels::call::Watched;
use crate::channels::sms::{gateway, twilio};
use crate::channels::{Call, Found, Reply, Sent, messenger, spool, webhook};
use crate::desk::channels::{Asked, Messenger, Sms, SmsProvider, Webhook};
use crate::desk::{Desk, Id};
use crate::shell::Shell;

/// Who carries a row of the outbox, by the desk in force.
#[derive(Clone, Copy)]
pub(super) enum Provider<'d> {
    Sms(&'d Sms),
    Messenger(&'d Messenger),
    Webhook(&'d Webhook),
}

/// What a provider needs to know of the box.
pub(super) struct Asking<'a> {
    /// The row's number.
    pub(super) id: u64,
    /// The row.
    pub(super) row: &'a Outbound,
    /// `https://…` of the public face.
    pub(super) public_url: &'a str,
    /// The real clock.
    pub(super) now_s: i64,
}

impl<'d> Provider<'d> {
    /// None when the desk has none for it (any more).
    pub(super) fn of(desk: &'d Desk, row: &Outbound) -> Option<Provider<'d>> {
        let workstream = desk.workstream(&row.workstream)?;
        match &row.what {
            Parcel::Webhook { .. } => workstream.webhook.as_ref().map(Provider::Webhook),
            Parcel::Text { .. } => match (&workstream.sms, &workstream.messenger) {
                (Some(sms), _) => Some(Provider::Sms(sms)),
                (None, Some(messenger)) => Some(Provider::Messenger(messenger)),
                (None, None) => None,
            },
        }
    }

    /// The call that sends it.
    pub(super) fn call(self, asking: &Asking<'_>) -> Call {
        let Asking { id, row, public_url, now_s } = *asking;
        match (self, &row.what) {
            (Provider::Sms(sms), Parcel::Text { to, text }) => {
                let hook = format!("{public_url}/hooks/sms/{}?out={id}", row.workstream);
                match sms.provider {
                    SmsProvider::Twilio => twilio::call(account(sms), to, text, &hook),
                    SmsProvider::Gateway => {
                        let key = gateway::receipt_key(sms.secret.expose(), id);
                        gateway::call(lan(sms), id, to, text, &format!("{hook}&key={key}&status=%d"))
                    }
                    SmsProvider::Spool => spool::call(&sms.folder, id, to, text),
                }
            }
            (Provider::Messenger(page), Parcel::Text { to, text }) => {
                messenger::call(page_of(page), to, text)
            }
            (Provider::Webhook(hook), Parcel::Webhook { id, body }) => {
                webhook::call(&hook.url, hook.secret.expose(), id, now_s, body)
            }
            // `of` makes no other pair.
            (_, Parcel::Text { text, .. } | Parcel::Webhook { body: text, .. }) => {
                Call::Look { folder: String::new(), name: text.chars().take(0).collect() }
            }
        }
    }

    /// What came of it.
    pub(super) fn sent(self, reply: &Reply) -> Sent {
        match self {
            Provider::Sms(sms) => match sms.provider {
                SmsProvider::Twilio => twilio::sent(reply),
                SmsProvider::Gateway => gateway::sent(reply),
                SmsProvider::Spool => spool::sent(reply),
            },
            Provider::Messenger(_) => messenger::sent(reply),
            Provider::Webhook(_) => webhook::sent(reply),
        }
    }

    /// The call that asks whether it was accepted; none where nobody can be asked.
    pub(super) fn ask(self, row: &Outbound) -> Option<Call> {
        let Parcel::Text { to, .. } = &row.what else { return None };
        let since_s = row.tries.since_s?;
        match self {
            Provider::Sms(sms) if sms.provider == SmsProvider::Twilio => {
                Some(twilio::ask(account(sms), to, since_s))
            }
            Provider::Messenger(page) => Some(messenger::ask(page_of(page), to)),
            // A spool's file has one name: putting it again is asking.
            Provider::Sms(_) | Provider::Webhook(_) => None,
        }
    }

    /// What came of the question.
    pub(super) fn found(self, row: &Outbound, reply: &Reply) -> Found {
        let (Parcel::Text { text, .. }, Some(since_s)) = (&row.what, row.tries.since_s) else {
            return Found::Listed(Vec::new());
        };
        match self {
            Provider::Messenger(page) => messenger::found(&page.page, reply, text, since_s),
            Provider::Sms(_) | Provider::Webhook(_) => twilio::found(reply, text, since_s),
        }
    }
}

fn account(sms: &Sms) -> twilio::Account<'_> {
    twilio::Account { url: &sms.url, sid: &sms.account, token: sms.secret.expose(), from: &sms.from }
}

fn lan(sms: &Sms) -> gateway::Gateway<'_> {
    gateway::Gateway {
        url: &sms.url,
        get: sms.asked == Asked::Get,
        request: &sms.request,
        account: &sms.account,
        secret: sms.secret.expose(),
        from: &sms.from,
    }
}

fn page_of(page: &Messenger) -> messenger::Page<'_> {
    messenger::Page { url: &page.url, id: &page.page, token: page.page_token.expose() }
}

impl Shell {
    /// Spool folders of the desk in force.
    pub(super) fn spools(&self) -> Vec<Watched> {
        let spool = |workstream: &crate::desk::Workstream| {
            let sms = workstream.sms.as_ref().filter(|sms| sms.provider == SmsProvider::Spool)?;
            Some(Watched { workstream: workstream.id.as_str().to_owned(), folder: sms.folder.clone() })
        };
        self.desk.workstreams.iter().filter_map(spool).collect()
    }
}
