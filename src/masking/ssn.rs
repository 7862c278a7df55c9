//! US social security numbers: three, two and four digits in the ranges that were ever issued.
//!
//! They have no checksum. Nine digits in a row are an SSN only right behind words that say so; with their
//! separators they are told from dates and telephone numbers by the grouping.

use super::scan::{Gap, Scan};

/// Glyphs looked back over for the words. Doubled: "SSN" of the last sentence marks this one's order number.
const WORDS_BACK_MAX: usize = 40;

/// Where the SSN that begins at `i` ends.
pub(super) fn find(scan: &Scan, i: usize) -> Option<usize> {
    if !scan.starts_group(i) || scan.before(i).is_alphanumeric() {
        return None;
    }
    let group = (i..i + 10).take_while(|&k| scan.is_digit(k)).count();
    if !matches!(group, 3 | 9) {
        return None;
    }
    let run = scan.run(i, Gap::Plain);
    let end = run.end(9)?;
    let is_shaped = match group {
        3 => run.is_grouped(&[3, 2, 4]) && !is_part_of_more(scan, i, end),
        _ => is_named(scan, i),
    };
    let is_glued = scan.ch(end).is_alphanumeric() || scan.starts_mask(end);
    (is_shaped && !is_glued && is_issued(run.digits(9))).then_some(end)
}

/// Area 000, 666 and 900 to 999, group 00 and serial 0000 were never given out.
fn is_issued(d: &[u8]) -> bool {
    let area = u32::from(d[0]) * 100 + u32::from(d[1]) * 10 + u32::from(d[2]);
    area != 0 && area != 666 && area < 900 && d[3..5] != [0, 0] && d[5..9] != [0, 0, 0, 0]
}

/// `2026-123-45-6789` and `123-45-6789-01` are somebody's reference numbers.
fn is_part_of_more(scan: &Scan, i: usize, end: usize) -> bool {
    let joins = |c: char| matches!(c, '-' | '.' | '/' | '_' | '#');
    let before = joins(scan.before(i)) && i >= 2 && scan.ch(i - 2).is_alphanumeric() || scan.before(i) == '#';
    let after = joins(scan.ch(end)) && (scan.is_digit(end + 1) || scan.starts_mask(end + 1));
    before || after
}

/// Whether the words before `i`, with no digit or mask between, say what comes.
fn is_named(scan: &Scan, i: usize) -> bool {
    let is_between =
        |c: char| c.is_alphabetic() || matches!(c, ' ' | ':' | '=' | '#' | '.' | '\'' | '-' | '(');
    let from = (i.saturating_sub(WORDS_BACK_MAX)..i)
        .rev()
        .take_while(|&k| is_between(scan.ch(k)))
        .last()
        .unwrap_or(i);
    let words: String = (from..i).map(|k| scan.ch(k).to_ascii_lowercase()).collect();
    words.contains("social security") || words.split(|c: char| !c.is_alphabetic()).any(|w| w == "ssn")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<&str> {
        let scan = Scan::new(text);
        (0..scan.len()).find_map(|i| find(&scan, i).map(|end| &text[scan.bytes(i, end)]))
    }

    #[test]
    fn with_separators_it_is_found() {
        for text in ["123-45-6789", "123 45 6789", "123.45.6789", "123 - 45 - 6789"] {
            assert_eq!(found(text), Some(text));
        }
    }

    #[test]
    fn numbers_never_issued_are_left_alone() {
        for text in ["000-12-3456", "666-12-3456", "900-12-3456", "123-00-4567", "123-45-0000"] {
            assert_eq!(found(text), None, "{text}");
        }
    }

    #[test]
    fn nine_digits_in_a_row_count_only_when_named() {
        assert_eq!(found("my SSN is 123456789"), Some("123456789"));
        assert_eq!(found("Social security number: 123456789."), Some("123456789"));
        assert_eq!(found("my order is 123456789"), None);
        assert_eq!(found("no SSN 12, order 123456789"), None);
    }

    #[test]
    fn longer_references_are_left_alone() {
        assert_eq!(found("2026-123-45-6789"), None);
        assert_eq!(found("123-45-6789-01"), None);
        assert_eq!(found("A123-45-6789"), None);
    }
}
