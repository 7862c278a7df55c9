//! `deskbell backup` and `deskbell restore`: everything in one file, and back.

use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};

use deskbell::shell::offline::Offline;
use deskbell::store::{self, BackupError, SealKey, replace};

use super::options::Options;
use super::socket::Socket;
use super::store::{data, ended};
use super::{Ended, USAGE};
use deskbell::percent::encoded;

const SEAL: [&str; 2] = ["passphrase-file", "key-file"];

pub(crate) fn backup(arguments: &[String]) -> Result<(), Ended> {
    let options = Options::read(arguments, &["data", "to", "keep", SEAL[0], SEAL[1]])?;
    if let ["make-key", file] = options.plain[..] {
        return make_key(Path::new(file));
    }
    options.nothing_else()?;
    let to = options.get("to").ok_or_else(|| Ended::usage("`deskbell backup` wants --to FILE"))?;
    let keep = match options.get("keep") {
        None => None,
        Some(days) => Some(days.parse::<u32>().map_err(|_| Ended::usage("--keep takes a number of days"))?),
    };
    let (data, key) = (data(&options)?, key(&options)?);
    let path = Path::new(to);
    if path.is_dir() {
        return Err(Ended::usage(format!("{to} is a directory: name the file")));
    }
    let made = match Socket::of(&data)? {
        Some(socket) => {
            let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
            let mut target = format!("backup?to={}", encoded(&whole.display().to_string()));
            if let Some(days) = keep {
                target.push_str(&format!("&keep={days}"));
            }
            if key.is_some() {
                target.push_str("&sealed");
            }
            let mut stream = socket.get(&target)?.stream()?;
            store::write_whole(path, key.as_ref(), |out| match io::copy(&mut stream, out) {
                Ok(_) => Ok(()),
                // The box's end of the line, not the file's.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(BackupError::Stopped),
                Err(error) => Err(error.into()),
            })
        }
        None => {
            let store = Offline::open(&data).map_err(ended)?;
            let made = store.backup(path, key.as_ref(), keep);
            store.close().map_err(ended)?;
            give_to_owner(&data);
            made
        }
    };
    let made = made.map_err(|error| Ended::failed(format!("{to}: no backup: {error}")))?;
    let sealed = if key.is_some() { ", sealed" } else { "" };
    println!("{to}: {} rows, {} bytes, read back{sealed}", made.rows, made.bytes);
    Ok(())
}

/// A new key file. Without it nobody opens what is sealed with it.
fn make_key(path: &Path) -> Result<(), Ended> {
    use std::os::unix::fs::OpenOptionsExt;
    let text = SealKey::make().map_err(|fault| Ended::failed(fault.to_string()))?;
    let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let written =
        file.and_then(|mut file| io::Write::write_all(&mut file, text.as_bytes()).and(file.sync_all()));
    written.map_err(|error| Ended::usage(format!("{}: {error}", path.display())))?;
    println!(
        "{}: keep a copy away from the box; a backup sealed with it opens with it alone",
        path.display()
    );
    Ok(())
}

/// Into a directory without a store, or with `--replace` over the one there is.
pub(crate) fn restore(arguments: &[String]) -> Result<(), Ended> {
    let options = Options::read_with(arguments, &["data", "from", SEAL[0], SEAL[1]], &["replace"])?;
    options.nothing_else()?;
    let from = options.get("from").ok_or_else(|| Ended::usage("`deskbell restore` wants --from FILE"))?;
    let (data, key) = (data(&options)?, key(&options)?);
    let path = Path::new(from);
    let refused = |error: BackupError| Ended::usage(format!("{from}: nothing was changed: {error}"));
    if let Some(socket) = Socket::of(&data)? {
        if !options.has("replace") {
            return Err(Ended::usage(format!(
                "a box is running on {}: --replace puts the backup in the place of everything it has",
                data.display()
            )));
        }
        let whole = store::verify(path, key.as_ref()).map_err(refused)?;
        let mut stream = store::opened(path, key.as_ref()).map_err(refused)?;
        print!("{}", socket.post("restore", &mut stream, whole.bytes)?.text()?);
        return Ok(());
    }
    let restored = match options.has("replace") {
        true => replace::restore_over(&data, path, key.as_ref()),
        false => store::restore(path, key.as_ref(), store::Options::new(&data)),
    };
    let restored = restored.map_err(|error| match error {
        BackupError::NotEmpty => Ended::usage(format!(
            "{} holds a store already, and nothing was changed; --replace puts the backup in its place",
            data.display()
        )),
        error => refused(error),
    })?;
    give_to_owner(&data);
    println!("{from}: {} rows restored into {}", restored.rows, data.display());
    if options.has("replace") {
        println!("What was there is kept in {}/replaced until the box has started.", data.display());
    }
    Ok(())
}

/// The box runs as the directory's owner.
pub(super) fn give_to_owner(data: &Path) {
    if let Err(error) = replace::give_to_owner(data) {
        eprintln!("deskbell: files in {} may not be the box's to open: {error}", data.display());
    }
}

/// What the file is sealed with, or is to be: a file's first line, `-` for standard input; a key file; or the key
/// that systemd hands over as the credential `backup.key`.
fn key(options: &Options<'_>) -> Result<Option<SealKey>, Ended> {
    let from_file = |path: &Path| {
        SealKey::read(path).map(Some).map_err(|error| Ended::usage(format!("{}: {error}", path.display())))
    };
    match (options.get(SEAL[0]), options.get(SEAL[1])) {
        (Some(_), Some(_)) => Err(Ended::usage("a passphrase or a key file, not both")),
        (Some(path), None) => Ok(Some(SealKey::Passphrase(first_line(path)?))),
        (None, Some(path)) => from_file(Path::new(path)),
        (None, None) => match credential() {
            Some(path) => from_file(&path),
            None => Ok(None),
        },
    }
}

fn credential() -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os("CREDENTIALS_DIRECTORY")?).join("backup.key");
    path.exists().then_some(path)
}

fn first_line(path: &str) -> Result<String, Ended> {
    const LINE_BYTES_MAX: u64 = 4096;
    let read = |from: &mut dyn Read| {
        let mut line = String::new();
        io::BufReader::new(from.take(LINE_BYTES_MAX)).read_line(&mut line)?;
        Ok(line.trim_end_matches(['\n', '\r']).to_owned())
    };
    let line = match path {
        "-" => read(&mut io::stdin().lock()),
        path => std::fs::File::open(path).and_then(|mut file| read(&mut file)),
    };
    line.map_err(|error: io::Error| Ended { code: USAGE, line: format!("{path}: {error}") })
}
