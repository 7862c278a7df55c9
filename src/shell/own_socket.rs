//! Unix sockets of the box's own: the admin pages' and the relay's.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use crate::ops::reach::Reach;

/// The socket and its path: the one that was given, or `DIR/NAME.sock`. That one is for the box's user only from its
/// first moment: it gets its name once its mode is set, and that name takes the place of a former start's.
pub(super) fn bound(
    given: Option<UnixListener>,
    data: &Path,
    name: &str,
) -> io::Result<(UnixListener, PathBuf)> {
    let path = data.join(format!("{name}.sock"));
    if let Some(listener) = given {
        let address = listener.local_addr()?;
        let path = address.as_pathname().map_or(path, Path::to_path_buf);
        return Ok((listener, path));
    }
    let new = data.join(format!("{name}.new"));
    if new.symlink_metadata().is_ok() {
        fs::remove_file(&new)?;
    }
    let listener = UnixListener::bind(Reach::of(&new)?.path())?;
    fs::set_permissions(&new, Permissions::from_mode(0o600))?;
    fs::rename(&new, &path)?;
    Ok((listener, path))
}
