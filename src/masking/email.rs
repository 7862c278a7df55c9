//! E-mail addresses, found from their at sign outwards.
//!
//! They are looked up once for the whole text: walking from each possible first letter to the at sign would
//! cost the square of the length when a customer pastes four thousand letters.

use std::ops::Range;

use super::scan::{MASK_STARS, Scan, fold, visible};

/// Glyphs of a quoted local part (`"john doe"@example.com`), quotes left out.
const QUOTED_GLYPHS_MAX: usize = 64;

/// One address: glyphs of its first letter, its at sign, and behind its domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) start: usize,
    pub(super) at: usize,
    pub(super) end: usize,
}

/// Every address of the text, in order; none reaches back into the one before.
pub(super) fn find_all(scan: &Scan) -> Vec<Address> {
    let mut found: Vec<Address> = Vec::new();
    for at in (0..scan.len()).filter(|&at| scan.ch(at) == '@') {
        let Some(end) = domain_end(scan, at + 1) else { continue };
        if scan.ch(end) == '@' && domain_end(scan, end + 1).is_some() {
            continue;
        }
        let floor = found.last().map_or(0, |last| last.end);
        if let Some(start) = local_start(scan, floor, at) {
            found.push(Address { start, at, end });
        }
    }
    found
}

impl Address {
    /// Whether the address, or what a number before it has left of it, begins at `i`.
    pub(super) fn begins_at(&self, scan: &Scan, i: usize) -> bool {
        (self.start..self.at).contains(&i) && scan.ch(i).is_alphanumeric()
    }

    /// Begins earlier when a number's mask has closed the gaps before it: in `41 00-joe@x.nl`, with `4100`
    /// left of an IBAN, the mailbox reads `4100-joe`.
    pub(super) fn reach_back(&mut self, scan: &Scan, readable: Range<usize>) {
        if readable.contains(&self.start) {
            let reached = readable.start..self.start;
            self.start = reached.rev().take_while(|&k| is_local(scan, k)).last().unwrap_or(self.start);
        }
    }
}

/// The first letter or digit of the local part, not before `floor`: stars of bold type, quotes and brackets
/// stay outside.
fn local_start(scan: &Scan, floor: usize, at: usize) -> Option<usize> {
    let from = if scan.before(at) == '"' {
        let quoted = at.saturating_sub(1 + QUOTED_GLYPHS_MAX).max(floor)..at.saturating_sub(1);
        quoted.rev().take_while(|&k| scan.ch(k) != '\n').find(|&k| scan.ch(k) == '"')?
    } else {
        let tail = (floor..at).rev().take_while(|&k| scan.ch(k) == '*').count();
        // Stars elsewhere in it are another number's mask, which is no part of the mailbox.
        let is_own =
            |&k: &usize| is_local(scan, k) && !(k + 1 >= MASK_STARS && scan.starts_mask(k + 1 - MASK_STARS));
        (floor..at - tail).rev().take_while(is_own).last()?
    };
    (from..at).find(|&k| scan.ch(k).is_alphanumeric())
}

/// Characters of a local part. Another at sign is one of them: of `joe@home.nl@x.nl` too only `j` and the last
/// domain may be read. In a web address `=`, `&`, `?` and `/` end it, since `?email=a@b.nl` is usual
/// there; elsewhere they may belong to the mailbox and would show more of it than its first letter.
fn is_local(scan: &Scan, k: usize) -> bool {
    match scan.ch(k) {
        '=' | '&' | '?' | '/' => !scan.is_in_url(k),
        '@' | '.' | '_' | '%' | '+' | '-' | '\'' | '*' | '!' | '#' | '$' | '^' | '~' | '`' | '{' | '|'
        | '}' => true,
        c => c.is_alphanumeric(),
    }
}

/// Behind the domain that begins at `from`: labels with dots between, the last of two letters or more. A full
/// stop that ends the sentence is not part of it.
fn domain_end(scan: &Scan, from: usize) -> Option<usize> {
    if scan.ch(from) == '[' {
        return literal_end(scan, from);
    }
    let (mut label, mut end, mut k) = (from, None, from);
    loop {
        let c = scan.ch(k);
        if c.is_alphanumeric() {
            k += 1;
            let is_top = label > from && scan.ch(label).is_alphabetic() && k - label >= 2;
            end = if is_top { Some(k) } else { end };
        } else if c == '-' && k > label {
            k += 1;
        } else if c == '.' && k > label && scan.ch(k + 1).is_alphanumeric() {
            k += 1;
            label = k;
        } else {
            return end;
        }
    }
}

/// `[192.0.2.1]` or `[IPv6:2001:db8::1]`.
fn literal_end(scan: &Scan, from: usize) -> Option<usize> {
    let close = (from + 1..from + 48).find(|&k| scan.ch(k) == ']')?;
    let is_literal = |k| scan.ch(k).is_ascii_alphanumeric() || matches!(scan.ch(k), '.' | ':');
    (close > from + 1 && (from + 1..close).all(is_literal)).then_some(close + 1)
}

/// Writes an address's mask: its first letter, a star for each character more before the at sign, and the
/// domain as written (REQ S3-15).
pub(super) fn write_mask(out: &mut String, written: &str) {
    let at = written.char_indices().rev().find(|&(_, c)| fold(c) == Some('@')).map(|(at, _)| at);
    let (local, domain) = written.split_at(at.unwrap_or(written.len()));
    for (index, c) in visible(local).enumerate() {
        out.push(if index == 0 { c } else { '*' });
    }
    out.push_str(domain);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let scan = Scan::new(text);
        find_all(&scan).iter().map(|a| text[scan.bytes(a.start, a.end)].to_owned()).collect()
    }

    #[test]
    fn punctuation_around_an_address_stays_outside() {
        for text in [
            "Mail <melissa@gmail.com>.",
            "(melissa@gmail.com),",
            "*melissa@gmail.com*",
            "mailto:melissa@gmail.com!",
        ] {
            assert_eq!(found(text), ["melissa@gmail.com"], "{text}");
        }
    }

    #[test]
    fn unusual_addresses_are_found_whole() {
        for text in [
            "o'neil+shop@mail.example.co.uk",
            "jörg@müller.de",
            "a.b-c_d@xn--mller-kva.example",
            "x=y@example.nl",
            "joe@[192.0.2.1]",
            "ｍelissa＠gmail．com",
            "12345@example.museum",
        ] {
            assert_eq!(found(text), [text]);
        }
        assert_eq!(found("\"john doe\"@example.com"), ["john doe\"@example.com"]);
    }

    #[test]
    fn of_several_at_signs_in_a_row_the_last_counts() {
        assert_eq!(found("joe@home.nl@x.nl"), ["joe@home.nl@x.nl"]);
        assert_eq!(found("@anna@social.example"), ["anna@social.example"]);
        assert_eq!(found("a@b.nl+c@d.nl"), ["a@b.nl", "c@d.nl"]);
        assert_eq!(found("joe@x.nl@"), ["joe@x.nl"]);
    }

    #[test]
    fn what_has_no_domain_is_no_address() {
        for text in ["@anna", "me@work", "2 @ 3.50", "a@b.c", "joe@10.0.0.1", "@example.com", "joe@-x.nl"] {
            assert!(found(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn in_a_web_address_the_query_ends_the_mailbox() {
        assert_eq!(found("https://shop.example/?email=joe@x.nl&a=1"), ["joe@x.nl"]);
    }
}
