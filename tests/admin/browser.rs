//! A browser without script: asks over the Unix socket, reads forms as they stand in the page, and posts them.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

/// A browser on the box itself.
pub(crate) struct Browser(pub(crate) PathBuf);

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// The controls of a form with what stands in them, in order, as a browser would send them.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    pub(crate) action: String,
    pub(crate) pairs: Vec<(String, String)>,
}

impl Browser {
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.raw(format!("GET {path} HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n").as_bytes())
    }

    /// A page that must be there.
    pub(crate) fn page(&self, path: &str) -> Answer {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer
    }

    /// The main form of a page.
    pub(crate) fn form(&self, path: &str) -> Form {
        self.page(path).form(path.split('?').next().expect("a path"))
    }

    pub(crate) fn post(&self, form: &Form) -> Answer {
        self.post_body(&form.action, &encode(&form.pairs))
    }

    pub(crate) fn post_body(&self, path: &str, body: &str) -> Answer {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        self.raw(format!("{head}{body}").as_bytes())
    }

    pub(crate) fn raw(&self, bytes: &[u8]) -> Answer {
        let mut stream = UnixStream::connect(&self.0).expect("the pages listen");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time-out");
        // A request that is refused by its head may be answered before it is read.
        let _ = stream.write_all(bytes);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0);
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// Posts a form that must be saved, and looks at the page it leads to.
    pub(crate) fn saved(&self, form: &Form) -> Answer {
        let answer = self.post(form);
        assert_eq!(answer.status, 303, "{}: {}", form.action, answer.said());
        let to = answer.header("Location").expect("an address").to_owned();
        assert!(to.contains("saved="), "{to}");
        self.page(&to)
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().filter_map(|line| line.split_once(": ")).find(|(n, _)| *n == name).map(|(_, v)| v)
    }

    /// What the page says of faults, for a failing test.
    pub(crate) fn said(&self) -> String {
        let lines = self.body.lines().filter(|line| line.contains("fault") || line.contains("notice"));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// The fault at the control of that id.
    pub(crate) fn fault(&self, id: &str) -> Option<String> {
        let start = self.body.find(&format!("id=\"{id}-f\""))?;
        let text = &self.body[start..start + self.body[start..].find("</p>")?];
        let text = text.replace("<span>", " ").replace("</span>", "");
        Some(unescape(text.split_once('>')?.1.trim()))
    }

    /// The form that posts to an address.
    pub(crate) fn form(&self, action: &str) -> Form {
        let mut forms =
            self.body.split("<form").skip(1).map(|form| form.split("</form>").next().unwrap_or(""));
        let found = forms.find(|form| attribute(form, "action").as_deref() == Some(action));
        let html = found.unwrap_or_else(|| panic!("no form posts to {action} in {}", self.body));
        Form { action: action.to_owned(), pairs: controls(html) }
    }
}

impl Form {
    /// Types into a control that is there.
    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        let control = self.pairs.iter_mut().find(|(key, _)| key == name);
        control.unwrap_or_else(|| panic!("the form has no {name}")).1 = value.to_owned();
        self
    }

    /// Ticks a box, or adds what a button sends.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.pairs.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Unticks a box.
    pub(crate) fn without(mut self, name: &str, value: &str) -> Self {
        let before = self.pairs.len();
        self.pairs.retain(|pair| *pair != (name.to_owned(), value.to_owned()));
        assert!(self.pairs.len() < before, "{name}={value} was not ticked");
        self
    }

    pub(crate) fn value(&self, name: &str) -> &str {
        self.pairs.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

pub(crate) fn encode(pairs: &[(String, String)]) -> String {
    let one = |text: &str| -> String {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
        text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
    };
    pairs.iter().map(|(key, value)| format!("{}={}", one(key), one(value))).collect::<Vec<_>>().join("&")
}

fn controls(html: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let tag = &rest[..rest.find('>').unwrap_or(rest.len())];
        let name = attribute(tag, "name");
        if tag.starts_with("input") {
            let kind = attribute(tag, "type").unwrap_or_default();
            let is_off = kind == "checkbox" && !tag.contains(" checked");
            if let Some(name) = name.filter(|_| !is_off) {
                pairs.push((name, attribute(tag, "value").unwrap_or_default()));
            }
        } else if tag.starts_with("textarea") {
            let text = &rest[tag.len() + 1..rest.find("</textarea>").expect("a text area ends")];
            let text = unescape(text.strip_prefix('\n').unwrap_or(text)).replace('\n', "\r\n");
            pairs.extend(name.map(|name| (name, text)));
        } else if tag.starts_with("select") {
            let options = &rest[..rest.find("</select>").expect("a select ends")];
            let all: Vec<&str> = options.split("<option").skip(1).collect();
            let chosen = all.iter().find(|option| option.contains(" selected")).or_else(|| all.first());
            let value = chosen.and_then(|option| attribute(option, "value")).unwrap_or_default();
            pairs.extend(name.map(|name| (name, value)));
        }
    }
    pairs
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let tag = &tag[..tag.find('>').unwrap_or(tag.len())];
    let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    Some(unescape(&tag[start..start + tag[start..].find('"')?]))
}

fn unescape(text: &str) -> String {
    let text = text.replace("&#60;", "<").replace("&#62;", ">").replace("&#34;", "\"").replace("&#39;", "'");
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#38;", "&")
        .replace("&amp;", "&")
}
