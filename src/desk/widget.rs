//! A widget: the asset a site embeds, with its questions and its invitations.

use jiff::civil::Date;

use super::ids::{HoursId, PrechatId, RuleId, WidgetId, WorkstreamId};
use super::language::{ByLanguage, Localized};
use super::template::Template;
use super::words::words;

/// `[[widget]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Widget {
    /// Its id, in `data-widget`.
    pub id: WidgetId,
    /// Where its chats go; a workstream of channel chat.
    pub workstream: WorkstreamId,
    /// Which sites may frame it and call its public settings.
    pub allowed_origins: Vec<Origin>,
    /// When it lets anybody in; none: whenever its workstream does.
    pub hours: Option<HoursId>,
    /// Its title; none = the desk's name.
    pub title: Option<Localized>,
    /// Questions before the chat, in order.
    pub prechat: Vec<Prechat>,
    /// Invitations.
    pub proactive: Proactive,
}

/// A site, as browsers name it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The box itself.
    Own,
    /// `https://host` or `https://host:port`: lower case, no default port, exactly as in an `Origin` header.
    Site(Box<str>),
}

impl Origin {
    /// Reads `self`, or a scheme and host with an optional port and nothing after. `None` when it is neither.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "self" {
            return Some(Self::Own);
        }
        let (scheme, authority) = text.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        let default_port = match scheme.as_str() {
            "https" => "443",
            "http" => "80",
            _ => return None,
        };
        // The colon of a port comes after the bracket of an IPv6 address.
        let (host, port) =
            match authority.rfind(':').filter(|at| authority.rfind(']').is_none_or(|b| b < *at)) {
                Some(at) => (&authority[..at], Some(&authority[at + 1..])),
                None => (authority, None),
            };
        let host = host.to_ascii_lowercase();
        if !host_fits(&host) {
            return None;
        }
        match port {
            Some(port) if port.starts_with(['0', '+']) || port.parse::<u16>().is_err() => None,
            Some(port) if port != default_port => {
                Some(Self::Site(format!("{scheme}://{host}:{port}").into()))
            }
            _ => Some(Self::Site(format!("{scheme}://{host}").into())),
        }
    }
}

fn host_fits(host: &str) -> bool {
    const HOST_BYTES_MAX: usize = 253; // of a DNS name
    if let Some(inner) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return inner.parse::<std::net::Ipv6Addr>().is_ok();
    }
    host.len() <= HOST_BYTES_MAX
        && host.split('.').all(|label| {
            !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        })
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Own => f.write_str("self"),
            Self::Site(site) => f.write_str(site),
        }
    }
}

words! {
    /// What a question before the chat takes.
    pub enum PrechatKind {
        /// A line of text.
        Text = "text",
        /// An e-mail address.
        Email = "email",
        /// A telephone number.
        Phone = "phone",
        /// One of the options.
        Choice = "choice",
    }
}

/// A question before the chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prechat {
    /// Its id, in `answers`.
    pub id: PrechatId,
    /// The question.
    pub label: Localized,
    /// What it takes.
    pub kind: PrechatKind,
    /// Whether the chat starts without an answer.
    pub required: bool,
    /// Of a choice: what to choose from.
    pub options: Vec<Localized>,
}

/// `[widget.proactive]` (S1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proactive {
    /// The switch of S1-5.
    pub enabled: bool,
    /// Invitations one visitor gets in a day at most, whatever the rule; none: as the rules say.
    pub visitor_max_per_day: Option<u32>,
    /// Tried in order; the first that matches invites.
    pub rules: Vec<Rule>,
}

/// `[[widget.proactive.rule]]`: all of its conditions must hold (S1-2, S1-3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its id.
    pub id: RuleId,
    /// The invitation.
    pub text: ByLanguage<Template>,
    /// Pages it fires on; empty = any page with the widget (S1-4).
    pub r#where: Vec<PagePattern>,
    /// Pages the visitor must have seen before, in this order.
    pub path: Vec<PagePattern>,
    /// Seconds on this page.
    pub min_seconds_on_page: u32,
    /// Seconds on the site.
    pub min_seconds_on_site: u32,
    /// How far the page was scrolled.
    pub min_scroll_percent: u32,
    /// Only when the pointer leaves the page.
    pub leaving: bool,
    /// Whom it is for.
    pub audience: Audience,
    /// Only in these hours.
    pub when: Option<HoursId>,
    /// Only on this day and after it, by the calendar of the place ([`super::Desk::zone_of`]).
    pub from: Option<Date>,
    /// Only up to this day, which is included.
    pub until: Option<Date>,
    /// Hours before the same visitor is invited again.
    pub again_after_h: u32,
    /// Invitations of this rule in a day at most, all visitors together; none: as many as match.
    pub max_per_day: Option<u32>,
}

impl Rule {
    /// Whether a day of the calendar lies between its first and its last.
    pub fn is_on(&self, day: Date) -> bool {
        self.from.is_none_or(|from| day >= from) && self.until.is_none_or(|until| day <= until)
    }
}

/// `audience` of a rule: an empty condition holds for everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audience {
    /// Visits so far, at least.
    pub min_visits: u32,
    /// Visits so far, at most.
    pub max_visits: Option<u32>,
    /// Where the visitor came from; any of them.
    pub referrer: Vec<PagePattern>,
    /// Kind of device; any of them.
    pub device: Vec<Device>,
    /// Language, `nl` for any Dutch; any of them.
    pub language: Vec<super::language::Lang>,
    /// Only visitors whose site signs for them (true), or only those without a good token (false).
    pub authenticated: Option<bool>,
    /// Context variables and what must hold for each.
    pub context: Vec<(Box<str>, Condition)>,
}

words! {
    /// Kind of device.
    pub enum Device {
        /// Mouse and keyboard.
        Desktop = "desktop",
        /// A tablet.
        Tablet = "tablet",
        /// A telephone.
        Phone = "phone",
    }
}

impl Device {
    /// By what a browser says of itself in `User-Agent`. Whoever says nothing of the kind sits at a desk.
    pub fn of(user_agent: &str) -> Self {
        let agent = user_agent.to_ascii_lowercase();
        let tablet = agent.contains("ipad") || agent.contains("tablet");
        if tablet || agent.contains("android") && !agent.contains("mobile") {
            Self::Tablet
        } else if agent.contains("mobile") || agent.contains("iphone") {
            Self::Phone
        } else {
            Self::Desktop
        }
    }

    /// The same, and none for a client that is no browser: every browser says it is a Mozilla.
    pub fn of_browser(user_agent: &str) -> Option<Self> {
        user_agent.starts_with("Mozilla/").then(|| Self::of(user_agent))
    }
}

/// What must hold for a context variable: `gold` is that value, `!= gold` any other or none, `>= 3` (also `>`,
/// `<`, `<=`) compares numbers. Numbers and booleans are taken as they are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition(Box<str>);

impl Condition {
    /// Reads a condition; `None` when it compares with what is no number.
    pub fn parse(text: &str) -> Option<Self> {
        let ordered = Self::split(text).filter(|(sign, _)| *sign != "!=");
        ordered.is_none_or(|(_, bound)| number(bound).is_some()).then(|| Self(text.into()))
    }

    /// The condition as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it holds for a value, or for a variable that is not there.
    pub fn holds(&self, value: Option<&str>) -> bool {
        let Some((sign, wanted)) = Self::split(&self.0) else {
            return value.is_some_and(|value| same(value, &self.0));
        };
        if sign == "!=" {
            return value.is_none_or(|value| !same(value, wanted));
        }
        let (Some(value), Some(bound)) = (value.and_then(number), number(wanted)) else { return false };
        match sign {
            ">=" => value >= bound,
            "<=" => value <= bound,
            ">" => value > bound,
            _ => value < bound,
        }
    }

    fn split(text: &str) -> Option<(&'static str, &str)> {
        let signs = ["!=", ">=", "<=", ">", "<"];
        signs.into_iter().find_map(|sign| Some((sign, text.strip_prefix(sign)?.trim())))
    }
}

/// `3` and `3.0` are one number, `true` is only `true`.
fn same(value: &str, wanted: &str) -> bool {
    value == wanted || matches!((number(value), number(wanted)), (Some(one), Some(other)) if one == other)
}

fn number(text: &str) -> Option<f64> {
    let starts = text.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '.');
    text.parse::<f64>().ok().filter(|number| starts && number.is_finite())
}

/// A page: `/path` against the path of the address, `https://…` against the whole address without its
/// fragment; `*` stands for any run of characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PagePattern(Box<str>);

impl PagePattern {
    /// Reads a pattern; `None` when it begins neither with `/` nor with `*`, `http://` or `https://`, or
    /// holds white space.
    pub fn parse(text: &str) -> Option<Self> {
        let begins = ["/", "*", "http://", "https://"].iter().any(|start| text.starts_with(start));
        (begins && !text.chars().any(|c| c.is_whitespace() || c.is_control())).then(|| Self(text.into()))
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether an address is meant. Time is at most pattern times address, both bounded.
    pub fn matches(&self, url: &str) -> bool {
        let url = url.split('#').next().unwrap_or(url);
        if !self.0.starts_with('/') {
            return glob(self.0.as_bytes(), url.as_bytes());
        }
        let url = url.split('?').next().unwrap_or(url);
        let path = match url.split_once("://") {
            Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
            None => url,
        };
        glob(self.0.as_bytes(), path.as_bytes())
    }
}

/// `*` matches any run. Goes back only to the latest star, which is enough: an earlier one could only take
/// more of what the later one already may.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star = None;
    while t < text.len() {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p, t));
            p += 1;
        } else if pattern.get(p) == Some(&text[t]) {
            p += 1;
            t += 1;
        } else if let Some((star_p, star_t)) = star {
            star = Some((star_p, star_t + 1));
            p = star_p + 1;
            t = star_t + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|b| *b == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_kept_as_a_browser_writes_it() {
        let kept = |text: &str| Origin::parse(text).map(|origin| origin.to_string());
        assert_eq!(kept("self").as_deref(), Some("self"));
        assert_eq!(kept("HTTPS://Shop.Example:443").as_deref(), Some("https://shop.example"));
        assert_eq!(kept("http://127.0.0.1:8080").as_deref(), Some("http://127.0.0.1:8080"));
        assert_eq!(kept("https://[::1]:8443").as_deref(), Some("https://[::1]:8443"));
        for no in [
            "shop.example",
            "https://",
            "https://shop.example/",
            "https://*.shop.example",
            "ftp://a",
            "null",
            "https://a:b@c",
            "https://a:",
            "https://a:0",
            "https://a:65536",
            "https://[zz]",
            "https://a b",
        ] {
            assert_eq!(Origin::parse(no), None, "{no}");
        }
    }

    #[test]
    fn a_page_pattern_matches_paths_or_whole_addresses() {
        let matches = |pattern: &str, url: &str| PagePattern::parse(pattern).expect(pattern).matches(url);
        assert!(matches("/product/*", "https://shop.example/product/7?x=1#top"));
        assert!(!matches("/product/*", "https://shop.example/products"));
        assert!(matches("/", "https://shop.example") && matches("/", "https://shop.example?from=/a"));
        assert!(matches("/a*c*e", "/abcde") && !matches("/a*c*e", "/abcd"));
        assert!(matches("https://shop.example/*?x=*", "https://shop.example/p?x=1"));
        assert!(matches("*shop*", "https://www.shop.example/"));
        assert_eq!(PagePattern::parse("product"), None);
    }

    #[test]
    fn a_device_is_told_by_what_its_browser_says() {
        for (agent, device) in [
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148", Some(Device::Phone)),
            (
                "Mozilla/5.0 (Linux; Android 15; Pixel 9) Chrome/140.0 Mobile Safari/537.36",
                Some(Device::Phone),
            ),
            ("Mozilla/5.0 (Linux; Android 15; SM-X710) Chrome/140.0 Safari/537.36", Some(Device::Tablet)),
            ("Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) Mobile/15E148", Some(Device::Tablet)),
            ("Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0.0.0", Some(Device::Desktop)),
            ("curl/8.9", None),
        ] {
            assert_eq!(Device::of_browser(agent), device, "{agent}");
        }
        assert_eq!(Device::of("curl/8.9"), Device::Desktop);
    }

    #[test]
    fn a_condition_is_a_value_or_a_comparison() {
        let holds = |condition: &str, value| Condition::parse(condition).expect(condition).holds(value);
        assert!(holds("gold", Some("gold")) && !holds("gold", Some("silver")) && !holds("gold", None));
        assert!(holds("3", Some("3")) && holds("3.0", Some("3")) && !holds("3", Some("30")));
        assert!(
            holds("!= gold", Some("silver")) && holds("!= gold", None) && !holds("!= gold", Some("gold"))
        );
        assert!(holds(">= 3", Some("3")) && holds("> 2.5", Some("3")) && !holds("> 3", Some("3")));
        assert!(holds("<= -1", Some("-1")) && holds("<10", Some("9")) && !holds("< 10", Some("10")));
        assert!(!holds("> 3", None) && !holds("> 3", Some("many")) && !holds("> 3", Some("inf")));
        assert_eq!(Condition::parse(">= gold"), None);
        assert_eq!(Condition::parse("<"), None);
    }

    #[test]
    fn a_hostile_pattern_costs_no_more_than_its_product_with_the_address() {
        let pattern = PagePattern::parse(&format!("/{}b", "*a".repeat(500))).expect("a pattern");
        assert!(!pattern.matches(&format!("/{}", "a".repeat(2000))));
    }
}
