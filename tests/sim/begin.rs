//! What an accepted request means by itself, before the engine's effects are read.

use deskbell::engine::id::{AgentId, ConversationId, QueueId};
use deskbell::engine::input::{AgentVerb, CustomerVerb, RevivalCause, SupervisorVerb, Target};
use deskbell::engine::settings::{Mode, OfferKind};

use crate::act::{Act, Parked};
use crate::shadow::{Asked, Due, Link, Over, Place, Shadow, Talk, Why};

impl Shadow {
    /// What the act itself says, before its effects. `done`: it was not refused.
    pub(crate) fn begin(&mut self, act: &Act, done: bool) {
        self.turn += 1;
        self.ticking = done && matches!(act, Act::Tick);
        self.fired_ms = 0;
        self.capped.clear();
        for talk in self.talks.values_mut() {
            (talk.asked, talk.taken, talk.wrapped) = (None, None, None);
        }
        if !done {
            return;
        }
        match act {
            Act::Tick => self.begin_tick(),
            &Act::WallMoved { spare_restored } => self.wall_moved(spare_restored),
            Act::DownTime => self.down_time_counts(),
            &Act::Agent(agent, verb) => self.begin_agent(agent, verb),
            &Act::Customer(id, CustomerVerb::Lost) => {
                let now = self.now;
                let Some(talk) = self.talks.get(&id) else { return };
                let ms = self.workstream(talk.workstream).customer_lost_ms;
                let waits = talk.mode == Mode::Live && talk.place != Place::Over && !talk.left;
                if waits && talk.customer_due.is_none() {
                    self.talk(id).customer_due = Some(Due::after(now, ms));
                }
            }
            &Act::Customer(id, CustomerVerb::Back) => {
                if let Some(talk) = self.talks.get_mut(&id) {
                    talk.customer_due = None;
                }
            }
            &Act::Supervisor(_, SupervisorVerb::ResetPresence { agent, status }) => {
                self.agents[usize::from(agent.0)].over = Over::Supervisor(status);
            }
            &Act::Supervisor(by, SupervisorVerb::Assign { conversation, to }) => {
                self.assign(conversation, by, to)
            }
            &Act::Arrival(arrival) => {
                let settings = self.workstream(arrival.workstream);
                let (mode, queue, bot) = (settings.mode, settings.queue, settings.bot);
                let queue = arrival.queue.filter(|&queue| self.has_queue(queue)).unwrap_or(queue);
                let talk = Talk {
                    id: arrival.conversation,
                    workstream: arrival.workstream,
                    queue,
                    kind: arrival.kind,
                    mode,
                    arrived: self.now.wall_ms,
                    place: self.place_of_arrival(bot, arrival.left),
                    offer: None,
                    held: Vec::new(),
                    seq: 0,
                    excluded: Default::default(),
                    round: None,
                    next_kind: OfferKind::Incoming,
                    sender: None,
                    preferred: arrival.preferred,
                    customer_due: None,
                    frozen: false,
                    left: arrival.left,
                    asked: None,
                    taken: None,
                    toast: None,
                    wrapped: None,
                    sent: Vec::new(),
                };
                self.talks.insert(talk.id, talk);
            }
            &Act::Revive { id, cause } => self.begin_revival(id, cause),
            &Act::Online(agent) => {
                let turn = self.turn;
                let row = &mut self.agents[usize::from(agent.0)];
                if row.link == Link::SignedOut {
                    row.idle = turn;
                    if !matches!(row.over, Over::Penalty(_)) {
                        row.over = Over::Load;
                    }
                }
                row.link = Link::Online;
            }
            &Act::Lost(agent) => {
                let due = Due::after(self.now, self.desk.agents[usize::from(agent.0)].lost_ms);
                let row = &mut self.agents[usize::from(agent.0)];
                if row.link == Link::Online {
                    row.link = Link::Lost(due);
                }
            }
            &Act::SignOut(agent) => self.agents[usize::from(agent.0)].link = Link::SignedOut,
            &Act::Hours(workstream, open) => self.desk.workstreams[usize::from(workstream.0)].open = open,
            Act::BotOnline(_) | Act::BotLost(_) => self.begin_bot(act),
            Act::Desk(desk) => {
                self.desk = desk.clone();
                self.renewing = true;
                for agent in self.agent_ids().filter(|&agent| !self.is_employed(agent)).collect::<Vec<_>>() {
                    self.agents[usize::from(agent.0)].link = Link::SignedOut;
                }
            }
            _ => {}
        }
    }

    fn begin_tick(&mut self) {
        let now = self.now.mono_ms;
        for row in &mut self.agents {
            if matches!(row.link, Link::Lost(due) if due.mono <= now) {
                row.link = Link::SignedOut;
            }
        }
    }

    fn begin_agent(&mut self, agent: AgentId, verb: AgentVerb) {
        match verb {
            AgentVerb::Presence(presence) => self.agents[usize::from(agent.0)].over = Over::Manual(presence),
            AgentVerb::Shown(offer) => {
                self.offers.get_mut(&offer).expect("answered as running").shown = true;
            }
            AgentVerb::BannerReset(kind) => {
                let row = &mut self.agents[usize::from(agent.0)];
                if row.over == Over::Penalty(kind) {
                    row.over = Over::Load;
                }
            }
            AgentVerb::Release(id) => {
                let talk = self.talk(id);
                talk.place = Place::Line;
                talk.excluded.insert(agent);
            }
            AgentVerb::Transfer { conversation, to: Target::Queue(queue) } => {
                self.sent_to_queue(conversation, agent, queue, OfferKind::Transfer);
            }
            AgentVerb::Escalate { conversation, queue } => {
                self.sent_to_queue(conversation, agent, queue, OfferKind::Escalation);
            }
            AgentVerb::Transfer { conversation, to: Target::Agent(target) } => {
                self.talk(conversation).asked =
                    Some(Asked { kind: OfferKind::Transfer, sender: agent, target });
            }
            AgentVerb::Conference { conversation, agent: target } => {
                self.talk(conversation).asked =
                    Some(Asked { kind: OfferKind::Conference, sender: agent, target });
            }
            _ => {}
        }
    }

    /// To a queue it goes at once; its owner is left out of the round (D-9).
    fn sent_to_queue(&mut self, id: ConversationId, sender: AgentId, queue: QueueId, kind: OfferKind) {
        let talk = self.talk(id);
        if let Place::Talk(owner) = talk.place {
            talk.excluded = [owner].into();
            talk.place = Place::Line;
        }
        (talk.queue, talk.next_kind, talk.sender) = (queue, kind, Some(sender));
    }

    fn assign(&mut self, id: ConversationId, by: AgentId, to: Target) {
        match to {
            Target::Queue(queue) => self.sent_to_queue(id, by, queue, OfferKind::Assigned),
            Target::Agent(target) => {
                let talk = self.talk(id);
                talk.asked = Some(Asked { kind: OfferKind::Assigned, sender: by, target });
                if !matches!(talk.place, Place::Talk(_)) {
                    talk.sender = Some(by);
                }
            }
        }
    }

    fn begin_revival(&mut self, id: ConversationId, cause: RevivalCause) {
        let Parked { seed, agent, sent } = self.parked.remove(&id).expect("answered as parked");
        let stays = self.workstream(seed.workstream).keep_same_agent && self.is_employed(agent);
        let place = match cause {
            RevivalCause::Returned { .. } if stays => {
                Place::With { agent, why: Why::Returned, told: false, units: 0 }
            }
            _ => Place::Line,
        };
        let home = self.workstream(seed.workstream).queue;
        let talk = Talk {
            id,
            workstream: seed.workstream,
            queue: if self.has_queue(seed.queue) { seed.queue } else { home },
            kind: seed.kind,
            mode: seed.mode,
            arrived: self.now.wall_ms,
            place,
            offer: None,
            held: Vec::new(),
            seq: seed.last_seq,
            excluded: Default::default(),
            round: None,
            next_kind: OfferKind::Incoming,
            sender: None,
            preferred: None,
            customer_due: None,
            frozen: false,
            left: seed.left,
            asked: None,
            taken: None,
            toast: None,
            wrapped: None,
            sent,
        };
        self.talks.insert(id, talk);
        if let RevivalCause::Assigned { by, to } = cause {
            self.assign(id, by, to);
        }
    }

    pub(crate) fn talk(&mut self, id: ConversationId) -> &mut Talk {
        self.talks.get_mut(&id).unwrap_or_else(|| panic!("{id} is over, and something still happens to it"))
    }
}
