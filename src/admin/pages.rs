//! Which page answers which address.

use std::sync::Arc;

use super::document::Place;
use super::exchange::{Asked, Outcome, Refused, Reply};
use super::keeper::Keeper;
use super::key::StartKey;
use super::subjects::{self, RULES};
use super::{
    account, audit, backup, begin, certificate, changes, clock, contents, delete, edit, health, import, list,
    log, order, overview, restart, save, token,
};

/// Everything a page is made from.
pub(super) struct Pages {
    pub(super) keeper: Arc<dyn Keeper>,
    pub(super) key: StartKey,
}

impl Pages {
    /// Answers one request.
    pub(super) fn answer(&self, asked: &Asked) -> Reply {
        self.page(asked).unwrap_or_else(Reply::from)
    }

    fn page(&self, asked: &Asked) -> Outcome {
        let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
        if asked.is_post { self.post(asked, &path) } else { self.get(asked, &path) }
    }

    fn get(&self, asked: &Asked, path: &[&str]) -> Outcome {
        match path {
            [] | [""] => overview::show(self, asked),
            ["static" | "web", ..] => contents::file(path),
            ["begin"] => begin::show(self, asked),
            ["changes"] => changes::list(self, asked),
            ["changes", number] => changes::show(self, asked, number),
            ["import"] => import::show(self, asked),
            ["desk.toml"] => import::export(self),
            ["addresses"] => certificate::show(self, asked),
            ["ca.crt"] => certificate::authority(self),
            ["account", ..] => account::show(self, asked),
            ["backup"] => backup::show(self, asked),
            ["backup", name] => backup::download(self, asked, name),
            ["restore", name] => backup::confirm(self, asked, name),
            ["health"] => health::show(self, asked),
            ["restart"] => restart::confirm(self, asked),
            ["audit"] => audit::show(self, asked),
            ["log"] => log::show(self, asked),
            ["new", rest @ ..] => edit::show_new(self, asked, list_place(rest)?),
            ["delete", rest @ ..] => delete::confirm(self, asked, entry_place(rest)?.0),
            _ => match list_place(path) {
                Ok(place) if !place.subject.is_single() => list::show(self, asked, place),
                _ => {
                    let (place, tab) = entry_place(path)?;
                    edit::show(self, asked, place, tab)
                }
            },
        }
    }

    fn post(&self, asked: &Asked, path: &[&str]) -> Outcome {
        match path {
            ["begin"] => begin::make(self, asked),
            ["changes", "return"] => changes::go_back(self, asked),
            ["import"] => import::save(self, asked),
            ["certificate"] => certificate::save(self, asked),
            ["account", "password"] => account::password(self, asked),
            ["account", "begin"] => account::begin(self, asked),
            ["account", "confirm"] => account::confirm(self, asked),
            ["account", "recovery"] => account::renew(self, asked),
            ["account", "off"] => account::end(self, asked),
            ["account", "reset", username] => account::reset(self, asked, username),
            ["backup"] => backup::start(self, asked),
            ["backup", name, "delete"] => backup::delete(self, asked, name),
            ["restore", name] => backup::restore(self, asked, name),
            ["clock"] => clock::save(self, asked),
            ["restart"] => restart::restart(self, asked),
            ["new", "tokens"] => token::make(self, asked),
            ["secret", "tokens", name] => token::replace(self, asked, name),
            ["new", rest @ ..] => save::save_new(self, asked, list_place(rest)?),
            ["delete", rest @ ..] => delete::delete(self, asked, entry_place(rest)?.0),
            ["move", rest @ ..] => order::shift(self, asked, entry_place(rest)?.0),
            _ => {
                let (place, tab) = entry_place(path)?;
                save::save(self, asked, place, tab)
            }
        }
    }
}

/// The list an address names: `queues`, `widgets/shop/rules`.
fn list_place(path: &[&str]) -> Result<Place, Refused> {
    match path {
        ["widgets", widget, "rules"] => {
            Ok(Place { subject: &RULES, within: Some((*widget).to_owned()), id: None })
        }
        [slug] => {
            let subject = subjects::by_slug(slug).ok_or_else(Refused::not_found)?;
            Ok(Place { subject, within: None, id: None })
        }
        _ => Err(Refused::not_found()),
    }
}

/// The entry and the tab an address names: `masking`, `queues/front`, `workstreams/web-live/texts`.
fn entry_place<'p>(path: &[&'p str]) -> Result<(Place, &'p str), Refused> {
    let (list, rest) = match path {
        ["widgets", _, "rules", rest @ ..] => (list_place(&path[..3])?, rest),
        [slug, rest @ ..] => (list_place(&[slug])?, rest),
        [] => return Err(Refused::not_found()),
    };
    match (list.subject.is_single(), rest) {
        (true, []) => Ok((list, "")),
        (false, [id]) => Ok((Place { id: Some((*id).to_owned()), ..list }, "")),
        (false, [id, tab]) => Ok((Place { id: Some((*id).to_owned()), ..list }, tab)),
        _ => Err(Refused::not_found()),
    }
}
