//! SIP requests as a PBX sends them, and answers to them (RFC 3261). Pure.
//!
//! Of a request the box needs eight headers, and an answer repeats five of them byte for byte. The crates there are
//! parse a whole grammar into types of their own and write it anew, bring a second async runtime, or are kept no
//! longer; so this is ours, and reads no more than it needs.

use std::net::SocketAddr;

use crate::limits::SIP_HEADERS_MAX;

/// Headers there is one of (RFC 3261, 7.3.1): of two, two readers would take one each.
const ONCE: [&str; 6] = ["from", "to", "call-id", "cseq", "content-length", "max-forwards"];
/// What a `CSeq` stays below (8.1.1.5).
const CSEQ_END: u32 = 1 << 31;

/// A request, its head read. The body, a session description, is none of the box's business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// `INVITE`, in capitals as it came.
    pub method: String,
    /// Whom it is to.
    pub uri: String,
    /// Is it SIP 2.0?
    pub is_known_version: bool,
    /// Is its body as long as it says, its `CSeq` of its own method, its address one, and nothing said twice that can
    /// be said once only?
    pub is_whole: bool,
    /// Where it came through last.
    pub via: Via,
    /// `Call-ID`.
    pub call_id: String,
    /// The number in `CSeq`.
    pub cseq: u32,
    /// The `tag` of `From`.
    pub from_tag: String,
    /// The `tag` of `To`: it is about a dialog.
    pub to_tag: Option<String>,
    /// By lower-case name, in order.
    headers: Vec<(String, String)>,
}

/// The topmost `Via`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Via {
    /// Host and port that sent it.
    pub sent_by: String,
    /// Names the transaction.
    pub branch: String,
    /// Does it want its answer where it came from?
    pub rport: bool,
}

impl Via {
    /// The port its sender listens on.
    pub fn port(&self) -> u16 {
        let port =
            self.sent_by.rsplit_once(':').filter(|(host, _)| !host.contains(':') || host.ends_with(']'));
        port.and_then(|(_, port)| port.trim().parse().ok()).unwrap_or(5060)
    }
}

/// Reads a request. `None` for what cannot even be answered: not SIP, a response, or without the headers an answer
/// repeats.
pub fn parse(bytes: &[u8]) -> Option<Request> {
    let start = bytes.iter().position(|b| !matches!(b, b'\r' | b'\n'))?;
    let bytes = &bytes[start..];
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let body_bytes = bytes.len() - end - 4;
    let mut lines = head.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let (method, uri, version) = (words.next()?, words.next()?, words.next()?);
    let is_token = |text: &str| !text.is_empty() && text.bytes().all(is_token_byte);
    if !is_token(method) || uri.is_empty() || words.next().is_some() || !version.starts_with("SIP/") {
        return None;
    }
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in lines {
        // What is repeated in an answer must not begin a line of its own there.
        if line.bytes().any(|b| b.is_ascii_control() && b != b'\t') {
            return None;
        }
        if line.starts_with([' ', '\t']) {
            let (_, value) = headers.last_mut()?;
            value.push(' ');
            value.push_str(line.trim());
            continue;
        }
        let (name, value) = line.split_once(':')?;
        if !is_token(name.trim_end()) || headers.len() == SIP_HEADERS_MAX {
            return None;
        }
        headers.push((whole_name(name.trim_end()), value.trim().to_owned()));
    }
    let find = |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let (number, of) = find("cseq")?.split_once([' ', '\t'])?;
    let cseq = number.parse::<u32>().ok().filter(|cseq| *cseq < CSEQ_END);
    let is_once = |name: &&str| headers.iter().filter(|(known, _)| known == name).nth(1).is_none();
    let tag = |value: &str| parameter(address(value)?.parameters, "tag").map(str::to_owned);
    let length = find("content-length").map(|length| length.parse::<usize>().unwrap_or(usize::MAX));
    Some(Request {
        method: method.to_owned(),
        uri: uri.to_owned(),
        is_known_version: version.eq_ignore_ascii_case("SIP/2.0"),
        is_whole: length.is_none_or(|length| length <= body_bytes)
            && of.trim() == method
            && cseq.is_some()
            && !uri.contains(['<', '>', '"'])
            && ONCE.iter().all(is_once),
        via: via(find("via")?)?,
        call_id: Some(find("call-id")?).filter(|id| !id.is_empty())?.to_owned(),
        cseq: cseq.unwrap_or_default(),
        from_tag: tag(find("from")?).unwrap_or_default(),
        to_tag: tag(find("to")?),
        headers,
    })
}

fn is_token_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&b)
}

/// Lower case, and the short forms written out.
fn whole_name(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let whole = match lower.as_str() {
        "v" => "via",
        "f" => "from",
        "t" => "to",
        "i" => "call-id",
        "m" => "contact",
        "l" => "content-length",
        "c" => "content-type",
        "k" => "supported",
        "s" => "subject",
        "e" => "content-encoding",
        _ => return lower,
    };
    whole.to_owned()
}

/// `SIP/2.0/UDP host:port;branch=…`, of several the first.
fn via(value: &str) -> Option<Via> {
    let (top, _) = split_list(value);
    let (sent, parameters) = top.split_once(';').unwrap_or((top, ""));
    let (_, host) = sent.rsplit('/').next()?.trim().split_once([' ', '\t'])?;
    let rport = parameters.split(';').any(|one| one.trim().eq_ignore_ascii_case("rport"));
    let branch = parameter(parameters, "branch").unwrap_or_default().to_owned();
    // Some write a space before the port.
    let sent_by: String = host.chars().filter(|c| !c.is_whitespace()).collect();
    (!sent_by.is_empty()).then_some(Via { sent_by, branch, rport })
}

/// What stands outside of quotes, in which a backslash takes the next character for what it is.
fn unquoted(value: &str) -> impl Iterator<Item = (usize, char)> {
    let (mut quoted, mut escaped) = (false, false);
    value.char_indices().filter(move |(_, c)| {
        let before = quoted;
        match c {
            _ if std::mem::take(&mut escaped) => {}
            '\\' => escaped = quoted,
            '"' => quoted = !quoted,
            _ => {}
        }
        !before && !quoted
    })
}

/// A name without the backslashes that stood in its quotes.
pub fn unescaped(name: &str) -> String {
    let mut chars = name.chars();
    let mut plain = String::with_capacity(name.len());
    while let Some(c) = chars.next() {
        plain.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    plain
}

/// The first of a list, and what follows its comma.
fn split_list(value: &str) -> (&str, Option<&str>) {
    let mut angled = false;
    for (at, c) in unquoted(value) {
        match c {
            '<' => angled = true,
            '>' => angled = false,
            ',' if !angled => return (&value[..at], Some(&value[at + 1..])),
            _ => {}
        }
    }
    (value, None)
}

/// A name-addr: `"Jan" <sip:201@pbx>;tag=1`, or the address alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address<'a> {
    /// The name before it, without its quotes; [`unescaped`] reads it.
    pub display: &'a str,
    /// The address.
    pub uri: &'a str,
    /// What follows, from the first semicolon on.
    pub parameters: &'a str,
}

/// Reads the first address of a header.
pub fn address(value: &str) -> Option<Address<'_>> {
    let (value, _) = split_list(value);
    let value = value.trim();
    match unquoted(value).find(|(_, c)| *c == '<') {
        Some((at, _)) => {
            let (uri, parameters) = value[at + 1..].split_once('>')?;
            let display = value[..at].trim();
            let inside = display.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            let display = inside.unwrap_or(display);
            Some(Address { display, uri: uri.trim(), parameters })
        }
        None => {
            let at = value.find(';').unwrap_or(value.len());
            Some(Address { display: "", uri: value[..at].trim(), parameters: &value[at..] })
        }
    }
}

/// The value of a parameter.
pub fn parameter<'a>(parameters: &'a str, name: &str) -> Option<&'a str> {
    parameters.split(';').find_map(|one| {
        let (key, value) = one.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// Scheme and user of an address: `("sip", "+31 20")`; percent-encoding undone, a password left out.
pub fn user(uri: &str) -> Option<(String, String)> {
    let (scheme, rest) = uri.split_once(':')?;
    let scheme = scheme.to_ascii_lowercase();
    let user = match scheme.as_str() {
        "tel" => rest.split(';').next()?,
        // Without a user it is a host.
        _ => rest.split_once('@').map_or("", |(user, _)| user).split([':', ';']).next()?,
    };
    let mut bytes = Vec::with_capacity(user.len());
    let mut rest = user.as_bytes();
    while let [first, after @ ..] = rest {
        let digit = |byte: &u8| (*byte as char).to_digit(16);
        match (first, after) {
            (b'%', [high, low, after @ ..]) => {
                bytes.push((digit(high)? * 16 + digit(low)?) as u8);
                rest = after;
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    let user = String::from_utf8(bytes).ok()?;
    (!user.chars().any(char::is_control)).then_some((scheme, user))
}

impl Request {
    /// The first header of a lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Headers whose lower-case name begins like this, without that beginning.
    pub fn beginning<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.headers
            .iter()
            .filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, value.as_str())))
    }

    /// All that it requires of whoever takes it (RFC 3261, 8.2.2.3).
    pub fn required(&self) -> Option<String> {
        let all = self.headers.iter().filter(|(name, value)| name == "require" && !value.is_empty());
        let all: Vec<&str> = all.map(|(_, value)| value.as_str()).collect();
        (!all.is_empty()).then(|| all.join(", "))
    }

    /// Are both of one call, whichever way they came?
    pub fn is_of_call(&self, other: &Request) -> bool {
        self.call_id == other.call_id && self.from_tag == other.from_tag
    }

    /// Where its answer goes (RFC 3261, 18.2.2; RFC 3581). Never anywhere but to the address it came from.
    pub fn answer_to(&self, peer: SocketAddr) -> SocketAddr {
        let port = if self.via.rport { peer.port() } else { self.via.port() };
        SocketAddr::new(peer.ip(), port)
    }

    /// An answer: `tag` names this end.
    pub fn answer(
        &self,
        peer: SocketAddr,
        (status, phrase): (u16, &str),
        tag: Option<&str>,
        more: &[(&str, &str)],
    ) -> Vec<u8> {
        let mut text = format!("SIP/2.0 {status} {phrase}\r\n");
        let mut add = |name: &str, value: &str| {
            text.push_str(name);
            text.push_str(": ");
            text.push_str(value);
            text.push_str("\r\n");
        };
        for (at, (name, value)) in self.headers.iter().enumerate() {
            let is_first = || self.headers[..at].iter().all(|(before, _)| before != name);
            match name.as_str() {
                "via" if is_first() => add("Via", &stamped(value, peer)),
                "via" => add("Via", value),
                // A provisional answer opens the way back for what comes before the final one.
                "record-route" if (101..=299).contains(&status) => add("Record-Route", value),
                "from" if is_first() => add("From", value),
                "to" if is_first() => match tag.filter(|_| self.to_tag.is_none()) {
                    Some(tag) => add("To", &format!("{value};tag={tag}")),
                    None => add("To", value),
                },
                "call-id" if is_first() => add("Call-ID", value),
                "cseq" if is_first() => add("CSeq", value),
                // For who measures the way (8.2.6.1).
                "timestamp" if status == 100 => add("Timestamp", value),
                _ => {}
            }
        }
        for (name, value) in more {
            add(name, value);
        }
        text.push_str("Content-Length: 0\r\n\r\n");
        text.into_bytes()
    }
}

/// The topmost `Via` with the address it really came from.
fn stamped(value: &str, peer: SocketAddr) -> String {
    let (top, rest) = split_list(value);
    let mut parts = top.split(';');
    let mut out = parts.next().unwrap_or_default().trim().to_owned();
    for part in parts.map(str::trim) {
        let name = part.split('=').next().unwrap_or_default().trim();
        match name.to_ascii_lowercase().as_str() {
            "received" => {}
            "rport" => out.push_str(&format!(";rport={}", peer.port())),
            _ => out.push_str(&format!(";{part}")),
        }
    }
    out.push_str(&format!(";received={}", peer.ip().to_canonical()));
    if let Some(rest) = rest {
        out.push_str(", ");
        out.push_str(rest.trim());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const INVITE: &str = "INVITE sip:calls@box.lan SIP/2.0\r\n\
        Via: SIP/2.0/UDP 192.0.2.5:5070;branch=z9hG4bK1;rport, SIP/2.0/UDP 10.0.0.1\r\n\
        v: SIP/2.0/UDP 10.0.0.2\r\n\
        Max-Forwards: 70\r\n\
        f: \"Jan, de Boer\" <sip:+31612345678@pbx.lan;user=phone>;tag=abc\r\n\
        To: <sip:calls@box.lan>\r\n\
        i: 1234@pbx.lan\r\n\
        CSeq: 7 INVITE\r\n\
        Subject: folded\r\n  value\r\n\
        X-Deskbell-Order: 4711\r\n\
        l: 4\r\n\r\nv=0\n";

    fn peer() -> SocketAddr {
        "192.0.2.9:40000".parse().expect("an address")
    }

    #[test]
    fn an_invite_is_read_in_long_and_short_names() {
        let invite = parse(INVITE.as_bytes()).expect("an INVITE");
        assert_eq!((invite.method.as_str(), invite.uri.as_str()), ("INVITE", "sip:calls@box.lan"));
        assert!(invite.is_known_version && invite.is_whole && invite.to_tag.is_none());
        assert_eq!(
            (invite.call_id.as_str(), invite.cseq, invite.from_tag.as_str()),
            ("1234@pbx.lan", 7, "abc")
        );
        let via = Via { sent_by: "192.0.2.5:5070".into(), branch: "z9hG4bK1".into(), rport: true };
        assert_eq!((invite.via.port(), &invite.via), (5070, &via));
        assert_eq!(invite.header("subject"), Some("folded value"));
        assert_eq!(invite.beginning("x-deskbell-").collect::<Vec<_>>(), [("order", "4711")]);
        let from = address(invite.header("from").expect("From")).expect("an address");
        assert_eq!((from.display, from.uri), ("Jan, de Boer", "sip:+31612345678@pbx.lan;user=phone"));
        assert_eq!(user(from.uri), Some(("sip".into(), "+31612345678".into())));
    }

    #[test]
    fn an_answer_repeats_what_it_must_and_goes_where_it_came_from() {
        let invite = parse(INVITE.as_bytes()).expect("an INVITE");
        assert_eq!(invite.answer_to(peer()), peer(), "asked for by rport");
        let answer =
            invite.answer(peer(), (182, "Queued"), Some("me"), &[("Contact", "<sip:calls@box.lan>")]);
        let expected = "SIP/2.0 182 Queued\r\n\
            Via: SIP/2.0/UDP 192.0.2.5:5070;branch=z9hG4bK1;rport=40000;received=192.0.2.9, SIP/2.0/UDP 10.0.0.1\r\n\
            Via: SIP/2.0/UDP 10.0.0.2\r\n\
            From: \"Jan, de Boer\" <sip:+31612345678@pbx.lan;user=phone>;tag=abc\r\n\
            To: <sip:calls@box.lan>;tag=me\r\n\
            Call-ID: 1234@pbx.lan\r\n\
            CSeq: 7 INVITE\r\n\
            Contact: <sip:calls@box.lan>\r\n\
            Content-Length: 0\r\n\r\n";
        assert_eq!(String::from_utf8_lossy(&answer), expected);
        let slashed = parse(INVITE.replace("z9hG4bK1", "z9hG4bK/1").as_bytes()).expect("an INVITE");
        assert_eq!((slashed.via.branch.as_str(), slashed.via.port()), ("z9hG4bK/1", 5070));
        let plain = parse(INVITE.replace(";rport", "").as_bytes()).expect("an INVITE");
        assert_eq!(plain.answer_to(peer()), "192.0.2.9:5070".parse().expect("an address"));
    }

    #[test]
    fn what_cannot_be_answered_is_not_read() {
        let without = |line: &str| INVITE.replace(line, "");
        for (why, text) in [
            (
                "no Via",
                without("Via: SIP/2.0/UDP 192.0.2.5:5070;branch=z9hG4bK1;rport, SIP/2.0/UDP 10.0.0.1\r\n")
                    .replace("v: SIP/2.0/UDP 10.0.0.2\r\n", ""),
            ),
            ("no Call-ID", without("i: 1234@pbx.lan\r\n")),
            ("no CSeq", without("CSeq: 7 INVITE\r\n")),
            ("no To", without("To: <sip:calls@box.lan>\r\n")),
            ("no end", INVITE.replace("\r\n\r\nv=0\n", "\r\n")),
            ("a response", INVITE.replacen("INVITE sip:calls@box.lan SIP/2.0", "SIP/2.0 200 OK", 1)),
            ("HTTP", "GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_owned()),
            ("a lone line feed", INVITE.replace("Max-Forwards: 70", "Max-Forwards: 70\nX: 1")),
            ("a header without a name", INVITE.replace("Max-Forwards: 70", ": 70")),
            ("a fold with nothing before it", INVITE.replace("Via: SIP", " Via: SIP")),
            ("too many headers", INVITE.replace("Max-Forwards: 70\r\n", &"A: 1\r\n".repeat(SIP_HEADERS_MAX))),
            ("nothing", String::new()),
        ] {
            assert!(parse(text.as_bytes()).is_none(), "{why}");
        }
        let mut bytes = INVITE.as_bytes().to_vec();
        bytes[20] = 0xff;
        assert!(parse(&bytes).is_none(), "not UTF-8");
        let short = parse(INVITE.replace("l: 4", "l: 400").as_bytes()).expect("it can be answered");
        let other =
            parse(INVITE.replace("CSeq: 7 INVITE", "CSeq: 7 BYE").as_bytes()).expect("it can be answered");
        assert!(!short.is_whole && !other.is_whole);
        for (from, to) in [
            ("CSeq: 7", "CSeq: 2147483648"),
            ("CSeq: 7", "CSeq: 36893488147419103232"),
            ("CSeq: 7", "CSeq: seven"),
            ("l: 4", "l: -4"),
            ("l: 4", "l: 4\r\nContent-Length: 4"),
            ("i: 1234@pbx.lan", "i: 1234@pbx.lan\r\nCall-ID: 5@pbx.lan"),
            ("To: <", "t: <sip:other@box.lan>;tag=1\r\nTo: <"),
            ("sip:calls@box.lan SIP", "<sip:calls@box.lan> SIP"),
        ] {
            let request = parse(INVITE.replacen(from, to, 1).as_bytes()).expect("it can be answered");
            assert!(!request.is_whole, "{to}");
            // In the answer, too, everything stands once.
            let answer = request.answer(peer(), (400, "Bad Request"), Some("t"), &[]);
            let answer = String::from_utf8_lossy(&answer).into_owned();
            for name in ["From: ", "To: ", "Call-ID: ", "CSeq: "] {
                assert_eq!(answer.matches(&format!("\r\n{name}")).count(), 1, "{answer}");
            }
        }
        assert!(
            !parse(INVITE.replace("SIP/2.0\r\nVia", "SIP/3.0\r\nVia").as_bytes())
                .expect("read")
                .is_known_version
        );
    }

    #[test]
    fn any_bytes_are_read_without_harm() {
        let mut state = 1_u32;
        for round in 0..4000 {
            let mut bytes = INVITE.as_bytes().to_vec();
            for _ in 0..=round % 9 {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let at = state as usize >> 8;
                let len = bytes.len();
                match state % 3 {
                    0 => bytes[at % len] = (state >> 16) as u8,
                    1 => drop(bytes.drain(at % len..)),
                    _ => bytes.insert(at % len, b"<>\";,: \r\n@%"[at % 11]),
                }
                if bytes.is_empty() {
                    break;
                }
            }
            if let Some(request) = parse(&bytes) {
                let answer = request.answer(peer(), (400, "Bad Request"), Some("t"), &[]);
                assert_eq!(answer.windows(4).filter(|four| *four == b"\r\n\r\n").count(), 1, "one head");
                let _ = request.header("from").and_then(address).map(|from| user(from.uri));
            }
        }
    }

    #[test]
    fn users_of_every_kind_of_address_are_found() {
        for (uri, expected) in [
            ("sip:201@pbx", Some(("sip", "201"))),
            ("SIPS:a%20b:secret@pbx;x=1", Some(("sips", "a b"))),
            ("tel:+31-20-123;phone-context=x", Some(("tel", "+31-20-123"))),
            ("sip:pbx.lan:5060", Some(("sip", ""))),
            ("sip:%zz@x", None),
            ("sip:%0d@x", None),
            ("nothing", None),
        ] {
            let expected = expected.map(|(scheme, user): (&str, &str)| (scheme.to_owned(), user.to_owned()));
            assert_eq!(user(uri), expected, "{uri}");
        }
    }
}
