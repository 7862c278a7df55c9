//! What the shell keeps in the store, by names and never by the rows of one process's tables.
//!
//! Every key is big-endian or text, so that a range of keys is a page of answers.

mod live;

use serde::{Deserialize, Serialize};

pub use self::live::{Live, LiveBot, LiveHold, LiveOffer, LivePhase, LiveSession, Waiting};
use super::card::Card;
use super::outbound::records::Delivery;
use crate::store::records::{Record, RecordError, body_of, records};

records! {
    Card = "card",
    Message = "message",
    AgentState = "agent",
    Visitor = "visitor",
    Roster = "roster",
    Token = "token",
    WorkItem = "work item",
    Note = "note",
    Audit = "audit",
    DeskVersion = "desk",
    Invite = "invite",
    InviteDay = "invite day",
    Offline = "offline message",
    ClockMark = "clock",
    Contact = "contact",
    Erasure = "erasure",
    BackupMade = "backup",
    User = "user",
}

/// Who a stored message is from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Author {
    /// The customer.
    Customer,
    /// An agent: username, and the name the customer saw.
    Agent(String, String),
    /// A bot, by name.
    Bot(String),
    /// The box.
    System,
}

/// One message (table `Messages`, key conversation and seq). The conversation stands in the key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Its number, contiguous from 1 (D-17).
    pub seq: u32,
    /// Product wall clock.
    pub at_ms: i64,
    /// From whom.
    pub from: Author,
    /// As written; masked only where staff read it (D-15).
    pub text: String,
    /// What a system message says, for clients to tell apart.
    pub code: Option<String>,
    /// The sender's own name for it.
    pub client_id: Option<String>,
    /// What became of it, where it leaves the box. Kept beside it, in a table of its own.
    #[serde(skip)]
    pub delivery: Option<Delivery>,
}

/// An agent as last seen (table `Agents`, key username).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentState {
    /// What stood over load.
    pub held: Held,
    /// Since when.
    pub since_ms: i64,
    /// Connected, or lost and still waited for.
    pub there: bool,
    /// When she was lost, if she was.
    pub lost_ms: Option<i64>,
    /// Bits of the banners that stand.
    pub banners: u8,
}

/// What stands over load, by names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Held {
    /// Nothing.
    None,
    /// Her own choice.
    Manual(String),
    /// 0 missed, 1 rejected, 2 max_sessions.
    Penalty(u8),
    /// A supervisor's choice: status, username.
    Supervisor(String, String),
}

/// A visitor who has begun a conversation (table `Visitors`, key her number).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Visitor {
    /// The newest conversation.
    pub conversation: u64,
    /// When it closed, if it has.
    pub closed_ms: Option<i64>,
}

/// One routing decision (table `Decisions`, key conversation and n).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Product wall clock.
    pub at_ms: i64,
    /// What made the desk look.
    pub event: String,
    /// In which queue.
    pub queue: String,
    /// Username of the chosen.
    pub chosen: Option<String>,
    /// What settled it: `only preferred distribution assigned row choice`.
    pub by: Option<String>,
    /// How the queue chose then: `most_idle round_robin highest_capacity pick`.
    pub distribution: Option<String>,
    /// Who was weighed.
    pub weighed: Weighed,
}

/// Who was weighed in a decision, and what was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Weighed {
    /// Usernames and verdicts, as earlier versions wrote them and as they are read.
    Named(Vec<(String, String)>),
    /// As sets of rows: 500 agents take 380 bytes instead of ten thousand.
    Sets {
        /// Whose rows they are: a key of `Rosters`.
        roster: u64,
        /// By verdict, `Offline` first, `Ranked` last: as [`AgentSet`](crate::engine::agent_set::AgentSet) writes
        /// itself.
        sets: [Vec<u8>; 6],
    },
}

impl Record for Decision {
    const NAME: &'static str = "decision";
    const VERSION: u8 = 2;

    fn migrate(version: u8, body: &[u8]) -> Result<Decision, RecordError> {
        /// Version 1: every candidate by name, with her place by the queue's distribution.
        #[derive(Deserialize)]
        struct Named {
            at_ms: i64,
            event: String,
            queue: String,
            chosen: Option<String>,
            candidates: Vec<(String, String, u64)>,
        }
        if version != 1 {
            return Err(RecordError::Forgotten { name: Decision::NAME, version });
        }
        let Named { at_ms, event, queue, chosen, candidates } = body_of(Decision::NAME, body)?;
        let weighed = candidates.into_iter().map(|(agent, verdict, _)| (agent, verdict)).collect();
        let (by, distribution) = (None, None);
        Ok(Decision { at_ms, event, queue, chosen, by, distribution, weighed: Weighed::Named(weighed) })
    }
}

/// Who stood in which row (table `Rosters`, key n). A new one is written when somebody came to the desk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roster {
    /// Usernames, by row.
    pub usernames: Vec<String>,
}

/// A staff token (table `Tokens`, key SHA-256 of the token).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Token {
    /// Whose.
    pub username: String,
    /// Until when, real wall clock.
    pub expires_ms: i64,
}

/// A work item by its name elsewhere (table `WorkItems`, key external id).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkItem {
    /// Its newest conversation.
    pub conversation: u64,
    /// The conversation this one opens again (D-21).
    pub reopens: Option<u64>,
}

/// A note of an agent (table `Notes`, key conversation and n).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// When.
    pub at_ms: i64,
    /// Username and name.
    pub by: (String, String),
    /// What.
    pub text: String,
}

/// One line of the audit log (table `Audit`, key when and n).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    /// When.
    pub at_ms: i64,
    /// Username.
    pub by: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub subject: String,
    /// Why, as the actor said.
    pub reason: String,
}

/// A version of the desk (table `Desk`, key version).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskVersion {
    /// When it was applied.
    pub at_ms: i64,
    /// By whom.
    pub by: String,
    /// The configuration file, without passwords.
    pub toml: String,
}

/// What came of one rule's invitations in one day (table `InviteDays`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteDay {
    /// Handed to a page.
    pub shown: u32,
    /// Somebody began with it.
    pub accepted: u32,
    /// Closed by the visitor.
    pub closed: u32,
    /// Over by itself, after its minute.
    pub expired: u32,
    /// Led to a conversation.
    pub conversations: u32,
}

/// An invitation (table `Invites`, key its number).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invite {
    /// The widget.
    pub widget: String,
    /// The rule that made it.
    pub rule: String,
    /// When it is over, product clock.
    pub until_ms: i64,
}

/// A message left while nobody was there (table `Offline`, key conversation).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offline {
    /// When.
    pub at_ms: i64,
    /// What the customer was told to name it by.
    pub reference: String,
}

/// The clock as last written (table `Meta`, key `clock`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockMark {
    /// Product wall clock.
    pub product_ms: i64,
    /// Real wall clock.
    pub real_ms: i64,
}

/// A contact as staff have made or changed her (table `Contacts`, key her number). It stands above the desk's
/// entry of that number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Name.
    pub name: String,
    /// E-mail address.
    pub email: Option<String>,
    /// Mobile number.
    pub mobile: Option<String>,
    /// Another telephone number.
    pub phone: Option<String>,
    /// When her data was erased; then nothing else is left.
    pub erased_ms: Option<i64>,
}

/// An erasure that is not through (table `Erasures`, key the contact's number).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// When it was asked for, product wall clock.
    pub at_ms: i64,
    /// By whom.
    pub by: String,
}

/// What a member of staff signs in with beside the password, which stands in the desk (table `Users`, key
/// username).
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// What her authenticator's codes are made of, when they are asked for.
    pub secret: Option<Vec<u8>>,
    /// The step of the last code taken: no code is good twice.
    pub last_step: u64,
    /// SHA-256 of the recovery codes not yet used.
    pub recovery: Vec<[u8; 32]>,
}

// It holds a secret.
impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "user, {} recovery codes left", self.recovery.len())
    }
}

/// A backup that was made (table `Backups`, key when and a number).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupMade {
    /// When, real wall clock.
    pub at_ms: i64,
    /// By whom.
    pub by: String,
    /// Where it went: a path, or a name below `DIR`.
    pub to: String,
    /// Its bytes.
    pub bytes: u64,
    /// Whether it takes a key to open it.
    pub sealed: bool,
    /// Until when it is kept, as far as its maker said.
    pub until_ms: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::super::card::ContextValue;
    use super::*;
    use crate::golden;

    golden!(
        a_message_is_stored_as,
        Message {
            seq: 7,
            at_ms: 1000,
            from: Author::Agent("alice".into(), "Alice".into()),
            text: "hi".into(),
            code: None,
            client_id: Some("a1".into()),
            delivery: None,
        },
        "0107d00f0105616c69636505416c6963650268690001026131"
    );
    golden!(a_visitor_is_stored_as, Visitor { conversation: 42, closed_ms: Some(1000) }, "012a01d00f");
    golden!(a_token_is_stored_as, Token { username: "alice".into(), expires_ms: 1000 }, "0105616c696365d00f");
    golden!(a_clock_mark_is_stored_as, ClockMark { product_ms: 2000, real_ms: 1000 }, "01a01fd00f");
    golden!(a_work_item_is_stored_as, WorkItem { conversation: 42, reopens: Some(41) }, "012a0129");
    golden!(
        a_contact_is_stored_as,
        Contact {
            name: "Eva".into(),
            email: Some("e@x.y".into()),
            mobile: None,
            phone: None,
            erased_ms: Some(1000)
        },
        "010345766101056540782e79000001d00f"
    );
    golden!(an_erasure_is_stored_as, Erasure { at_ms: 1000, by: "sofie".into() }, "01d00f05736f666965");
    golden!(
        a_day_of_invitations_is_stored_as,
        InviteDay { shown: 300, accepted: 4, closed: 3, expired: 2, conversations: 1 },
        "01ac0204030201"
    );
    golden!(
        a_user_is_stored_as,
        User { secret: Some(b"12345".to_vec()), last_step: 300, recovery: vec![[7; 32]] },
        "0101053132333435ac02010707070707070707070707070707070707070707070707070707070707070707"
    );
    golden!(
        a_backup_made_is_stored_as,
        BackupMade {
            at_ms: 1000,
            by: "local root".into(),
            to: "/m/x".into(),
            bytes: 300,
            sealed: true,
            until_ms: Some(1000)
        },
        "01d00f0a6c6f63616c20726f6f74042f6d2f78ac020101d00f"
    );
    golden!(
        a_note_is_stored_as,
        Note { at_ms: 1000, by: ("alice".into(), "Alice".into()), text: "hi".into() },
        "01d00f05616c69636505416c696365026869"
    );
    golden!(
        an_audit_line_is_stored_as,
        Audit {
            at_ms: 1000,
            by: "alice".into(),
            action: "reveal".into(),
            subject: "c1/2".into(),
            reason: "why".into()
        },
        "01d00f05616c6963650672657665616c0463312f3203776879"
    );
    golden!(
        a_desk_version_is_stored_as,
        DeskVersion { at_ms: 1000, by: "admin".into(), toml: "version = 1".into() },
        "01d00f0561646d696e0b76657273696f6e203d2031"
    );
    golden!(
        an_invite_is_stored_as,
        Invite { widget: "shop".into(), rule: "linger".into(), until_ms: 1000 },
        "010473686f70066c696e676572d00f"
    );
    golden!(
        an_offline_message_is_stored_as,
        Offline { at_ms: 1000, reference: "123".into() },
        "01d00f03313233"
    );
    golden!(
        an_agent_is_stored_as,
        AgentState {
            held: Held::Supervisor("away".into(), "sofie".into()),
            since_ms: 1000,
            there: true,
            lost_ms: Some(900),
            banners: 3
        },
        "0103046177617905736f666965d00f0101880e03"
    );
    golden!(
        a_decision_is_stored_as,
        Decision {
            at_ms: 1000,
            event: "arrived".into(),
            queue: "front".into(),
            chosen: Some("alice".into()),
            by: Some("only".into()),
            distribution: Some("most_idle".into()),
            weighed: Weighed::Sets { roster: 3, sets: [vec![2], vec![], vec![], vec![], vec![], vec![1]] }
        },
        "02d00f07617272697665640566726f6e740105616c69636501046f6e6c7901096d6f73745f69646c6501030102000000000101"
    );
    golden!(
        a_roster_is_stored_as,
        Roster { usernames: vec!["alice".into(), "bob".into()] },
        "010205616c69636503626f62"
    );

    golden!(
        a_decision_of_the_first_version_is_still_explained,
        Decision {
            at_ms: 1000,
            event: "arrived".into(),
            queue: "front".into(),
            chosen: Some("alice".into()),
            by: None,
            distribution: None,
            weighed: Weighed::Named(vec![("alice".into(), "chosen".into())])
        },
        from "01d00f07617272697665640566726f6e740105616c6963650105616c6963650663686f73656e05"
    );
    golden!(
        a_card_is_stored_as,
        Card {
            id: 42,
            workstream: "web".into(),
            queue: "front".into(),
            kind: "chat".into(),
            visitor: 7,
            context: vec![("vip".into(), ContextValue::Flag(true))],
            rating: Some((5, "nice".into())),
            ..Card::default()
        },
        "012a037765620566726f6e74046368617400000700000000000000000103766970020100000000000000000000000105046e696365000000"
    );
}
