//! A form or a query as pairs: `application/x-www-form-urlencoded`, decoded within bounds.

use crate::limits::ADMIN_PAIRS_MAX;
use crate::percent::decoded;

/// Decoded pairs, in the order they came.
#[derive(Clone, Debug, Default)]
pub(super) struct Pairs(Vec<(String, String)>);

/// Why bytes are no form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadForm {
    /// More than [`ADMIN_PAIRS_MAX`] pairs.
    TooMany,
    /// A broken escape, a NUL, or bytes that are not UTF-8.
    Encoding,
}

impl Pairs {
    pub(super) fn parse(text: &str) -> Result<Self, BadForm> {
        let mut pairs = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            if pairs.len() == ADMIN_PAIRS_MAX {
                return Err(BadForm::TooMany);
            }
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decode = |part| decoded(part, true).ok_or(BadForm::Encoding);
            pairs.push((decode(key)?, decode(value)?));
        }
        Ok(Self(pairs))
    }

    /// The first value of a name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The first value of a name, or nothing.
    pub(super) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// Every value of a name.
    pub(super) fn all<'p>(&'p self, name: &'p str) -> impl Iterator<Item = &'p str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Every name that begins so, with what follows.
    pub(super) fn below<'p>(&'p self, start: &'p str) -> impl Iterator<Item = (&'p str, &'p str)> {
        self.0.iter().filter_map(move |(key, value)| Some((key.strip_prefix(start)?, value.as_str())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_decoded_in_order_and_repeated_names_are_kept() {
        let form = Pairs::parse("roles=agent&roles=admin&name=Bob+Nov%C3%A1k&empty=&flag").unwrap();
        assert_eq!(form.all("roles").collect::<Vec<_>>(), ["agent", "admin"]);
        assert_eq!(form.text("name"), "Bob Novák");
        assert_eq!((form.get("empty"), form.get("flag"), form.get("no")), (Some(""), Some(""), None));
    }

    #[test]
    fn broken_and_endless_forms_are_refused_by_name() {
        for broken in ["a=%", "a=%4", "a=%zz", "a=%00", "a=%ff", "%c3=b"] {
            assert_eq!(Pairs::parse(broken).err(), Some(BadForm::Encoding), "{broken}");
        }
        assert_eq!(Pairs::parse(&"a=1&".repeat(ADMIN_PAIRS_MAX + 1)).err(), Some(BadForm::TooMany));
        assert!(Pairs::parse(&"a=1&".repeat(ADMIN_PAIRS_MAX)).is_ok());
    }
}
