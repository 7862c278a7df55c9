//! A stand-in for a mail relay: speaks SMTP as RFC 5321 has it, with STARTTLS and sign-in where it is told to, notes whatever
//! comes out of order, and can be told to misbehave.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::PATIENCE;

pub(crate) const USER: &str = "the-box";
pub(crate) const PASSWORD: &str = "its-password";

/// How the next letter is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    /// With this code, and not taken.
    Code(u16),
    /// Taken, and the line breaks before the answer.
    TakenAndGone,
}

/// A letter it has taken.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    /// As it came, without the dots of its line ends.
    pub(crate) text: String,
}

impl Letter {
    /// A header, unfolded.
    pub(crate) fn header(&self, name: &str) -> Vec<String> {
        let head = self.text.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n ", " ");
        let of = |line: &str| {
            line.split_once(": ").filter(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
        };
        head.split("\r\n").filter_map(of).collect()
    }
}

#[derive(Default)]
struct State {
    moods: VecDeque<Mood>,
    down: bool,
    letters: Vec<Letter>,
    faults: Vec<String>,
}

/// How its lines are kept from others.
#[derive(Clone)]
pub(crate) enum Lines {
    Clear,
    Starttls(Arc<ServerConfig>),
    Tls(Arc<ServerConfig>),
}

pub(crate) struct Smtp {
    pub(crate) port: u16,
    state: Arc<Mutex<State>>,
}

impl Smtp {
    pub(crate) fn start(lines: Lines) -> Smtp {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let state: Arc<Mutex<State>> = Arc::default();
        let theirs = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (state, lines) = (Arc::clone(&theirs), lines.clone());
                std::thread::spawn(move || {
                    if !state.lock().expect("not poisoned").down {
                        let _ = serve(stream, &lines, &state);
                    }
                });
            }
        });
        Smtp { port, state }
    }

    fn with<T>(&self, what: impl FnOnce(&mut State) -> T) -> T {
        what(&mut self.state.lock().expect("not poisoned"))
    }

    pub(crate) fn next(&self, mood: Mood) {
        self.with(|state| state.moods.push_back(mood));
    }

    pub(crate) fn set_down(&self, down: bool) {
        self.with(|state| state.down = down);
    }

    /// Waits until so many letters have been taken; nothing may have come out of order.
    pub(crate) fn wait(&self, count: usize) -> Vec<Letter> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let (letters, faults) = self.with(|state| (state.letters.clone(), state.faults.clone()));
            assert!(faults.is_empty(), "out of order: {faults:?}");
            if letters.len() >= count {
                return letters;
            }
            assert!(Instant::now() < deadline, "{} letters of {count}", letters.len());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn letters(&self) -> usize {
        self.with(|state| state.letters.len())
    }
}

trait Line: Read + Write + Send {}
impl<T: Read + Write + Send> Line for T {}

fn serve(stream: TcpStream, lines: &Lines, state: &Mutex<State>) -> std::io::Result<()> {
    let _ = stream.set_read_timeout(Some(PATIENCE));
    let under_tls = |stream: TcpStream, config: &Arc<ServerConfig>| -> Box<dyn Line> {
        let connection = ServerConnection::new(Arc::clone(config)).expect("a configuration");
        Box::new(StreamOwned::new(connection, stream))
    };
    // After STARTTLS there is no second greeting.
    let greeted = |mut line: Box<dyn Line>| -> std::io::Result<Box<dyn Line>> {
        line.write_all(b"220 mail.branch.example ESMTP\r\n")?;
        line.flush()?;
        Ok(line)
    };
    match lines {
        Lines::Clear => talk(greeted(Box::new(stream))?, state, false, false).map(drop),
        Lines::Tls(config) => talk(greeted(under_tls(stream, config))?, state, true, true).map(drop),
        Lines::Starttls(config) => {
            let again = stream.try_clone()?;
            if talk(greeted(Box::new(stream))?, state, false, true)? {
                talk(under_tls(again, config), state, true, true)?;
            }
            Ok(())
        }
    }
}

/// One dialogue; true when it goes on under TLS.
fn talk(line: Box<dyn Line>, state: &Mutex<State>, is_safe: bool, signs_in: bool) -> std::io::Result<bool> {
    let mut line = BufReader::new(line);
    let fault = |what: String| state.lock().expect("not poisoned").faults.push(what);
    let (mut from, mut to, mut signed_in) = (None, Vec::new(), !signs_in);
    loop {
        let mut text = String::new();
        if line.read_line(&mut text)? == 0 {
            return Ok(false);
        }
        let command = text.trim_end_matches("\r\n").to_owned();
        if command.len() + 2 != text.len() {
            fault(format!("a line without its end: {text:?}"));
        }
        let verb = command.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" if signs_in && !is_safe => say(&mut line, "250-mail.branch.example\r\n250 STARTTLS")?,
            "EHLO" if signs_in => say(&mut line, "250-mail.branch.example\r\n250 AUTH PLAIN LOGIN")?,
            "EHLO" => say(&mut line, "250 mail.branch.example")?,
            "STARTTLS" if signs_in && !is_safe => {
                say(&mut line, "220 go ahead")?;
                return Ok(true);
            }
            "AUTH" if is_safe => {
                let given = command.strip_prefix("AUTH PLAIN ").unwrap_or_default();
                signed_in = BASE64.decode(given.as_bytes()).ok()
                    == Some(format!("\0{USER}\0{PASSWORD}").into_bytes());
                say(&mut line, if signed_in { "235 welcome" } else { "535 who are you" })?;
            }
            "MAIL" if signed_in && from.is_none() => {
                from = between(&command);
                say(&mut line, "250 ok")?;
            }
            "RCPT" if command.contains("<gone@") => say(&mut line, "550 nobody of that name")?,
            "RCPT" if from.is_some() => {
                to.extend(between(&command));
                say(&mut line, "250 ok")?;
            }
            "DATA" if !to.is_empty() => {
                say(&mut line, "354 go on")?;
                let text = read_letter(&mut line, &fault)?;
                let letter =
                    Letter { from: from.take().unwrap_or_default(), to: std::mem::take(&mut to), text };
                let mood = state.lock().expect("not poisoned").moods.pop_front();
                if !matches!(mood, Some(Mood::Code(_))) {
                    state.lock().expect("not poisoned").letters.push(letter);
                }
                match mood {
                    None => say(&mut line, "250 queued")?,
                    Some(Mood::Code(code)) => say(&mut line, &format!("{code} not now"))?,
                    Some(Mood::TakenAndGone) => return Ok(false),
                }
            }
            "RSET" | "NOOP" => say(&mut line, "250 ok")?,
            "QUIT" => {
                say(&mut line, "221 bye")?;
                return Ok(false);
            }
            _ => {
                fault(command);
                say(&mut line, "503 out of order")?;
            }
        }
    }
}

fn say(line: &mut BufReader<Box<dyn Line>>, text: &str) -> std::io::Result<()> {
    line.get_mut().write_all(format!("{text}\r\n").as_bytes())?;
    line.get_mut().flush()
}

fn between(command: &str) -> Option<String> {
    let (_, rest) = command.split_once('<')?;
    Some(rest.split_once('>')?.0.to_owned())
}

fn read_letter(line: &mut BufReader<Box<dyn Line>>, fault: &dyn Fn(String)) -> std::io::Result<String> {
    let mut letter = String::new();
    loop {
        let mut text = String::new();
        line.read_line(&mut text)?;
        if text == ".\r\n" {
            return Ok(letter);
        }
        if !text.ends_with("\r\n") || text.len() > 1_000 {
            fault(format!("no line of a letter: {text:?}"));
        }
        letter.push_str(text.strip_prefix('.').unwrap_or(&text));
    }
}
