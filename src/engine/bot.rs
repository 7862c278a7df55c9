//! Bots first (REQ S2-4): a bot talks with the customer before anybody is looked for, hands over with a
//! reason, and is passed over when it is not there, does not answer, or does not stop.
//!
//! A bot is nobody: it has no presence, no capacity and no place in a line, so it can keep nobody from work.
//! What it holds has one timer: whoever's turn it is has so long. When the bot's time is up the conversation
//! goes on to people; when the customer's is up, it is closed.

use super::Engine;
use super::conversation::{BotTalk, Phase};
use super::effect::{Answer, BotEnd, Effect, OfferEnd, RoutingEvent, SessionReason, SystemCode};
use super::id::{AgentId, BotId, ConversationId, Handle, QueueId, RequestId, TextId};
use super::input::{BotVerb, Sender};
use super::refusal::Refusal;
use super::settings::{BotFirst, OfferKind};
use super::timer::{PAST_MS, TimerOwner};
use crate::limits::{AGENTS_MAX, BOT_IN_A_ROW_MAX, BOT_SAID_MAX, BOTS_MAX, CONVERSATIONS_MAX, EFFECTS_MAX};

const _: () = assert!((CONVERSATIONS_MAX as usize) < EFFECTS_MAX, "a record each, when a bot comes or goes");
const _: () = assert!(AGENTS_MAX + BOTS_MAX < u16::MAX as usize, "a bot's ring is nobody else's");

/// The names of a bot's messages are kept in one of the agents' rings, under a row no agent has.
pub(super) const fn ring_holder(bot: BotId) -> AgentId {
    AgentId(u16::MAX - 1 - bot.0 as u16)
}

/// Time for whoever's turn it is, when the desk says nothing: the workstream's bot was taken away meanwhile.
const UNNAMED: BotFirst = BotFirst { bot: BotId(0), answer_ms: 10_000, idle_ms: 900_000 };

impl Engine {
    pub(super) fn is_bot_there(&self, bot: BotId) -> bool {
        usize::from(bot.0) < BOTS_MAX && self.bots & (1 << bot.0) != 0
    }

    pub(super) fn bot_online(&mut self, bot: BotId) {
        if usize::from(bot.0) >= BOTS_MAX || self.is_bot_there(bot) {
            return;
        }
        self.bots |= 1 << bot.0;
        // A customer who is thinking has her time again; what the bot owes stays due when it was.
        self.each_talk_of(bot, |engine, conversation, talk| {
            if !talk.awaits {
                let idle_ms = engine.patience_of_bot(conversation).idle_ms;
                engine.give_time(conversation, idle_ms);
            }
        });
    }

    /// Its talks go on to people unless it is back in the time it has for an answer.
    pub(super) fn bot_lost(&mut self, bot: BotId) {
        if !self.is_bot_there(bot) {
            return;
        }
        self.bots &= !(1 << bot.0);
        self.each_talk_of(bot, |engine, conversation, _| {
            let answer_ms = engine.patience_of_bot(conversation).answer_ms;
            if engine.left_ms(conversation) > answer_ms {
                engine.give_time(conversation, answer_ms);
            }
        });
    }

    pub(super) fn bot_verb(&mut self, request: Option<RequestId>, bot: BotId, verb: BotVerb) {
        match verb {
            BotVerb::Message { conversation, client, text, step } => {
                self.bot_message(request, bot, conversation, client, text, step);
            }
            BotVerb::HandOver { conversation, queue } => self.hand_over(request, bot, conversation, queue),
            BotVerb::End(conversation) => match self.bots_own(bot, conversation) {
                Err(refusal) => self.refuse(request, refusal),
                Ok((conversation, _)) => {
                    self.done(request);
                    let (reason, code) = (SessionReason::EndedByBot, SystemCode::BotEnded);
                    self.finish(conversation, reason, code, None);
                }
            },
        }
    }

    /// Written before the phase is entered: from its first moment the conversation is the bot's.
    pub(super) fn seat_with_bot(&mut self, conversation: Handle, first: BotFirst) {
        let due_wall_ms = self.wall_in(first.answer_ms);
        let talk = BotTalk { bot: first.bot, awaits: true, in_a_row: 0, said: 0, step: 0, due_wall_ms };
        self.row_mut(conversation).phase = Phase::Bot(talk);
    }

    /// The customer has said something: with a bot, it is the bot's turn. How often she writes meanwhile
    /// gives it no more time.
    pub(super) fn bots_turn(&mut self, conversation: Handle) {
        let Phase::Bot(mut talk) = self.row(conversation).phase else { return };
        if !self.is_bot_there(talk.bot) {
            return self.pass_over(conversation, BotEnd::Gone);
        }
        talk.in_a_row = 0;
        let awaited = core::mem::replace(&mut talk.awaits, true);
        self.row_mut(conversation).phase = Phase::Bot(talk);
        if !awaited {
            let answer_ms = self.patience_of_bot(conversation).answer_ms;
            self.give_time(conversation, answer_ms);
        }
        self.keep(conversation);
    }

    /// The customer asks for a person; where no bot has her there is nothing to do.
    pub(super) fn ask_person(&mut self, conversation: Handle) {
        if matches!(self.row(conversation).phase, Phase::Bot(_)) {
            self.pass_over(conversation, BotEnd::Asked);
        }
    }

    pub(super) fn bot_timed_out(&mut self, conversation: Handle, talk: BotTalk) {
        if !self.is_bot_there(talk.bot) {
            self.pass_over(conversation, BotEnd::Gone);
        } else if talk.awaits {
            self.pass_over(conversation, BotEnd::Silent);
        } else {
            self.finish(conversation, SessionReason::AutoClosed, SystemCode::AutoClosed, None);
        }
    }

    fn bot_message(
        &mut self,
        request: Option<RequestId>,
        bot: BotId,
        conversation: ConversationId,
        client: u64,
        text: TextId,
        step: Option<u16>,
    ) {
        if let Some(stored) = self.said_by_bot(bot, conversation, client) {
            return self.answer(request, stored);
        }
        let (conversation, mut talk) = match self.bots_own(bot, conversation) {
            Err(refusal) => return self.refuse(request, refusal),
            Ok(found) => found,
        };
        self.say_as(request, conversation, Sender::Bot(bot), client, text);
        talk.in_a_row += 1;
        talk.said += 1;
        talk.awaits = false;
        talk.step = step.unwrap_or(talk.step);
        self.row_mut(conversation).phase = Phase::Bot(talk);
        let idle_ms = self.patience_of_bot(conversation).idle_ms;
        self.give_time(conversation, idle_ms);
        if talk.in_a_row >= BOT_IN_A_ROW_MAX || talk.said >= BOT_SAID_MAX {
            self.pass_over(conversation, BotEnd::Loops);
        }
    }

    /// A message sent again is answered as the first was, also after the hand-over.
    fn said_by_bot(&self, bot: BotId, conversation: ConversationId, client: u64) -> Option<Answer> {
        let conversation = self.ids.get(conversation.0)?;
        let ring = self.sent.of_agent(conversation.index, ring_holder(bot))?;
        let (seq, at_wall_ms) = self.sent.find(ring, client)?;
        Some(Answer::Stored { seq, at_wall_ms })
    }

    fn hand_over(
        &mut self,
        request: Option<RequestId>,
        bot: BotId,
        conversation: ConversationId,
        queue: Option<QueueId>,
    ) {
        let outcome = self.bots_own(bot, conversation).and_then(|(conversation, _)| match queue {
            Some(queue) if !self.has_queue(queue) => Err(Refusal::NotFound),
            _ => Ok(conversation),
        });
        match outcome {
            Err(refusal) => self.refuse(request, refusal),
            Ok(conversation) => {
                self.done(request);
                if let Some(queue) = queue {
                    self.row_mut(conversation).queue = queue;
                }
                self.pass_over(conversation, BotEnd::HandedOver);
            }
        }
    }

    /// A conversation this bot talks in. What it has spoken in before is stale, all else there is none.
    fn bots_own(&self, bot: BotId, conversation: ConversationId) -> Result<(Handle, BotTalk), Refusal> {
        let conversation = self.ids.get(conversation.0).ok_or(Refusal::NotFound)?;
        match self.row(conversation).phase {
            Phase::Bot(talk) if talk.bot == bot => Ok((conversation, talk)),
            _ if self.sent.of_agent(conversation.index, ring_holder(bot)).is_some() => Err(Refusal::Stale),
            _ => Err(Refusal::NotFound),
        }
    }

    /// On to people. Where the bot has said something, or hands over by itself, they are told that it is an
    /// escalation; one that never said a word was never there.
    fn pass_over(&mut self, conversation: Handle, why: BotEnd) {
        let Phase::Bot(talk) = self.row(conversation).phase else { return };
        self.emit(Effect::BotPassed { conversation, bot: talk.bot, why });
        let spoke = talk.said > 0 || why == BotEnd::HandedOver;
        if spoke {
            self.say(conversation, SystemCode::BotHandedOver, None);
        }
        self.change(conversation, Phase::Queued, OfferEnd::Withdrawn);
        let row = self.row_mut(conversation);
        row.offer_kind = if spoke { OfferKind::Escalation } else { OfferKind::Incoming };
        row.sender = None;
        let reason = spoke.then_some(SessionReason::HandedOver);
        self.emit(Effect::State { conversation, reason });
        self.route(conversation, if spoke { RoutingEvent::Escalated } else { RoutingEvent::Arrived });
    }

    fn patience_of_bot(&self, conversation: Handle) -> BotFirst {
        self.workstream(self.row(conversation).workstream).bot.unwrap_or(UNNAMED)
    }

    /// What is left of its time, by the timer: the wall may have been set meanwhile (D-18).
    fn left_ms(&self, conversation: Handle) -> u64 {
        let due = self.wheel.deadline(self.row(conversation).hold_timer);
        due.map_or(0, |due| due.saturating_sub(self.now.mono_ms + PAST_MS))
    }

    /// From now on, so long.
    fn give_time(&mut self, conversation: Handle, ms: u64) {
        let due_wall_ms = self.wall_in(ms);
        self.wheel.cancel(self.row(conversation).hold_timer);
        let timer = self.arm(due_wall_ms, TimerOwner::Hold(conversation));
        let row = self.row_mut(conversation);
        row.hold_timer = timer;
        if let Phase::Bot(talk) = &mut row.phase {
            talk.due_wall_ms = due_wall_ms;
        }
        self.keep(conversation);
    }

    /// Linear in the table, once for each coming and going of a bot; emits at most a record a row.
    fn each_talk_of(&mut self, bot: BotId, visit: impl Fn(&mut Engine, Handle, BotTalk)) {
        for slot in 0..self.conversations.capacity() {
            let Some(conversation) = self.conversations.at(slot) else { continue };
            match self.row(conversation).phase {
                Phase::Bot(talk) if talk.bot == bot => visit(self, conversation, talk),
                _ => {}
            }
        }
    }
}
