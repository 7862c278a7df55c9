//! What a call is called: by its PBX, in the store, and by whoever asks about it.

use super::super::reads::{self, decoded};
use super::super::wire::ConversationName;
use super::CallRecord;
use crate::channels::sip::NAME_CHARS;
use crate::limits::{FIELD_CHARS_MAX, READ_ROWS_MAX};
use crate::store::{Direction, ReadError, Snapshot, Table};

/// Key of a call. Neither an id of the desk nor a name of a PBX holds a zero byte.
pub(in crate::shell) fn key(workstream: &str, name: &str) -> Vec<u8> {
    format!("{workstream}\0{name}").into_bytes()
}

/// The name of a call by SIP: the `Call-ID`, which its PBX knows, and the transaction, which another attempt of the
/// same call does not share. A name by HTTP holds no slash.
pub(super) fn by_sip(call_id: &str, transaction: &str) -> String {
    format!("{call_id}/{transaction}")
}

/// The transaction of a call that came by SIP.
pub(super) fn transaction_of(name: &str) -> Option<&str> {
    name.rsplit_once('/').map(|(_, transaction)| transaction).filter(|name| name.len() == NAME_CHARS)
}

/// Key of the call that a PBX means: by its own name for it, by the work item it is, or by the `Call-ID` it came with,
/// of several attempts the last.
pub(in crate::shell) fn key_of(
    snapshot: &Snapshot,
    workstream: &str,
    called: &str,
) -> Result<Option<Vec<u8>>, ReadError> {
    let own = key(workstream, called);
    if snapshot.get(Table::Calls, &own)?.is_some() {
        return Ok(Some(own));
    }
    if let Some(ConversationName(id)) = ConversationName::parse(called) {
        let card = reads::card(snapshot, id.0)?;
        let card = card.filter(|card| card.kind == "voice" && card.workstream == workstream);
        if let Some(name) = card.and_then(|card| card.external_id) {
            let key = key(workstream, &name);
            return Ok(snapshot.get(Table::Calls, &key)?.map(|_| key));
        }
    }
    let call_id: String = called.chars().take(FIELD_CHARS_MAX).collect();
    let (first, end) = (key(workstream, &by_sip(&call_id, "")), key(workstream, &format!("{call_id}0")));
    let page = snapshot.range(Table::Calls, &first[..]..&end[..], READ_ROWS_MAX, Direction::Forward)?;
    let attempts = page.rows.into_iter().filter(|(key, _)| {
        let transaction = &key[first.len()..];
        transaction.len() == NAME_CHARS && transaction.iter().all(u8::is_ascii_hexdigit)
    });
    let attempts =
        attempts.filter_map(|(key, value)| Some((decoded::<CallRecord>(&value)?.conversation, key)));
    Ok(attempts.max().map(|(_, key)| key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_by_sip_holds_its_transaction_and_one_by_http_none() {
        let transaction = "0123456789abcdef01234567";
        for call_id in ["1@pbx", "a/b", ""] {
            assert_eq!(transaction_of(&by_sip(call_id, transaction)), Some(transaction));
        }
        for other in ["1732800000.17", transaction, "a/b"] {
            assert_eq!(transaction_of(other), None, "{other}");
        }
    }
}
