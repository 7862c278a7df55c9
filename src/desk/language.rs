//! Text by language (REQ B-9): one string for everybody, or a table with one entry per language.

use std::collections::BTreeMap;
use std::sync::Arc;

/// A language tag such as `nl` or `en-GB`, kept in lower case: the primary subtag of 2 or 3 letters, then
/// subtags of 1 to 8 letters or digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lang(Arc<str>);

impl Lang {
    /// Reads a tag; `None` when it is none. `_` is taken as `-`, as some systems write it.
    pub fn new(tag: &str) -> Option<Self> {
        const TAG_BYTES_MAX: usize = 35; // what RFC 5646 section 4.4.1 advises to make room for
        if tag.len() > TAG_BYTES_MAX {
            return None;
        }
        let tag = tag.replace('_', "-").to_ascii_lowercase();
        let mut subtags = tag.split('-');
        let primary = subtags.next()?;
        let primary_fits =
            (2..=3).contains(&primary.len()) && primary.bytes().all(|b| b.is_ascii_lowercase());
        let rest_fits =
            subtags.all(|s| (1..=8).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_alphanumeric()));
        (primary_fits && rest_fits).then(|| Self(tag.as_str().into()))
    }

    /// English, where every search for a text ends.
    pub fn english() -> Self {
        Self("en".into())
    }

    /// The tag in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The primary subtag: `en` of `en-gb`.
    pub fn primary(&self) -> &str {
        primary(&self.0)
    }
}

fn primary(tag: &str) -> &str {
    tag.split(['-', '_']).next().unwrap_or(tag)
}

impl std::fmt::Display for Lang {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::fmt::Debug for Lang {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

/// Something an admin writes once for everybody, or once per language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ByLanguage<T> {
    /// The same for every language.
    One(T),
    /// One per language; never empty in a desk that loaded, and it holds English or the desk's language.
    Each(BTreeMap<Lang, T>),
}

/// Plain text by language.
pub type Localized = ByLanguage<String>;

impl<T> ByLanguage<T> {
    /// The text for a reader of `lang`: that language, its primary language, the desk's, English, and when a
    /// table has none of these, its first entry.
    ///
    /// # Panics
    /// When a table is empty, which no desk that loaded holds.
    pub fn get(&self, lang: &str, desk_locale: &Lang) -> &T {
        match self {
            Self::One(text) => text,
            Self::Each(texts) => [lang, desk_locale.as_str(), "en"]
                .into_iter()
                .find_map(|wanted| find(texts, wanted))
                .or_else(|| texts.values().next())
                .expect("a text by language has at least one language"),
        }
    }

    /// The text in exactly that language or its primary one; a text for everybody counts as every language.
    pub fn get_exact(&self, lang: &str) -> Option<&T> {
        match self {
            Self::One(text) => Some(text),
            Self::Each(texts) => find(texts, lang),
        }
    }

    /// Every entry, with the language it is for.
    pub fn iter(&self) -> impl Iterator<Item = (Option<&Lang>, &T)> {
        let (one, each) = match self {
            Self::One(text) => (Some((None, text)), None),
            Self::Each(texts) => (None, Some(texts.iter().map(|(lang, text)| (Some(lang), text)))),
        };
        one.into_iter().chain(each.into_iter().flatten())
    }
}

/// `nl-BE` finds `nl-be`, then `nl`. An `nl` reader is not given `nl-be`: a region is a choice, not a
/// default.
fn find<'t, T>(texts: &'t BTreeMap<Lang, T>, wanted: &str) -> Option<&'t T> {
    let wanted = Lang::new(wanted)?;
    texts.get(&wanted).or_else(|| texts.iter().find(|(l, _)| l.as_str() == wanted.primary()).map(|(_, t)| t))
}

impl From<&str> for Localized {
    fn from(text: &str) -> Self {
        Self::One(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(entries: &[(&str, &str)]) -> Localized {
        ByLanguage::Each(
            entries.iter().map(|(l, t)| (Lang::new(l).expect("a tag"), (*t).to_owned())).collect(),
        )
    }

    #[test]
    fn a_missing_language_falls_to_the_desks_then_to_english() {
        let nl = Lang::new("nl").expect("a tag");
        let text = table(&[("en", "Hello"), ("nl", "Hallo"), ("da", "Hej")]);
        assert_eq!(text.get("da", &nl), "Hej");
        assert_eq!(text.get("da-DK", &nl), "Hej");
        assert_eq!(text.get("cs", &nl), "Hallo");
        assert_eq!(text.get("not a tag", &nl), "Hallo");
        assert_eq!(text.get("cs", &Lang::new("fi").expect("a tag")), "Hello");
        assert_eq!(table(&[("da", "Hej")]).get("cs", &nl), "Hej");
        assert_eq!(Localized::from("Hi").get("cs", &nl), "Hi");
    }

    #[test]
    fn a_language_tag_is_a_tag() {
        assert_eq!(Lang::new("en_GB").expect("a tag").as_str(), "en-gb");
        for no in ["", "e", "english", "en-", "en--gb", "e1", "en-toolongsubtag"] {
            assert_eq!(Lang::new(no), None, "{no}");
        }
    }
}
