//! Settings that are read and kept but have no effect yet. A row goes when its behaviour comes; the last
//! takes the file.

use super::ids::Id;
use super::model::{Channel, Desk};
use super::read::{Sheet, join};

/// One such setting: finds the first place where a desk asks for what is not there.
struct NotYet {
    find: fn(&Desk) -> Option<String>,
    message: &'static str,
}

const NOT_YET: &[NotYet] =
    &[NotYet { find: |desk| channel(desk, Channel::Voice), message: "has no effect yet: no call comes in" }];

fn channel(desk: &Desk, channel: Channel) -> Option<String> {
    let workstream = desk.workstreams.iter().find(|workstream| workstream.channel == channel)?;
    Some(join(&join("workstream", workstream.id.as_str()), "channel"))
}

/// Notes one warning for each such setting that the desk uses.
pub(super) fn warn(desk: &Desk, sheet: &Sheet) {
    for row in NOT_YET {
        if let Some(path) = (row.find)(desk) {
            sheet.warn(&path, row.message);
        }
    }
}
