//! From nothing to a working widget on one page: the branch, its hours, the first agent, the site. What it makes
//! are ordinary entries, to be changed on their own pages afterwards.

use std::path::Path;

use askama::Template;
use toml::{Table, Value};

use super::exchange::{Asked, Outcome, Reply, page};
use super::frame::Frame;
use super::keeper::{Held, NotApplied};
use super::pages::Pages;
use super::save;
use super::show::Remark;
use crate::desk::{Desk, LoadOptions, load_with};

/// Ids of what it makes: a branch sees them in addresses only.
const ID: &str = "web";
const QUEUE: &str = "front";
const HOURS: &str = "office";

#[derive(Template)]
#[template(path = "begin.html", config = "src/admin/askama.toml")]
struct BeginPage {
    frame: Frame,
    typed: Typed,
    faults: Vec<Remark>,
    /// Nothing may be in its way: the desk has a widget already.
    is_done: bool,
}

/// What was typed, the password apart.
struct Typed {
    name: String,
    weekdays: String,
    saturday: String,
    timezone: String,
    agent: String,
    username: String,
    site: String,
}

/// The form, with what the box can guess.
pub(super) fn show(pages: &Pages, asked: &Asked) -> Outcome {
    let held = pages.keeper.held()?;
    let typed = Typed {
        name: if held.desk.name == "deskbell" { String::new() } else { held.desk.name.clone() },
        weekdays: "09:00-17:30".to_owned(),
        saturday: String::new(),
        timezone: system_zone().unwrap_or_else(|| "UTC".to_owned()),
        agent: String::new(),
        username: String::new(),
        site: String::new(),
    };
    render(pages, asked, &held, typed, Vec::new(), 200)
}

/// Makes all of it as one version of the desk, or nothing.
pub(super) fn make(pages: &Pages, asked: &Asked) -> Outcome {
    let held = pages.keeper.held()?;
    let text = |name: &str| asked.form.text(name).trim().to_owned();
    let typed = Typed {
        name: text("name"),
        weekdays: text("weekdays"),
        saturday: text("saturday"),
        timezone: text("timezone"),
        agent: text("agent"),
        username: text("username"),
        site: text("site"),
    };
    if save::based_on(asked) != held.version {
        let told = Remark {
            path: "desk".to_owned(),
            message: "somebody else saved while you were here; look at it, then try again".to_owned(),
        };
        return render(pages, asked, &held, typed, vec![told], 409);
    }
    let mut file: Table = held.desk.export().parse().unwrap_or_default();
    fill(&mut file, &typed, asked.form.text("password"), &held.desk);
    let options = LoadOptions { over: Some(&held.desk), ..LoadOptions::default() };
    let desk = match load_with(&file.to_string(), options) {
        Ok(loaded) => loaded.desk,
        Err(faults) => return render(pages, asked, &held, typed, save::remarks(&faults), 422),
    };
    match save::apply(pages, asked, &held, desk) {
        Ok(number) => Ok(Reply::See(format!("/admin/widgets/{ID}?saved={number}"))),
        Err(NotApplied::Faults(faults)) => render(pages, asked, &held, typed, save::remarks(&faults), 422),
        Err(NotApplied::Conflict) => {
            let held = pages.keeper.held()?;
            render(pages, asked, &held, typed, Vec::new(), 409)
        }
        Err(NotApplied::Refused(refusal)) => Err(refusal.into()),
    }
}

/// Whether this page has anything to do yet.
pub(super) fn is_done(desk: &Desk) -> bool {
    !desk.widgets.is_empty()
}

fn fill(file: &mut Table, typed: &Typed, password: &str, desk: &Desk) {
    let spans = |text: &str| {
        let spans = text.split([',', ';']).map(str::trim).filter(|span| !span.is_empty());
        Value::Array(spans.map(|span| Value::String(span.replace('–', "-"))).collect())
    };
    if !typed.name.is_empty() {
        file.insert("name".to_owned(), typed.name.clone().into());
    }
    let mut week = Table::new();
    for day in ["mon", "tue", "wed", "thu", "fri"] {
        week.insert(day.to_owned(), spans(&typed.weekdays));
    }
    week.insert("sat".to_owned(), spans(&typed.saturday));
    let mut add = |list: &str, entry: Table| {
        let list = file.entry(list).or_insert_with(|| Value::Array(Vec::new()));
        if let Some(list) = list.as_array_mut() {
            list.push(Value::Table(entry));
        }
    };
    let table = |pairs: &[(&str, Value)]| {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect::<Table>()
    };
    if desk.hours(HOURS).is_none() {
        add(
            "hours",
            table(&[
                ("id", HOURS.into()),
                ("timezone", typed.timezone.clone().into()),
                ("week", Value::Table(week)),
            ]),
        );
    }
    if desk.queue(QUEUE).is_none() {
        add("queue", table(&[("id", QUEUE.into()), ("name", "Front desk".into())]));
    }
    if !typed.username.is_empty() || !typed.agent.is_empty() {
        add(
            "agent",
            table(&[
                ("username", typed.username.clone().into()),
                ("name", typed.agent.clone().into()),
                ("password", password.into()),
                ("roles", Value::Array(vec!["agent".into()])),
                ("queues", Value::Array(vec![QUEUE.into()])),
            ]),
        );
    }
    if desk.workstream(ID).is_none() {
        add(
            "workstream",
            table(&[
                ("id", ID.into()),
                ("name", "Web chat".into()),
                ("channel", "chat".into()),
                ("mode", "live".into()),
                ("queue", QUEUE.into()),
                ("hours", HOURS.into()),
            ]),
        );
    }
    let mut origins = vec![Value::from("self")];
    origins.extend((!typed.site.is_empty()).then(|| Value::from(typed.site.trim_end_matches('/'))));
    add(
        "widget",
        table(&[("id", ID.into()), ("workstream", ID.into()), ("allowed_origins", Value::Array(origins))]),
    );
}

/// The zone of the system, where it says one: `/etc/localtime` leads to it.
fn system_zone() -> Option<String> {
    let to = std::fs::read_link(Path::new("/etc/localtime")).ok()?;
    let (_, zone) = to.to_str()?.split_once("zoneinfo/")?;
    Some(zone.to_owned())
}

fn render(
    pages: &Pages,
    asked: &Asked,
    held: &Held,
    typed: Typed,
    faults: Vec<Remark>,
    status: u16,
) -> Outcome {
    let frame = Frame::new(pages, asked, held, "", "From nothing to a working widget")?;
    let is_done = is_done(&held.desk);
    page(status, &BeginPage { frame, typed, faults, is_done })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::Id;

    #[test]
    fn what_it_makes_is_a_desk_that_works() {
        let empty = crate::desk::load("version = 1\nname = \"deskbell\"\n").unwrap().desk;
        let typed = Typed {
            name: "Utrecht branch".to_owned(),
            weekdays: "09:00-12:00, 13:00–17:30".to_owned(),
            saturday: String::new(),
            timezone: "Europe/Amsterdam".to_owned(),
            agent: "Alice".to_owned(),
            username: "alice".to_owned(),
            site: "https://shop.example/".to_owned(),
        };
        let mut file: Table = empty.export().parse().unwrap();
        fill(&mut file, &typed, "a long enough password", &empty);
        let desk = load_with(&file.to_string(), LoadOptions::default()).unwrap().desk;
        assert_eq!((desk.name.as_str(), desk.widgets[0].id.as_str()), ("Utrecht branch", "web"));
        assert_eq!(desk.agents[0].queues.iter().map(Id::as_str).collect::<Vec<_>>(), ["front"]);
        assert_eq!(desk.widgets[0].allowed_origins.len(), 2);
        let monday: jiff::Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();
        assert!(desk.hours("office").unwrap().is_open(monday));
    }
}
