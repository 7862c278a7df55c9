//! Words of pages the box writes itself (a transcript), from the very files the browser surfaces use: one file a language
//! (REQ B-9). A test holds the files to one text a line, so that no parser of a script is needed here.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A language: its two letters, and the file of its words.
const FILES: [(&str, &str); 4] = [
    ("en", include_str!("lang/en.js")),
    ("nl", include_str!("lang/nl.js")),
    ("cs", include_str!("lang/cs.js")),
    ("da", include_str!("lang/da.js")),
];

/// Keys of what the box writes; all others are the browser's.
const OURS: &str = "paper.";

/// The first wanted language that has words; English when none has. A region is ignored: `nl-BE` is Dutch.
pub fn known<'w>(wanted: impl IntoIterator<Item = &'w str>) -> &'static str {
    let language = |tag: &str| {
        let primary = tag.trim().split(['-', '_', ';']).next().unwrap_or_default().to_ascii_lowercase();
        FILES.iter().map(|(language, _)| *language).find(|language| *language == primary)
    };
    wanted.into_iter().find_map(language).unwrap_or("en")
}

/// The text of a key (without its `paper.`) in a language out of [`known`].
///
/// # Panics
/// On a key that no file holds, which a test excludes for those the box asks for.
pub fn word(language: &str, key: &str) -> &'static str {
    let texts = WORDS.get(language).unwrap_or_else(|| &WORDS["en"]);
    texts.get(key).unwrap_or_else(|| panic!("{OURS}{key} has no text"))
}

static WORDS: LazyLock<BTreeMap<&'static str, BTreeMap<String, String>>> =
    LazyLock::new(|| FILES.iter().map(|(language, file)| (*language, ours(file))).collect());

fn ours(file: &str) -> BTreeMap<String, String> {
    let text = |line: &str| {
        let pair = line.trim().strip_prefix('"')?.strip_prefix(OURS)?.strip_suffix(',')?;
        serde_json::from_str::<BTreeMap<String, String>>(&format!("{{\"{pair}}}")).ok()?.pop_first()
    };
    file.lines().filter_map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_language_known_is_spoken_else_english() {
        assert_eq!(known(["fi", "nl-BE", "da"]), "nl");
        assert_eq!(known("da-DK,da;q=0.9,en;q=0.8".split(',')), "da");
        assert_eq!(known(["", "NL"]), "nl");
        assert_eq!(known(["fi"]), "en");
    }

    #[test]
    fn every_language_has_the_same_words_of_the_box() {
        let keys = |language| WORDS[language].keys().collect::<Vec<_>>();
        assert!(keys("en").len() > 10);
        for (language, _) in FILES {
            assert_eq!(keys(language), keys("en"), "{language}");
        }
        assert_eq!(word("cs", "queue"), "Fronta");
    }
}
