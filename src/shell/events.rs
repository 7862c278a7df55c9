//! Events of work items for the other system of their workstream: who has it now, how it was wrapped up, that it is
//! closed (REQ S2-21). Written with the very batch that decides them, and so never lost; masked like everything that
//! leaves the box (D-15).

use serde_json::{Value, json};

use super::Shell;
use super::card::WrapUpRecord;
use super::keys::random;
use super::wire::{ConversationName, Stamp};
use crate::engine::id::{AgentId, ConversationId, Handle};

/// An event without what was said in it: what is kept of an erased conversation, and no more. None when it is none.
pub(super) fn without_words(body: &str) -> Option<String> {
    let mut event: Value = serde_json::from_str(body).ok()?;
    event.get_mut("data")?.as_object_mut()?.remove("comment");
    Some(event.to_string())
}

impl Shell {
    /// An agent has it who had it not.
    pub(super) fn tell_assigned(&mut self, conversation: Handle, agent: AgentId) {
        let Some(view) = self.engine.view(conversation) else { return };
        let reserved = view.reserved().map(|(agent, _)| agent);
        // A colleague in a conference has only joined.
        if view.owner() != Some(agent) && reserved != Some(agent) {
            return;
        }
        let id = view.id.0;
        // What was assigned and is opened is still hers.
        if self.rooms.entry(id).or_default().holder.replace(agent) == Some(agent) {
            return;
        }
        let agent = self.names_of(agent).0;
        self.tell_event(id, "work_item.assigned", json!({ "agent": agent }));
    }

    /// A session was wrapped up.
    pub(super) fn tell_wrapped_up(&mut self, id: u64, record: &WrapUpRecord) {
        let comment = record.comment.as_deref().map(|comment| self.view().text(comment).into_owned());
        let more = json!({ "agent": record.agent, "reason": record.reason, "comment": comment,
            "by_deadline": record.by_deadline });
        self.tell_event(id, "work_item.wrapped_up", more);
    }

    /// It is closed.
    pub(super) fn tell_closed(&mut self, id: u64) {
        let Some(card) = self.cards.get(&id) else { return };
        let more = json!({ "agent": card.agent, "ended": card.reason });
        self.tell_event(id, "work_item.closed", more);
    }

    fn tell_event(&mut self, id: u64, kind: &str, more: Value) {
        let Some(card) = self.cards.get(&id) else { return };
        let workstream = card.workstream.clone();
        if self.desk.workstream(&workstream).is_none_or(|workstream| workstream.webhook.is_none()) {
            return;
        }
        let name = ConversationName(ConversationId(id)).to_string();
        let mut data = json!({ "id": name, "kind": card.kind, "external_id": card.reference(),
            "workstream": workstream, "queue": card.queue });
        if let (Value::Object(data), Value::Object(more)) = (&mut data, more) {
            data.extend(more);
        }
        let body = json!({ "type": kind, "timestamp": Stamp(self.now.wall_ms).to_string(), "data": data });
        // What goes by one conversation's name goes in order; a repeat is known by the whole.
        let event = format!("{name}.{:016x}", random());
        if let Err(refusal) = self.post_webhook(&workstream, id, event, body.to_string()) {
            log::error!("{workstream}: {kind} of {name} was not told: {}", refusal.code());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_goes_without_its_words() {
        let event =
            json!({ "type": "work_item.wrapped_up", "data": { "agent": "alice", "comment": "her words" } });
        let bare = without_words(&event.to_string()).expect("an event");
        assert_eq!(bare, json!({ "type": "work_item.wrapped_up", "data": { "agent": "alice" } }).to_string());
        assert_eq!(without_words("her words"), None);
    }
}
