//! The one answer each request must get, by the contract.

use deskbell::engine::effect::{Answer, BannerKind};
use deskbell::engine::id::{AgentId, ConversationId};
use deskbell::engine::input::{AgentVerb, CustomerVerb, RevivalCause, SupervisorVerb, Target};
use deskbell::engine::presence::Status;
use deskbell::engine::refusal::Refusal;
use deskbell::engine::settings::{Distribution, Mode, WrapUpRule};

use crate::act::Act;
use crate::shadow::{Part, Place, Shadow, Speaker, TEN, Talk, Why};

/// Parts of one conversation, and speakers whose names it keeps.
const PARTS: usize = 6;

type Verdict = Result<Answer, Refusal>;

impl Shadow {
    /// What the answer must be; `None` where the contract leaves it open.
    pub(crate) fn expect(&self, act: &Act) -> Option<Answer> {
        if !act.asks() {
            return None;
        }
        let verdict = match act {
            &Act::Agent(agent, _) if usize::from(agent.0) >= self.agents.len() => Err(Refusal::NotFound),
            &Act::Agent(agent, verb) => self.expect_agent(agent, verb)?,
            &Act::Customer(id, verb) => self.expect_customer(id, verb),
            &Act::Bot(bot, verb) => self.expect_bot(bot, verb)?,
            &Act::Supervisor(_, verb) => self.expect_supervisor(verb),
            Act::Arrival(arrival) => match self.desk.workstreams.get(usize::from(arrival.workstream.0)) {
                Some(row) if row.present => {
                    if row.mode == Mode::Live && !row.open && !arrival.left {
                        Err(Refusal::ClosedHours)
                    } else if self.is_full() {
                        Err(Refusal::Full)
                    } else {
                        Ok(Answer::Started(arrival.conversation))
                    }
                }
                _ => Err(Refusal::NotFound),
            },
            Act::Revive { .. } => self.expect_revival(act)?,
            _ => return None,
        };
        Some(verdict.unwrap_or_else(Answer::Refused))
    }

    fn is_full(&self) -> bool {
        self.talks.len() >= self.capacity.conversations as usize
    }

    fn expect_revival(&self, act: &Act) -> Option<Verdict> {
        let &Act::Revive { id, cause } = act else { return None };
        let seed = &self.parked[&id].seed;
        let workstream = seed.workstream;
        let gone = !self.workstream(workstream).present;
        Some(match cause {
            _ if gone && !matches!(cause, RevivalCause::Closed(_)) => Err(Refusal::NotFound),
            RevivalCause::PickedUp(agent) if !self.has_slot(agent) => Err(Refusal::NotAllowed),
            RevivalCause::Assigned { to: Target::Agent(agent), .. }
                if !self.could_take(agent, workstream) =>
            {
                Err(Refusal::Unavailable)
            }
            RevivalCause::Assigned { to: Target::Queue(queue), .. } if !self.has_queue(queue) => {
                Err(Refusal::NotFound)
            }
            _ if self.is_full() => Err(Refusal::Full),
            // The note that the customer is back stands before her message.
            RevivalCause::Returned { .. } => {
                Ok(Answer::Stored { seq: seed.last_seq + 2, at_wall_ms: self.now.wall_ms })
            }
            _ => Ok(Answer::Done),
        })
    }

    /// The conversation she owns and talks in.
    fn own(&self, agent: AgentId, id: ConversationId) -> Result<&Talk, Refusal> {
        let talk = self.talk_of(agent, id)?;
        match talk.of(agent).map(|held| held.part) {
            Some(Part::Owner) => Ok(talk),
            _ => Err(Refusal::Forbidden),
        }
    }

    fn talk_of(&self, agent: AgentId, id: ConversationId) -> Result<&Talk, Refusal> {
        let talk = self.talks.get(&id).ok_or(Refusal::NotFound)?;
        match talk.of(agent).map(|held| held.part) {
            Some(Part::Owner | Part::Guest) => Ok(talk),
            Some(Part::WrapUp(_)) => Err(Refusal::Stale),
            None => Err(Refusal::NotFound),
        }
    }

    fn expect_agent(&self, agent: AgentId, verb: AgentVerb) -> Option<Verdict> {
        let allowed =
            |talk: &Talk, may: bool| if may && !talk.frozen { Ok(()) } else { Err(Refusal::NotAllowed) };
        let done = |checked: Result<(), Refusal>| checked.map(|()| Answer::Done);
        Some(match verb {
            AgentVerb::Presence(id) => match self.desk.presences.get(usize::from(id.0)) {
                None => Err(Refusal::BadRequest),
                Some(Status::Inactive) => Err(Refusal::NotAllowed),
                Some(_) => Ok(Answer::Done),
            },
            AgentVerb::Shown(offer) | AgentVerb::Accept(offer) => {
                match self.offers.get(&offer).is_some_and(|running| running.agent == agent) {
                    true => Ok(Answer::Done),
                    false => Err(Refusal::Stale),
                }
            }
            AgentVerb::Reject(offer) => match self.offers.get(&offer) {
                Some(running) if running.agent == agent => {
                    let talk = &self.talks[&running.conversation];
                    let template = self.workstream(talk.workstream).notify[running.kind as usize];
                    let may = running.asks && template.can_reject;
                    if may { Ok(Answer::Done) } else { Err(Refusal::NotAllowed) }
                }
                _ => Err(Refusal::Stale),
            },
            AgentVerb::Pickup(id) => done(self.expect_pickup(agent, id)),
            AgentVerb::Message { conversation, client, .. } => {
                return self.expect_said(agent, conversation, client);
            }
            AgentVerb::Park(id) => {
                done(self.own(agent, id).and_then(|talk| allowed(talk, talk.mode == Mode::Persistent)))
            }
            AgentVerb::Release(id) => {
                done(self.own(agent, id).and_then(|talk| allowed(talk, talk.mode == Mode::Live)))
            }
            AgentVerb::Transfer { conversation, to } => {
                done(self.own(agent, conversation).and_then(|talk| {
                    allowed(talk, !self.is_asking(talk))?;
                    match to {
                        Target::Agent(target) => self.expect_target(talk, agent, target),
                        Target::Queue(queue) => self.expect_queue(talk, agent, queue),
                    }
                }))
            }
            AgentVerb::Escalate { conversation, queue } => {
                done(self.own(agent, conversation).and_then(|talk| {
                    allowed(talk, !self.is_asking(talk))?;
                    self.expect_queue(talk, agent, queue)
                }))
            }
            AgentVerb::Conference { conversation, agent: guest } => {
                done(self.own(agent, conversation).and_then(|talk| {
                    allowed(talk, !self.is_asking(talk))?;
                    self.expect_target(talk, agent, guest)?;
                    if talk.guests().count() + 1 >= PARTS { Err(Refusal::Full) } else { Ok(()) }
                }))
            }
            AgentVerb::EndConference(id) => done(self.own(agent, id).and_then(|talk| {
                if talk.guests().next().is_some() { Ok(()) } else { Err(Refusal::NotAllowed) }
            })),
            AgentVerb::Leave(id) => done(self.talk_of(agent, id).and_then(|talk| {
                if talk.guests().any(|guest| guest == agent) { Ok(()) } else { Err(Refusal::NotAllowed) }
            })),
            AgentVerb::End(id) => done(self.own(agent, id).map(|_| ())),
            AgentVerb::WrapUp { conversation, wrapup } => {
                let talk = self.talks.get(&conversation);
                match talk.and_then(|talk| talk.of(agent).map(|held| (talk, held.part))) {
                    None => Err(Refusal::NotFound),
                    Some((talk, Part::WrapUp(_))) => {
                        let rule = self.workstream(talk.workstream).wrapup;
                        let lacks = rule == WrapUpRule::Required && wrapup.reason.is_none();
                        if lacks { Err(Refusal::BadRequest) } else { Ok(Answer::Done) }
                    }
                    Some(_) => Err(Refusal::NotAllowed),
                }
            }
            AgentVerb::BannerReset(kind) => {
                if !self.agents[usize::from(agent.0)].banners.contains(&kind.bit()) {
                    Err(Refusal::NotFound)
                } else if kind == BannerKind::MaxSessions && self.load(agent).slots >= TEN {
                    Err(Refusal::NotAllowed)
                } else {
                    Ok(Answer::Done)
                }
            }
        })
    }

    pub(crate) fn is_asking(&self, talk: &Talk) -> bool {
        talk.offer.is_some_and(|offer| self.offers[&offer].asks)
    }

    fn expect_pickup(&self, agent: AgentId, id: ConversationId) -> Result<(), Refusal> {
        let talk = self.talks.get(&id).ok_or(Refusal::NotFound)?;
        let queue = &self.desk.queues[usize::from(talk.queue.0)];
        let needs_slot = match talk.place {
            Place::With { agent: holder, why, .. } if holder == agent => {
                why == Why::Returned && talk.offer.is_none()
            }
            Place::Put(target) if target == agent => false,
            Place::Line if queue.distribution == Distribution::Pick && queue.members.contains(&agent) => true,
            _ if talk.of(agent).is_some() => return Err(Refusal::NotAllowed),
            _ => return Err(Refusal::NotFound),
        };
        if needs_slot && !self.has_slot(agent) { Err(Refusal::NotAllowed) } else { Ok(()) }
    }

    /// The first answer again when the name is known (D-17). Names of more speakers than a conversation has
    /// parts need not be kept.
    fn expect_said(&self, agent: AgentId, id: ConversationId, client: u64) -> Option<Verdict> {
        let Some(talk) = self.talks.get(&id) else { return Some(Err(Refusal::NotFound)) };
        let Some(held) = talk.of(agent) else { return Some(Err(Refusal::NotFound)) };
        if let Some(stored) = self.said_before(talk, Speaker::Agent(agent), client) {
            return if talk.speakers() > PARTS { None } else { Some(Ok(stored)) };
        }
        Some(match held.part {
            Part::WrapUp(_) => Err(Refusal::Stale),
            _ if talk.frozen => Err(Refusal::NotAllowed),
            _ => Ok(Answer::Stored { seq: talk.seq + 1, at_wall_ms: self.now.wall_ms }),
        })
    }

    fn said_before(&self, talk: &Talk, speaker: Speaker, client: u64) -> Option<Answer> {
        let found = talk.sent.iter().find(|sent| sent.0 == speaker && sent.1 == client)?;
        Some(Answer::Stored { seq: found.2, at_wall_ms: found.3 })
    }

    fn expect_target(&self, talk: &Talk, agent: AgentId, target: AgentId) -> Result<(), Refusal> {
        if target == agent {
            Err(Refusal::BadRequest)
        } else if !self.is_employed(target) {
            Err(Refusal::NotFound)
        } else if talk.in_talk(target) {
            Err(Refusal::NotAllowed)
        } else if self.could_take(target, talk.workstream) {
            Ok(())
        } else {
            Err(Refusal::Unavailable)
        }
    }

    fn expect_queue(
        &self,
        talk: &Talk,
        agent: AgentId,
        queue: deskbell::engine::id::QueueId,
    ) -> Result<(), Refusal> {
        if !self.has_queue(queue) {
            return Err(Refusal::NotFound);
        }
        let members = &self.desk.queues[usize::from(queue.0)].members;
        let anybody =
            members.iter().any(|&member| member != agent && self.could_take(member, talk.workstream));
        if anybody { Ok(()) } else { Err(Refusal::Unavailable) }
    }

    fn expect_customer(&self, id: ConversationId, verb: CustomerVerb) -> Verdict {
        let talk = self.talks.get(&id).ok_or(Refusal::NotFound)?;
        match verb {
            CustomerVerb::Message { client, .. } => {
                if let Some(stored) = self.said_before(talk, Speaker::Customer, client) {
                    return Ok(stored);
                }
                match talk.place {
                    Place::Over => Err(Refusal::Stale),
                    _ if talk.frozen => Err(Refusal::NotAllowed),
                    _ => Ok(Answer::Stored { seq: talk.seq + 1, at_wall_ms: self.now.wall_ms }),
                }
            }
            CustomerVerb::End if talk.place == Place::Over => Err(Refusal::Stale),
            CustomerVerb::End if talk.mode == Mode::Persistent => Err(Refusal::NotAllowed),
            _ => Ok(Answer::Done),
        }
    }

    fn expect_supervisor(&self, verb: SupervisorVerb) -> Verdict {
        match verb {
            SupervisorVerb::ResetPresence { agent, .. } if !self.is_employed(agent) => Err(Refusal::NotFound),
            SupervisorVerb::ResetPresence { status: Status::Inactive, .. } => Err(Refusal::NotAllowed),
            SupervisorVerb::ResetPresence { .. } => Ok(Answer::Done),
            SupervisorVerb::ForceEnd(id) => match self.talks.get(&id).ok_or(Refusal::NotFound)?.place {
                Place::Over => Err(Refusal::Stale),
                _ => Ok(Answer::Done),
            },
            SupervisorVerb::Assign { conversation, to } => {
                let talk = self.talks.get(&conversation).ok_or(Refusal::NotFound)?;
                if talk.place == Place::Over {
                    return Err(Refusal::Stale);
                }
                if talk.frozen {
                    return Err(Refusal::NotAllowed);
                }
                match to {
                    Target::Queue(queue) if !self.has_queue(queue) => Err(Refusal::NotFound),
                    Target::Agent(agent) if !self.is_employed(agent) => Err(Refusal::NotFound),
                    Target::Agent(agent) if talk.in_talk(agent) => Err(Refusal::NotAllowed),
                    Target::Agent(agent) if !self.could_take(agent, talk.workstream) => {
                        Err(Refusal::Unavailable)
                    }
                    _ => Ok(Answer::Done),
                }
            }
        }
    }
}
