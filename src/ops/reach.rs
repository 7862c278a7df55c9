//! The way to a Unix socket whose path is longer than a socket's address holds.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

/// Bytes of a socket's address on Linux, but for the NUL that ends it.
const ADDRESS_BYTES_MAX: usize = 107;

/// A path that a socket can be bound to or reached by, as long as this lives.
#[derive(Debug)]
pub struct Reach {
    path: PathBuf,
    /// Its folder, held open where the path goes by its descriptor.
    _folder: Option<File>,
}

impl Reach {
    /// The way to `path`: itself, or through its folder where it is too long for an address.
    ///
    /// # Errors
    /// The folder of a long path cannot be opened.
    pub fn of(path: &Path) -> io::Result<Reach> {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Ok(Reach { path: path.to_owned(), _folder: None });
        };
        if path.as_os_str().len() <= ADDRESS_BYTES_MAX {
            return Ok(Reach { path: path.to_owned(), _folder: None });
        }
        let folder = File::open(folder)?;
        let path = PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd())).join(name);
        Ok(Reach { path, _folder: Some(folder) })
    }

    /// The path to give to the socket.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::{UnixListener, UnixStream};

    use super::*;

    #[test]
    fn a_socket_is_met_by_a_path_longer_than_its_address() {
        let folder = tempfile::tempdir().expect("a folder");
        let deep =
            folder.path().join("a-folder-with-a-long-name".repeat(4)).join("another-of-that-kind".repeat(4));
        std::fs::create_dir_all(&deep).expect("made");
        let path = deep.join("admin.sock");
        assert!(UnixListener::bind(&path).is_err(), "else there is no need of this");
        let reach = Reach::of(&path).expect("a way");
        let listener = UnixListener::bind(reach.path()).expect("bound");
        drop(reach);
        let reach = Reach::of(&path).expect("a way");
        assert!(UnixStream::connect(reach.path()).is_ok() && listener.accept().is_ok());
        let short = folder.path().join("admin.sock");
        assert_eq!(Reach::of(&short).expect("a way").path(), short);
    }
}
