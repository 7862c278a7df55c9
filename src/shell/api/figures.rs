//! `GET /api/v1/figures`: what was counted, by day, queue, workstream or agent, as JSON or CSV (REQ B-11).
//!
//! Per agent only where the desk has it switched on, for team performance and customer satisfaction and never for
//! employment decisions (S2-1): each look is in the audit log. An agent always sees her own.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::Date;
use serde::Serialize;
use serde_json::json;

use super::{Shared, refused, unavailable};
use crate::desk::Desk;
use crate::engine::refusal::Refusal;
use crate::gateway::{Caller, Request, Response, Role};
use crate::limits::{
    DESK_ID_BYTES_MAX, FIGURES_DAYS_MAX, FIGURES_FILE_ROWS_MAX, FIGURES_PAGE_MAX, FIGURES_READ_MAX,
    READ_ROWS_MAX,
};
use crate::shell::figures::{By, DayFigures, DayNumber, Spread, key, key_parts};
use crate::shell::reads;
use crate::store::{Direction, ReadError, Snapshot, Table};

/// What is asked for.
struct Ask {
    from: Date,
    to: Date,
    /// By whom; none: by day, all workstreams together.
    by: Option<By>,
    /// One row each for the whole time instead of one a day.
    sum: bool,
    csv: bool,
    /// Only hers.
    own: Option<String>,
    /// After this row.
    after: Option<(DayNumber, String)>,
}

/// A day of one of them; day 0 for sums, an empty name for all together.
type Line = (DayNumber, String, DayFigures);

#[derive(Default)]
struct Found {
    lines: Vec<Line>,
    more: bool,
    /// Reading was given up: the time is too long for so many.
    too_many: bool,
}

pub(super) async fn report(shared: Arc<Shared>, request: Request) -> Response {
    let Some(caller) = request.caller.clone() else { return refused(Refusal::Unauthorized) };
    let desk = shared.surface.board.desk();
    let ask = match ask(&request, &caller, &desk) {
        Ok(ask) => ask,
        Err(response) => return response,
    };
    let looked = ask.by == Some(By::Agent) && ask.own.is_none();
    let subject = format!("{} to {}", ask.from, ask.to);
    let noted = shared.surface.door.change(move |shell| {
        if looked {
            shell.audit(&caller.agent, "figures_per_agent", subject, String::new());
        }
        shell.watermark()
    });
    let Some(sequence) = noted.await else { return unavailable() };
    let (from, to, by, csv, sum) = (ask.from, ask.to, ask.by, ask.csv, ask.sum);
    let Ok(found) = shared.surface.readers.read(sequence, move |snapshot| find(snapshot, &ask)).await else {
        return unavailable();
    };
    if found.too_many {
        return Response::error(422, "too_long", "Too many rows for one report: choose a shorter time.");
    }
    let next = found.lines.last().filter(|_| found.more).map(|(day, name, _)| format!("{day}:{name}"));
    if csv {
        let text = csv_text(&desk, by, sum, &found.lines);
        let name = format!("attachment; filename=\"deskbell-figures-{from}-{to}.csv\"");
        let response = Response::body(200, "text/csv; charset=utf-8", text)
            .with_header("content-disposition", &name)
            .with_header("cache-control", "no-store");
        return match next {
            Some(next) => response.with_header("x-next", &next),
            None => response,
        };
    }
    let rows: Vec<Row<'_>> = found.lines.iter().map(|line| row(&desk, by, line)).collect();
    let body = json!({
        "from": from.to_string(), "to": to.to_string(), "by": word(by), "per_agent": desk.figures_per_agent,
        "rows": rows, "more": found.more, "next": next,
    });
    Response::json(200, &body).with_header("cache-control", "no-store")
}

fn word(by: Option<By>) -> &'static str {
    match by {
        None => "day",
        Some(By::Queue) => "queue",
        Some(By::Workstream) => "workstream",
        Some(By::Agent) => "agent",
    }
}

fn ask(request: &Request, caller: &Caller, desk: &Desk) -> Result<Ask, Response> {
    let bad = |what: &str| Response::error(400, "bad_request", what.to_owned());
    let date = |name: &str| -> Option<Date> { request.query(name)?.parse().ok() };
    let (Some(from), Some(to)) = (date("from"), date("to")) else {
        return Err(bad("Give from and to as days: 2026-11-28."));
    };
    let days = from.until(to).map_or(i32::MAX, |span| span.get_days());
    if days < 0 {
        return Err(bad("The time ends before it begins."));
    }
    if days >= FIGURES_DAYS_MAX {
        return Err(Response::error(422, "too_long", "A report spans ten years at most."));
    }
    let by = match request.query("by").as_deref() {
        None | Some("queue") => Some(By::Queue),
        Some("workstream") => Some(By::Workstream),
        Some("agent") => Some(By::Agent),
        Some("day") => None,
        Some(_) => return Err(bad("Figures are kept by queue, workstream, agent and day.")),
    };
    let csv = match request.query("format").as_deref() {
        None | Some("json") => false,
        Some("csv") => true,
        Some(_) => return Err(bad("Figures come as json or csv.")),
    };
    let over_others = caller.roles.has_any(&[Role::Supervisor, Role::Admin]);
    if !over_others && by != Some(By::Agent) {
        return Err(refused(Refusal::Forbidden));
    }
    let own = by == Some(By::Agent) && !(over_others && desk.figures_per_agent);
    let after = match request.query("after") {
        None => None,
        Some(text) => Some(after(&text).ok_or_else(|| bad("There is no such page."))?),
    };
    Ok(Ask {
        from,
        to,
        by,
        sum: request.query("sum").as_deref() == Some("true"),
        csv,
        own: own.then(|| caller.agent.to_string()),
        after,
    })
}

fn after(text: &str) -> Option<(DayNumber, String)> {
    let (day, name) = text.split_once(':')?;
    (name.len() <= DESK_ID_BYTES_MAX).then_some((day.parse().ok()?, name.to_owned()))
}

fn number(date: Date) -> DayNumber {
    let (year, month, day) = (date.year(), date.month(), date.day());
    (i32::from(year) * 10_000 + i32::from(month) * 100 + i32::from(day)).unsigned_abs()
}

fn find(snapshot: &Snapshot, ask: &Ask) -> Result<Found, ReadError> {
    let limit = if ask.csv { FIGURES_FILE_ROWS_MAX } else { FIGURES_PAGE_MAX };
    let mut found = Found::default();
    let mut sums: BTreeMap<String, DayFigures> = BTreeMap::new();
    let mut take = |(day, name, figures): Line, found: &mut Found| {
        if ask.sum {
            sums.entry(if ask.by.is_none() { String::new() } else { name }).or_default().join(&figures);
        } else if let (None, Some((last, _, all))) = (ask.by, found.lines.last_mut())
            && *last == day
        {
            all.join(&figures);
        } else if found.lines.len() == limit {
            found.more = true;
        } else {
            found.lines.push((day, if ask.by.is_none() { String::new() } else { name }, figures));
        }
        !found.more
    };
    match &ask.own {
        Some(own) => each_own(snapshot, ask, own, &mut |line| take(line, &mut found))?,
        None => {
            let mut read = 0;
            each(snapshot, ask, &mut |line| {
                read += 1;
                found.too_many = read > FIGURES_READ_MAX;
                !found.too_many && take(line, &mut found)
            })?;
        }
    }
    found.lines.extend(sums.into_iter().map(|(name, figures)| (0, name, figures)));
    Ok(found)
}

/// Her rows, day by day: among those of five hundred others they are not worth walking through.
fn each_own(
    snapshot: &Snapshot,
    ask: &Ask,
    own: &str,
    take: &mut dyn FnMut(Line) -> bool,
) -> Result<(), ReadError> {
    let begun = ask.after.as_ref().map_or(0, |(day, _)| day + 1);
    let days = ask.from.series(1.day()).take_while(|day| *day <= ask.to).map(number);
    for day in days.filter(|day| *day >= begun) {
        let value = snapshot.get(Table::Figures, &key(By::Agent, day, own))?;
        if let Some(figures) = value.as_deref().and_then(reads::decoded)
            && !take((day, own.to_owned(), figures))
        {
            break;
        }
    }
    Ok(())
}

fn each(snapshot: &Snapshot, ask: &Ask, take: &mut dyn FnMut(Line) -> bool) -> Result<(), ReadError> {
    // By day all workstreams are added up: each conversation came through exactly one.
    let by = ask.by.unwrap_or(By::Workstream);
    let mut low = match &ask.after {
        Some((day, _)) if ask.by.is_none() => key(by, day + 1, ""),
        Some((day, name)) => [&key(by, *day, name)[..], &[0]].concat(),
        None => key(by, number(ask.from), ""),
    };
    low = low.max(key(by, number(ask.from), ""));
    let high = key(by, number(ask.to) + 1, "");
    loop {
        let page = snapshot.range(Table::Figures, &low[..]..&high[..], READ_ROWS_MAX, Direction::Forward)?;
        for (key, value) in &page.rows {
            let (Some((day, name)), Some(figures)) = (key_parts(key), reads::decoded(value)) else {
                continue;
            };
            if !take((day, name.to_owned(), figures)) {
                return Ok(());
            }
        }
        match page.rows.last().filter(|_| page.more) {
            Some((key, _)) => low = [&key[..], &[0]].concat(),
            None => return Ok(()),
        }
    }
}

#[derive(Serialize)]
struct Row<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    day: Option<String>,
    #[serde(skip_serializing_if = "str::is_empty")]
    id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
    arrived: u32,
    accepted: u32,
    missed: u32,
    rejected: u32,
    undelivered: u32,
    abandoned: u32,
    transferred: u32,
    ended: u32,
    waits: Times,
    handling: Times,
    ratings: Ratings,
}

/// Durations in seconds; none where nothing lasted.
#[derive(Serialize)]
struct Times {
    count: u64,
    mean_s: Option<u64>,
    /// Half of them took at most so long; an upper bound.
    half_within_s: Option<u64>,
    /// Nine of ten.
    nine_of_ten_within_s: Option<u64>,
    longest_s: Option<u64>,
}

#[derive(Serialize)]
struct Ratings {
    count: u32,
    mean: Option<f64>,
    /// How often 1 to 5.
    scores: [u32; 5],
}

fn times(spread: &Spread) -> Times {
    let seconds = |ms: u64| ms.div_ceil(1000);
    let count = spread.count();
    Times {
        count,
        mean_s: spread.mean_ms().map(|ms| (ms + 500) / 1000),
        half_within_s: spread.within_ms(50).map(seconds),
        nine_of_ten_within_s: spread.within_ms(90).map(seconds),
        longest_s: (count > 0).then(|| seconds(spread.max_ms)),
    }
}

fn ratings(scores: [u32; 5]) -> Ratings {
    let count = scores.iter().sum();
    let points: u64 = (1u64..).zip(scores).map(|(score, many)| score * u64::from(many)).sum();
    let mean = (count > 0).then(|| (points as f64 / f64::from(count) * 100.0).round() / 100.0);
    Ratings { count, mean, scores }
}

fn row<'a>(desk: &'a Desk, by: Option<By>, (day, id, figures): &'a Line) -> Row<'a> {
    Row {
        day: (*day > 0).then(|| written(*day)),
        id,
        name: name_of(desk, by, id),
        arrived: figures.arrived,
        accepted: figures.accepted,
        missed: figures.missed,
        rejected: figures.rejected,
        undelivered: figures.undelivered,
        abandoned: figures.abandoned,
        transferred: figures.transferred,
        ended: figures.ended,
        waits: times(&figures.waits),
        handling: times(&figures.handling),
        ratings: ratings(figures.ratings),
    }
}

/// The name people see; what the desk no longer has keeps its id.
fn name_of<'a>(desk: &'a Desk, by: Option<By>, id: &'a str) -> &'a str {
    let known = match by {
        Some(By::Queue) => desk.queue(id).map(|queue| queue.name.as_str()),
        Some(By::Workstream) => desk.workstream(id).map(|workstream| workstream.name.as_str()),
        Some(By::Agent) => desk.agent(id).map(|agent| agent.name.as_str()),
        None => None,
    };
    known.unwrap_or(id)
}

fn written(day: DayNumber) -> String {
    format!("{:04}-{:02}-{:02}", day / 10_000, day / 100 % 100, day % 100)
}

const COLUMNS: &str = "arrived,accepted,missed,rejected,undelivered,abandoned,transferred,ended,\
    wait_mean_s,wait_half_within_s,wait_nine_of_ten_within_s,wait_longest_s,\
    handling_mean_s,handling_half_within_s,handling_nine_of_ten_within_s,handling_longest_s,\
    ratings,rating_mean,rated_1,rated_2,rated_3,rated_4,rated_5";

fn csv_text(desk: &Desk, by: Option<By>, sum: bool, lines: &[Line]) -> String {
    let mut heads = Vec::new();
    if !sum {
        heads.push("day");
    }
    if by.is_some() {
        heads.extend([word(by), "name"]);
    }
    let mut text = heads.iter().map(|head| format!("{head},")).collect::<String>() + COLUMNS + "\r\n";
    for line in lines {
        let row = row(desk, by, line);
        if !sum {
            text.push_str(&format!("{},", row.day.as_deref().unwrap_or_default()));
        }
        if by.is_some() {
            text.push_str(&format!("{},{},", cell(row.id), cell(row.name)));
        }
        let maybe = |value: Option<u64>| value.map_or_else(String::new, |value| value.to_string());
        let counts = [
            row.arrived,
            row.accepted,
            row.missed,
            row.rejected,
            row.undelivered,
            row.abandoned,
            row.transferred,
            row.ended,
        ];
        let mut cells: Vec<String> = counts.iter().map(ToString::to_string).collect();
        for times in [&row.waits, &row.handling] {
            let all = [times.mean_s, times.half_within_s, times.nine_of_ten_within_s, times.longest_s];
            cells.extend(all.map(maybe));
        }
        cells.push(row.ratings.count.to_string());
        cells.push(row.ratings.mean.map_or_else(String::new, |mean| mean.to_string()));
        cells.extend(row.ratings.scores.map(|many| many.to_string()));
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}

/// A name as one cell. What a spreadsheet would take for a formula begins with an apostrophe.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r', ';']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_cell_and_never_a_formula() {
        assert_eq!(cell("Front desk"), "Front desk");
        assert_eq!(cell("a, \"b\""), "\"a, \"\"b\"\"\"");
        assert_eq!(cell("=1+1"), "'=1+1");
    }

    #[test]
    fn the_mean_of_no_ratings_is_none_and_not_nought() {
        assert_eq!(ratings([0; 5]).mean, None);
        assert_eq!(ratings([1, 0, 0, 0, 2]).mean, Some(3.67));
    }
}
