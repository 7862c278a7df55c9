//! How sessions are closed by their agents (S3-38, S3-39): at once, or by a wrap-up given along with a transfer, which
//! waits until the session has come to it.
//!
//! What was given along is on disk before its request is answered, under a key of its own: the target may take a day
//! to accept, and the box may be started again meanwhile.

use serde::{Deserialize, Serialize};

use super::Shell;
use super::agents::Desk;
use super::reads;
use crate::agent::frames::WrapUp as Given;
use crate::engine::effect::Answer;
use crate::engine::id::{AgentId, ConversationId, Handle, ReasonId};
use crate::engine::input::{AgentVerb, Input, Target, WrapUp};
use crate::engine::refusal::Refusal;
use crate::limits::CONVERSATION_SESSIONS_MAX;
use crate::store::records::records;
use crate::store::{Direction, ReadError, Snapshot, Table};

/// What keys in `Meta` begin with; conversation and username follow.
const GIVEN_ALONG: &[u8] = b"wrapup-";

/// A wrap-up that waits for its session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct GivenAlong {
    /// The reason's id.
    reason: Option<String>,
    /// Comment.
    comment: Option<String>,
}

records! {
    GivenAlong = "wrap-up given along",
}

fn key(conversation: u64, username: &str) -> Vec<u8> {
    [GIVEN_ALONG, &conversation.to_be_bytes(), username.as_bytes()].concat()
}

/// What was given along for a conversation, with the username of who gave it.
pub(super) fn given_along(snapshot: &Snapshot, id: u64) -> Result<Vec<(String, Given)>, ReadError> {
    let (low, high) = (key(id, ""), key(id, "\u{10ffff}"));
    let most = CONVERSATION_SESSIONS_MAX;
    let page = snapshot.range(Table::Meta, &low[..]..&high[..], most, Direction::Forward)?;
    let given = page.rows.into_iter().filter_map(|(key, value)| {
        let username = String::from_utf8(key[low.len()..].to_vec()).ok()?;
        let GivenAlong { reason, comment } = reads::decoded(&value)?;
        Some((username, Given { reason, comment }))
    });
    Ok(given.collect())
}

impl Shell {
    /// Reason and comment in the engine's terms.
    pub(super) fn wrapup(&mut self, given: &Given) -> Result<WrapUp, Refusal> {
        let reason = match &given.reason {
            None => None,
            Some(id) => {
                let known = self.desk.wrapup_reason(id).and_then(|_| self.names.reasons.row(id));
                Some(ReasonId(known.ok_or(Refusal::BadRequest)?))
            }
        };
        let comment = given.comment.clone().map(|comment| self.storable(comment));
        let comment = comment.map(|comment| self.texts.put(comment));
        Ok(WrapUp { reason, comment })
    }

    /// A transfer, with what is to close the sender's session once the target has accepted.
    pub(super) fn transfer(
        &mut self,
        desk: Desk,
        conversation: ConversationId,
        to: Target,
        wrapup: Option<Given>,
    ) -> Result<(), Refusal> {
        self.check_reason(wrapup.as_ref())?;
        let id = conversation.0;
        let before = self.take_given(id, desk.agent);
        if let Some(wrapup) = wrapup {
            self.give_along(id, desk.agent, wrapup);
        }
        if let Some(Answer::Refused(_)) = self.ask(desk, AgentVerb::Transfer { conversation, to }) {
            self.take_given(id, desk.agent);
            // A request of hers that is still pending keeps what was given along with it.
            if let Some(before) = before {
                self.give_along(id, desk.agent, before);
            }
        }
        Ok(())
    }

    /// The end of a conference, with what closes the owner's session at once.
    pub(super) fn end_conference(
        &mut self,
        desk: Desk,
        conversation: ConversationId,
        wrapup: Option<Given>,
    ) -> Result<(), Refusal> {
        self.check_reason(wrapup.as_ref())?;
        let answer = self.ask(desk, AgentVerb::EndConference(conversation));
        if let (Some(Answer::Done), Some(wrapup)) = (answer, wrapup) {
            self.hand_in_wrapup(desk.agent, conversation.0, &wrapup);
        }
        Ok(())
    }

    fn check_reason(&self, wrapup: Option<&Given>) -> Result<(), Refusal> {
        let reason = wrapup.and_then(|wrapup| wrapup.reason.as_deref());
        let known = reason.is_none_or(|id| self.desk.wrapup_reason(id).is_some());
        if known { Ok(()) } else { Err(Refusal::BadRequest) }
    }

    fn give_along(&mut self, id: u64, agent: AgentId, mut given: Given) {
        given.comment = given.comment.map(|comment| self.storable(comment));
        let record = GivenAlong { reason: given.reason.clone(), comment: given.comment.clone() };
        self.put(Table::Meta, &key(id, &self.names_of(agent).0), &record);
        self.rooms.entry(id).or_default().wrapups.push((agent, given));
    }

    /// What an agent has given along for a conversation, if anything; it waits no longer.
    pub(super) fn take_given(&mut self, id: u64, agent: AgentId) -> Option<Given> {
        let wrapups = &mut self.rooms.get_mut(&id)?.wrapups;
        let at = wrapups.iter().position(|(who, _)| *who == agent)?;
        let (_, given) = wrapups.swap_remove(at);
        self.delete(Table::Meta, &key(id, &self.names_of(agent).0));
        Some(given)
    }

    /// A transfer did not come about, or the conversation is over: what was given along says nothing of the end there
    /// is.
    pub(super) fn drop_given(&mut self, id: u64) {
        let agents: Vec<AgentId> =
            self.rooms.get(&id).into_iter().flat_map(|room| &room.wrapups).map(|(agent, _)| *agent).collect();
        for agent in agents {
            self.take_given(id, agent);
        }
    }

    /// A session has come to its wrap-up: what was given along for it, to be handed in behind this turn.
    pub(super) fn come_to_wrapup(
        &mut self,
        conversation: Handle,
        agent: AgentId,
        later: &mut Vec<(AgentId, u64, Given)>,
    ) {
        let Some(id) = self.engine.view(conversation).map(|view| view.id.0) else { return };
        if let Some(given) = self.take_given(id, agent) {
            later.push((agent, id, given));
        }
    }

    /// Hands in what was given along.
    pub(super) fn hand_in_wrapup(&mut self, agent: AgentId, id: u64, given: &Given) {
        let Ok(wrapup) = self.wrapup(given) else { return };
        let verb = AgentVerb::WrapUp { conversation: ConversationId(id), wrapup };
        self.turn(Input::Agent { request: None, agent, verb }, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden;

    golden!(
        a_wrap_up_given_along_is_stored_as,
        GivenAlong { reason: Some("solved".into()), comment: None },
        "010106736f6c76656400"
    );
}
