//! What the command line asks of a running box, over the same socket as the pages: `/local/…`, for whoever may
//! open the socket and nobody else. The gateway forwards `/admin/` alone, and what comes by it is refused here.
//!
//! Questions are forms, answers plain text: 200 and what was asked for; 4xx and 5xx and a sentence.

use std::io::{self, Read};

use super::exchange::Refused;
use super::keeper::{Actor, Keeper, NotApplied, Proposal, Refusal};
use super::posted::Pairs;
use crate::desk::{Credential, Desk, Faults, LoadOptions, NewAgent, Secret, load_with, with_agent};

/// How often a change is tried again on the desk that came into force in between.
const TRIES: usize = 4;

/// One question.
pub(super) struct Question<'r> {
    pub(super) is_post: bool,
    /// What follows `/local/`.
    pub(super) path: &'r str,
    pub(super) query: Pairs,
    pub(super) body: &'r mut dyn Read,
    /// Bytes of the body.
    pub(super) length: u64,
}

/// One answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Box<dyn Read + Send>,
}

impl Answer {
    fn text(status: u16, text: impl Into<String>) -> Answer {
        Answer { status, body: Box::new(io::Cursor::new(text.into().into_bytes())) }
    }
}

impl From<Refused> for Answer {
    fn from(refused: Refused) -> Answer {
        Answer::text(refused.status, format!("{}. {}", refused.heading, refused.text))
    }
}

/// Bytes of a form of the command line.
const FORM_BYTES_MAX: u64 = 16 * 1024;

/// Answers one question.
pub(super) fn answer(question: Question<'_>, keeper: &dyn Keeper) -> Answer {
    let by = Actor::local();
    let told = match (question.is_post, question.path) {
        (false, "desk") => keeper.held().map(|held| Answer::text(200, held.desk.export())).map_err(no),
        (true, "desk") => text(question.body, crate::limits::DESK_FILE_BYTES_MAX as u64)
            .and_then(|text| apply(keeper, &by, |desk| whole(&text, desk))),
        (true, "user") => text(question.body, FORM_BYTES_MAX).and_then(|form| match Pairs::parse(&form) {
            Ok(form) => user(keeper, &by, &form),
            Err(_) => Err(Answer::text(400, "This is no form.")),
        }),
        (false, "backup") => {
            let days = question.query.get("keep").and_then(|days| days.parse().ok());
            let sealed = question.query.get("sealed").is_some();
            let stream = keeper.stream_backup(&by, question.query.text("to"), days, sealed);
            stream.map(|body| Answer { status: 200, body }).map_err(no)
        }
        (true, "restore") => keeper
            .restore_from(&by, question.body, question.length)
            .map(|()| Answer::text(202, "The backup is whole. The box restarts from it.\n"))
            .map_err(no),
        (false, "doctor") => keeper.condition().map(|text| Answer::text(200, text)).map_err(no),
        _ => Err(Answer::text(404, "This box does not know that question: is it of another version?")),
    };
    told.unwrap_or_else(|answer| answer)
}

fn no(refusal: Refusal) -> Answer {
    Answer::text(503, refusal.0)
}

fn not_found(refusal: Refusal) -> Answer {
    Answer::text(404, refusal.0)
}

fn text(body: &mut dyn Read, most: u64) -> Result<String, Answer> {
    let mut text = String::new();
    let read = body.take(most + 1).read_to_string(&mut text);
    match read {
        Ok(_) if text.len() as u64 <= most => Ok(text),
        Ok(_) => Err(Answer::text(413, format!("At most {most} bytes are taken."))),
        Err(_) => Err(Answer::text(400, "This is not UTF-8.")),
    }
}

fn whole(text: &str, over: &Desk) -> Result<Desk, Faults> {
    Ok(load_with(text, LoadOptions { over: Some(over), ..LoadOptions::default() })?.desk)
}

/// Puts a changed desk in force. Who changes it in between is gone around: the change is made again on theirs.
fn apply(
    keeper: &dyn Keeper,
    by: &Actor,
    change: impl Fn(&Desk) -> Result<Desk, Faults>,
) -> Result<Answer, Answer> {
    for _ in 0..TRIES {
        let held = keeper.held().map_err(no)?;
        let desk = change(&held.desk).map_err(|faults| faulty(&faults))?;
        match keeper.apply(Proposal { desk, based_on: held.version, by: by.clone() }) {
            Ok(number) => return Ok(Answer::text(200, format!("In force, as change {number}.\n"))),
            Err(NotApplied::Conflict) => {}
            Err(NotApplied::Faults(faults)) => return Err(faulty(&faults)),
            Err(NotApplied::Refused(refusal)) => return Err(no(refusal)),
        }
    }
    Err(Answer::text(409, "Somebody changes the desk all the time. Nothing was changed; try again."))
}

/// One fault a line.
fn faulty(faults: &Faults) -> Answer {
    let mut lines: String = faults.list.iter().map(|fault| format!("{fault}\n")).collect();
    if faults.more > 0 {
        lines.push_str(&format!("and {} more\n", faults.more));
    }
    Answer::text(422, lines)
}

fn user(keeper: &dyn Keeper, by: &Actor, form: &Pairs) -> Result<Answer, Answer> {
    let username = form.text("username");
    let password = Secret::new(form.text("password"));
    match form.text("act") {
        "add" => {
            let roles: Vec<&str> = form.all("role").collect();
            let name = Some(form.text("name")).filter(|name| !name.is_empty()).unwrap_or(username);
            apply(keeper, by, |desk| {
                with_agent(desk, &NewAgent { username, name, password: &password, roles: &roles })
            })
        }
        "password" => {
            if keeper.held().map_err(no)?.desk.agent(username).is_none() {
                return Err(Answer::text(
                    404,
                    format!("The desk has no member of staff called {username:?}."),
                ));
            }
            apply(keeper, by, |desk| {
                let mut desk = desk.clone();
                if let Some(agent) = desk.agent_mut(username) {
                    agent.password = Credential::Plain(password.clone());
                }
                Ok(desk)
            })
        }
        "totp" => keeper.give_totp(by, username).map(|text| Answer::text(200, text)).map_err(not_found),
        "totp-off" => {
            let ended = keeper.end_totp(by, username, Box::new(|_| false), None);
            ended.map(|()| Answer::text(200, "Done.\n")).map_err(not_found)
        }
        _ => Err(Answer::text(400, "There is no such act.")),
    }
}
