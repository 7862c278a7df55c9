//! What hangs on a conversation in the store: the one list that deletion goes by.
//!
//! Whoever keeps something of a conversation in a table of its own adds a row here, and erasure and retention
//! take it along. The card goes last: a deletion cut short finds it at the next start and goes on from there.

use super::card::Card;
use super::outbound::is_carried;
use super::outbound::records::{inbound_key, outbound_key};
use super::reads::{conversation_key, decoded, list_key, message_key, messages_after};
use super::records::{Author, Visitor, WorkItem};
use crate::limits::{ERASED_ROWS_MAX, READ_ROWS_MAX};
use crate::store::{Direction, ReadError, Snapshot, Table};

/// A row to delete.
pub(super) type Row = (Table, Vec<u8>);

/// One kind of thing that hangs on a conversation.
struct Belonging {
    /// Whether an erased contact's conversation loses it too: everything that holds a word of hers does. What
    /// does not is told by numbers, times and names of staff alone.
    personal: bool,
    /// Rows that are there, at most as many as given; none when there are no more. They are deleted and the
    /// question is asked again, so it must never name a row that is gone.
    rows: fn(&Snapshot, &Card, usize) -> Result<Vec<Row>, ReadError>,
}

/// In the order of deletion: what is found by way of another row stands before it.
const BELONGINGS: &[Belonging] = &[
    Belonging { personal: false, rows: provider_ids },
    Belonging { personal: true, rows: |snapshot, card, _| peer(snapshot, card) },
    Belonging {
        personal: true,
        rows: |snapshot, card, most| numbered(snapshot, Table::Deliveries, card, most),
    },
    Belonging { personal: true, rows: |snapshot, card, most| numbered(snapshot, Table::Notes, card, most) },
    Belonging {
        personal: true,
        rows: |snapshot, card, most| numbered(snapshot, Table::Messages, card, most),
    },
    Belonging {
        personal: true,
        rows: |snapshot, card, _| one(snapshot, Table::Traces, &conversation_key(card.id)),
    },
    Belonging {
        personal: false,
        rows: |snapshot, card, _| one(snapshot, Table::Ratings, &conversation_key(card.id)),
    },
    Belonging {
        personal: false,
        rows: |snapshot, card, most| numbered(snapshot, Table::Decisions, card, most),
    },
    Belonging {
        personal: false,
        rows: |snapshot, card, _| one(snapshot, Table::Offline, &conversation_key(card.id)),
    },
    Belonging { personal: false, rows: |snapshot, card, _| work_item(snapshot, card) },
    Belonging { personal: true, rows: |snapshot, card, _| call(snapshot, card) },
    Belonging { personal: false, rows: |snapshot, card, _| visitor(snapshot, card) },
    Belonging {
        personal: false,
        rows: |snapshot, card, _| {
            one(snapshot, Table::VisitorConversations, &list_key(card.visitor, card.started_ms, card.id))
        },
    },
    Belonging {
        personal: true,
        rows: |snapshot, card, _| match card.contact {
            Some(contact) => {
                one(snapshot, Table::ContactConversations, &list_key(contact, card.started_ms, card.id))
            }
            None => Ok(Vec::new()),
        },
    },
];

/// The next rows to delete of what holds something of the customer's own; none when there are no more.
pub(super) fn personal(snapshot: &Snapshot, card: &Card) -> Result<Vec<Row>, ReadError> {
    next(snapshot, card, |belonging| belonging.personal)
}

/// The next rows to delete of everything but the card; none when only that is left.
pub(super) fn everything(snapshot: &Snapshot, card: &Card) -> Result<Vec<Row>, ReadError> {
    next(snapshot, card, |_| true)
}

fn next(snapshot: &Snapshot, card: &Card, wanted: fn(&Belonging) -> bool) -> Result<Vec<Row>, ReadError> {
    let mut found = Vec::new();
    for belonging in BELONGINGS.iter().filter(|belonging| wanted(belonging)) {
        found.extend((belonging.rows)(snapshot, card, ERASED_ROWS_MAX - found.len())?);
        if found.len() >= ERASED_ROWS_MAX {
            break;
        }
    }
    Ok(found)
}

/// Rows whose key is the conversation and a number.
fn numbered(snapshot: &Snapshot, table: Table, card: &Card, most: usize) -> Result<Vec<Row>, ReadError> {
    let (first, last) = (message_key(card.id, 0), message_key(card.id, u32::MAX));
    let page = snapshot.range(table, &first[..]..=&last[..], most, Direction::Forward)?;
    Ok(page.rows.into_iter().map(|(key, _)| (table, key)).collect())
}

fn one(snapshot: &Snapshot, table: Table, key: &[u8]) -> Result<Vec<Row>, ReadError> {
    let there = snapshot.get(table, key)?.is_some();
    Ok(there.then(|| (table, key.to_vec())).into_iter().collect())
}

/// The name elsewhere, unless it has become another conversation's since.
fn work_item(snapshot: &Snapshot, card: &Card) -> Result<Vec<Row>, ReadError> {
    let Some(name) = &card.external_id else { return Ok(Vec::new()) };
    let value = snapshot.get(Table::WorkItems, name.as_bytes())?;
    let own = value.as_deref().and_then(decoded::<WorkItem>).is_some_and(|item| item.conversation == card.id);
    Ok(own.then(|| (Table::WorkItems, name.as_bytes().to_vec())).into_iter().collect())
}

/// What its PBX calls it, and the INVITE it came with.
fn call(snapshot: &Snapshot, card: &Card) -> Result<Vec<Row>, ReadError> {
    match card.external_id.as_deref().filter(|_| card.kind == "voice") {
        Some(name) => one(snapshot, Table::Calls, &super::calls::key(&card.workstream, name)),
        None => Ok(Vec::new()),
    }
}

/// What providers call its messages: named by the messages themselves and by what became of them.
fn provider_ids(snapshot: &Snapshot, card: &Card, most: usize) -> Result<Vec<Row>, ReadError> {
    let mut found = Vec::new();
    if !is_carried(&card.kind) {
        return Ok(found);
    }
    let mut after = 0;
    loop {
        let (messages, more) = messages_after(snapshot, card.id, after, READ_ROWS_MAX)?;
        for message in &messages {
            let heard = message.client_id.iter().filter(|_| message.from == Author::Customer);
            let heard = heard.map(|name| inbound_key(&card.workstream, name));
            let said = message.delivery.iter().filter_map(|delivery| delivery.name.as_ref());
            for key in heard.chain(said.map(|name| outbound_key(&card.workstream, name))) {
                found.extend(one(snapshot, Table::ProviderIds, &key)?);
                if found.len() >= most {
                    return Ok(found);
                }
            }
        }
        match messages.last().filter(|_| more) {
            Some(last) => after = last.seq,
            None => return Ok(found),
        }
    }
}

/// Her number or id at the provider, unless another conversation is hers since.
fn peer(snapshot: &Snapshot, card: &Card) -> Result<Vec<Row>, ReadError> {
    if !is_carried(&card.kind) || visitor(snapshot, card)?.is_empty() {
        return Ok(Vec::new());
    }
    one(snapshot, Table::Peers, &card.visitor.to_be_bytes())
}

/// The visitor, unless she has begun another conversation since.
fn visitor(snapshot: &Snapshot, card: &Card) -> Result<Vec<Row>, ReadError> {
    let key = card.visitor.to_be_bytes();
    let value = snapshot.get(Table::Visitors, &key)?;
    let own =
        value.as_deref().and_then(decoded::<Visitor>).is_some_and(|known| known.conversation == card.id);
    Ok(own.then(|| (Table::Visitors, key.to_vec())).into_iter().collect())
}
