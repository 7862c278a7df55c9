//! A request as a page reads it and the answer it gives. Nothing here names the HTTP library.

use std::borrow::Cow;
use std::io::Read;

use askama::Template;

use super::keeper::Refusal;
use super::key::Visitor;
use super::posted::Pairs;

/// One request: bounded, decoded, its visitor known.
pub(super) struct Asked {
    /// Whether it may change something; it then carries a form token that fits.
    pub(super) is_post: bool,
    /// The parts of the path after `/admin/`, decoded.
    pub(super) path: Vec<String>,
    pub(super) query: Pairs,
    pub(super) form: Pairs,
    pub(super) visitor: Visitor,
}

/// What a page answers.
pub(super) enum Reply {
    Page {
        status: u16,
        html: String,
    },
    /// After a change: the browser asks for this address, so that a reload changes nothing twice.
    See(String),
    /// A file; with a name it is saved, without one it is part of a page.
    File {
        name: Option<&'static str>,
        content_type: &'static str,
        bytes: Cow<'static, [u8]>,
    },
    /// A file too large to hold.
    Stream {
        name: String,
        reader: Box<dyn Read + Send>,
        bytes: u64,
    },
}

/// A page that cannot be shown, and why.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) status: u16,
    pub(super) heading: &'static str,
    pub(super) text: Cow<'static, str>,
}

pub(super) type Outcome = Result<Reply, Refused>;

impl Refused {
    pub(super) fn new(status: u16, heading: &'static str, text: impl Into<Cow<'static, str>>) -> Self {
        Self { status, heading, text: text.into() }
    }

    pub(super) fn not_found() -> Self {
        Self::new(
            404,
            "There is nothing here",
            "The address is wrong, or somebody has removed what was here.",
        )
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::new(503, "The box does not do that now", refusal.0)
    }
}

/// A page with nothing around it.
#[derive(Template)]
#[template(path = "refused.html", config = "src/admin/askama.toml")]
struct RefusedPage<'p> {
    heading: &'p str,
    text: &'p str,
}

impl From<Refused> for Reply {
    fn from(refused: Refused) -> Self {
        let page = RefusedPage { heading: refused.heading, text: &refused.text };
        let html = page.render().unwrap_or_else(|_| refused.heading.to_owned());
        Self::Page { status: refused.status, html }
    }
}

/// Renders a page. A template can fail only when the formatter does, which a `String` never does.
pub(super) fn page(status: u16, template: &impl Template) -> Outcome {
    match template.render() {
        Ok(html) => Ok(Reply::Page { status, html }),
        Err(error) => {
            ::log::error!("a page could not be written: {error}");
            Err(Refused::new(500, "The page could not be written", "Nothing was changed."))
        }
    }
}
