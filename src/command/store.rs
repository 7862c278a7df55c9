//! What the commands on a data directory share.

use std::path::PathBuf;

use deskbell::desk::Faults;
use deskbell::shell::offline::OfflineError;

use super::Ended;
use super::options::Options;

/// `--data DIR`, where everything lies.
pub(super) fn data(options: &Options<'_>) -> Result<PathBuf, Ended> {
    options
        .get("data")
        .map(PathBuf::from)
        .ok_or_else(|| Ended::usage("--data DIR says where the box keeps its data"))
}

pub(super) fn ended(error: OfflineError) -> Ended {
    match error {
        OfflineError::Running
        | OfflineError::NoStore(_)
        | OfflineError::NoDesk
        | OfflineError::Faults(_)
        | OfflineError::NoSuchUser
        | OfflineError::Password(_) => Ended::usage(error.to_string()),
        _ => Ended::failed(error.to_string()),
    }
}

/// The same, once the faults of a desk were listed.
pub(super) fn ended_listing(error: OfflineError) -> Ended {
    match error {
        OfflineError::Faults(faults) => {
            list(&faults);
            Ended::listed()
        }
        other => ended(other),
    }
}

/// The faults of a desk, one a line.
pub(super) fn list(faults: &Faults) {
    for fault in &faults.list {
        eprintln!("{fault}");
    }
    if faults.more > 0 {
        eprintln!("and {} more", faults.more);
    }
}
