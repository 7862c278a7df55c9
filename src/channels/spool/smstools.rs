//! smstools: a file has a head and a text.

use super::{Came, OURS, Piece, plain, wide};
use crate::channels::Inbound;

/// The name of a message's file.
pub(super) fn name(id: u64) -> String {
    format!("{OURS}{id}")
}

/// What a file says. smsd takes a number for an international one without its plus, unless an `s` stands before it.
pub(super) fn text(to: &str, text: &str) -> String {
    let to = match to.strip_prefix('+') {
        Some(international) => international.to_owned(),
        None => format!("s{to}"),
    };
    format!("To: {to}\nAlphabet: UTF-8\n\n{text}")
}

/// A file is a message; those with a lock are being written.
pub(super) fn piece(name: &str) -> Option<Piece> {
    let locked = name.ends_with(".LOCK") || name.starts_with("LOCKED");
    (!locked).then(|| Piece { message: name.to_owned(), number: 0 })
}

/// What a file of `incoming/` is.
pub(super) fn came(name: &str, text: &str) -> Came {
    let text = text.replace("\r\n", "\n");
    let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
    let field = |wanted: &str| {
        head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.trim().eq_ignore_ascii_case(wanted).then(|| value.trim().to_owned())
        })
    };
    let Some(from) = field("From").filter(|from| !from.is_empty()) else { return Came::Nobodys };
    if body.starts_with("SMS STATUS REPORT\nMessage_id:") {
        return Came::Report;
    }
    // smstools leaves the plus out of what it writes.
    let international = from.len() >= 8 && from.bytes().all(|b| b.is_ascii_digit()) && !from.starts_with('0');
    let from = if international { format!("+{from}") } else { from };
    Came::Message(Inbound {
        id: name.to_owned(),
        from,
        text: body.trim_end_matches('\n').to_owned(),
        links: Vec::new(),
    })
}

/// What a file holds, as text: UTF-8, UCS-2 when its head says so, else Latin 1.
pub(super) fn decoded(bytes: &[u8]) -> String {
    let end = bytes.windows(2).position(|pair| pair == b"\n\n");
    if let Some(end) = end {
        let (head, body) = (String::from_utf8_lossy(&bytes[..end]).into_owned(), &bytes[end + 2..]);
        let is_wide = head.lines().any(|line| {
            line.split_once(':').is_some_and(|(key, value)| {
                key.trim().eq_ignore_ascii_case("alphabet") && value.trim().eq_ignore_ascii_case("ucs2")
            })
        });
        if is_wide {
            return format!("{head}\n\n{}", wide(body));
        }
    }
    plain(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(name: &str, bytes: &[u8]) -> Inbound {
        match came(name, &decoded(bytes)) {
            Came::Message(message) => message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_smstools_writes_is_read() {
        let file = "From: 31612345678\nFrom_SMSC: 3161\nAlphabet: ISO\n\nHi\nthere\n";
        let read = message("GSM1.x", file.as_bytes());
        assert_eq!((read.from.as_str(), read.text.as_str()), ("+31612345678", "Hi\nthere"));
        let mut wide = b"From: 0612345678\nAlphabet: UCS2\n\n".to_vec();
        wide.extend("Žluť 🐎".encode_utf16().flat_map(u16::to_be_bytes));
        let read = message("x", &wide);
        assert_eq!((read.from.as_str(), read.text.as_str()), ("0612345678", "Žluť 🐎"));
        assert_eq!(message("x", b"From: 1234\n\ncaf\xe9").text, "café");
        assert_eq!(came("x", "no head at all"), Came::Nobodys);
        let report = "From: 31612345678\nSubject: GSM1\n\nSMS STATUS REPORT\nMessage_id: 117\nStatus: 0,Ok\n";
        assert_eq!(came("x", report), Came::Report, "not what she wrote");
        assert_eq!((piece("GSM1.a.LOCK"), piece("LOCKED.a")), (None, None), "still being written");
    }

    #[test]
    fn a_file_is_named_for_its_message() {
        assert_eq!(name(9), "deskbell-9");
        assert_eq!(text("+31612345678", "Hi"), "To: 31612345678\nAlphabet: UTF-8\n\nHi");
        assert_eq!(text("1234", "Hi"), "To: s1234\nAlphabet: UTF-8\n\nHi", "a short number");
    }
}
