//! Closing time: everybody comes in, everything is answered, and nothing may be left over.

use deskbell::engine::effect::SessionReason;
use deskbell::engine::id::{AgentId, PresenceId, ReasonId, WorkstreamId};
use deskbell::engine::input::{AgentVerb, BotVerb, RevivalCause, SupervisorVerb, WrapUp};
use deskbell::engine::presence::Status;

use crate::act::Act;
use crate::shadow::{Link, Part, Place};
use crate::world::World;

impl World {
    /// Drains the desk in the way its people would; what only a supervisor can end, she ends.
    pub(crate) fn close_the_day(&mut self) {
        self.settle();
        for round in 0..400 {
            self.settle();
            if self.shadow.talks.is_empty() && self.shadow.parked.is_empty() {
                break;
            }
            self.everybody_in();
            self.answer_offers();
            self.finish_talks(round > 300);
            self.unpark_all();
            self.wait(31_000);
        }
        let left: Vec<_> = self.shadow.talks.values().collect();
        assert!(left.is_empty(), "left over after closing time: {left:?}");
        for agent in self.shadow.agent_ids() {
            self.act(Act::SignOut(agent));
        }
        self.wait(600_000);
        self.act(Act::Tick);
        assert_eq!(self.engine.occupancy().0, 0, "rows left over");
        assert_eq!(self.engine.next_deadline(), None, "timers left over");
        assert!(self.store.conversations.is_empty(), "records left over");
        assert!(self.shadow.offers.is_empty(), "offers left over: {:?}", self.shadow.offers);
        for agent in self.shadow.agent_ids() {
            let row = self.engine.agent(agent).expect("a row for each agent");
            assert!(row.open.is_empty() && row.offers.is_empty(), "{agent} holds something: {row:?}");
            assert_eq!((row.used_units, row.offered_units), (0, 0), "{agent} has units of nothing");
        }
    }

    /// Opens, brings everybody in and makes them available.
    pub(crate) fn everybody_in(&mut self) {
        for at in 0..self.shadow.desk.workstreams.len() {
            if !self.shadow.desk.workstreams[at].open {
                self.act(Act::Hours(WorkstreamId(at as u16), true));
            }
        }
        for agent in self.shadow.agent_ids() {
            if !self.shadow.is_employed(agent) {
                continue;
            }
            if self.shadow.agents[usize::from(agent.0)].link != Link::Online {
                self.act(Act::Online(agent));
            }
            if self.shadow.presence(agent).1 != Status::Available {
                self.act(Act::Agent(agent, AgentVerb::Presence(PresenceId(0))));
            }
            self.settle();
        }
    }

    fn answer_offers(&mut self) {
        for offer in self.shadow.offers.keys().copied().collect::<Vec<_>>() {
            if let Some(running) = self.shadow.offers.get(&offer).copied() {
                self.act(Act::Agent(running.agent, AgentVerb::Accept(offer)));
                self.settle();
            }
        }
    }

    /// By the third hundred rounds the supervisor steps in: a queue may have nobody who could ever take it.
    fn finish_talks(&mut self, by_force: bool) {
        for id in self.shadow.talks.keys().copied().collect::<Vec<_>>() {
            let Some(talk) = self.shadow.talks.get(&id).cloned() else { continue };
            let verb = match talk.place {
                Place::Talk(owner) if self.online(owner) => Some((owner, AgentVerb::End(id))),
                Place::With { agent, .. } if self.online(agent) => Some((agent, AgentVerb::Pickup(id))),
                _ => None,
            };
            if let Place::Bot(held) = talk.place {
                self.act(Act::Bot(held.bot, BotVerb::End(id)));
            } else if let Some((agent, verb)) = verb {
                self.act(Act::Agent(agent, verb));
            } else if by_force && talk.place != Place::Over {
                self.act(Act::Supervisor(AgentId(0), SupervisorVerb::ForceEnd(id)));
            }
            let Some(talk) = self.shadow.talks.get(&id).cloned() else { continue };
            for held in talk.held {
                if matches!(held.part, Part::WrapUp(_)) && self.online(held.agent) {
                    let wrapup = WrapUp { reason: Some(ReasonId(0)), comment: None };
                    self.act(Act::Agent(held.agent, AgentVerb::WrapUp { conversation: id, wrapup }));
                }
            }
        }
    }

    fn unpark_all(&mut self) {
        for id in self.shadow.parked.keys().copied().collect::<Vec<_>>() {
            let cause = RevivalCause::Closed(SessionReason::AutoClosed);
            self.act(Act::Revive { id, cause });
            self.settle();
        }
    }

    fn online(&self, agent: AgentId) -> bool {
        self.shadow.agents[usize::from(agent.0)].link == Link::Online
    }
}
