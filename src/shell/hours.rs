//! Opening hours on the product clock: who is open at an instant, until when, and the turn of the hour itself.
//!
//! The instant is a [`Daytime`] and not a stamp. Stamps never go back, so after a correction of the clock they
//! may stand ahead of the wall for a while; a door that opened by them would open at the wrong hour. And while
//! the clock cannot be trusted there is no instant at all: then every workstream counts as open (D-18).

use jiff::Timestamp;

use super::Shell;
use crate::desk::hours::Hours;
use crate::desk::{self, Desk, Id, Workstream};
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

    /// Whether a workstream is open: always, when it has no hours.
    pub fn is_open(self, desk: &Desk, workstream: &Workstream) -> bool {
        match (desk.hours_of(workstream), self.0) {
            (Some(hours), Some(at)) => hours.is_open(at),
            _ => true,
        }
    }

    /// Whether these hours are open; no hours are always open.
    pub fn within(self, hours: Option<&Hours>) -> bool {
        hours.is_none_or(|hours| self.0.is_none_or(|at| hours.is_open(at)))
    }

    /// When a closed workstream opens next; `None` when it is open, or not within two years.
    pub fn opens_at(self, desk: &Desk, workstream: &Workstream) -> Option<i64> {
        let (hours, at) = (desk.hours_of(workstream)?, self.0?);
        hours.next_open(at).filter(|open| *open > at).map(Timestamp::as_millisecond)
    }

    /// When an open workstream closes; `None` when it is closed, always open, or not within two years.
    pub fn closes_at(self, desk: &Desk, workstream: &Workstream) -> Option<i64> {
        let (hours, at) = (desk.hours_of(workstream)?, self.0?);
        hours.open_until(at).map(Timestamp::as_millisecond)
    }

    /// The next instant any workstream opens or closes.
    pub fn next_change(self, desk: &Desk) -> Option<i64> {
        let at = self.0?;
        let used = |hours: &&desk::hours::Hours| {
            desk.workstreams.iter().any(|workstream| workstream.hours.as_ref() == Some(&hours.id))
        };
        let changes = desk.hours.iter().filter(used).filter_map(|hours| hours.next_change(at));
        changes.map(Timestamp::as_millisecond).min()
    }

    /// The next opening as the workstream's own wall clock shows it.
    pub fn opening_text(self, desk: &Desk, workstream: &Workstream) -> Option<String> {
        let hours = desk.hours_of(workstream)?;
        let at = Timestamp::from_millisecond(self.opens_at(desk, workstream)?).ok()?;
        Some(at.to_zoned(hours.zone.rules().clone()).strftime("%Y-%m-%d %H:%M").to_string())
    }
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
        let opens_at = workstream.and_then(|workstream| self.daytime().opens_at(&self.desk, &workstream));
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
        let went_back = matches!((self.doors.day.0, day.0), (Some(before), Some(now)) if now < before);
        let trust_changed = self.doors.day.0.is_some() != day.0.is_some();
        self.doors.day = day;
        if !went_back && !trust_changed && self.until_hours_ms() != Some(0) {
            return;
        }
        let desk = std::sync::Arc::clone(&self.desk);
        self.doors = Doors::new(&desk, day);
        for workstream in &desk.workstreams {
            let Some(row) = self.names.workstreams.row(workstream.id.as_str()).map(WorkstreamId) else {
                continue;
            };
            let open = day.is_open(&desk, workstream);
            if self.engine.desk().workstream(row).is_some_and(|known| known.open != open) {
                self.turn(Input::Hours { workstream: row, open }, None);
            }
        }
    }
}
