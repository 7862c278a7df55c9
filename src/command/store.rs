//! What the commands on a data directory share.

use std::path::PathBuf;

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
        | OfflineError::NoDesk
        | OfflineError::Faults(_)
        | OfflineError::NoSuchUser
        | OfflineError::Password(_) => Ended::usage(error.to_string()),
        _ => Ended::failed(error.to_string()),
    }
}

/// The faults of a desk, one a line.
pub(super) fn list_faults(error: &OfflineError) {
    if let OfflineError::Faults(faults) = error {
        for fault in &faults.list {
            eprintln!("{fault}");
        }
    }
}
