//! A modem's spool folder, as smstools keeps it: `outgoing/` takes files with a head and a text, `sent/` and
//! `failed/` have what became of them, `incoming/` has what came.
//!
//! A file's name is the message's own, so that putting it twice is putting it once.

use super::call::{Call, Reply};
use super::{Inbound, Sent};

/// Where a message may be found, in the order it walks through them.
pub const PLACES: [&str; 4] = ["outgoing", "checked", "sent", "failed"];

/// The call that sends a text.
pub fn call(folder: &str, id: u64, to: &str, text: &str) -> Call {
    let to = to.trim_start_matches('+');
    let text = format!("To: {to}\nAlphabet: UTF-8\n\n{text}");
    Call::Put { folder: folder.to_owned(), name: name(id), text }
}

/// The name of a message's file.
pub fn name(id: u64) -> String {
    format!("deskbell-{id}")
}

/// What came of it: 201 with the place where the file now is.
pub fn sent(reply: &Reply) -> Sent {
    match reply {
        Reply::Answer { status: 201, body, .. } if body == "failed" => {
            Sent::Refused("the modem refused it".to_owned())
        }
        Reply::Answer { status: 201, .. } => Sent::Accepted(None),
        Reply::Answer { body, .. } => Sent::Later { wait_s: None, why: body.clone() },
        Reply::Unreached(why) | Reply::Unclear(why) => Sent::Later { wait_s: None, why: why.clone() },
    }
}

/// A file of `incoming/` as a message; none when it says nobody's number.
pub fn received(name: &str, text: &str) -> Option<Inbound> {
    let text = text.replace("\r\n", "\n");
    let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
    let field = |wanted: &str| {
        head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.trim().eq_ignore_ascii_case(wanted).then(|| value.trim().to_owned())
        })
    };
    let from = field("From").filter(|from| !from.is_empty())?;
    // smstools leaves the plus out of what it writes.
    let international = from.len() >= 8 && from.bytes().all(|b| b.is_ascii_digit()) && !from.starts_with('0');
    let from = if international { format!("+{from}") } else { from };
    Some(Inbound {
        id: name.to_owned(),
        from,
        text: body.trim_end_matches('\n').to_owned(),
        links: Vec::new(),
    })
}

/// What a file of the spool holds, as text: UTF-8, UCS-2 when its head says so, else Latin 1.
pub fn decoded(bytes: &[u8]) -> String {
    let end = bytes.windows(2).position(|pair| pair == b"\n\n");
    if let Some(end) = end {
        let (head, body) = (String::from_utf8_lossy(&bytes[..end]).into_owned(), &bytes[end + 2..]);
        let wide = head.lines().any(|line| {
            line.split_once(':').is_some_and(|(key, value)| {
                key.trim().eq_ignore_ascii_case("alphabet") && value.trim().eq_ignore_ascii_case("ucs2")
            })
        });
        if wide {
            let units = body.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            let text: String =
                char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
            return format!("{head}\n\n{text}");
        }
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_smstools_writes_is_read() {
        let file = "From: 31612345678\nFrom_SMSC: 3161\nAlphabet: ISO\n\nHi\nthere\n";
        let message = received("GSM1.x", &decoded(file.as_bytes())).expect("a message");
        assert_eq!((message.from.as_str(), message.text.as_str()), ("+31612345678", "Hi\nthere"));
        let mut wide = b"From: 0612345678\nAlphabet: UCS2\n\n".to_vec();
        wide.extend("Žluť 🐎".encode_utf16().flat_map(u16::to_be_bytes));
        let message = received("x", &decoded(&wide)).expect("a message");
        assert_eq!((message.from.as_str(), message.text.as_str()), ("0612345678", "Žluť 🐎"));
        let message = received("x", &decoded(b"From: 1234\n\ncaf\xe9")).expect("a message");
        assert_eq!(message.text, "café");
        assert_eq!(received("x", "no head at all"), None);
    }

    #[test]
    fn a_file_is_named_for_its_message() {
        let Call::Put { name, text, .. } = call("/var/spool/sms", 9, "+31612345678", "Hi") else {
            panic!("a file")
        };
        assert_eq!((name.as_str(), text.as_str()), ("deskbell-9", "To: 31612345678\nAlphabet: UTF-8\n\nHi"));
    }
}
