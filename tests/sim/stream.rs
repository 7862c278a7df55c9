//! What each effect means; whatever may not be so panics here.

use deskbell::engine::Engine;
use deskbell::engine::effect::{Author, BannerKind, Effect, OfferEnd, SessionReason, SystemCode};
use deskbell::engine::id::{AgentId, ConversationId, Handle, OfferId};
use deskbell::engine::input::{AgentVerb, RevivalCause};
use deskbell::engine::settings::{Auto, OfferKind};

use crate::act::{Act, Parked};
use crate::record::seed_of;
use crate::shadow::{Due, Held, Over, Part, Place, ROUND_MS, Running, Shadow, Speaker, TEN, Talk, Why};

impl Shadow {
    pub(crate) fn apply(&mut self, act: &Act, effects: &[Effect], engine: &Engine) {
        let now = self.now;
        let name = |handle: Handle| engine.view(handle).expect("views stay valid until the next input").id;
        for (at, effect) in effects.iter().enumerate() {
            match *effect {
                Effect::Answer { .. } => assert_eq!(at, 0, "the answer comes before the frames it causes"),
                Effect::Message { conversation, seq, author, client, .. } => {
                    self.said(name(conversation), seq, author, client);
                }
                Effect::Offered { conversation, agent, offer } => {
                    self.offer_made(name(conversation), agent, offer, engine);
                }
                Effect::OfferClosed { conversation, agent, offer, kind, end } => {
                    self.offer_closed(act, name(conversation), agent, offer, kind, end);
                }
                Effect::Session { conversation, agent, opened: true, .. } => {
                    self.opened(act, name(conversation), agent);
                }
                Effect::Session { conversation, agent, reason: Some(reason), .. } => {
                    self.session_changed(name(conversation), agent, reason);
                }
                Effect::SessionClosed { conversation, agent, reason } => {
                    self.session_closed(name(conversation), agent, reason);
                }
                Effect::WrappedUp { conversation, agent, by_deadline, .. } => {
                    self.wrapped_up(act, name(conversation), agent, by_deadline);
                }
                Effect::BotGiven { conversation, .. } => {
                    let place = self.talks[&name(conversation)].place;
                    assert!(matches!(place, Place::Bot(_)), "given to a bot that is not there");
                }
                Effect::BotPassed { conversation, bot, why } => {
                    self.passed(act, name(conversation), bot, why)
                }
                Effect::BotOver { conversation, .. } => self.bot_over(name(conversation)),
                Effect::Parked { conversation, agent, .. } => self.set_aside(conversation, agent, engine),
                Effect::Closed { conversation } => self.closed(name(conversation)),
                Effect::Banner { agent, kind, .. } => self.banner(agent, kind, effects),
                Effect::BannerClosed { agent, kind } => {
                    let stood = self.agents[usize::from(agent.0)].banners.remove(&kind.bit());
                    assert!(stood, "{agent}: banner {kind:?} closed and was not there");
                }
                Effect::Decision { .. } => self.decision(effect, name, engine),
                Effect::Unwatched { queue } => {
                    let since = self.deserted[usize::from(queue.0)].as_mut();
                    let Some((since, told)) = since else {
                        panic!("{queue} is said to be deserted, and somebody can take what waits")
                    };
                    assert!(self.now.mono_ms >= *since + 60_000, "{queue} deserted since {since} only");
                    *told = true;
                }
                _ => {}
            }
        }
        assert_eq!(self.decided, None, "chosen and not offered");
        // A tick whose turn was full goes on in the next, at the same instant.
        let all_fired = self.ticking && engine.next_deadline().is_none_or(|due| due > now.mono_ms);
        for talk in self.talks.values_mut() {
            if all_fired {
                talk.begin_round(now);
            }
            // Nobody is left to be asked: the next round begins after 30 s (D-7).
            if talk.place == Place::Line && !talk.excluded.is_empty() && talk.round.is_none() {
                talk.round = Some(Due::after(now, ROUND_MS));
            }
        }
        let missed = |effect: &&Effect| matches!(effect, Effect::OfferClosed { end: OfferEnd::Missed, .. });
        let banners = |effect: &&Effect| matches!(effect, Effect::Banner { kind: BannerKind::Missed, .. });
        let expected = if self.desk.missed_enabled { effects.iter().filter(missed).count() } else { 0 };
        assert_eq!(
            effects.iter().filter(banners).count(),
            expected,
            "a banner for each missed offer (S2-24)"
        );
    }

    /// A timer: never early, and those of one tick in their order (D-18).
    pub(crate) fn fires(&mut self, due: Due) {
        assert!(self.ticking && due.mono <= self.now.mono_ms, "early: due at {due:?}");
        assert!(due.mono >= self.fired_ms, "out of order: due at {due:?}, and {} has fired", self.fired_ms);
        self.fired_ms = due.mono;
    }

    fn said(&mut self, id: ConversationId, seq: u32, author: Author, client: Option<u64>) {
        let now = self.now;
        let talk = self.talk(id);
        assert_eq!(seq, talk.seq + 1, "{id}: numbers are contiguous from 1 (D-17)");
        talk.seq = seq;
        if let (Author::Person(sender), Some(client)) = (author, client) {
            let speaker = Speaker::from(sender);
            talk.sent.push((speaker, client, seq, now.wall_ms));
        }
        if let Author::Person(sender) = author {
            self.said_with_bot(id, sender.into());
        }
        let Author::System(code, _) = author else { return };
        if let (SystemCode::AutoClosed, Place::Bot(held)) = (code, self.talks[&id].place) {
            assert!(!held.awaits && self.bots.contains(&held.bot), "{id}: it was the bot's turn: {held:?}");
            self.fires(held.due);
        }
        let talk = self.talk(id);
        match code {
            SystemCode::AssetRemoved if matches!(talk.place, Place::Talk(_)) && !talk.frozen => {
                talk.frozen = true;
            }
            SystemCode::CustomerLost => {
                let due = talk.customer_due.expect("a lost customer was lost");
                self.fires(due);
                self.over(id);
            }
            SystemCode::AssetRemoved
            | SystemCode::AgentEnded
            | SystemCode::BotEnded
            | SystemCode::CustomerEnded
            | SystemCode::SupervisorEnded
            | SystemCode::AutoClosed
            | SystemCode::Disconnected => self.over(id),
            _ => {}
        }
    }

    fn over(&mut self, id: ConversationId) {
        let talk = self.talk(id);
        assert_ne!(talk.place, Place::Over, "{id} ends once");
        let before = talk.place;
        talk.place = Place::Over;
        talk.customer_due = None;
        talk.forget_round();
        if let Place::With { agent, why, .. } = before
            && why != Why::Returned
        {
            self.touch(agent);
        }
    }

    /// Which kind an offer made now must be, and who sent it.
    fn kind_now(&self, talk: &Talk, agent: AgentId) -> (OfferKind, Option<AgentId>) {
        match (talk.asked, talk.place) {
            (Some(asked), _) if asked.target == agent => (asked.kind, Some(asked.sender)),
            (_, Place::With { why: Why::Returned, .. }) => (OfferKind::Returned, talk.sender),
            _ => (talk.next_kind, talk.sender),
        }
    }

    fn offer_made(&mut self, id: ConversationId, agent: AgentId, offer: OfferId, engine: &Engine) {
        let now = self.now;
        self.talk(id).begin_round(now);
        assert!(offer.0 > self.last_offer, "{offer} is not new");
        self.last_offer = offer.0;
        let talk = &self.talks[&id];
        assert_eq!(talk.offer, None, "{id}: one offer at a time");
        let (kind, sender) = match talk.place {
            // The toast of what was accepted by itself.
            Place::Talk(owner) if owner == agent => (talk.toast.expect("opened in this turn"), None),
            _ => self.kind_now(talk, agent),
        };
        let settings = *self.workstream(talk.workstream);
        let template = settings.notify[kind as usize];
        let place = talk.place;
        // What is reserved for her already cannot be assigned again: she is asked.
        let asks = match place {
            Place::Talk(owner) if owner == agent => false,
            Place::With { why: Why::Returned, .. } => template.auto != Auto::Accept,
            _ => template.auto == Auto::None,
        };
        let due = Due::after(self.now, template.timeout_ms);
        if asks {
            assert!(self.has_slot(agent), "{agent} would hold more than ten");
            let load = self.load(agent);
            let used = load.used + load.offered + settings.units;
            let capacity = self.desk.agents[usize::from(agent.0)].capacity;
            assert!(kind == OfferKind::Returned || used <= capacity, "{agent}: {used} of {capacity} units");
        }
        match place {
            Place::Line => {
                let asked = talk.asked.is_some_and(|asked| asked.target == agent);
                assert!(asked || self.decided == Some((id, agent)), "{id}: offered without a decision");
                self.decided = None;
                let units = settings.units;
                let told = false;
                self.given_work(agent);
                let talk = self.talk(id);
                talk.round = None;
                talk.place = match template.auto {
                    Auto::None => Place::Put(agent),
                    _ => Place::With { agent, why: Why::Assigned, told, units },
                };
            }
            Place::With { agent: holder, why: Why::Returned, .. } => {
                assert_eq!(holder, agent, "{id}: returned to another");
                assert!(self.could_return(agent, talk.workstream), "{id}: {agent} may not be asked now");
                assert_eq!(talk.round, None, "{id}: asked again in the same round");
                self.given_work(agent);
            }
            Place::Talk(_) => {
                assert!(talk.asked.is_some() || !asks, "{id}: nobody asked for this");
                if asks {
                    self.given_work(agent);
                }
            }
            other => panic!("{id}: offered while {other:?}"),
        }
        let running =
            Running { conversation: id, kind, agent, asks, shown: false, sender, due, units: settings.units };
        let seen = engine.conversation(id).and_then(|row| row.phase.offer().copied());
        if let Some(seen) = seen.filter(|seen| seen.id == offer) {
            let promised = (seen.kind, seen.agent, seen.asks(), seen.deadline_wall_ms, seen.units);
            assert_eq!(promised, (kind, agent, asks, due.wall, settings.units), "{id}: {offer}");
            if asks {
                assert_eq!(seen.sender, sender, "{id}: who sent {offer}");
            }
        }
        self.talk(id).offer = Some(offer);
        self.offers.insert(offer, running);
    }

    fn offer_closed(
        &mut self,
        act: &Act,
        id: ConversationId,
        agent: AgentId,
        offer: OfferId,
        kind: OfferKind,
        end: OfferEnd,
    ) {
        let running =
            self.offers.remove(&offer).unwrap_or_else(|| panic!("{offer} closed twice or never made"));
        assert_eq!((running.conversation, running.agent, running.kind), (id, agent, kind));
        let up = matches!(end, OfferEnd::Missed | OfferEnd::Undelivered | OfferEnd::Expired);
        if up {
            self.fires(running.due);
        }
        let hers = matches!(act, &Act::Agent(who, _) if who == agent);
        match end {
            OfferEnd::Accepted => {
                let pushed = matches!(act, Act::Agent(..) | Act::Supervisor(..)) && !running.asks;
                assert!(hers || pushed, "{offer} accepted by {act:?}");
            }
            OfferEnd::Rejected => {
                assert!(hers && running.asks, "{offer} rejected by {act:?}");
                assert_eq!(
                    self.desk.reject_enabled,
                    self.agents[usize::from(agent.0)].over == Over::Penalty(BannerKind::Rejected),
                    "rejecting takes {agent} off duty, if the desk says so (S2-35)"
                );
            }
            OfferEnd::Missed => assert!(running.shown && running.asks, "{offer}: {running:?}"),
            OfferEnd::Undelivered => assert!(!running.shown && running.asks, "{offer}: {running:?}"),
            OfferEnd::Expired => assert!(!running.asks, "{offer}: {running:?}"),
            OfferEnd::Withdrawn => {}
        }
        let now = self.now;
        let talk = self.talks.get_mut(&id).expect("an offer of a conversation that is there");
        talk.offer = None;
        let settings = self.desk.workstreams[usize::from(talk.workstream.0)];
        match (talk.place, end) {
            (_, OfferEnd::Accepted) if running.asks => talk.taken = Some(kind),
            (Place::Put(_), OfferEnd::Undelivered) => {
                // Eight minutes after the time-out (S2-31), however late that was seen.
                let late_ms = now.mono_ms - running.due.mono;
                let ms = settings.undelivered_reroute_ms;
                let wall = now.wall_ms + ms as i64 - late_ms as i64;
                let due = Due { mono: running.due.mono + ms, wall, restored: false };
                let why = Why::Undelivered(due);
                talk.place = Place::With { agent, why, told: false, units: settings.units };
            }
            (Place::Put(_), OfferEnd::Rejected | OfferEnd::Missed) => {
                talk.excluded.insert(agent);
                talk.place = Place::Line;
            }
            (Place::Put(_), _) => talk.place = Place::Line,
            (Place::With { why: Why::Returned, .. }, _) if end != OfferEnd::Withdrawn => {
                talk.excluded.insert(agent);
                talk.round = Some(Due::after(now, ROUND_MS));
            }
            _ => {}
        }
    }

    fn opened(&mut self, act: &Act, id: ConversationId, agent: AgentId) {
        let talk = self.talk(id);
        if let Place::With { agent: holder, told, .. } = &mut talk.place
            && *holder == agent
            && !*told
        {
            *told = true;
            return;
        }
        let (place, asked, workstream) = (talk.place, talk.asked, talk.workstream);
        let by_hand = match *act {
            Act::Agent(who, AgentVerb::Pickup(_) | AgentVerb::Accept(_)) => who == agent,
            Act::Revive { cause: RevivalCause::PickedUp(who), .. } => who == agent,
            _ => false,
        };
        let by_itself =
            |kind: OfferKind| self.workstream(workstream).notify[kind as usize].auto != Auto::None;
        let kind = self.kind_now(&self.talks[&id], agent).0;
        let wanted = match place {
            Place::Line => {
                by_hand || by_itself(kind) && (self.decided == Some((id, agent)) || asked.is_some())
            }
            Place::Put(target) => by_hand && target == agent,
            Place::With { agent: holder, why: Why::Returned, .. } => {
                holder == agent && (by_hand || by_itself(OfferKind::Returned))
            }
            Place::With { agent: holder, .. } => by_hand && holder == agent,
            Place::Talk(_) => by_hand || asked.is_some() && by_itself(kind),
            Place::Over | Place::Bot(_) => false,
        };
        assert!(wanted, "{id}: opened for {agent} while {place:?}");
        let units = self.workstream(workstream).units;
        let talk = self.talk(id);
        let why = talk.taken.or(asked.map(|asked| asked.kind));
        let guest = matches!(place, Place::Talk(_)) && why == Some(OfferKind::Conference);
        let part = if guest { Part::Guest } else { Part::Owner };
        talk.held.retain(|held| held.agent != agent);
        if !guest {
            assert!(!talk.held.iter().any(|held| held.part == Part::Owner), "{id}: a second owner");
            talk.toast = Some(kind);
            talk.place = Place::Talk(agent);
            talk.forget_round();
        }
        talk.held.push(Held { agent, part, units, slot: true });
        if self.decided == Some((id, agent)) {
            self.decided = None;
        }
        self.given_work(agent);
        self.work_changed(agent);
        assert!(self.load(agent).slots <= TEN, "{agent} holds more than ten (S2-32)");
    }

    /// A part went to wrap-up, or one of two things she held of it is gone and the other stays.
    fn session_changed(&mut self, id: ConversationId, agent: AgentId, reason: SessionReason) {
        let now = self.now;
        let settings = *self.workstream(self.talks[&id].workstream);
        let talk = self.talk(id);
        if talk.wrapped.take() == Some(agent) {
            talk.held.retain(|held| held.agent != agent);
            self.touch(agent);
            return self.work_changed(agent);
        }
        let held = talk.held.iter_mut().find(|held| held.agent == agent).expect("something of it is hers");
        if matches!(held.part, Part::WrapUp(_)) {
            let over = talk.place == Place::Over;
            let gone = self.reservation_gone(id, agent, reason);
            assert!(gone || over, "{id}: nothing of {agent}'s changed");
            return;
        }
        let deadline = settings.wrapup_deadline_ms;
        held.part = Part::WrapUp((deadline > 0).then(|| Due::after(now, deadline)));
        if !settings.wrapup_keeps_capacity {
            (held.units, held.slot) = (0, false);
            self.touch(agent);
        }
        self.work_changed(agent);
    }

    fn session_closed(&mut self, id: ConversationId, agent: AgentId, reason: SessionReason) {
        let talk = self.talk(id);
        let before = talk.held.len();
        talk.held.retain(|held| held.agent != agent);
        let had_part = talk.held.len() < before;
        if !self.reservation_gone(id, agent, reason) {
            self.owner_gone(id, agent, reason);
        }
        if had_part {
            self.touch(agent);
            self.work_changed(agent);
        }
    }

    /// What stood with her goes back to its line; who let eight minutes pass is not asked again at once.
    fn reservation_gone(&mut self, id: ConversationId, agent: AgentId, reason: SessionReason) -> bool {
        let now = self.now;
        let talk = self.talk(id);
        let Place::With { agent: holder, why, .. } = talk.place else { return false };
        if holder != agent {
            return false;
        }
        if let Why::Undelivered(due) = why
            && reason == SessionReason::Rerouted
            && due.mono <= now.mono_ms
        {
            talk.excluded.insert(agent);
        }
        talk.place = Place::Line;
        if why != Why::Returned {
            self.touch(agent);
        }
        true
    }

    fn owner_gone(&mut self, id: ConversationId, agent: AgentId, reason: SessionReason) {
        // Who left the desk altogether keeps nothing.
        let lost = reason == SessionReason::AgentLost && self.is_employed(agent);
        let talk = self.talk(id);
        if talk.place != Place::Talk(agent) {
            return;
        }
        assert!(!(lost && talk.stays_hers()), "{id} is taken from {agent} on the telephone: {talk:?}");
        let heir = talk.guests().next();
        match (reason, heir) {
            (SessionReason::Transferred, _) => {}
            (_, Some(heir)) => {
                talk.place = Place::Talk(heir);
                let heirs = talk.held.iter_mut().filter(|held| held.agent == heir);
                heirs.for_each(|held| held.part = Part::Owner);
            }
            _ => talk.place = Place::Line,
        }
    }

    fn wrapped_up(&mut self, act: &Act, id: ConversationId, agent: AgentId, by_deadline: bool) {
        let talk = self.talk(id);
        let Some(Part::WrapUp(_)) = talk.of(agent).map(|held| held.part) else {
            panic!("{id}: wrapped up by {agent}, who had nothing to wrap up")
        };
        let hers = matches!(act, &Act::Agent(who, AgentVerb::WrapUp { .. }) if who == agent);
        assert_eq!(hers, !by_deadline);
        talk.wrapped = Some(agent);
    }

    fn set_aside(&mut self, handle: Handle, agent: AgentId, engine: &Engine) {
        let row = engine.view(handle).expect("readable until the next input");
        let mut talk = self.talks.remove(&row.id).expect("parked once");
        assert_eq!(talk.place, Place::Talk(agent), "{}: parked by its owner", talk.id);
        assert_eq!(talk.mode, deskbell::engine::settings::Mode::Persistent, "only persistent ones wait");
        assert_eq!(talk.offer, None);
        talk.held.retain(|held| held.agent != agent);
        assert!(talk.held.is_empty(), "{}: waits while somebody still holds it (S0-13)", talk.id);
        self.parked.insert(row.id, Parked { seed: seed_of(row), agent, sent: talk.sent });
        self.touch(agent);
        self.work_changed(agent);
    }

    fn closed(&mut self, id: ConversationId) {
        let talk = self.talks.remove(&id).expect("closed once");
        assert_eq!(talk.place, Place::Over, "{id} closed without an end");
        assert!(talk.held.is_empty() && talk.offer.is_none(), "{id} closed while held: {talk:?}");
    }

    fn banner(&mut self, agent: AgentId, kind: BannerKind, effects: &[Effect]) {
        let before = self.agents[usize::from(agent.0)].over;
        let closed = |wanted: &[OfferKind]| {
            effects.iter().any(|effect| {
                matches!(effect, Effect::OfferClosed { kind, end, .. }
                    if wanted.contains(kind) && !matches!(end, OfferEnd::Accepted | OfferEnd::Expired))
            })
        };
        match kind {
            BannerKind::TransferRefused => {
                assert!(closed(&[OfferKind::Transfer, OfferKind::Escalation]), "what was refused?");
            }
            BannerKind::ConferenceRefused => assert!(closed(&[OfferKind::Conference]), "who refused?"),
            BannerKind::MaxSessions => {
                assert_eq!(
                    self.load(agent).slots,
                    TEN,
                    "{agent} is off duty for ten she does not hold (S2-33)"
                );
                self.capped.push((agent, before));
            }
            _ => {}
        }
        let row = &mut self.agents[usize::from(agent.0)];
        row.banners.insert(kind.bit());
        if matches!(kind, BannerKind::Missed | BannerKind::Rejected | BannerKind::MaxSessions) {
            row.over = Over::Penalty(kind);
        }
    }
}
