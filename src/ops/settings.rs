//! `deskbell.toml`: where the box lies in its network. What it does is in the desk.
//!
//! One table, [`SETTINGS`], is the whole of it: what a key means, what it is when it is left out. The shipped file
//! and `deskbell help settings` are written from it, and the reader knows no key that it does not have.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

use super::profile::Profile;
use crate::gateway::Network;

/// One key of `deskbell.toml`.
pub struct Setting {
    /// Its name.
    pub key: &'static str,
    /// What stands in the shipped file: the value of a box as it comes, or an example in a comment.
    pub value: &'static str,
    /// Whether the shipped file leaves it out, as an example.
    pub is_example: bool,
    /// What it means, what it is when it is left out, and what to mind; in lines of at most 110 columns.
    pub doc: &'static [&'static str],
}

/// Every key there is, in the order of the shipped file.
pub const SETTINGS: &[Setting] = &[
    Setting {
        key: "data",
        value: "\"/var/lib/deskbell\"",
        is_example: false,
        doc: &["Where everything lies. The service may write nowhere else."],
    },
    Setting {
        key: "names",
        value: "[\"deskbell.local\", \"localhost\"]",
        is_example: false,
        doc: &[
            "What the staff's browsers type: names and addresses of this box in the branch's network. Its certificate",
            "is made for them, so put the box's fixed address here too. The first is where port 80 sends people.",
        ],
    },
    Setting {
        key: "public_url",
        value: "\"https://chat.example.com\"",
        is_example: true,
        doc: &[
            "What customers' browsers see, when they come from outside the branch: a name of its own with a publicly",
            "trusted certificate, on this box (public.crt and public.key in /etc/credstore, or given in the admin",
            "pages) or on a reverse proxy. Left out: the widget works for pages on this network only, and the admin",
            "page says so.",
        ],
    },
    Setting {
        key: "trusted_proxies",
        value: "[\"192.168.10.1\"]",
        is_example: true,
        doc: &[
            "Reverse proxies whose X-Forwarded-For is believed, as addresses or networks. From nobody else.",
        ],
    },
    Setting {
        key: "listen_staff",
        value: "\"0.0.0.0:443\"",
        is_example: true,
        doc: &[
            "The doors come from systemd (deskbell-staff.socket 443, deskbell-public.socket 8443,",
            "deskbell-redirect.socket 80): change them there. These three are for a box started without systemd.",
        ],
    },
    Setting { key: "listen_public", value: "\"0.0.0.0:8443\"", is_example: true, doc: &[] },
    Setting { key: "listen_redirect", value: "\"0.0.0.0:80\"", is_example: true, doc: &[] },
    Setting {
        key: "listen_sip",
        value: "\"0.0.0.0:5060\"",
        is_example: true,
        doc: &[
            "Where a PBX speaks SIP to the box, by UDP; left out, nowhere. With systemd that is deskbell-sip.socket",
            "instead, which is off until it is enabled (its file says how).",
        ],
    },
    Setting {
        key: "sip_peers",
        value: "[\"192.168.10.5\"]",
        is_example: true,
        doc: &[
            "PBXs that are answered there, as addresses or networks. Nobody else is; left out, nobody at all.",
        ],
    },
    Setting {
        key: "profile",
        value: "\"board-512m\"",
        is_example: false,
        doc: &[
            "How much fits on this board: board-512m, board-1g, board-4g or x86, or a path to a profile of your own.",
            "The memory ceiling of the service goes with it; see /usr/share/deskbell/profiles/README. Left out: the",
            "product's own limits, on a board of 4 GiB or more.",
        ],
    },
    Setting {
        key: "log",
        value: "\"info\"",
        is_example: false,
        doc: &[
            "error, warn, info, debug. The log goes to the journal; no secret and no message text is ever in it.",
        ],
    },
    Setting {
        key: "record_mib",
        value: "16",
        is_example: true,
        doc: &[
            "Records what the desk is told, so that its decisions can be made again and asked about (`deskbell replay",
            "FILE`): at most so many MiB since the start, in inputs.record beside the data. No text and nobody's name",
            "but the agents' is in it.",
        ],
    },
];

const HEAD: &str = "\
# /etc/deskbell/deskbell.toml: where this box lies in its network. What it does (queues, agents, hours) is
# the desk, and is set in the admin pages or with `deskbell desk apply FILE`.
# An unknown key is a fault. A change is taken over by `systemctl restart deskbell`; nothing is lost by it.
";

/// The commented file a box comes with.
pub fn shipped() -> String {
    let mut text = HEAD.to_owned();
    for setting in SETTINGS {
        if !setting.doc.is_empty() {
            text.push('\n');
        }
        for line in setting.doc {
            text.push_str(&format!("# {line}\n"));
        }
        let mark = if setting.is_example { "#" } else { "" };
        text.push_str(&format!("{mark}{} = {}\n", setting.key, setting.value));
    }
    text
}

/// What `deskbell.toml` says, each key read and judged.
#[derive(Debug)]
pub struct Settings {
    /// Where everything lies.
    pub data: PathBuf,
    /// Names and addresses of the box; at least one.
    pub names: Vec<String>,
    /// `https://…` of the public face, and its host, with a port if it has one.
    pub public: Option<(String, String)>,
    /// Networks of proxies that are believed.
    pub trusted_proxies: Vec<Network>,
    /// Where to listen without systemd.
    pub listen_staff: Option<SocketAddr>,
    /// See `listen_staff`.
    pub listen_public: Option<SocketAddr>,
    /// See `listen_staff`.
    pub listen_redirect: Option<SocketAddr>,
    /// Where to speak SIP without systemd.
    pub listen_sip: Option<SocketAddr>,
    /// PBXs that are answered there.
    pub sip_peers: Vec<Network>,
    /// How much fits.
    pub profile: Profile,
    /// How much is logged.
    pub log: log::LevelFilter,
    /// MiB of the recording of what the desk is told; none unless said.
    pub record_mib: Option<u64>,
}

/// Why `deskbell.toml` cannot be used, in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsFault(String);

impl fmt::Display for SettingsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SettingsFault {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    data: PathBuf,
    names: Vec<String>,
    public_url: Option<String>,
    #[serde(default)]
    trusted_proxies: Vec<String>,
    listen_staff: Option<SocketAddr>,
    listen_public: Option<SocketAddr>,
    listen_redirect: Option<SocketAddr>,
    listen_sip: Option<SocketAddr>,
    #[serde(default)]
    sip_peers: Vec<String>,
    profile: Option<String>,
    log: Option<String>,
    record_mib: Option<u64>,
}

impl Settings {
    /// Reads the file's text.
    pub fn parse(text: &str) -> Result<Settings, SettingsFault> {
        let raw: Raw =
            toml::from_str(text).map_err(|error| SettingsFault(error.message().replace('\n', " ")))?;
        if raw.names.is_empty() {
            return Err(SettingsFault("names: the box needs at least one name or address".to_owned()));
        }
        let networks = |key: &str, texts: &[String]| -> Result<Vec<Network>, SettingsFault> {
            let fault = |text: &String| SettingsFault(format!("{key}: {text:?} is no network"));
            texts.iter().map(|text| text.parse().map_err(|_| fault(text))).collect()
        };
        let profile = raw.profile.as_deref().map(Profile::named).transpose();
        Ok(Settings {
            data: raw.data,
            names: raw.names,
            public: raw.public_url.map(public).transpose()?,
            trusted_proxies: networks("trusted_proxies", &raw.trusted_proxies)?,
            listen_staff: raw.listen_staff,
            listen_public: raw.listen_public,
            listen_redirect: raw.listen_redirect,
            listen_sip: raw.listen_sip,
            sip_peers: networks("sip_peers", &raw.sip_peers)?,
            profile: profile.map_err(|fault| SettingsFault(fault.to_string()))?.unwrap_or_default(),
            record_mib: raw.record_mib,
            log: log_level(raw.log.as_deref())
                .ok_or_else(|| SettingsFault("log: error, warn, info or debug".to_owned()))?,
        })
    }
}

/// A level of the log by its name; without one, `info`.
pub fn log_level(name: Option<&str>) -> Option<log::LevelFilter> {
    match name.unwrap_or("info") {
        "error" => Some(log::LevelFilter::Error),
        "warn" => Some(log::LevelFilter::Warn),
        "info" => Some(log::LevelFilter::Info),
        "debug" => Some(log::LevelFilter::Debug),
        _ => None,
    }
}

fn public(url: String) -> Result<(String, String), SettingsFault> {
    let host = url.strip_prefix("https://").map(|rest| rest.trim_end_matches('/'));
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:[]".contains(&byte);
    match host.filter(|host| !host.is_empty() && host.bytes().all(fits)) {
        Some(host) => Ok((format!("https://{host}"), host.to_owned())),
        None => Err(SettingsFault("public_url: must be https:// and a host".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_file_is_read_with_its_examples_and_without() {
        let settings = Settings::parse(&shipped()).expect("as it comes");
        assert_eq!(settings.profile.name, "board-512m");
        assert!(settings.public.is_none() && settings.listen_staff.is_none());
        let examples: String = SETTINGS.iter().map(|one| format!("{} = {}\n", one.key, one.value)).collect();
        let settings = Settings::parse(&examples).expect("each example is a value that may be");
        assert_eq!(settings.public.expect("given").1, "chat.example.com");
        assert_eq!(settings.trusted_proxies.len(), 1);
    }

    #[test]
    fn each_wrong_value_is_named() {
        let fault = |line: &str| {
            let text = format!("data = \"/x\"\nnames = [\"a.local\"]\n{line}\n");
            Settings::parse(&text).expect_err(line).to_string()
        };
        for (line, word) in [
            ("colour = 1", "colour"),
            ("public_url = \"http://chat.example.com\"", "public_url"),
            ("public_url = \"https://a b\"", "public_url"),
            ("trusted_proxies = [\"the router\"]", "trusted_proxies"),
            ("sip_peers = [\"the PBX\"]", "sip_peers"),
            ("listen_sip = \"5060\"", "address"),
            ("profile = \"big\"", "profile"),
            ("log = \"loud\"", "log"),
        ] {
            assert!(fault(line).contains(word), "{line}: {}", fault(line));
        }
        assert!(
            Settings::parse("data = \"/x\"\nnames = []\n")
                .expect_err("no name")
                .to_string()
                .contains("names")
        );
    }
}
