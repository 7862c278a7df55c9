//! What a notification says where the desk writes nothing, in each language (REQ B-9, S4-6). The desk's language is the one
//! agents are shown.

use std::collections::BTreeMap;

use super::{Field, NotifyKind, compiled};
use crate::desk::language::{ByLanguage, Lang, Localized};
use crate::desk::model::Channel;
use crate::desk::template::Template;

/// One text in English, Dutch, Czech and Danish.
type Four = [&'static str; 4];
const LANGUAGES: Four = ["en", "nl", "cs", "da"];

/// The first line, by channel and kind.
pub(super) fn title(channel: Channel, kind: NotifyKind) -> ByLanguage<Template> {
    each(title_words(channel, kind), compiled)
}

const fn title_words(channel: Channel, kind: NotifyKind) -> Four {
    match (kind, channel) {
        (NotifyKind::Incoming, Channel::Case) => {
            ["Case {case_title}", "Zaak {case_title}", "Případ {case_title}", "Sag {case_title}"]
        }
        (NotifyKind::Returned, Channel::Case) => [
            "Case again: {case_title}",
            "Weer zaak: {case_title}",
            "Znovu případ: {case_title}",
            "Sag igen: {case_title}",
        ],
        (NotifyKind::Transfer, Channel::Case) => [
            "Transfer: case {case_title}",
            "Overdracht: zaak {case_title}",
            "Předání: případ {case_title}",
            "Viderestilling: sag {case_title}",
        ],
        (NotifyKind::Conference, Channel::Case) => [
            "Join: case {case_title}",
            "Doe mee: zaak {case_title}",
            "Připojte se: případ {case_title}",
            "Vær med: sag {case_title}",
        ],
        (NotifyKind::Escalation, Channel::Case) => [
            "Escalation: case {case_title}",
            "Escalatie: zaak {case_title}",
            "Eskalace: případ {case_title}",
            "Eskalering: sag {case_title}",
        ],
        (NotifyKind::Assigned, Channel::Case) => [
            "Assigned: case {case_title}",
            "Toegewezen: zaak {case_title}",
            "Přiděleno: případ {case_title}",
            "Tildelt: sag {case_title}",
        ],
        (NotifyKind::Incoming, Channel::Sms) => [
            "SMS from {customer_name}",
            "SMS van {customer_name}",
            "SMS: {customer_name}",
            "SMS fra {customer_name}",
        ],
        (NotifyKind::Incoming, Channel::Messenger) => [
            "Message from {customer_name}",
            "Bericht van {customer_name}",
            "Zpráva: {customer_name}",
            "Besked fra {customer_name}",
        ],
        (NotifyKind::Incoming, Channel::Voice) => [
            "Call from {customer_name}",
            "Oproep van {customer_name}",
            "Hovor: {customer_name}",
            "Opkald fra {customer_name}",
        ],
        (NotifyKind::Incoming, Channel::Chat) => [
            "Chat from {customer_name}",
            "Chat van {customer_name}",
            "Chat: {customer_name}",
            "Chat fra {customer_name}",
        ],
        (NotifyKind::Returned, _) => [
            "Customer is back: {customer_name}",
            "Klant is terug: {customer_name}",
            "Zákazník je zpět: {customer_name}",
            "Kunden er tilbage: {customer_name}",
        ],
        (NotifyKind::Transfer, _) => [
            "Transfer: {customer_name}",
            "Overdracht: {customer_name}",
            "Předání: {customer_name}",
            "Viderestilling: {customer_name}",
        ],
        (NotifyKind::Conference, _) => [
            "Conference: {customer_name}",
            "Conferentie: {customer_name}",
            "Konference: {customer_name}",
            "Konference: {customer_name}",
        ],
        (NotifyKind::Escalation, _) => [
            "Escalation: {customer_name}",
            "Escalatie: {customer_name}",
            "Eskalace: {customer_name}",
            "Eskalering: {customer_name}",
        ],
        (NotifyKind::Assigned, _) => [
            "Assigned: {customer_name}",
            "Toegewezen: {customer_name}",
            "Přiděleno: {customer_name}",
            "Tildelt: {customer_name}",
        ],
    }
}

/// S4-6, for a case what its notification is about, and for a call who calls whom and why (S2-18).
pub(super) fn fields(channel: Channel) -> Vec<Field> {
    const CASE: (Four, &str) = (["Case", "Zaak", "Případ", "Sag"], "{case_title}");
    const NAME: (Four, &str) =
        (["Customer name", "Naam van de klant", "Jméno zákazníka", "Kundens navn"], "{customer_name}");
    const COMMENT: (Four, &str) = (["Comment", "Opmerking", "Komentář", "Kommentar"], "{comment}");
    const WAIT: (Four, &str) = (["Wait time", "Wachttijd", "Doba čekání", "Ventetid"], "{wait_time}");
    const CALLER: (Four, &str) = (["Caller", "Beller", "Volající", "Opkalder"], "{customer_name}");
    const QUEUE: (Four, &str) = (["Queue", "Wachtrij", "Fronta", "Kø"], "{queue}");
    const REASON: (Four, &str) = (["Reason", "Reden", "Důvod", "Årsag"], "{comment}");
    let fields: &[(Four, &str)] = match channel {
        Channel::Case => &[CASE, NAME, WAIT],
        Channel::Voice => &[CALLER, QUEUE, REASON, WAIT],
        _ => &[NAME, COMMENT, WAIT],
    };
    let field = |(label, value): (Four, &str)| Field { label: label_of(label), value: compiled(value) };
    fields.iter().copied().map(field).collect()
}

fn label_of(words: Four) -> Localized {
    each(words, str::to_owned)
}

fn each<T>(words: Four, make: impl Fn(&str) -> T) -> ByLanguage<T> {
    let texts = LANGUAGES.into_iter().zip(words);
    let texts = texts.filter_map(|(tag, text)| Some((Lang::new(tag)?, make(text))));
    ByLanguage::Each(texts.collect::<BTreeMap<_, _>>())
}
