//! How the box is, figure by figure, against what bounds it: the health page's and the day's.

use std::path::Path;
use std::sync::atomic::Ordering;

use super::Shell;
use super::certificate::WARN_DAYS;
use super::clock::real_wall_ms;
use super::keeper::BoxKeeper;
use crate::admin::{Chart, Figure, Light, Refusal};
use crate::ops::day::{Day, Sample, celsius};
use crate::ops::{bound, profile::Profile};

const MIB: u64 = 1024 * 1024;

/// A board this hot slows itself down.
const CELSIUS_HOT: f32 = 80.0;

/// A sync this slow is felt at the desk: a message is told to nobody before it.
const SYNC_SLOW_US: u64 = 500_000;

/// What the desk thread is asked for at once.
pub(super) struct Asked {
    reason: Option<&'static str>,
    up_s: u64,
    conversations: (u32, u32),
    waiting: Vec<(String, u32)>,
    sockets: (usize, usize),
    lag: u64,
    slowest_us: u64,
}

impl Shell {
    pub(super) fn how_it_is(&self) -> Asked {
        let waiting = |queue: &crate::desk::Queue| {
            let row = self.names.queues.row(crate::desk::Id::as_str(&queue.id))?;
            Some((queue.name.clone(), self.engine.line_len(crate::engine::id::QueueId(row))))
        };
        Asked {
            reason: self.health(),
            up_s: self.started.elapsed().as_secs(),
            conversations: self.engine.occupancy(),
            waiting: self.desk.queues.iter().filter_map(waiting).collect(),
            sockets: self.connections.counts(),
            lag: self.store.durable().0.saturating_sub(self.store.applied().0),
            slowest_us: self.store.slowest_sync_us(),
        }
    }
}

impl Shell {
    /// The slowest sync is measured from here on.
    pub(super) fn measure_syncs_anew(&self) {
        self.store.forget_slowest_sync();
    }
}

/// A sample of now, for the day.
pub(super) fn sample(asked: &Asked) -> Sample {
    Sample {
        at_ms: real_wall_ms(),
        conversations: asked.conversations.0,
        waiting: asked.waiting.iter().map(|(_, count)| count).sum(),
        sockets: u32::try_from(asked.sockets.0 + asked.sockets.1).unwrap_or(u32::MAX),
        resident_bytes: bound::resident_bytes().unwrap_or(0),
        sync_us: asked.slowest_us,
        celsius: celsius(),
    }
}

impl BoxKeeper {
    pub(super) fn figures(&self) -> Result<Vec<Figure>, Refusal> {
        let asked = self.ask(|shell| shell.how_it_is())?;
        let mut list = work(&asked, &self.profile);
        list.extend(memory(&self.profile));
        list.extend(disk(&asked, &self.data, &self.profile, &self.day));
        list.extend(board());
        list.push(self.certificate_figure());
        Ok(list)
    }

    fn certificate_figure(&self) -> Figure {
        let until_s = self
            .public
            .shown()
            .map_or_else(|| self.place.good_until_s.load(Ordering::Relaxed), |shown| shown.until_s);
        let days = (until_s - real_wall_ms() / 1000).div_euclid(86_400);
        let own = self.public.shown().is_none();
        let (light, advice) = match days {
            ..0 => (Light::Bad, "Browsers refuse the box. Bring another on the page of addresses."),
            // The box renews its own by itself, a month before.
            0..WARN_DAYS if !own => (Light::Warn, "Bring another on the page of addresses."),
            _ => (Light::Good, ""),
        };
        let value = if days < 0 { "is over".to_owned() } else { format!("{days} days") };
        Figure { light, advice: advice.to_owned(), ..figure("Certificate", "Certificate good for", value) }
    }
}

fn figure(group: &'static str, name: &str, value: String) -> Figure {
    Figure { group, name: name.to_owned(), value, bound: None, light: Light::Good, advice: String::new() }
}

/// `310 MiB`, and from ten on `42.8 GiB`.
fn mebibytes(number: u64) -> String {
    if number < 10 * 1024 { format!("{number} MiB") } else { format!("{:.1} GiB", number as f64 / 1024.0) }
}

/// A figure against its bound: a look from 80 %, trouble when it is full.
fn bounded(group: &'static str, name: &str, used: u64, most: u64, unit: &str, advice: &str) -> Figure {
    let percent = (used * 100 / most.max(1)).min(100) as u8;
    let light = match percent {
        0..80 => Light::Good,
        80..100 => Light::Warn,
        _ => Light::Bad,
    };
    let with_unit = |number: u64| match unit {
        "" => number.to_string(),
        "MiB" => mebibytes(number),
        unit => format!("{number} {unit}"),
    };
    let advice = if light == Light::Good { String::new() } else { advice.to_owned() };
    Figure { bound: Some((with_unit(most), percent)), light, advice, ..figure(group, name, with_unit(used)) }
}

fn work(asked: &Asked, profile: &Profile) -> Vec<Figure> {
    let (used, most) = asked.conversations;
    let sockets = (asked.sockets.0 + asked.sockets.1) as u64;
    let mut list = vec![
        bounded(
            "Work",
            "Open conversations",
            used.into(),
            most.into(),
            "",
            "New customers are turned away when as many are open: a larger profile has room for more.",
        ),
        bounded(
            "Work",
            "Connections",
            sockets,
            profile.connections_max as u64,
            "",
            "New browsers are turned away when all are taken: a larger profile has room for more.",
        ),
    ];
    list.extend(
        asked
            .waiting
            .iter()
            .map(|(name, count)| figure("Work", &format!("In line for {name}"), count.to_string())),
    );
    list.push(figure("Work", "Up", up(asked.up_s)));
    list
}

fn up(seconds: u64) -> String {
    match seconds {
        0..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

fn memory(profile: &Profile) -> Option<Figure> {
    let resident = bound::resident_bytes()?;
    let worst = bound::worst_bytes(profile);
    let advice =
        "More than everything full at once should take: a fault of the box. Keep its log, and restart it.";
    let mut figure = bounded(
        "Memory",
        "In use, of the most the box can take",
        resident.div_ceil(MIB),
        worst.div_ceil(MIB),
        "MiB",
        advice,
    );
    // A full box is as it should be; one beyond its bound is not.
    if resident <= worst {
        (figure.light, figure.advice) = (Light::Good, String::new());
    }
    Some(figure)
}

fn disk(asked: &Asked, data: &Path, profile: &Profile, day: &Day) -> Vec<Figure> {
    let state = std::fs::metadata(data.join("state.redb")).map_or(0, |meta| meta.len());
    let mut list = vec![
        Figure {
            light: if asked.reason.is_some_and(|reason| reason != "clock") {
                Light::Bad
            } else {
                Light::Good
            },
            advice: match asked.reason {
                Some("storage") => "Make room on the box's disk; reads go on meanwhile.".to_owned(),
                Some("journal") => "The disk does not keep up; it heals by itself.".to_owned(),
                _ => String::new(),
            },
            ..figure(
                "Disk",
                "Store",
                asked.reason.filter(|reason| *reason != "clock").unwrap_or("takes changes").to_owned(),
            )
        },
        // The file takes up to twice what it holds.
        bounded(
            "Disk",
            "Store's file",
            state.div_ceil(MIB),
            2 * profile.store_bytes_max / MIB,
            "MiB",
            "Keep conversations for fewer days, or choose a larger profile.",
        ),
    ];
    if let Ok(disk) = rustix::fs::statvfs(data) {
        let free = disk.f_bavail.saturating_mul(disk.f_frsize) / MIB;
        list.push(figure("Disk", "Free space", mebibytes(free)));
    }
    let slowest = day.samples().iter().rev().take(12).map(|sample| sample.sync_us).max().unwrap_or(0);
    let slowest = slowest.max(asked.slowest_us);
    let slow = slowest >= SYNC_SLOW_US;
    list.push(Figure {
        light: if slow { Light::Warn } else { Light::Good },
        advice: if slow {
            "Messages wait for it. A card that has grown slow is about to wear out.".to_owned()
        } else {
            String::new()
        },
        ..figure("Disk", "Slowest commit of the last hour", format!("{:.1} ms", slowest as f64 / 1000.0))
    });
    list.push(figure("Disk", "Kept, and on its way into the store", asked.lag.to_string()));
    list
}

fn board() -> Option<Figure> {
    let degrees = celsius()?;
    let hot = degrees >= CELSIUS_HOT;
    Some(Figure {
        light: if hot { Light::Warn } else { Light::Good },
        advice: if hot { "The board slows itself down. Give it air.".to_owned() } else { String::new() },
        ..figure("Board", "Temperature", format!("{degrees:.0} °C"))
    })
}

/// The day's samples as the page draws them; what the board does not tell is left out.
pub(super) fn charts(day: &Day) -> Vec<Chart> {
    let samples = day.samples();
    let chart = |name, unit, value: &dyn Fn(&Sample) -> Option<f64>| Chart {
        name,
        unit,
        points: samples.iter().filter_map(|sample| Some((sample.at_ms, value(sample)?))).collect(),
    };
    let mut charts = vec![
        chart("Conversations", "", &|sample| Some(sample.conversations.into())),
        chart("In line", "", &|sample| Some(sample.waiting.into())),
        chart("Connections", "", &|sample| Some(sample.sockets.into())),
        chart("Memory", "MiB", &|sample| Some(sample.resident_bytes as f64 / MIB as f64)),
        chart("Slowest commit", "ms", &|sample| Some(sample.sync_us as f64 / 1000.0)),
        chart("Temperature", "°C", &|sample| sample.celsius.map(f64::from)),
    ];
    charts.retain(|chart| !chart.points.is_empty());
    charts
}
