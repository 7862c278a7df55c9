//! Opening hours on the product clock: who is open at an instant, until when, and the turn of the hour itself.
//!
//! The instant is a [`Daytime`] and not a stamp. Stamps never go back, so after a correction of the clock they
//! may stand ahead of the wall for a while; a door that opened by them would open at the wrong hour. And while
//! the clock cannot be trusted there is no instant at all: then every workstream counts as open (D-18).

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Shell;
use crate::desk::hours::Hours;
use crate::desk::{Desk, Id, Workstream};
use crate::engine::id::WorkstreamId;
use crate::engine::input::Input;
use crate::gateway::ConnId;
use crate::widget::project as page;

/// The instant by which hours are judged; none while nobody knows the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Daytime(Option<Timestamp>);

impl Daytime {
    /// An instant of the wall clock.
    pub fn at(wall_ms: i64) -> Daytime {
        Daytime(Timestamp::from_millisecond(wall_ms).ok())
    }

    /// The time of day is not known.
    pub const UNKNOWN: Daytime = Daytime(None);

    /// The day of the calendar; none while nobody knows the time.
    pub fn date(self, zone: &TimeZone) -> Option<Date> {
        self.0.map(|at| zone.to_datetime(at).date())
    }

    /// Whether every one of these hours is open.
    pub fn is_open(self, entrance: &Entrance<'_>) -> bool {
        self.0.is_none_or(|at| entrance.0.iter().all(|hours| hours.is_open(at)))
    }

    /// Whether these hours are open; no hours are always open.
    pub fn within(self, hours: Option<&Hours>) -> bool {
        hours.is_none_or(|hours| self.0.is_none_or(|at| hours.is_open(at)))
    }

    /// When a closed entrance opens next; `None` when it is open, or not within two years.
    pub fn opens_at(self, entrance: &Entrance<'_>) -> Option<i64> {
        let now = self.0?;
        let mut at = now;
        // Each step goes on to where one of them opens; they meet soon or never.
        for _ in 0..OPENING_STEPS_MAX {
            match entrance.0.iter().find(|hours| !hours.is_open(at)) {
                None => return (at > now).then(|| at.as_millisecond()),
                Some(closed) => at = closed.next_open(at)?,
            }
        }
        None
    }

    /// When an open entrance closes; `None` when it is closed, always open, or not within two years.
    pub fn closes_at(self, entrance: &Entrance<'_>) -> Option<i64> {
        let at = self.0.filter(|_| self.is_open(entrance))?;
        let closings = entrance.0.iter().filter_map(|hours| hours.open_until(at));
        closings.map(Timestamp::as_millisecond).min()
    }

    /// The next instant any workstream opens or closes.
    pub fn next_change(self, desk: &Desk) -> Option<i64> {
        let at = self.0?;
        let used = desk.workstreams.iter().flat_map(|workstream| Entrance::of(desk, workstream).0);
        used.filter_map(|hours| hours.next_change(at)).map(Timestamp::as_millisecond).min()
    }

    /// The next opening as the clock on the wall of the place shows it.
    pub fn opening_text(self, desk: &Desk, workstream: &Workstream) -> Option<String> {
        let entrance = Entrance::of(desk, workstream);
        let at = Timestamp::from_millisecond(self.opens_at(&entrance)?).ok()?;
        let zone = entrance.0.first()?.zone.rules().clone();
        Some(at.to_zoned(zone).strftime("%Y-%m-%d %H:%M").to_string())
    }
}

/// Steps in which hours that must all be open find an instant when they are.
const OPENING_STEPS_MAX: usize = 64;

/// All the hours that must be open before a customer is let in.
#[derive(Clone, Debug)]
pub struct Entrance<'d>(Vec<&'d Hours>);

impl<'d> Entrance<'d> {
    /// A workstream's: its own and those of its queue. None at all are always open.
    pub fn of(desk: &'d Desk, workstream: &Workstream) -> Entrance<'d> {
        let queue = desk.queue(workstream.queue.as_str()).and_then(|queue| queue.hours.as_ref());
        let ids = [workstream.hours.as_ref(), queue];
        Entrance(ids.into_iter().flatten().filter_map(|id| desk.hours(id.as_str())).collect())
    }

    /// The same, through a widget that may have hours of its own.
    pub fn through(desk: &'d Desk, widget: &str, workstream: &Workstream) -> Entrance<'d> {
        let mut entrance = Entrance::of(desk, workstream);
        let own = desk.widget(widget).and_then(|widget| widget.hours.as_ref());
        entrance.0.extend(own.and_then(|id| desk.hours(id.as_str())));
        entrance
    }
}

/// What a page shows of its widget's hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sign {
    open: bool,
    opens_ms: Option<i64>,
    closes_ms: Option<i64>,
}

/// The signs of all widgets, by id.
pub(super) type Signs = std::collections::BTreeMap<String, Sign>;

fn signs(desk: &Desk, day: Daytime) -> Signs {
    let sign = |widget: &crate::desk::Widget| {
        let workstream = desk.workstream(widget.workstream.as_str())?;
        let entrance = Entrance::through(desk, widget.id.as_str(), workstream);
        let (opens_ms, closes_ms) = (day.opens_at(&entrance), day.closes_at(&entrance));
        Some((widget.id.as_str().to_owned(), Sign { open: day.is_open(&entrance), opens_ms, closes_ms }))
    };
    desk.widgets.iter().filter_map(sign).collect()
}

/// What the shell knows of the hours in force.
#[derive(Debug)]
pub(super) struct Doors {
    /// What they were last judged by.
    pub(super) day: Daytime,
    /// The next instant at which one opens or closes.
    next_ms: Option<i64>,
}

impl Doors {
    pub(super) fn new(desk: &Desk, day: Daytime) -> Doors {
        Doors { day, next_ms: day.next_change(desk) }
    }
}

impl Shell {
    /// The instant hours are judged by now.
    pub(super) fn daytime(&self) -> Daytime {
        match self.clock.daytime_ms() {
            Some(wall_ms) => Daytime::at(wall_ms),
            None => Daytime::UNKNOWN,
        }
    }

    /// Closed: and when it opens again, if it does (S0-5).
    pub(super) fn refuse_closed(&mut self, conn: ConnId, re: Option<i64>) {
        let customer = self.connections.customer(conn);
        let workstream = customer.and_then(|customer| self.workstream_of(&customer.widget));
        let widget = customer.map_or("", |customer| &customer.widget);
        let opens_at = workstream.and_then(|workstream| {
            self.daytime().opens_at(&Entrance::through(&self.desk, widget, &workstream))
        });
        self.send(conn, page::closed(re, opens_at));
    }

    /// Milliseconds of the product clock until a door opens or closes.
    pub(super) fn until_hours_ms(&self) -> Option<u64> {
        let next_ms = self.doors.next_ms?;
        Some(u64::try_from(next_ms.saturating_sub(self.clock.daytime_ms()?)).unwrap_or(0))
    }

    /// Opens and closes workstreams by their hours: at the turn of the hour, and when the clock was set.
    pub(super) fn follow_hours(&mut self) {
        let day = self.daytime();
        let judged_by = self.doors.day;
        let went_back = matches!((judged_by.0, day.0), (Some(before), Some(now)) if now < before);
        let trust_changed = judged_by.0.is_some() != day.0.is_some();
        self.doors.day = day;
        if !went_back && !trust_changed && self.until_hours_ms() != Some(0) {
            return;
        }
        let desk = std::sync::Arc::clone(&self.desk);
        let shown = signs(&desk, judged_by);
        self.doors = Doors::new(&desk, day);
        for workstream in &desk.workstreams {
            let Some(row) = self.names.workstreams.row(workstream.id.as_str()).map(WorkstreamId) else {
                continue;
            };
            let open = day.is_open(&Entrance::of(&desk, workstream));
            if self.engine.desk().workstream(row).is_some_and(|known| known.open != open) {
                self.turn(Input::Hours { workstream: row, open }, None);
            }
        }
        self.tell_hours(&shown);
    }

    /// What pages with a widget show of its hours now.
    pub(super) fn signs(&self) -> Signs {
        signs(&self.desk, self.daytime())
    }

    /// Open pages whose widget shows other hours than it did are told (S0-5): nobody fills in a form for a door that has
    /// closed meanwhile, and nobody stays before one that has opened.
    pub(super) fn tell_hours(&mut self, before: &Signs) {
        let now = self.signs();
        let changed = |widget: &str| now.get(widget).filter(|sign| before.get(widget) != Some(sign)).copied();
        let told: Vec<(ConnId, String, Sign, String)> = self
            .connections
            .customers()
            .filter_map(|(conn, customer)| {
                let sign = changed(&customer.widget)?;
                let visitor = self.visitors.get(customer.visitor?);
                let language = visitor.map(|visitor| visitor.customer.locale.clone()).unwrap_or_default();
                Some((conn, customer.widget.to_string(), sign, language))
            })
            .collect();
        for (conn, widget, sign, language) in told {
            let closed_text =
                (!sign.open).then(|| self.closed_text(&*self.workstream_of(&widget)?, &language)).flatten();
            self.send(conn, page::hours(sign.open, sign.opens_ms, sign.closes_ms, closed_text));
        }
    }
}
