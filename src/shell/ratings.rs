//! Live satisfaction: what customers say a chat is worth, at its end or, where the desk lets them, while it goes on; no
//! guessing of sentiment (REQ S2-36).

use serde::{Deserialize, Serialize};

use super::Shell;
use super::card::Card;
use super::clock::real_wall_ms;
use super::counting::Of;
use super::figures::DayNumber;
use super::hello::RESUME_MS;
use super::reads::{self, conversation_key};
use crate::agent::answer;
use crate::engine::conversation::State;
use crate::engine::id::ConversationId;
use crate::engine::refusal::Refusal;
use crate::gateway::ConnId;
use crate::gateway::rate::CUSTOMER_MESSAGES;
use crate::store::records::records;
use crate::store::{Snapshot, Table};

/// When a conversation was last rated (table `Ratings`, key conversation): so that one changed on the same day counts
/// once in that day's figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rated {
    /// The day.
    pub day: DayNumber,
    /// From 1 to 5.
    pub score: u8,
}

records! {
    Rated = "rating",
}

impl Shell {
    /// What it is worth; the last counts, for a day after the close.
    pub(super) fn rate(
        &mut self,
        conn: ConnId,
        re: Option<i64>,
        visitor: u64,
        score: u8,
        comment: Option<String>,
    ) {
        // Each is written down, and shown to the agent while the chat goes on.
        let taken = self
            .visitors
            .get_mut(visitor)
            .map(|known| known.messages.take(CUSTOMER_MESSAGES, real_wall_ms().unsigned_abs()));
        if let Some(Err(wait)) = taken {
            return self.refuse_for(conn, re, wait);
        }
        let id = match self.ratable(visitor) {
            Ok(id) => id,
            Err(refusal) => return self.refuse(conn, re, refusal),
        };
        let job = move |snapshot: &Snapshot| {
            let rated = snapshot.get(Table::Ratings, &conversation_key(id))?;
            Ok((reads::card(snapshot, id)?, rated.as_deref().and_then(reads::decoded::<Rated>)))
        };
        let then = move |shell: &mut Shell, (stored, rated): (Option<Card>, Option<Rated>)| {
            let comment = shell.storable(comment.unwrap_or_default());
            // What is in the table by now is newer than what was read.
            let card = shell.cards.get(&id).cloned().or(stored);
            let Some(mut card) = card.filter(|card| card.visitor == visitor) else {
                return shell.refuse(conn, re, Refusal::NotFound);
            };
            card.rating = Some((score, comment));
            shell.count_rating_of(&card, score, rated);
            match shell.cards.get_mut(&id) {
                Some(live) => {
                    live.rating = card.rating;
                    shell.card_changed(id);
                    shell.keep_card(id);
                    shell.tell_session(id);
                }
                None => shell.put(Table::Conversations, &conversation_key(id), &card),
            }
            shell.send(conn, answer::ok(re.unwrap_or_default()));
        };
        self.read_for(conn, job, then, re);
    }

    /// The conversation a visitor may rate now.
    fn ratable(&self, visitor: u64) -> Result<u64, Refusal> {
        let known = self.visitors.get(visitor).ok_or(Refusal::NotFound)?;
        if let Some(id) = known.conversation.filter(|id| self.is_live(*id)) {
            let state = self.engine.conversation(ConversationId(id)).map(|row| row.state());
            let while_it_goes_on =
                self.workstream_of(&known.widget).is_some_and(|workstream| workstream.rate_during_chat);
            if state == Some(State::Active) && while_it_goes_on {
                return Ok(id);
            }
        }
        self.ended_of(visitor)
    }

    /// The conversation of a visitor that has ended, for a day after the close.
    pub(super) fn ended_of(&self, visitor: u64) -> Result<u64, Refusal> {
        let known = self.visitors.get(visitor).ok_or(Refusal::NotFound)?;
        if let Some(id) = known.conversation.filter(|id| self.is_live(*id)) {
            let state = self.engine.conversation(ConversationId(id)).map(|row| row.state());
            let is_over = matches!(state, Some(State::WrapUp | State::Closed));
            return if is_over { Ok(id) } else { Err(Refusal::NotAllowed) };
        }
        match known.closed {
            None if known.conversation.is_some() => Err(Refusal::NotAllowed),
            None => Err(Refusal::NotFound),
            Some((_, closed_ms)) if self.now.wall_ms - closed_ms >= RESUME_MS => Err(Refusal::Stale),
            Some((id, _)) => Ok(id),
        }
    }

    fn count_rating_of(&mut self, card: &Card, score: u8, before: Option<Rated>) {
        self.turn_day();
        let day = self.day();
        let same_day = before.filter(|before| before.day == day).map(|before| before.score);
        self.count_rating(Of::card(card), score, same_day);
        self.put(Table::Ratings, &conversation_key(card.id), &Rated { day, score });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden;

    golden!(a_rating_is_stored_as, Rated { day: 20_261_128, score: 4 }, "0188d2d40904");
}
