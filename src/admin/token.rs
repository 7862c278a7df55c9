//! Tokens: the box makes the secret and shows it once, in the answer to the form that asked for it.

use askama::Template;

use super::document::{Document, Place, put, text_of};
use super::edit::{self, Notice, Posted};
use super::exchange::{Asked, Outcome, Refused, page};
use super::frame::Frame;
use super::keeper::{Held, NotApplied};
use super::pages::Pages;
use super::save;
use super::show::Remark;
use super::subjects::TOKENS;
use super::write::write;
use crate::gateway::Token;

#[derive(Template)]
#[template(path = "token.html", config = "src/admin/askama.toml")]
struct TokenPage {
    frame: Frame,
    name: String,
    secret: String,
}

/// A new token. The page with its secret is the answer itself: to show it after a redirect, the box would
/// have to keep it in the clear. A reload posts the form again, on a version that is over, and is refused.
pub(super) fn make(pages: &Pages, asked: &Asked) -> Outcome {
    let held = pages.keeper.held()?;
    let place = Place { subject: &TOKENS, within: None, id: None };
    let mut document = Document::of(&held.desk);
    let entry = document.entry_mut(&place).ok_or_else(Refused::not_found)?;
    for field in TOKENS.new.fields() {
        write(entry, field, &asked.form, held.desk.locale.as_str());
    }
    let name = text_of(entry, "name").unwrap_or_default().to_owned();
    let secret = fresh()?;
    put(entry, "secret", Some(secret.secret().into()));
    propose(pages, asked, &held, &document, &place, &name, &secret)
}

/// Another secret for a token there is; the old one is refused at once.
pub(super) fn replace(pages: &Pages, asked: &Asked, name: &str) -> Outcome {
    let held = pages.keeper.held()?;
    let place = Place { subject: &TOKENS, within: None, id: Some(name.to_owned()) };
    let mut document = Document::of(&held.desk);
    let secret = fresh()?;
    let entry = document.entry_mut(&place).ok_or_else(Refused::not_found)?;
    put(entry, "secret", Some(secret.secret().into()));
    propose(pages, asked, &held, &document, &place, name, &secret)
}

fn fresh() -> Result<Token, Refused> {
    Token::new()
        .map_err(|_| Refused::new(503, "No secret could be made", "The system gives no random bytes."))
}

fn propose(
    pages: &Pages,
    asked: &Asked,
    held: &Held,
    document: &Document,
    place: &Place,
    name: &str,
    secret: &Token,
) -> Outcome {
    let again = |status, held: &Held, faults: Vec<Remark>, notice: Option<Notice>| {
        let posted = Posted { status, document, faults, notice, desk: None };
        edit::render(pages, asked, held, place, TOKENS.new, posted)
    };
    if save::based_on(asked) != held.version {
        return again(409, held, Vec::new(), Some(save::conflict(pages, asked, held)?));
    }
    let desk = match save::load(document, &held.desk) {
        Ok(desk) => desk,
        Err(faults) => return again(422, held, faults, None),
    };
    match save::apply(pages, asked, held, desk) {
        Ok(_) => {
            let held = pages.keeper.held()?;
            let template = TokenPage {
                frame: Frame::new(pages, asked, &held, "tokens", format!("Secret of {name}"))?,
                name: name.to_owned(),
                secret: secret.secret().to_owned(),
            };
            page(200, &template)
        }
        Err(NotApplied::Faults(faults)) => again(422, held, save::remarks(&faults), None),
        Err(NotApplied::Conflict) => {
            let held = pages.keeper.held()?;
            let notice = save::conflict(pages, asked, &held)?;
            again(409, &held, Vec::new(), Some(notice))
        }
        Err(NotApplied::Refused(refusal)) => Err(refusal.into()),
    }
}
