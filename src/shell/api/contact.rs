//! Everything the box keeps of one contact, for whoever asks what is known of her.

use std::sync::Arc;

use super::{Shared, refused, unavailable};
use crate::agent::rest::Exported;
use crate::desk::Word;
use crate::engine::refusal::Refusal;
use crate::gateway::{Request, Response};
use crate::limits::{EXPORT_BYTES_MAX, EXPORT_CONVERSATIONS_MAX, SYNC_PAGE_MAX};
use crate::masking::{Masker, Settings};
use crate::shell::Shell;
use crate::shell::reading::read_notes;
use crate::shell::reads::{self, list_key};
use crate::shell::wire::ContactName;
use crate::store::{Direction, ReadError, Snapshot, Table};

/// `GET /api/v1/contacts/ID/export?reveal=REASON&before=TIME`: contact, conversations, messages and notes, newest
/// conversation first; masked, unless a role that may reveal says why. Written into the audit log either way.
pub(super) async fn export(shared: Arc<Shared>, request: Request) -> Response {
    let Some(ContactName(number)) = ContactName::parse(request.param("id")) else {
        return refused(Refusal::NotFound);
    };
    let before = match request.query("before").as_deref().map(crate::shell::wire::Stamp::parse) {
        None => -1,
        Some(Some(stamp)) => stamp.0,
        Some(None) => return refused(Refusal::BadRequest),
    };
    let reason = request.query("reveal").filter(|reason| !reason.trim().is_empty());
    if reason.as_ref().is_some_and(|reason| reason.chars().count() > crate::limits::FIELD_CHARS_MAX) {
        return refused(Refusal::TooLong);
    }
    let Some(caller) = request.caller else { return refused(Refusal::Unauthorized) };
    let desk = shared.surface.board.desk();
    let may = |role: &crate::desk::Role| {
        crate::gateway::Role::from_name(role.word()).is_some_and(|role| caller.roles.has(role))
    };
    if reason.is_some() && !desk.masking.reveal.iter().any(may) {
        return refused(Refusal::Forbidden);
    }
    let asked =
        shared.surface.door.ask(move |shell| shell.known_contact(number).then(|| shell.watermark())).await;
    let sequence = match asked {
        Some(Some(sequence)) => sequence,
        Some(None) => return refused(Refusal::NotFound),
        None => return unavailable(),
    };
    let job = move |snapshot: &Snapshot| collected(snapshot, number, before);
    let Ok((items, more)) = shared.surface.readers.read(sequence, job).await else { return unavailable() };
    let shown = shared.surface.door.change(move |shell| {
        let said = reason.clone().unwrap_or_default();
        shell.audit(&caller.agent, "contact_export", ContactName(number).to_string(), said);
        shell.exported(number, &items, more, reason.is_some())
    });
    match shown.await {
        Some(Some(text)) => Response::body(200, "application/json", text)
            .with_header("content-disposition", "attachment; filename=\"contact.json\""),
        Some(None) => refused(Refusal::NotFound),
        None => unavailable(),
    }
}

/// Conversations begun before that instant, newest first, as many as one answer holds.
fn collected(snapshot: &Snapshot, number: u64, before: i64) -> Result<(Vec<Exported>, bool), ReadError> {
    let (low, high) = (list_key(number, 0, 0), list_key(number, before, 0));
    let page = snapshot.range(
        Table::ContactConversations,
        &low[..]..&high[..],
        EXPORT_CONVERSATIONS_MAX,
        Direction::Backward,
    )?;
    let (mut items, mut bytes) = (Vec::new(), 0);
    for (key, _) in &page.rows {
        if bytes >= EXPORT_BYTES_MAX {
            return Ok((items, true));
        }
        let Some(id) = reads::conversation_of(key) else { continue };
        let Some(card) = reads::card(snapshot, id)? else { continue };
        let (mut messages, mut last, mut more) = (Vec::new(), 0, true);
        while more && bytes < EXPORT_BYTES_MAX {
            let (some, rest) = reads::messages_after(snapshot, id, last, SYNC_PAGE_MAX)?;
            last = some.last().map_or(last, |message| message.seq);
            more = rest && !some.is_empty();
            bytes += some.iter().map(|message| message.text.len()).sum::<usize>();
            messages.extend(some);
        }
        let notes = read_notes(snapshot, id)?;
        bytes += notes.iter().map(|note| note.text.len()).sum::<usize>();
        items.push(Exported { card, messages, notes, more });
    }
    Ok((items, page.more))
}

impl Shell {
    fn known_contact(&self, number: u64) -> bool {
        self.contacts.get(number).is_some()
    }

    fn exported(&self, number: u64, items: &[Exported], more: bool, revealed: bool) -> Option<String> {
        let contact = self.contacts.get(number)?;
        if revealed {
            let bare =
                Masker::new(Settings { enabled: false, pci: false, pii: false, phone_region: String::new() });
            let view = crate::agent::project::View::new(self.world(), bare);
            return Some(view.export(number, contact, items, more));
        }
        Some(self.view().export(number, contact, items, more))
    }
}
