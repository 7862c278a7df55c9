//! A conversation between the engine's table and the store: rows become names, and names rows again.
//!
//! A name whose row cannot be made again (the tables are smaller than they were) leaves what it stood for
//! out: an agent who is not there loses her session, and the conversation goes back to its line.

use super::names::Names;
use super::records::{Held, Live, LiveBot, LiveHold, LiveOffer, LivePhase, LiveSession};
use crate::engine::conversation::{
    BotTalk, Conversation, Hold, Offer, Phase, Role, Seed, SeedOffer, SeedPhase, SeedSession, SessionState,
};
use crate::engine::effect::SessionReason;
use crate::engine::id::{AgentId, BotId, ConversationId, OfferId, PresenceId, QueueId, WorkstreamId};
use crate::engine::presence::{Override, Penalty, Status};
use crate::engine::settings::{Auto, Mode, OfferKind, WorkItemKind};

/// The record of a conversation as the engine has it.
pub fn record(conversation: &Conversation, names: &Names) -> Live {
    let agent = |id: AgentId| agent_name(names, id);
    Live {
        workstream: row_name(&names.workstreams, conversation.workstream.0),
        queue: row_name(&names.queues, conversation.queue.0),
        kind: kind_name(conversation.kind).to_owned(),
        persistent: conversation.mode == Mode::Persistent,
        arrived_ms: conversation.arrived_wall_ms,
        phase: phase_record(&conversation.phase, names),
        last_seq: conversation.last_seq,
        sessions: conversation
            .sessions
            .iter()
            .map(|session| LiveSession {
                agent: agent(session.agent),
                owner: session.role == Role::Owner,
                wrap_up: match session.state {
                    SessionState::Active => None,
                    SessionState::WrapUp { deadline_wall_ms } => Some(deadline_wall_ms),
                },
                since_ms: session.since_wall_ms,
                units: session.units,
            })
            .collect(),
        excluded: conversation.excluded.iter().map(agent).collect(),
        offer_kind: conversation.offer_kind as u8,
        sender: conversation.sender.map(agent),
        preferred: conversation.preferred.map(agent),
        round_ms: conversation.round_wall_ms,
        customer_lost_ms: conversation.customer_lost_wall_ms,
        frozen: conversation.frozen,
        left: conversation.left,
        conference: conversation.conference,
    }
}

/// What the engine needs to go on with it; `None` when its workstream or queue finds no row.
pub fn seed(id: u64, live: &Live, names: &mut Names) -> Option<Seed> {
    let workstream = WorkstreamId(names.workstreams.intern(&live.workstream)?);
    let queue = QueueId(names.queues.intern(&live.queue)?);
    let agent = |names: &mut Names, username: &str| names.agents.intern(username).map(AgentId);
    let mut sessions = Vec::with_capacity(live.sessions.len());
    for session in &live.sessions {
        let Some(row) = agent(names, &session.agent) else { continue };
        sessions.push(SeedSession {
            agent: row,
            role: if session.owner { Role::Owner } else { Role::Participant },
            state: match session.wrap_up {
                None => SessionState::Active,
                Some(deadline_wall_ms) => SessionState::WrapUp { deadline_wall_ms },
            },
            since_wall_ms: session.since_ms,
            units: session.units,
        });
    }
    let phase = match &live.phase {
        LivePhase::Queued => SeedPhase::Queued,
        LivePhase::Offered(offer) => match seed_offer(offer, names) {
            Some(offer) => SeedPhase::Offered(offer),
            None => SeedPhase::Queued,
        },
        LivePhase::Reserved { agent: username, hold, offer } => match agent(names, username) {
            Some(agent) => SeedPhase::Reserved {
                agent,
                hold: match *hold {
                    LiveHold::Undelivered(reroute_wall_ms) => Hold::Undelivered { reroute_wall_ms },
                    LiveHold::Assigned => Hold::Assigned,
                    LiveHold::Returned => Hold::Returned,
                },
                offer: offer.as_ref().and_then(|offer| seed_offer(offer, names)),
            },
            None => SeedPhase::Queued,
        },
        LivePhase::Active { owner, offer } => match agent(names, owner) {
            Some(owner) => {
                SeedPhase::Active { owner, offer: offer.as_ref().and_then(|offer| seed_offer(offer, names)) }
            }
            None => SeedPhase::Queued,
        },
        LivePhase::Ended(reason) => SeedPhase::Ended { reason: session_reason(*reason) },
        LivePhase::Waiting => SeedPhase::Waiting,
        LivePhase::Bot(talk) => seed_bot(talk, names).map_or(SeedPhase::Queued, SeedPhase::Bot),
    };
    Some(Seed {
        id: ConversationId(id),
        workstream,
        queue,
        kind: work_item_kind(&live.kind),
        mode: if live.persistent { Mode::Persistent } else { Mode::Live },
        arrived_wall_ms: live.arrived_ms,
        phase,
        last_seq: live.last_seq,
        sessions,
        excluded: live.excluded.iter().filter_map(|username| agent(names, username)).collect(),
        offer_kind: offer_kind(live.offer_kind),
        sender: live.sender.as_deref().and_then(|username| agent(names, username)),
        preferred: live.preferred.as_deref().and_then(|username| agent(names, username)),
        round_wall_ms: live.round_ms,
        customer_lost_wall_ms: live.customer_lost_ms,
        frozen: live.frozen,
        left: live.left,
        conference: live.conference,
    })
}

/// An agent's override by names.
pub fn held_record(held: Override, names: &Names) -> Held {
    match held {
        Override::None => Held::None,
        Override::Manual(presence) => Held::Manual(row_name(&names.presences, presence.0.into())),
        Override::Penalty(penalty) => Held::Penalty(penalty as u8),
        Override::Supervisor { status, by } => {
            Held::Supervisor(status.name().to_owned(), agent_name(names, by))
        }
    }
}

/// An agent's override by rows; a presence the desk no longer has is none.
pub fn held(record: &Held, names: &mut Names) -> Override {
    match record {
        Held::None => Override::None,
        Held::Manual(presence) => {
            match names.presences.row(presence).and_then(|row| u8::try_from(row).ok()) {
                Some(row) => Override::Manual(PresenceId(row)),
                None => Override::None,
            }
        }
        Held::Penalty(penalty) => Override::Penalty(match penalty {
            0 => Penalty::Missed,
            1 => Penalty::Rejected,
            _ => Penalty::MaxSessions,
        }),
        Held::Supervisor(status, by) => {
            let status = Status::ALL.into_iter().find(|known| known.name() == status);
            match (status, names.agents.intern(by)) {
                (Some(status), Some(by)) => Override::Supervisor { status, by: AgentId(by) },
                _ => Override::None,
            }
        }
    }
}

/// `chat sms social voice case`.
pub const fn kind_name(kind: WorkItemKind) -> &'static str {
    match kind {
        WorkItemKind::Chat => "chat",
        WorkItemKind::Sms => "sms",
        WorkItemKind::Social => "social",
        WorkItemKind::Voice => "voice",
        WorkItemKind::Case => "case",
    }
}

/// The kind of that name; a chat when there is none.
pub fn work_item_kind(name: &str) -> WorkItemKind {
    match name {
        "sms" => WorkItemKind::Sms,
        "social" => WorkItemKind::Social,
        "voice" => WorkItemKind::Voice,
        "case" => WorkItemKind::Case,
        _ => WorkItemKind::Chat,
    }
}

fn phase_record(phase: &Phase, names: &Names) -> LivePhase {
    let offer = |offer: &Option<Offer>| offer.as_ref().map(|offer| offer_record(offer, names));
    match phase {
        Phase::Bot(talk) => LivePhase::Bot(LiveBot {
            bot: row_name(&names.bots, talk.bot.0.into()),
            awaits: talk.awaits,
            in_a_row: talk.in_a_row,
            said: talk.said,
            step: talk.step,
            due_ms: talk.due_wall_ms,
        }),
        Phase::Queued => LivePhase::Queued,
        Phase::Offered(running) => LivePhase::Offered(offer_record(running, names)),
        Phase::Reserved { agent, hold, offer: running } => LivePhase::Reserved {
            agent: agent_name(names, *agent),
            hold: match *hold {
                Hold::Undelivered { reroute_wall_ms } => LiveHold::Undelivered(reroute_wall_ms),
                Hold::Assigned => LiveHold::Assigned,
                Hold::Returned => LiveHold::Returned,
            },
            offer: offer(running),
        },
        Phase::Active { owner, offer: running } => {
            LivePhase::Active { owner: agent_name(names, *owner), offer: offer(running) }
        }
        Phase::Ended { reason } => LivePhase::Ended(*reason as u8),
        Phase::Waiting { .. } | Phase::Closed => LivePhase::Waiting,
    }
}

fn offer_record(offer: &Offer, names: &Names) -> LiveOffer {
    LiveOffer {
        id: offer.id.0,
        kind: offer.kind as u8,
        agent: agent_name(names, offer.agent),
        auto: match offer.auto {
            Auto::None => 0,
            Auto::Assign => 1,
            Auto::Accept => 2,
        },
        shown: offer.shown,
        sender: offer.sender.map(|sender| agent_name(names, sender)),
        made_ms: offer.made_wall_ms,
        deadline_ms: offer.deadline_wall_ms,
    }
}

fn seed_offer(offer: &LiveOffer, names: &mut Names) -> Option<SeedOffer> {
    Some(SeedOffer {
        id: OfferId(offer.id),
        kind: offer_kind(offer.kind),
        agent: AgentId(names.agents.intern(&offer.agent)?),
        auto: match offer.auto {
            1 => Auto::Assign,
            2 => Auto::Accept,
            _ => Auto::None,
        },
        shown: offer.shown,
        sender: offer.sender.as_deref().and_then(|username| names.agents.intern(username)).map(AgentId),
        made_wall_ms: offer.made_ms,
        deadline_wall_ms: offer.deadline_ms,
    })
}

/// With a bot whose row cannot be made it is with nobody.
fn seed_bot(talk: &LiveBot, names: &mut Names) -> Option<BotTalk> {
    Some(BotTalk {
        bot: BotId(u8::try_from(names.bots.intern(&talk.bot)?).ok()?),
        awaits: talk.awaits,
        in_a_row: talk.in_a_row,
        said: talk.said,
        step: talk.step,
        due_wall_ms: talk.due_ms,
    })
}

fn offer_kind(number: u8) -> OfferKind {
    const KINDS: [OfferKind; 6] = [
        OfferKind::Incoming,
        OfferKind::Returned,
        OfferKind::Transfer,
        OfferKind::Conference,
        OfferKind::Escalation,
        OfferKind::Assigned,
    ];
    KINDS.get(usize::from(number)).copied().unwrap_or(OfferKind::Incoming)
}

fn session_reason(number: u8) -> SessionReason {
    use SessionReason as R;
    const REASONS: [SessionReason; 15] = [
        R::EndedByCustomer,
        R::EndedByAgent,
        R::EndedBySupervisor,
        R::CustomerLost,
        R::AgentLost,
        R::Transferred,
        R::Parked,
        R::CustomerReturned,
        R::Rerouted,
        R::AssetRemoved,
        R::AutoClosed,
        R::Disconnected,
        R::Left,
        R::HandedOver,
        R::EndedByBot,
    ];
    REASONS.get(usize::from(number)).copied().unwrap_or(R::EndedByAgent)
}

fn agent_name(names: &Names, id: AgentId) -> String {
    row_name(&names.agents, id.0)
}

fn row_name(rows: &super::names::Rows, row: u16) -> String {
    rows.name(row).map_or_else(String::new, |name| name.to_string())
}
