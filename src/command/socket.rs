//! The way to a running box: its admin socket, `DIR/admin.sock`, which systemd may have made elsewhere and linked.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use deskbell::ops::reach::Reach;

use super::{Ended, USAGE};

/// Longest silence of a box that answers: a backup waits for its snapshot, a restore is verified.
const SILENCE: Duration = Duration::from_secs(300);
/// Bytes of an answer's head.
const HEAD_BYTES_MAX: u64 = 8 * 1024;
/// Bytes of an answer that is text.
const TEXT_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// A running box.
pub(crate) struct Socket(UnixStream);

/// What it answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    body: Body,
}

impl Socket {
    /// The box that runs on a data directory; none when there is none.
    pub(crate) fn of(data: &Path) -> Result<Option<Socket>, Ended> {
        let path = data.join("admin.sock");
        let reached = Reach::of(&path).and_then(|reach| UnixStream::connect(reach.path()));
        match reached {
            Ok(stream) => {
                let limits =
                    stream.set_read_timeout(Some(SILENCE)).and(stream.set_write_timeout(Some(SILENCE)));
                limits.map_err(|error| Ended::failed(format!("{}: {error}", path.display())))?;
                Ok(Some(Socket(stream)))
            }
            Err(_) if !deskbell::store::replace::is_in_use(data) => Ok(None),
            Err(error) => Err(Ended::failed(format!(
                "a box is running on {} but its socket {} does not answer: {error}",
                data.display(),
                path.display()
            ))),
        }
    }

    /// Asks without a body.
    pub(crate) fn get(self, target: &str) -> Result<Answer, Ended> {
        self.exchange("GET", target, &mut io::empty(), 0)
    }

    /// Asks with a body of that many bytes.
    pub(crate) fn post(self, target: &str, body: &mut dyn Read, length: u64) -> Result<Answer, Ended> {
        self.exchange("POST", target, body, length)
    }

    fn exchange(self, method: &str, target: &str, body: &mut dyn Read, length: u64) -> Result<Answer, Ended> {
        let mut stream = self.0;
        let head = format!(
            "{method} /local/{target} HTTP/1.1\r\nHost: local\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
        );
        let sent = stream.write_all(head.as_bytes()).and_then(|()| io::copy(body, &mut stream));
        // A box that refuses may answer before it has read everything: its answer says more than the broken line.
        if let Err(error) = sent
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            return Err(Ended::failed(format!("the box was not told: {error}")));
        }
        read_answer(stream).map_err(|error| Ended::failed(format!("the box did not answer: {error}")))
    }
}

impl Answer {
    /// The body as text of a question that was answered; a refusal becomes the command's end.
    pub(crate) fn text(mut self) -> Result<String, Ended> {
        let mut text = String::new();
        let read = (&mut self.body).take(TEXT_BYTES_MAX).read_to_string(&mut text);
        match (self.status, read) {
            (200..=299, Ok(_)) => Ok(text),
            (400..=499, Ok(_)) => Err(Ended { code: USAGE, line: text.trim_end().to_owned() }),
            (_, Ok(_)) if !text.is_empty() => Err(Ended::failed(text.trim_end())),
            (status, _) => Err(Ended::failed(format!("the box answered {status}"))),
        }
    }

    /// The body of a question that was answered, as it comes.
    pub(crate) fn stream(self) -> Result<impl Read, Ended> {
        if self.status == 200 {
            Ok(self.body)
        } else {
            Err(self.text().err().unwrap_or_else(|| Ended::failed("?")))
        }
    }
}

fn read_answer(stream: UnixStream) -> io::Result<Answer> {
    let mut from = BufReader::new(stream);
    let mut head = (&mut from).take(HEAD_BYTES_MAX);
    let mut line = String::new();
    head.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| io::Error::other("this is no answer of a box"))?;
    let (mut length, mut chunked) = (None, false);
    loop {
        line.clear();
        if head.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let text = line.trim_end().to_ascii_lowercase();
        match text.split_once(':') {
            None if text.is_empty() => break,
            Some(("content-length", value)) => length = value.trim().parse().ok(),
            Some(("transfer-encoding", value)) => chunked = value.trim() == "chunked",
            _ => {}
        }
    }
    let left = if chunked { None } else { Some(length.unwrap_or(0)) };
    Ok(Answer { status, body: Body { from, left, in_chunk: 0, done: false } })
}

/// A body of a length, or of chunks; cut short it ends in an error.
struct Body {
    from: BufReader<UnixStream>,
    /// Bytes left of a body with a length.
    left: Option<u64>,
    in_chunk: u64,
    done: bool,
}

impl Body {
    fn next_chunk(&mut self) -> io::Result<()> {
        let mut line = String::new();
        let mut read = || -> io::Result<String> {
            line.clear();
            (&mut self.from).take(64).read_line(&mut line)?;
            Ok(line.trim_end().to_owned())
        };
        let mut size = read()?;
        // The line that ends the chunk before.
        if size.is_empty() {
            size = read()?;
        }
        self.in_chunk =
            u64::from_str_radix(&size, 16).map_err(|_| io::Error::from(io::ErrorKind::UnexpectedEof))?;
        self.done = self.in_chunk == 0;
        Ok(())
    }
}

impl Read for Body {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.left.is_none() && self.in_chunk == 0 && !self.done {
            self.next_chunk()?;
        }
        let left = self.left.unwrap_or(self.in_chunk);
        if self.done || left == 0 || into.is_empty() {
            return Ok(0);
        }
        let most = into.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let read = self.from.read(&mut into[..most])?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match &mut self.left {
            Some(left) => *left -= read as u64,
            None => self.in_chunk -= read as u64,
        }
        Ok(read)
    }
}
