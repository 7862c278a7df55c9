//! What staff may see: the view all projections share, with its names and its masks (REQ D-15, S3-16 to S3-25).

use std::borrow::Cow;

use serde::Serialize;

use crate::desk;
use crate::engine::conversation::Conversation;
use crate::engine::id::{AgentId, BotId, QueueId, WorkstreamId};
use crate::limits::HEADING_CHARS_MAX;
use crate::masking::{Field, Masker, Settings};
use crate::shell::card::Card;
use crate::shell::world::World;

/// The desk thread's state as staff may see it. Its methods give whole frames; nothing of a customer leaves them
/// unmasked.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// What there is to see.
    pub world: World<'a>,
    /// What is not to be read.
    pub masker: Masker,
}

/// The masks a desk asks for.
pub fn masker(desk: &desk::Desk) -> Masker {
    let masking = &desk.masking;
    Masker::new(Settings {
        enabled: masking.enabled,
        pci: masking.pci,
        pii: masking.pii,
        phone_region: masking.phone_region.clone().unwrap_or_default(),
    })
}

/// A thing of the desk: its id, and its name for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Named<'a> {
    pub(super) id: &'a str,
    pub(super) name: &'a str,
}

impl<'a> View<'a> {
    /// A view through these masks.
    pub fn new(world: World<'a>, masker: Masker) -> View<'a> {
        View { world, masker }
    }

    /// The language of what the box words for staff: the desk's.
    pub(super) fn lang(&self) -> &'a str {
        self.world.desk.locale.as_str()
    }

    /// An agent by her row: username and name. One the desk no longer has keeps her username.
    pub(super) fn agent(&self, row: AgentId) -> Named<'a> {
        self.agent_named(self.world.names.agents.name(row.0).map_or("", |name| name))
    }

    /// The name people see of a bot.
    pub(super) fn bot(&self, row: BotId) -> Option<&'a str> {
        let name = self.world.names.bots.name(row.0.into())?;
        Some(self.world.desk.bot(name).map_or(name, |own| own.name.as_str()))
    }

    /// An agent by her username.
    pub(super) fn agent_named<'n>(&self, username: &'n str) -> Named<'n>
    where
        'a: 'n,
    {
        Named { id: username, name: self.world.desk.agent(username).map_or(username, |agent| &agent.name) }
    }

    /// A queue by its row.
    pub(super) fn queue(&self, row: QueueId) -> Named<'a> {
        self.queue_named(self.world.names.queues.name(row.0).map_or("", |name| name))
    }

    /// A queue by its id.
    pub(super) fn queue_named<'n>(&self, id: &'n str) -> Named<'n>
    where
        'a: 'n,
    {
        Named { id, name: self.world.desk.queue(id).map_or(id, |queue| &queue.name) }
    }

    /// A workstream by its row.
    pub(super) fn workstream(&self, row: WorkstreamId) -> Named<'a> {
        self.workstream_named(self.world.names.workstreams.name(row.0).map_or("", |name| name))
    }

    /// A workstream by its id.
    pub(super) fn workstream_named<'n>(&self, id: &'n str) -> Named<'n>
    where
        'a: 'n,
    {
        Named { id, name: self.world.desk.workstream(id).map_or(id, |workstream| &workstream.name) }
    }

    /// The settings of a conversation's workstream, unless it was removed.
    pub(super) fn settings_of(&self, conversation: &Conversation) -> Option<&'a desk::Workstream> {
        let id = self.world.names.workstreams.name(conversation.workstream.0)?;
        self.world.desk.workstream(id)
    }

    /// What is known of a conversation in the engine's table.
    pub(super) fn card(&self, conversation: &Conversation) -> Option<&'a Card> {
        self.world.cards.get(&conversation.id.0)
    }

    /// A text of several lines, as staff may read it.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.masker.mask(text)
    }

    /// A value of one line, masked by what it is said to be, cut at `chars_max`.
    pub(super) fn line(&self, field: Field, text: &str, chars_max: usize) -> String {
        let text = one_line(text);
        // Masked first: cut first, the rest of a number might no longer look like one.
        cut(&self.masker.mask_value(field, &text), chars_max).into_owned()
    }

    /// A customer's name as a heading (S3-16 to S3-25).
    pub(super) fn name(&self, name: &str) -> String {
        self.line(Field::Name, name, HEADING_CHARS_MAX)
    }

    /// An address of a page, or a text that may hold one. What hides behind percent and plus signs is looked at too:
    /// `melissa%40gmail.com` is her address all the same, and then the whole is shown decoded and masked.
    pub(super) fn url(&self, url: &str) -> String {
        let mut shown = one_line(url).into_owned();
        let mut seen = shown.clone();
        // Twice at most: a page's address that carries another page's address is the common case. Each step goes on
        // from what the last one masked, so that nothing found is lost again.
        for _ in 0..=2 {
            for spaced in [false, true] {
                let text = if spaced { seen.replace('+', " ") } else { seen.clone() };
                let masked = self.masker.mask(&text);
                if masked != text {
                    shown = masked.into_owned();
                    seen.clone_from(&shown);
                }
            }
            if !seen.contains('%') {
                break;
            }
            seen = decoded(&seen);
        }
        one_line(&shown).into_owned()
    }
}

/// A text on one line: line breaks and control characters become spaces; what turns the direction of everything
/// after it is left out, or a customer's name could rewrite the line it stands in.
fn one_line(text: &str) -> Cow<'_, str> {
    let turns = |c: char| matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    if !text.contains(|c| turns(c) || breaks(c)) {
        return Cow::Borrowed(text);
    }
    let kept = text.chars().filter(|&c| !turns(c)).map(|c| if breaks(c) { ' ' } else { c });
    Cow::Owned(kept.collect())
}

/// At most `chars_max` characters; a longer text ends in an ellipsis.
pub(super) fn cut(text: &str, chars_max: usize) -> Cow<'_, str> {
    match text.char_indices().nth(chars_max) {
        None => Cow::Borrowed(text),
        Some(_) => Cow::Owned(text.chars().take(chars_max.saturating_sub(1)).chain(['…']).collect()),
    }
}

/// A text with its percent escapes undone once.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let hex = |at: usize| bytes.get(at).and_then(|b| char::from(*b).to_digit(16));
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match (byte, hex(at + 1), hex(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            _ => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_holds_no_breaks_and_turns_nothing_around() {
        assert_eq!(one_line("Jan\r\nde\tBoer"), "Jan  de Boer");
        assert_eq!(one_line("Jan \u{202e}reob ed\u{2066}"), "Jan reob ed");
        assert_eq!(one_line("👩\u{200d}🚀 ok"), "👩\u{200d}🚀 ok");
    }

    #[test]
    fn a_long_text_ends_in_an_ellipsis() {
        assert_eq!(cut("éééé", 4), "éééé");
        assert_eq!(cut("ééééé", 4), "ééé…");
    }

    #[test]
    fn percent_escapes_are_undone() {
        assert_eq!(decoded("a"), "a");
        assert_eq!(decoded("m%40g.com%2c"), "m@g.com,");
        assert_eq!(decoded("m%2540g.com"), "m%40g.com");
        assert_eq!(decoded("100%"), "100%");
        assert_eq!(decoded("%ff%4"), "\u{fffd}%4");
    }
}
