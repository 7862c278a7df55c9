//! `[workstream.sms]`, `[workstream.messenger]`, `[workstream.voice]`, `[workstream.webhook]`: who carries what a
//! workstream brings.

use crate::channels::calls::is_host;
use crate::channels::mail::is_sender;
use crate::channels::{messenger, sms};
use crate::desk::channels::{Asked, Messenger, Sms, SmsProvider, Voice, Webhook};
use crate::desk::mail::{Mail, MailSecurity};
use crate::desk::model::Channel;
use crate::desk::read::{Entry, NAME, Section, TextRule};
use crate::desk::secret::Kept;
use crate::desk::words::Word;
use crate::limits::{DESK_STOP_WORDS_MAX, DESK_TIMEOUT_S_MIN, DESK_WAIT_S_MAX, URL_BYTES_MAX};

/// The words of carriers everywhere, and of the languages the box speaks.
const STOP_WORDS: &[&str] = &["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "AFMELDEN"];
const START_WORDS: &[&str] = &["START", "UNSTOP", "AANMELDEN"];

const REQUEST: TextRule = TextRule { chars_max: 1000, lines: true };

pub(super) fn sms(section: &Section<'_>, channel: Channel) -> Option<Sms> {
    let Some(sms) = section.section("sms") else {
        if channel == Channel::Sms {
            section.warn("sms", "is missing: no text message comes in or goes out");
        }
        return None;
    };
    if channel != Channel::Sms {
        section.warn("sms", "has no effect: it is for channel = \"sms\"");
    }
    let provider = sms.need("provider").and_then(|entry| entry.word(SmsProvider::ALL));
    let default_url = if provider == Some(SmsProvider::Twilio) { sms::twilio::URL } else { "" };
    let made = Sms {
        provider: provider.unwrap_or(SmsProvider::Twilio),
        from: sms.text("from", NAME).unwrap_or_default(),
        account: sms.text("account", NAME).unwrap_or_default(),
        secret: secret(&sms, "secret"),
        url: sms
            .get("url")
            .and_then(|entry| url(&entry, provider == Some(SmsProvider::Gateway)))
            .unwrap_or_else(|| default_url.to_owned()),
        asked: sms.word("asked").unwrap_or(Asked::Post),
        request: sms.text("request", REQUEST).unwrap_or_else(|| sms::gateway::REQUEST.to_owned()),
        folder: sms.text("folder", NAME).unwrap_or_default(),
        stop_words: words(&sms, "stop_words", STOP_WORDS),
        start_words: words(&sms, "start_words", START_WORDS),
    };
    let needs = |key: &'static str, value: &str| {
        if value.is_empty() && sms.get(key).is_none() {
            sms.fault(key, "is missing: this provider needs it");
        }
    };
    match provider? {
        SmsProvider::Twilio => {
            needs("from", &made.from);
            needs("account", &made.account);
        }
        SmsProvider::Gateway => needs("url", &made.url),
        SmsProvider::Spool | SmsProvider::Gammu => {
            needs("folder", &made.folder);
            if !made.folder.is_empty() && !made.folder.starts_with('/') {
                let usual = if provider == Some(SmsProvider::Gammu) { "gammu" } else { "sms" };
                sms.fault("folder", format!("must be a whole path, such as /var/spool/{usual}"));
            }
        }
    }
    Some(made)
}

pub(super) fn messenger(section: &Section<'_>, channel: Channel) -> Option<Messenger> {
    let Some(messenger) = section.section("messenger") else {
        if channel == Channel::Messenger {
            section.warn("messenger", "is missing: no message comes in or goes out");
        }
        return None;
    };
    if channel != Channel::Messenger {
        section.warn("messenger", "has no effect: it is for channel = \"messenger\"");
    }
    let page = messenger.need("page").and_then(|entry| entry.text(NAME));
    if page.as_ref().is_some_and(|page| !page.bytes().all(|b| b.is_ascii_digit())) {
        messenger.fault("page", "must be the page's number");
    }
    let address = messenger.get("url").and_then(|entry| url(&entry, false));
    let (page_token, app_secret) = (secret(&messenger, "page_token"), secret(&messenger, "app_secret"));
    let verify_token = secret(&messenger, "verify_token");
    let url = address.unwrap_or_else(|| messenger::URL.to_owned());
    Some(Messenger { page: page?, url, page_token, app_secret, verify_token })
}

/// Seconds a caller waits unless the desk says otherwise: longer than anybody likes to.
const VOICE_WAIT_S: u32 = 300;

pub(super) fn voice(section: &Section<'_>, channel: Channel) -> Option<Voice> {
    let voice = section.section("voice");
    if channel != Channel::Voice {
        if voice.is_some() {
            section.warn("voice", "has no effect: it is for channel = \"voice\"");
        }
        return None;
    }
    let wait_max_s =
        voice.as_ref().and_then(|voice| voice.number("wait_max_s", DESK_TIMEOUT_S_MIN..=DESK_WAIT_S_MAX));
    let host = voice.as_ref().and_then(|voice| {
        let host = voice.text("host", NAME)?;
        if !is_host(&host) {
            voice.fault("host", "must be a name or an address, with a port if need be");
        }
        Some(host)
    });
    Some(Voice { wait_max_s: wait_max_s.unwrap_or(VOICE_WAIT_S), host })
}

pub(super) fn webhook(section: &Section<'_>) -> Option<Webhook> {
    let webhook = section.section("webhook")?;
    let address = webhook.need("url").and_then(|entry| url(&entry, false));
    let secret = secret(&webhook, "secret");
    Some(Webhook { url: address?, secret })
}

/// `[mail]`: the relay for copies by mail.
pub(super) fn mail(root: &Section<'_>) -> Option<Mail> {
    let mail = root.section("mail")?;
    let host = mail.need("host").and_then(|entry| entry.text(NAME));
    let from = mail.need("from").and_then(|entry| entry.text(NAME));
    let security = mail.word("security").unwrap_or(MailSecurity::Starttls);
    let port = mail.number("port", 1..=u16::MAX.into()).and_then(|port| u16::try_from(port).ok());
    let user = mail.text("user", NAME).unwrap_or_default();
    let password = secret(&mail, "password");
    if from.as_ref().is_some_and(|from| !is_sender(from)) {
        mail.fault(
            "from",
            "must be an address, such as chat@branch.example or The branch <chat@branch.example>",
        );
    }
    let is_host = |host: &str| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':');
        !host.is_empty() && host.bytes().all(plain)
    };
    if host.as_ref().is_some_and(|host| !is_host(host)) {
        mail.fault("host", "must be the name of a host, and nothing else");
    }
    if security == MailSecurity::None && host.as_ref().is_some_and(|host| !is_near(host)) {
        mail.fault("security", "must be starttls or tls: it carries chats over the open network");
    }
    let port = port.unwrap_or(security.port());
    Some(Mail { host: host?, port, security, user, password, from: from? })
}

/// `https://…`. In the clear only where it stays on the branch's own network.
fn url(entry: &Entry<'_>, in_the_clear: bool) -> Option<String> {
    let text = entry.text(TextRule { chars_max: URL_BYTES_MAX, lines: false })?;
    let (host, clear) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
        (Some(rest), _) => (rest, false),
        (_, Some(rest)) => (rest, true),
        _ => {
            entry.fault("must begin with https://");
            return None;
        }
    };
    let host = host.split(['/', '?', '#']).next().unwrap_or_default();
    if host.is_empty() || host.contains('@') || text.contains(char::is_whitespace) {
        entry.fault("must be https:// and a host");
        return None;
    }
    if clear && !in_the_clear && !is_near(host) {
        entry.fault("must begin with https://: it carries a secret over the open network");
        return None;
    }
    Some(text)
}

/// This machine, or one of the branch's own network.
fn is_near(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    match address {
        Ok(std::net::IpAddr::V4(ip)) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        Ok(std::net::IpAddr::V6(ip)) => {
            ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local()
        }
        Err(_) => name == "localhost" || name.ends_with(".local") || name.ends_with(".lan"),
    }
}

/// Used as it is.
fn secret(section: &Section<'_>, key: &'static str) -> Kept {
    super::secret(section, key).map(Kept::new).unwrap_or_default()
}

fn words(section: &Section<'_>, key: &'static str, default: &[&str]) -> Vec<String> {
    match section.get(key) {
        None => default.iter().map(|word| (*word).to_owned()).collect(),
        Some(entry) => {
            let words = entry.list(DESK_STOP_WORDS_MAX);
            words.iter().filter_map(|word| word.text(NAME)).map(|word| word.trim().to_uppercase()).collect()
        }
    }
}
