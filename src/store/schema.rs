//! What is stored: the tables, and the versions that guard them.

use super::ring::{Checksum, RingHeader, Salt, bytes_at, u64_at};
use redb::TableDefinition;

/// Version of the whole state: tables and the meaning of their keys. Records carry versions of their own.
pub(super) const SCHEMA_VERSION: u32 = 1;

/// Keys and values of every table are bytes: keys big-endian so that ranges page naturally, values
/// versioned records.
pub(super) type Definition = TableDefinition<'static, &'static [u8], &'static [u8]>;

/// What the store keeps about itself, out of reach of [`Table`].
pub(super) const OWN: Definition = TableDefinition::new("store");
/// Row of [`OWN`]: [`SCHEMA_VERSION`], little-endian.
pub(super) const OWN_SCHEMA: &[u8] = b"schema";
/// Row of [`OWN`]: the limits that shape stored data, as text.
pub(super) const OWN_LIMITS: &[u8] = b"limits";
/// Row of [`OWN`]: how far the journal is contained in the state.
pub(super) const OWN_COVERED: &[u8] = b"covered";
/// Row of [`OWN`], while pages of the state may hold what was to be taken away.
pub(super) const OWN_SCRUB: &[u8] = b"scrub";

macro_rules! tables {
    ($($(#[$doc:meta])* $name:ident = $number:literal),* $(,)?) => {
        /// Every table of the store. Its number stands in the journal and in backups: never reuse one.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u8)]
        pub enum Table { $($(#[$doc])* $name = $number),* }

        impl Table {
            /// All tables, in the order of their numbers.
            pub const ALL: &'static [Table] = &[$(Table::$name),*];

            /// One more than the highest number.
            pub(super) const NUMBERS: usize = {
                let last = Table::ALL[Table::ALL.len() - 1];
                last as usize + 1
            };

            /// The table with this number, if this version knows one.
            pub fn from_number(number: u8) -> Option<Table> {
                match number { $($number => Some(Table::$name),)* _ => None }
            }

            /// The table's name in the state and in reports.
            pub const fn name(self) -> &'static str {
                match self { $(Table::$name => stringify!($name)),* }
            }
        }
    };
}

tables! {
    /// Single rows of the shell: counters, clock, secrets.
    Meta = 0,
    /// Open conversations with all the engine needs to go on; small.
    Live = 1,
    /// Header of every conversation ever: conversation.
    Conversations = 2,
    /// Messages: (conversation u64, seq u32).
    Messages = 3,
    /// Parked conversations: (agent, parked_at, conversation).
    Waiting = 4,
    /// Agents' state that outlives a start.
    Agents = 5,
    /// Tokens, by hash.
    Tokens = 6,
    /// Visitors.
    Visitors = 7,
    /// Conversations of a visitor: (visitor, started, conversation).
    VisitorConversations = 8,
    /// Contacts.
    Contacts = 9,
    /// Contacts by normalised e-mail, phone or subject.
    ContactKeys = 10,
    /// Conversations of a contact: (contact, started, conversation).
    ContactConversations = 11,
    /// Notes of a conversation: (conversation, n).
    Notes = 12,
    /// Routing decisions: (conversation, n).
    Decisions = 13,
    /// Proactive invitations.
    Invites = 14,
    /// Work items by external id.
    WorkItems = 15,
    /// Versions of the desk.
    Desk = 16,
    /// The audit log.
    Audit = 17,
    /// Messages left while nobody was there (D-19).
    Offline = 18,
    /// Daily figures.
    Figures = 19,
    /// Knowledge articles.
    Articles = 20,
    /// What is still to be sent to a provider.
    Outbound = 21,
    /// What members of staff sign in with beside their password: username.
    Users = 22,
    /// Ratings: conversation.
    Ratings = 23,
    /// Agents' own ledgers: (agent, when, n).
    Ledger = 24,
    /// What conversations are found by: conversation.
    Traces = 25,
    /// Backups made, as far as the box knows: (when, number).
    Backups = 30,
    /// Contacts whose erasure is not through: contact.
    Erasures = 31,
    /// What came of invitations: widget, rule and day, parted by a zero byte.
    InviteDays = 40,
    /// Who stood in which row of the engine's tables, for the sets of agents in `Decisions`: n.
    Rosters = 50,
    /// Messages by their providers' names: (direction, workstream, name).
    ProviderIds = 55,
    /// Who writes through a provider: visitor.
    Peers = 56,
    /// What became of messages that left the box: (conversation, seq).
    Deliveries = 57,
    /// Telephone calls by their PBX's names: (workstream, name).
    Calls = 60,
}

impl Table {
    pub(super) const fn definition(self) -> Definition {
        TableDefinition::new(self.name())
    }
}

/// How far the journal is contained in the state: the place in the chain to go on from. It is part of
/// every transaction, so that whatever redb makes durable, and whenever, knows what it contains.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Covered {
    pub(super) ring: u64,
    /// The last batch contained.
    pub(super) sequence: u64,
    /// Where the next entry is expected.
    pub(super) at: u64,
    /// Checksum of the last entry contained.
    pub(super) previous: Checksum,
    /// Salt of the run that wrote it.
    pub(super) salt: Salt,
    /// Bytes of all keys and values.
    pub(super) stored_bytes: u64,
}

impl Covered {
    /// Before the first entry of a ring.
    pub(super) fn start_of(header: &RingHeader, stored_bytes: u64) -> Covered {
        Covered {
            ring: header.ring,
            sequence: header.first - 1,
            at: 0,
            previous: header.genesis(),
            salt: [0; 16],
            stored_bytes,
        }
    }

    pub(super) fn encode(&self) -> [u8; 64] {
        let mut bytes = [0; 64];
        bytes[..8].copy_from_slice(&self.ring.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.sequence.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.at.to_le_bytes());
        bytes[24..40].copy_from_slice(&self.previous);
        bytes[40..56].copy_from_slice(&self.salt);
        bytes[56..].copy_from_slice(&self.stored_bytes.to_le_bytes());
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Covered> {
        (bytes.len() == 64).then(|| Covered {
            ring: u64_at(bytes, 0),
            sequence: u64_at(bytes, 8),
            at: u64_at(bytes, 16),
            previous: bytes_at(bytes, 24),
            salt: bytes_at(bytes, 40),
            stored_bytes: u64_at(bytes, 56),
        })
    }
}

/// The stored limits as text, one a line: small enough to be kept whole, so that a difference has a name.
pub(super) fn stored_limits() -> String {
    crate::limits::STORED.iter().map(|(name, value)| format!("{name}={value}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_found_by_its_number_and_numbers_leave_room_for_the_delete_bit() {
        for table in Table::ALL {
            assert_eq!(Table::from_number(*table as u8), Some(*table));
            assert!((*table as u8) < super::super::batch::DELETE, "{}", table.name());
        }
        assert_eq!(Table::from_number(Table::NUMBERS as u8), None);
        assert!(Table::ALL.iter().is_sorted(), "in the order of their numbers");
    }
}
