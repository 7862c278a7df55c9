//! Text with placeholders, compiled once when the desk loads.
//!
//! `Hello {customer_name}, can we help?` A value that is missing or empty vanishes together with one space
//! before it. A value is text, never a template: what a customer types in braces stays as typed. `{{` and
//! `}}` stand for braces.

use std::borrow::Cow;

use super::words::{Word, words};
use crate::limits::{
    DESK_EXPANDED_BYTES_MAX, DESK_PLACEHOLDER_KEY_BYTES_MAX, DESK_PLACEHOLDERS_PER_TEXT_MAX,
};

words! {
    /// What a template may ask for by a fixed name.
    pub enum Known {
        /// The customer's name.
        CustomerName = "customer_name",
        /// The customer's telephone number.
        CustomerPhone = "customer_phone",
        /// The customer's e-mail address.
        CustomerEmail = "customer_email",
        /// What the customer wrote when asking for a chat.
        Comment = "comment",
        /// How long the customer has waited.
        WaitTime = "wait_time",
        /// The queue's name.
        Queue = "queue",
        /// The workstream's name.
        Workstream = "workstream",
        /// Address of the page the chat began on.
        PageUrl = "page_url",
        /// Title of that page.
        PageTitle = "page_title",
        /// The customer's language.
        Language = "language",
        /// The customer's kind of device.
        Device = "device",
        /// The case's title.
        CaseTitle = "case_title",
        /// The case's id in the system it came from.
        CaseId = "case_id",
        /// The agent's name.
        AgentName = "agent_name",
        /// Estimated wait in whole minutes.
        Minutes = "minutes",
        /// Place in the queue, from 1.
        Position = "position",
        /// When the workstream opens next.
        OpensAt = "opens_at",
        /// What the customer may quote about a message left behind (D-19).
        Reference = "reference",
    }
}

/// One placeholder of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placeholder {
    /// One of the fixed names.
    Known(Known),
    /// `{context.KEY}`: a context variable of the page.
    Context(Box<str>),
    /// `{answers.ID}`: the answer to a question asked before the chat.
    Answer(Box<str>),
}

impl Placeholder {
    /// Whether it can have a value outside system messages.
    pub(super) fn is_general(&self) -> bool {
        !matches!(self, Self::Known(Known::OpensAt | Known::Reference))
    }

    fn parse(name: &str) -> Option<Self> {
        let key = |key: &str| {
            let fits = !key.is_empty()
                && key.len() <= DESK_PLACEHOLDER_KEY_BYTES_MAX
                && !key.chars().any(|c| c.is_control() || c.is_whitespace());
            fits.then(|| key.into())
        };
        if let Some(rest) = name.strip_prefix("context.") {
            return key(rest).map(Self::Context);
        }
        if let Some(rest) = name.strip_prefix("answers.") {
            return key(rest).map(Self::Answer);
        }
        Known::from_word(name).map(Self::Known)
    }
}

impl std::fmt::Display for Placeholder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Known(known) => write!(f, "{{{known}}}"),
            Self::Context(key) => write!(f, "{{context.{key}}}"),
            Self::Answer(id) => write!(f, "{{answers.{id}}}"),
        }
    }
}

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateFault {
    /// `{nobody}`.
    Unknown(String),
    /// A `{` without its `}`.
    Unclosed,
    /// More than [`DESK_PLACEHOLDERS_PER_TEXT_MAX`] placeholders.
    TooMany,
}

impl std::fmt::Display for TemplateFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unknown(name) => write!(f, "unknown placeholder {{{name}}}"),
            Self::Unclosed => write!(f, "a {{ without its }} (write {{{{ for a brace)"),
            Self::TooMany => write!(f, "more than {DESK_PLACEHOLDERS_PER_TEXT_MAX} placeholders"),
        }
    }
}

impl std::error::Error for TemplateFault {}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Text(Box<str>),
    Value(Placeholder),
}

/// A text with its placeholders found. Shows and compares as its source.
#[derive(Clone, Debug)]
pub struct Template {
    source: Box<str>,
    segments: Box<[Segment]>,
}

/// Where a template's values come from; any `Fn(&Placeholder) -> Option<Cow<str>>` will do.
pub trait Values<'v> {
    /// The value, or `None` when there is none.
    fn value(&self, placeholder: &Placeholder) -> Option<Cow<'v, str>>;
}

impl<'v, F: Fn(&Placeholder) -> Option<Cow<'v, str>>> Values<'v> for F {
    fn value(&self, placeholder: &Placeholder) -> Option<Cow<'v, str>> {
        self(placeholder)
    }
}

impl Template {
    /// Finds the placeholders of `source`, or every fault of it.
    pub fn compile(source: &str) -> Result<Self, Vec<TemplateFault>> {
        let mut compiler = Compiler::default();
        compiler.read(source);
        if compiler.faults.is_empty() {
            Ok(Self { source: source.into(), segments: compiler.segments.into() })
        } else {
            Err(compiler.faults)
        }
    }

    /// A template of one text without placeholders, braces and all.
    pub fn literal(text: &str) -> Self {
        Self {
            source: text.replace('{', "{{").replace('}', "}}").into(),
            segments: [Segment::Text(text.into())].into(),
        }
    }

    /// The text as the admin wrote it.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Every placeholder, in order.
    pub fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Value(placeholder) => Some(placeholder),
            Segment::Text(_) => None,
        })
    }

    /// The placeholder the text ends with: where its value is empty, the text ends in the middle of a sentence.
    pub fn ends_with(&self) -> Option<&Placeholder> {
        match self.segments.last() {
            Some(Segment::Value(placeholder)) => Some(placeholder),
            Some(Segment::Text(_)) | None => None,
        }
    }

    /// The text with its values. Longer than [`DESK_EXPANDED_BYTES_MAX`] bytes it is cut at a character and
    /// ends in `…`.
    pub fn expand<'v>(&self, values: &(impl Values<'v> + ?Sized)) -> String {
        let mut out = String::with_capacity(self.source.len());
        // Only a space that the template itself wrote may vanish, never one that ends a value.
        let mut text_ends_out = false;
        for segment in &self.segments {
            match segment {
                Segment::Text(text) => {
                    out.push_str(text);
                    text_ends_out = true;
                }
                Segment::Value(placeholder) => match values.value(placeholder) {
                    Some(value) if !value.is_empty() => {
                        out.push_str(cut(&value));
                        text_ends_out = false;
                    }
                    _ => {
                        if text_ends_out && out.ends_with(' ') {
                            out.pop();
                        }
                        text_ends_out = false;
                    }
                },
            }
        }
        if out.len() > DESK_EXPANDED_BYTES_MAX {
            let end = cut(&out).len();
            out.truncate(end);
            out.push('…');
        }
        out
    }
}

/// The longest head of `text` within the bound that ends between characters.
fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(DESK_EXPANDED_BYTES_MAX)]
}

impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Template {}

#[derive(Default)]
struct Compiler {
    segments: Vec<Segment>,
    text: String,
    placeholders: usize,
    faults: Vec<TemplateFault>,
}

impl Compiler {
    fn read(&mut self, source: &str) {
        let mut rest = source;
        while let Some(at) = rest.find(['{', '}']) {
            self.text.push_str(&rest[..at]);
            let (brace, after) = rest[at..].split_at(1);
            rest = match after.strip_prefix(brace) {
                Some(after_pair) => {
                    self.text.push_str(brace);
                    after_pair
                }
                None if brace == "{" => self.placeholder(after),
                None => {
                    self.text.push('}'); // alone it can mean nothing else
                    after
                }
            };
        }
        self.text.push_str(rest);
        self.end_text();
    }

    /// Takes one placeholder and gives back what follows its `}`.
    fn placeholder<'s>(&mut self, after: &'s str) -> &'s str {
        let Some((name, rest)) = after.split_once('}').filter(|(name, _)| !name.contains(['{', '\n'])) else {
            self.fault(TemplateFault::Unclosed);
            return after;
        };
        match Placeholder::parse(name) {
            Some(_) if self.placeholders == DESK_PLACEHOLDERS_PER_TEXT_MAX => {
                self.fault(TemplateFault::TooMany);
            }
            Some(placeholder) => {
                self.placeholders += 1;
                self.end_text();
                self.segments.push(Segment::Value(placeholder));
            }
            None => {
                const NAME_CHARS_SHOWN: usize = 40;
                self.fault(TemplateFault::Unknown(name.chars().take(NAME_CHARS_SHOWN).collect()));
            }
        }
        rest
    }

    fn fault(&mut self, fault: TemplateFault) {
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    fn end_text(&mut self) {
        if !self.text.is_empty() {
            self.segments.push(Segment::Text(std::mem::take(&mut self.text).into()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand(source: &str, name: &'static str) -> String {
        Template::compile(source).expect("a template").expand(&|p: &Placeholder| match p {
            Placeholder::Known(Known::CustomerName) => Some(Cow::Borrowed(name)),
            Placeholder::Context(key) if &**key == "plan" => Some("gold".into()),
            _ => None,
        })
    }

    #[test]
    fn an_empty_value_vanishes_with_one_space_before_it() {
        assert_eq!(expand("Hello {customer_name}, can we help?", ""), "Hello, can we help?");
        assert_eq!(expand("Hello {customer_name}, can we help?", "Jan"), "Hello Jan, can we help?");
        assert_eq!(expand("{customer_name} is back", ""), " is back");
        assert_eq!(expand("a  {customer_name}b", ""), "a b");
        assert_eq!(expand("a {customer_name} {comment} b", ""), "a b");
        assert_eq!(expand("{customer_name}{comment}", "ends in "), "ends in ");
    }

    #[test]
    fn a_value_is_never_expanded_again() {
        assert_eq!(expand("{customer_name} {context.plan}", "{context.plan}"), "{context.plan} gold");
    }

    #[test]
    fn doubled_braces_are_braces_and_a_lone_closing_one_is_itself() {
        assert_eq!(expand("{{customer_name}} } {customer_name}", "Jan"), "{customer_name} } Jan");
        assert_eq!(Template::literal("{x}").expand(&|_: &Placeholder| None), "{x}");
        assert_eq!(
            Template::compile(Template::literal("{x}").source()).map(|t| t.placeholders().count()),
            Ok(0)
        );
    }

    #[test]
    fn every_fault_of_a_template_is_named_once() {
        let faults = Template::compile("{who} {who} {context.} {answers.a b} {").expect_err("faults");
        let names: Vec<_> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            names,
            [
                "unknown placeholder {who}",
                "unknown placeholder {context.}",
                "unknown placeholder {answers.a b}",
                "a { without its } (write {{ for a brace)",
            ]
        );
        assert_eq!(
            Template::compile(&"{comment}".repeat(DESK_PLACEHOLDERS_PER_TEXT_MAX + 1)),
            Err(vec![TemplateFault::TooMany])
        );
    }

    #[test]
    fn an_expansion_is_bounded_and_ends_between_characters() {
        let template = Template::compile("x{comment}{comment}").expect("a template");
        let long = "é".repeat(DESK_EXPANDED_BYTES_MAX);
        let out = template.expand(&|_: &Placeholder| Some(Cow::Borrowed(long.as_str())));
        assert!(out.len() <= DESK_EXPANDED_BYTES_MAX + '…'.len_utf8() && out.ends_with("é…"));
    }
}
