//! Bots in the shadow (S2-4): whose turn it is, until when, and what may send a conversation on to people.

use std::collections::BTreeSet;

use deskbell::engine::conversation::BotTalk;
use deskbell::engine::effect::{Answer, BotEnd};
use deskbell::engine::id::{BotId, ConversationId};
use deskbell::engine::input::{BotVerb, CustomerVerb};
use deskbell::engine::refusal::Refusal;
use deskbell::engine::settings::{BotFirst, OfferKind};

use crate::act::Act;
use crate::actions::Kind;
use crate::shadow::{Due, Place, Shadow, Speaker};
use crate::step::Step;
use crate::world::World;

/// Bots of the simulated desks.
const BOTS: u64 = 2;
/// Messages in a row, and in all, that are a bot's last; written here again, because they are under test.
const IN_A_ROW: u8 = 12;
const IN_ALL: u16 = 200;
/// Speakers whose names a conversation keeps.
const SPEAKERS: usize = 6;

/// What a bot has of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WithBot {
    pub(crate) bot: BotId,
    pub(crate) awaits: bool,
    pub(crate) in_a_row: u8,
    pub(crate) said: u16,
    pub(crate) due: Due,
}

impl WithBot {
    pub(crate) fn compare(&self, id: ConversationId, row: &BotTalk) {
        let seen = (row.bot, row.awaits, row.in_a_row, row.said, row.due_wall_ms);
        let shadowed = (self.bot, self.awaits, self.in_a_row, self.said, self.due.wall);
        assert_eq!(seen, shadowed, "{id}: what the bot has of it (S2-4)");
    }
}

/// The bots that are there.
pub(crate) type Bots = BTreeSet<BotId>;

impl Shadow {
    fn patience(&self, id: ConversationId) -> BotFirst {
        let unnamed = BotFirst { bot: BotId(0), answer_ms: 10_000, idle_ms: 900_000 };
        self.workstream(self.talks[&id].workstream).bot.unwrap_or(unnamed)
    }

    /// New work begins with its workstream's bot, if that is there.
    pub(crate) fn place_of_arrival(&self, first: Option<BotFirst>, left: bool) -> Place {
        match first.filter(|first| !left && self.bots.contains(&first.bot)) {
            Some(first) => {
                let due = Due::after(self.now, first.answer_ms);
                Place::Bot(WithBot { bot: first.bot, awaits: true, in_a_row: 0, said: 0, due })
            }
            None => Place::Line,
        }
    }

    fn each_of(&mut self, bot: BotId, change: impl Fn(&mut WithBot, BotFirst, &Shadow)) {
        for id in self.talks.keys().copied().collect::<Vec<_>>() {
            let Place::Bot(mut held) = self.talks[&id].place else { continue };
            if held.bot == bot {
                let first = self.patience(id);
                change(&mut held, first, self);
                self.talk(id).place = Place::Bot(held);
            }
        }
    }

    pub(crate) fn begin_bot(&mut self, act: &Act) {
        match *act {
            Act::BotOnline(bot) if self.bots.insert(bot) => self.each_of(bot, |held, first, shadow| {
                if !held.awaits {
                    held.due = Due::after(shadow.now, first.idle_ms);
                }
            }),
            Act::BotLost(bot) if self.bots.remove(&bot) => self.each_of(bot, |held, first, shadow| {
                let soon = Due::after(shadow.now, first.answer_ms);
                if held.due.mono > soon.mono {
                    held.due = soon;
                }
            }),
            _ => {}
        }
    }

    /// Somebody said something in a conversation a bot has.
    pub(crate) fn said_with_bot(&mut self, id: ConversationId, speaker: Speaker) {
        let Place::Bot(mut held) = self.talks[&id].place else {
            assert!(!matches!(speaker, Speaker::Bot(_)), "{id}: a bot speaks where it has nothing to say");
            return;
        };
        let (first, now) = (self.patience(id), self.now);
        match speaker {
            Speaker::Bot(bot) => {
                assert_eq!(bot, held.bot, "{id}: another bot speaks");
                (held.awaits, held.in_a_row, held.said) = (false, held.in_a_row + 1, held.said + 1);
                held.due = Due::after(now, first.idle_ms);
            }
            Speaker::Customer if !self.bots.contains(&held.bot) => return,
            Speaker::Customer => {
                held.in_a_row = 0;
                if !held.awaits {
                    held.due = Due::after(now, first.answer_ms);
                }
                held.awaits = true;
            }
            Speaker::Agent(agent) => panic!("{id}: {agent} speaks while a bot has it"),
        }
        self.talk(id).place = Place::Bot(held);
    }

    pub(crate) fn passed(&mut self, act: &Act, id: ConversationId, bot: BotId, why: BotEnd) {
        let Place::Bot(held) = self.talks[&id].place else { panic!("{id}: no bot has it") };
        assert_eq!(bot, held.bot);
        let there = self.bots.contains(&bot);
        let mut queue = None;
        match (why, act) {
            (BotEnd::HandedOver, &Act::Bot(by, BotVerb::HandOver { conversation, queue: to })) => {
                assert_eq!((by, conversation), (bot, id));
                queue = to;
            }
            (BotEnd::Silent, Act::Tick) => {
                assert!(there && held.awaits, "{id}: not its turn: {held:?}");
                self.fires(held.due);
            }
            (BotEnd::Gone, Act::Tick) => {
                assert!(!there);
                self.fires(held.due);
            }
            (BotEnd::Gone, &Act::Customer(who, CustomerVerb::Message { .. })) => assert!(!there && who == id),
            (BotEnd::Loops, Act::Bot(..)) => {
                assert!(held.in_a_row == IN_A_ROW || held.said == IN_ALL, "{id}: {held:?}");
            }
            (BotEnd::Asked, &Act::Customer(who, CustomerVerb::AskPerson)) => assert_eq!(who, id),
            _ => panic!("{id}: passed over as {why:?} by {act:?}"),
        }
        let spoke = held.said > 0 || why == BotEnd::HandedOver;
        let talk = self.talk(id);
        talk.queue = queue.unwrap_or(talk.queue);
        talk.next_kind = if spoke { OfferKind::Escalation } else { OfferKind::Incoming };
        talk.sender = None;
        talk.place = Place::Line;
    }

    /// However a bot's part ends, it ends once.
    pub(crate) fn bot_over(&mut self, id: ConversationId) {
        let talk = self.talk(id);
        if matches!(talk.place, Place::Bot(_)) {
            talk.place = Place::Line;
        }
    }

    pub(crate) fn bot_is_within_bounds(&self, id: ConversationId) {
        if let Place::Bot(held) = self.talks[&id].place {
            assert!(held.in_a_row < IN_A_ROW && held.said < IN_ALL, "{id}: an endless bot: {held:?}");
            assert!(held.due.mono > self.now.mono_ms, "{id}: the bot's time is up: {held:?}");
        }
    }

    pub(crate) fn expect_bot(&self, bot: BotId, verb: BotVerb) -> Option<Result<Answer, Refusal>> {
        let (BotVerb::Message { conversation, .. }
        | BotVerb::HandOver { conversation, .. }
        | BotVerb::End(conversation)) = verb;
        let Some(talk) = self.talks.get(&conversation) else { return Some(Err(Refusal::NotFound)) };
        let spoke = talk.sent.iter().any(|sent| sent.0 == Speaker::Bot(bot));
        if spoke && talk.speakers() > SPEAKERS {
            return None;
        }
        if let BotVerb::Message { client, .. } = verb
            && let Some(sent) = talk.sent.iter().find(|sent| sent.0 == Speaker::Bot(bot) && sent.1 == client)
        {
            return Some(Ok(Answer::Stored { seq: sent.2, at_wall_ms: sent.3 }));
        }
        match talk.place {
            Place::Bot(held) if held.bot == bot => {}
            _ if spoke => return Some(Err(Refusal::Stale)),
            _ => return Some(Err(Refusal::NotFound)),
        }
        Some(match verb {
            BotVerb::Message { .. } => Ok(Answer::Stored { seq: talk.seq + 1, at_wall_ms: self.now.wall_ms }),
            BotVerb::HandOver { queue: Some(queue), .. } if !self.has_queue(queue) => Err(Refusal::NotFound),
            BotVerb::HandOver { .. } | BotVerb::End(_) => Ok(Answer::Done),
        })
    }
}

impl World {
    pub(crate) fn bot_act(&mut self, kind: Kind) -> Act {
        let bot = BotId(self.rng.below(BOTS) as u8);
        match kind {
            Kind::BotOnline => return Act::BotOnline(bot),
            Kind::BotLost => return Act::BotLost(bot),
            _ => {}
        }
        let conversation = self.any_talk(|talk| matches!(talk.place, Place::Bot(_)));
        let own = self.shadow.talks.get(&conversation).map(|talk| talk.place);
        let bot = match own {
            Some(Place::Bot(held)) if !self.rng.one_in(12) => held.bot,
            _ => bot,
        };
        let verb = match kind {
            Kind::BotSays => {
                let client = self.client(conversation, Speaker::Bot(bot));
                BotVerb::Message { conversation, client, text: self.text(), step: None }
            }
            Kind::BotHandsOver => {
                let queue = self.rng.one_in(2).then(|| self.queue());
                BotVerb::HandOver { conversation, queue }
            }
            _ => BotVerb::End(conversation),
        };
        Act::Bot(bot, verb)
    }

    /// It says one thing after the other, until people take over.
    pub(crate) fn bot_loops(&mut self) {
        let talks = self.shadow.talks.values();
        let held: Vec<_> = talks
            .filter_map(|talk| match talk.place {
                Place::Bot(held) => Some((talk.id, held.bot)),
                _ => None,
            })
            .collect();
        let Some((conversation, bot)) = self.rng.pick(&held) else { return };
        for _ in 0..IN_A_ROW {
            self.next_client += 1;
            let verb =
                BotVerb::Message { conversation, client: self.next_client, text: self.text(), step: None };
            self.take(Step::Act(Act::Bot(bot, verb)));
        }
    }
}
