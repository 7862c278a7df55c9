//! Text to words that can be looked for: case and accents folded, so that `Řezník` is found by `reznik`.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::limits::SEARCH_WORD_CHARS_MAX;

/// Calls `each` with every word of a text: letters and digits without case, accents and width, at most
/// [`SEARCH_WORD_CHARS_MAX`] characters of each. Scripts that write no spaces give a word a character.
pub fn words(text: &str, mut each: impl FnMut(&str)) {
    let mut word = String::new();
    let mut chars = 0;
    for c in text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
        let alone = stands_alone(c);
        if (!c.is_alphanumeric() || alone) && !word.is_empty() {
            each(&word);
            word.clear();
            chars = 0;
        }
        if alone {
            each(c.encode_utf8(&mut [0; 4]));
        } else if c.is_alphanumeric() && chars < SEARCH_WORD_CHARS_MAX {
            // What lower case has composed, such as the dot of an `İ`, is taken apart above.
            if !is_combining_mark(c) {
                word.push(c);
                chars += 1;
            }
        }
    }
    if !word.is_empty() {
        each(&word);
    }
}

/// The different words of what somebody looks for, in order.
pub fn sought(text: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    words(text, |word| {
        if !all.iter().any(|known| known == word) {
            all.push(word.to_owned());
        }
    });
    all
}

/// Which of the words looked for a text holds, as bits: one that begins like it is enough.
pub fn matches(text: &str, sought: &[String]) -> u32 {
    let mut found = 0;
    words(text, |word| {
        for (at, wanted) in sought.iter().enumerate().take(32) {
            if word.starts_with(&**wanted) {
                found |= 1 << at;
            }
        }
    });
    found
}

/// Ideographs, kana and Hangul: their words cannot be told apart without a dictionary.
fn stands_alone(c: char) -> bool {
    matches!(u32::from(c), 0x2e80..=0x9fff | 0xa000..=0xa4cf | 0xac00..=0xd7af | 0x1100..=0x11ff | 0x20000..=0x3ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_accents_and_width_make_no_difference() {
        assert_eq!(
            sought("Příliš ŽLUŤOUČKÝ Straße ﬁne ＡＢ１"),
            ["prilis", "zlutoucky", "straße", "fine", "ab1"]
        );
        assert_eq!(sought("İstanbul"), ["istanbul"]);
        assert_eq!(sought("smørrebrød Øl"), ["smørrebrød", "øl"], "letters of their own, not accents");
    }

    #[test]
    fn what_is_neither_letter_nor_digit_parts_words() {
        assert_eq!(sought("j*****@mail.example, A-7/b_9"), ["j", "mail", "example", "a", "7", "b", "9"]);
        assert_eq!(sought("\" OR 1=1 --"), ["or", "1"]);
        assert!(sought("*** () \"\" -- %").is_empty());
        assert_eq!(sought("在庫は"), ["在", "庫", "は"]);
        let long = "x".repeat(10_000);
        assert_eq!(sought(&long)[0].len(), SEARCH_WORD_CHARS_MAX);
    }

    #[test]
    fn a_word_is_found_by_its_beginning_and_not_by_its_middle() {
        let wanted = sought("deliv lamp");
        assert_eq!(matches("The Delivery of my lamps", &wanted), 0b11);
        assert_eq!(matches("undelivered", &wanted), 0);
    }
}
