//! gammu-smsd with `service = files`: a file is a text, and everything else is in its name.
//!
//! Out: `OUT<priority><date>_<time>_<serial>_<recipient>_<note>.txt`, in the order of their names. No delivery report
//! is asked for (the option `d`): gammu puts one into the inbox as a message from the recipient that says "Delivered",
//! with nothing that tells it from what she wrote.
//!
//! In: `IN<date>_<time>_<serial>_<sender>_<sequence>.txt`, a file for each part of a long message.

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ring::digest;

use super::{OURS, Piece, plain, wide};
use crate::channels::Inbound;

/// Milliseconds stand in a row's number above these bits; see `Outbox::number`.
const RANDOM_BITS: u32 = 20;

/// The mark of UTF-16, the high byte first. With it a file means the same in every locale.
const WIDE: [u8; 2] = [0xfe, 0xff];

/// The name of a message's file: by the number alone, so that it is the same for ever.
pub(super) fn name(id: u64, to: &str) -> String {
    let ms = i64::try_from(id >> RANDOM_BITS).unwrap_or(0);
    let at = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(TimeZone::UTC);
    let to = to.replace('*', "X");
    format!("OUTC{}_{:03}_{to}_{OURS}{id}.txt", at.strftime("%Y%m%d_%H%M%S"), ms % 1000)
}

/// The note in a name.
pub(super) fn note(name: &str) -> Option<&str> {
    let (_, note) = name.strip_prefix("OUT")?.rsplit_once('_')?;
    Some(note.split('.').next().unwrap_or(note))
}

/// What a file holds.
pub(super) fn written(text: &str) -> Vec<u8> {
    WIDE.into_iter().chain(text.encode_utf16().flat_map(u16::to_be_bytes)).collect()
}

/// `inboxformat = detail` writes another kind of file, which is none here.
pub(super) fn piece(name: &str) -> Option<Piece> {
    let (message, last) = name.strip_prefix("IN").and(name.rsplit_once('_'))?;
    let (number, kind) = last.split_once('.')?;
    let known = matches!(kind, "txt" | "bin") && sender(message).is_some();
    if !known {
        return None;
    }
    Some(Piece { message: message.to_owned(), number: number.parse().ok()? })
}

/// The parts of a text as one. A character may be cut between two parts.
pub(super) fn decoded(pieces: &[Vec<u8>]) -> String {
    let bare: Option<Vec<&[u8]>> =
        pieces.iter().map(|bytes| bytes.strip_prefix(&WIDE).map(up_to_its_end)).collect();
    match bare {
        Some(bare) => wide(&bare.concat()),
        None => plain(&pieces.concat()),
    }
}

/// gammu up to 1.42, Debian's, writes two bytes for each byte the text has in UTF-8: more than the text where it is not
/// ASCII, and what stands behind it is the rest of an earlier one.
fn up_to_its_end(bytes: &[u8]) -> &[u8] {
    let end = bytes.chunks_exact(2).position(|unit| unit == [0, 0]);
    end.map_or(bytes, |end| &bytes[..2 * end])
}

/// A message under the name that its files have in common.
pub(super) fn came(message: &str, text: &str) -> Option<Inbound> {
    let (at, from) = sender(message)?;
    // A daemon killed before it has taken a message off the modem brings it again under the next serial: so a message
    // is known by its second, its sender and its words. Without a date next month's "yes" would be a repeat of today's:
    // then it has no name to be known by.
    let words = digest::digest(&digest::SHA256, text.as_bytes());
    let is_dated = at.len() == "IN20021130_021531".len() && !at.starts_with("IN0");
    let id = if is_dated {
        format!("{at}_{from}_{}", HEXLOWER.encode(&words.as_ref()[..8]))
    } else {
        String::new()
    };
    // Data for a telephone and not for a person.
    let text = if text.chars().any(|c| c == '\0') { String::new() } else { text.to_owned() };
    Some(Inbound { id, from, text, links: Vec::new() })
}

/// When, and from whom: `IN20021130_021531_00_+45409000931640979`. A star stands in a name as an X.
fn sender(message: &str) -> Option<(&str, String)> {
    let (day, rest) = message.split_once('_')?;
    let (time, rest) = rest.split_once('_')?;
    let (_, from) = rest.split_once('_')?;
    let at = message.get(..day.len() + 1 + time.len())?;
    let starred = from.bytes().all(|b| b.is_ascii_digit() || b == b'X' || b == b'#' || b == b'+');
    let from = if starred { from.replace('X', "*") } else { from.to_owned() };
    (!from.is_empty()).then_some((at, from))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBER: u64 = (1_795_860_131_123 << RANDOM_BITS) | 5;

    #[test]
    fn a_file_is_named_as_gammus_manual_says() {
        let name = name(NUMBER, "+31612345678");
        assert_eq!(name, format!("OUTC20261128_100211_123_+31612345678_deskbell-{NUMBER}.txt"));
        assert_eq!(note(&name), Some(format!("deskbell-{NUMBER}").as_str()));
        // Sent in the order of their names.
        assert!(super::name(NUMBER + 1, "+31612345678") > name);
        assert!(super::name(NUMBER + (1 << RANDOM_BITS), "+0") > name);
        assert_eq!(note("OUT+420800800800.txt"), None);
        assert_eq!(note("IN20021130_021531_00_+4540_00.txt"), None);
    }

    #[test]
    fn what_is_sent_is_utf_16_and_read_back() {
        let text = "Žluť 🐎 \u{feff}";
        let bytes = written(text);
        assert_eq!(&bytes[..4], [0xfe, 0xff, 0x01, 0x7d]);
        assert_eq!(decoded(&[bytes]), text);
    }

    #[test]
    fn parts_are_one_message_though_a_character_is_cut_between_them() {
        let piece = |name| super::piece(name).expect("a piece");
        let first = piece("IN20021130_021531_00_+45409000931640979_00.txt");
        let second = piece("IN20021130_021531_00_+45409000931640979_01.txt");
        assert_eq!((first.message.as_str(), first.number), ("IN20021130_021531_00_+45409000931640979", 0));
        assert_eq!((&second.message, second.number), (&first.message, 1));
        for other in ["IN20021130_021531_00_+4540_00.smsbackup", "OUT1.txt", "IN.txt", "IN1_2_3_4_x.txt"] {
            assert_eq!(super::piece(other), None, "{other}");
        }
        let all = written("a🐎b");
        let (cut, rest) = all.split_at(6);
        let parts = [cut.to_vec(), [&WIDE, rest].concat()];
        assert_eq!(decoded(&parts), "a🐎b");

        let trailing = [written("Žluť"), vec![0, 0, 0x01, 0xf4, 0x01, 0x00, 0, 0]].concat();
        assert_eq!(
            decoded(&[trailing, written("oučký")]),
            "Žluťoučký",
            "what stands behind a text is none of it"
        );
        assert_eq!(decoded(&[b"caf\xc3\xa9 ".to_vec(), b"noir".to_vec()]), "café noir");
        assert_eq!(decoded(&[b"caf\xe9".to_vec()]), "café");
    }

    #[test]
    fn who_wrote_is_in_the_name_and_a_repeat_is_known_under_another_serial() {
        let came = |name: &str, text: &str| super::came(name, text).expect("a message");
        let one = came("IN20021130_021531_00_+4540900093", "hi");
        assert_eq!((one.from.as_str(), one.text.as_str()), ("+4540900093", "hi"));
        assert_eq!(came("IN20021130_021531_01_+4540900093", "hi").id, one.id);
        for (name, text) in [
            ("IN20021130_021531_00_+4540900093", "ho"),
            ("IN20021130_021532_00_+4540900093", "hi"),
            ("IN20021130_021531_00_+4540900094", "hi"),
        ] {
            assert_ne!(came(name, text).id, one.id, "{name} {text}");
        }
        for undated in ["IN000_000000_00_+4540900093", "IN00000000_000000_00_+4540900093"] {
            assert_eq!(came(undated, "hi").id, "", "{undated}");
        }
        assert_eq!(came("IN20021130_021531_00_My_Bank", "hi").from, "My_Bank");
        assert_eq!(came("IN20021130_021531_00_X100#", "hi").from, "*100#");
        assert_eq!(super::came("IN20021130_021531_00_", "hi"), None);
        assert_eq!(came("IN20021130_021531_00_+4540900093", "\0\u{1}x").text, "", "data for a telephone");
    }
}
