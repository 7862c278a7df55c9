//! A customer's copy of her chat, as a letter: made here, carried by the relay to the branch's own mail relay (B-11).
//!
//! Headers are built by lettre from values it has parsed: nothing a customer wrote can begin a header of its own.

use std::time::{Duration, SystemTime};

use lettre::message::Mailbox;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::{Address, Message};

use super::call::{Call, Letter, Reply};
use super::{Sent, excerpt};
use crate::desk::Word;
use crate::desk::mail::Mail;
use crate::limits::MAIL_ADDRESS_BYTES_MAX;

/// Is this one address, and nothing beside it?
pub fn is_address(text: &str) -> bool {
    text.len() <= MAIL_ADDRESS_BYTES_MAX && text.parse::<Address>().is_ok()
}

/// Is this what a letter may be from: an address, or a name and an address?
pub fn is_sender(text: &str) -> bool {
    text.parse::<Mailbox>().is_ok()
}

/// What is written to whom.
#[derive(Clone, Copy, Debug)]
pub struct Copy<'a> {
    /// The number of the row it is: the same again is the same letter, by its name.
    pub id: u64,
    /// The customer's address.
    pub to: &'a str,
    /// What it is called.
    pub subject: &'a str,
    /// What it says.
    pub text: &'a str,
    /// When it is written, in seconds since 1970.
    pub at_s: i64,
}

/// The call that sends it, signed in with this password; `None` when an address is none after all.
pub fn call(mail: &Mail, password: &str, copy: &Copy<'_>) -> Option<Call> {
    let from: Mailbox = mail.from.parse().ok()?;
    let to: Address = copy.to.parse().ok()?;
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(copy.at_s).unwrap_or(0));
    let sender = from.email.to_string();
    let name = format!("<deskbell.{}@{}>", copy.id, from.email.domain());
    // No machine answers a machine.
    let automatic =
        HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
    let message = Message::builder()
        .from(from)
        .to(Mailbox::new(None, to))
        .date(at)
        .message_id(Some(name))
        .subject(copy.subject)
        .raw_header(automatic)
        .header(ContentType::TEXT_PLAIN)
        .body(copy.text.to_owned())
        .ok()?;
    Some(Call::Letter(Letter {
        host: mail.host.clone(),
        port: mail.port,
        security: mail.security.word().to_owned(),
        user: mail.user.clone(),
        password: password.to_owned(),
        from: sender,
        to: copy.to.to_owned(),
        text: String::from_utf8(message.formatted()).ok()?,
    }))
}

/// What came of it: the mail relay's own code, or that none was given.
pub fn sent(reply: &Reply) -> Sent {
    match reply {
        Reply::Answer { status: 200..=299, .. } => Sent::Accepted(None),
        // Who the box is there, an admin mends.
        Reply::Answer { status: status @ (530..=539 | 400..=499), body, .. } => {
            Sent::Later { wait_s: None, why: format!("the mail relay answers {status}: {}", excerpt(body)) }
        }
        Reply::Answer { status, body, .. } => {
            Sent::Refused(format!("the mail relay answers {status}: {}", excerpt(body)))
        }
        Reply::Unreached(why) => Sent::Later { wait_s: None, why: why.clone() },
        Reply::Unclear(why) => Sent::Unclear(why.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::mail::MailSecurity;
    use crate::desk::secret::{Kept, Secret};

    fn relay() -> Mail {
        Mail {
            host: "mail.branch.example".into(),
            port: 587,
            security: MailSecurity::Starttls,
            user: "box".into(),
            password: Kept::new(Secret::new("hunter2")),
            from: "The branch <chat@branch.example>".into(),
        }
    }

    #[test]
    fn nothing_a_customer_writes_begins_a_header() {
        for to in [
            "eva@example.org\r\nBcc: all@example.org",
            "eva@example.org\nBcc: all@example.org",
            "eva@example.org, all@example.org",
            "Eva <eva@example.org>",
            "eva@example.org\0",
            "<eva@example.org>",
            "eva",
            "@example.org",
            "",
        ] {
            assert!(!is_address(to), "{to:?}");
        }
        assert!(!is_address(&format!("{}@example.org", "a".repeat(250))));
        let text = "hello\r\n.\r\nMAIL FROM:<x@y.example>\r\nBcc: all@example.org";
        let subject = "Your chat with us\r\nBcc: all@example.org";
        let copy = Copy { id: 7, to: "eva@example.org", subject, text, at_s: 1_764_316_800 };
        let Some(Call::Letter(letter)) = call(&relay(), "hunter2", &copy) else { panic!("a letter") };
        let (head, _) = letter.text.split_once("\r\n\r\n").expect("a head and a body");
        let names: Vec<_> = head
            .split("\r\n")
            .filter(|line| !line.starts_with(' '))
            .map(|line| line.split(':').next().unwrap_or_default())
            .collect();
        assert!(!names.contains(&"Bcc"), "{head}");
        assert_eq!(names.iter().filter(|name| **name == "To").count(), 1, "{head}");
        assert!(
            head.contains("To: eva@example.org") && head.contains("<deskbell.7@branch.example>"),
            "{head}"
        );
        assert_eq!((letter.from.as_str(), letter.to.as_str()), ("chat@branch.example", "eva@example.org"));
        assert!(letter.text.is_ascii());
    }

    #[test]
    fn what_a_mail_relay_answers_is_final_or_tried_again() {
        let answer = |status| Reply::Answer { status, wait_s: None, body: "no".into() };
        assert_eq!(sent(&answer(250)), Sent::Accepted(None));
        assert!(matches!(sent(&answer(451)), Sent::Later { .. }));
        assert!(matches!(sent(&answer(535)), Sent::Later { .. }));
        assert!(matches!(sent(&answer(550)), Sent::Refused(_)));
        assert!(matches!(sent(&Reply::Unreached("no".into())), Sent::Later { .. }));
        assert!(matches!(sent(&Reply::Unclear("no".into())), Sent::Unclear(_)));
    }
}
