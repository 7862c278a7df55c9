//! Text as the eye reads it: one glyph per visible character, with look-alikes folded together.
//!
//! Detectors never see the raw text. A customer who types full-width digits, an en dash from a word processor
//! or a zero-width space from a copied page has typed the same number, and it must be found the same way.
//!
//! A finished mask is written back into the glyphs, so that the scan goes on over what a second pass would
//! see. That makes masking idempotent by construction instead of by luck.

use std::ops::Range;

use super::Span;
use super::digits::{self, Digits, Run};

/// Where a visible character stands in the text as written, in bytes: where it begins, and behind it.
type Place = (usize, usize);

/// Stars in a row that can only be a mask. One or two are how people write bold.
pub(super) const MASK_STARS: usize = 3;

/// Glyphs that may stand between two groups of digits of one number: ` - ` and `) (` are the widest habits.
/// Doubled: numbers in neighbouring table cells grow together.
const GAP_GLYPHS_MAX: usize = 3;

/// What may stand between the digit groups of one number.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Gap {
    /// Cards and IBANs: white space, one line break, one of `- . / _ ,`. A checksum follows, so it may be wide.
    Checked,
    /// SSNs: blanks and one of `- .`; a list of numbers in lines is not a number.
    Plain,
    /// Telephone numbers: blanks, parentheses, and one of `- . /`.
    Phone,
}

/// All of them, in the order of their numbers.
pub(super) const GAPS: [Gap; 3] = [Gap::Checked, Gap::Plain, Gap::Phone];

/// Whether a text is worth a scan: it holds an at sign, or as many digits as the shortest number has.
/// Nearly every message of a chat ends here, without an allocation.
pub(super) fn is_worth_scanning(text: &str) -> bool {
    let mut digits = 0;
    for c in text.chars() {
        match if c.is_ascii() { Some(c) } else { fold(c) } {
            Some('@') => return true,
            Some('0'..='9') => digits += 1,
            _ => {}
        }
        if digits >= 7 {
            return true;
        }
    }
    false
}

/// What a character reads as; `None` when it is not seen at all.
pub(super) fn fold(c: char) -> Option<char> {
    match c {
        '\r' => None,
        '\n' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some('\n'),
        '\t' => Some(' '),
        c if c.is_ascii() => Some(c),
        c => fold_wide(c),
    }
}

fn fold_wide(c: char) -> Option<char> {
    let code = c as u32;
    let shown = match code {
        // Soft hyphen, joiners, direction marks, variation selectors, combining marks, the keycap's box, tags.
        0xAD
        | 0x300..=0x36F
        | 0x61C
        | 0x180B..=0x180F
        | 0x200B..=0x200F
        | 0x202A..=0x202E
        | 0x2060..=0x206F => {
            return None;
        }
        0x20D0..=0x20FF | 0xFE00..=0xFE0F | 0xFEFF | 0xE0000..=0xE0FFF => return None,
        0xB9 => '1',
        0xB2 => '2',
        0xB3 => '3',
        0x2070 | 0x2080 | 0x24EA | 0x24FF => '0',
        0x2074..=0x2079 => digit(code - 0x2070),
        0x2081..=0x2089 => digit(code - 0x2080),
        0x2460..=0x2468 => digit(code - 0x2460 + 1),
        0x24F5..=0x24FD => digit(code - 0x24F5 + 1),
        0x2776..=0x277E => digit(code - 0x2776 + 1),
        0x2780..=0x2788 => digit(code - 0x2780 + 1),
        0x278A..=0x2792 => digit(code - 0x278A + 1),
        0x2010..=0x2015 | 0x2043 | 0x2212 | 0x2E3A | 0x2E3B | 0x301C | 0x30FC | 0xFE58 | 0xFE63 => '-',
        0xB7 | 0x2022 | 0x2024 | 0x2219 | 0x22C5 | 0x3002 | 0x30FB | 0xFE52 | 0xFF61 | 0xFF65 => '.',
        0x207A | 0x2795 | 0xFE62 => '+',
        0x2044 | 0x2215 | 0x2571 => '/',
        0x207D | 0xFE59 => '(',
        0x207E | 0xFE5A => ')',
        0xFE6B => '@',
        0x2800 | 0x115F | 0x1160 | 0x3164 => ' ',
        0xFF01..=0xFF5E => char::from_u32(code - 0xFEE0).unwrap_or(c),
        _ if c.is_whitespace() => ' ',
        _ => decimal(code).map_or(c, digit),
    };
    Some(shown)
}

fn digit(value: u32) -> char {
    char::from_digit(value, 10).unwrap_or('0')
}

/// The value of a decimal digit of any script.
fn decimal(code: u32) -> Option<u32> {
    let after = ZEROS.partition_point(|&zero| zero <= code);
    let zero = *ZEROS.get(after.checked_sub(1)?)?;
    (code - zero < 10).then_some(code - zero)
}

/// The zero of every decimal digit series of Unicode (general category Nd), ASCII left out. Ascending.
const ZEROS: &[u32] = &[
    0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50, 0xED0,
    0xF20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50,
    0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10, 0x104A0, 0x10D30, 0x11066, 0x110F0,
    0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x11730, 0x118E0, 0x11950, 0x11C50,
    0x11D50, 0x11DA0, 0x16A60, 0x16AC0, 0x16B50, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E140,
    0x1E2F0, 0x1E950, 0x1FBF0,
];

/// The glyphs of one text and the questions detectors ask of them. Out of range reads as a line's end.
///
/// What they read as stands apart from where they stand: every detector asks for the one at every glyph, and nobody
/// for the other before something is found.
pub(super) struct Scan {
    /// What each glyph reads as: a digit is `0`..=`9` whatever its script, white space is `' '`, a line's end `'\n'`.
    glyphs: Vec<char>,
    places: Vec<Place>,
    /// The digits among them, and which of them each glyph is, if any; of others it says nothing.
    digits: Digits,
    numbers: Vec<usize>,
    /// The web addresses among them, in order.
    urls: Vec<Range<usize>>,
}

impl Scan {
    pub(super) fn new(text: &str) -> Scan {
        let (mut glyphs, mut places) = (Vec::with_capacity(text.len()), Vec::with_capacity(text.len()));
        for (at, c) in text.char_indices() {
            if let Some(glyph) = fold(c) {
                glyphs.push(glyph);
                places.push((at, at + c.len_utf8()));
            }
        }
        let urls = urls(&glyphs);
        let mut digits = Digits::new();
        let mut numbers = vec![0; glyphs.len()];
        for (number, glyph) in numbers.iter_mut().zip(&glyphs) {
            if let '0'..='9' = glyph {
                *number = digits.count();
                digits.push(*glyph as u8 - b'0');
            }
        }
        let mut scan = Scan { glyphs, places, digits, numbers, urls };
        scan.measure(0, scan.len());
        scan
    }

    /// Notes how the digits of a range stand. What is behind it must be noted already.
    fn measure(&mut self, from: usize, to: usize) {
        for i in (from..to).rev() {
            if self.is_digit(i) {
                self.digits.put(self.numbers[i], self.place_of(i));
            }
        }
    }

    /// How the digit at `i` stands.
    fn place_of(&self, i: usize) -> digits::Place {
        let number = self.numbers[i];
        let behind = || self.digits.place(number + 1).last;
        if self.is_digit(i + 1) {
            return digits::Place { glyph: i, is_end: false, last: behind() };
        }
        let alone = [number; GAPS.len()];
        if self.starts_mailbox_mask(i + 1) {
            return digits::Place { glyph: i, is_end: false, last: alone };
        }
        // Nearly every gap is one blank, and costly texts are made of nothing else.
        if self.ch(i + 1) == ' ' && self.is_digit(i + 2) {
            return digits::Place { glyph: i, is_end: true, last: behind() };
        }
        let goes_on = |gap| self.over_gap(i + 1, gap).is_some_and(|next| self.is_digit(next));
        let last = GAPS.map(|gap| if goes_on(gap) { behind()[gap as usize] } else { number });
        digits::Place { glyph: i, is_end: true, last }
    }

    /// Whether glyph `i` belongs to a web address.
    pub(super) fn is_in_url(&self, i: usize) -> bool {
        let after = self.urls.partition_point(|url| url.start <= i);
        after.checked_sub(1).is_some_and(|index| self.urls[index].contains(&i))
    }

    pub(super) fn len(&self) -> usize {
        self.glyphs.len()
    }

    #[inline]
    pub(super) fn ch(&self, i: usize) -> char {
        self.glyphs.get(i).copied().unwrap_or('\n')
    }

    /// The glyph before `i`; a line's end at the start of the text.
    pub(super) fn before(&self, i: usize) -> char {
        i.checked_sub(1).map_or('\n', |p| self.ch(p))
    }

    #[inline]
    pub(super) fn is_digit(&self, i: usize) -> bool {
        self.ch(i).is_ascii_digit()
    }

    /// The first digit of a group: no number is ever cut out of the middle of a longer row of digits.
    pub(super) fn starts_group(&self, i: usize) -> bool {
        self.is_digit(i) && !self.before(i).is_ascii_digit()
    }

    /// Whether a mask's stars begin at `i`. What stands there was letters or digits before it was masked.
    pub(super) fn starts_mask(&self, i: usize) -> bool {
        (i..i + MASK_STARS).all(|k| self.ch(k) == '*')
    }

    /// Whether stars and an at sign follow `i`: what stands before is the first letter of a masked address, and
    /// belongs to no number although it may be a digit.
    #[inline]
    pub(super) fn starts_mailbox_mask(&self, i: usize) -> bool {
        self.ch(i) == '*' && (i..self.len()).find(|&k| self.ch(k) != '*').is_some_and(|k| self.ch(k) == '@')
    }

    /// Where the next digit or letter stands, when only a permitted gap lies between it and `i`.
    pub(super) fn over_gap(&self, i: usize, gap: Gap) -> Option<usize> {
        let (mut marks, mut lines) = (0, 0);
        for k in i..=i + GAP_GLYPHS_MAX {
            match (self.ch(k), gap) {
                ('0'..='9', _) => return Some(k),
                (c, Gap::Checked) if c.is_ascii_alphabetic() => return Some(k),
                (' ', _) => {}
                ('\n', Gap::Checked) if k < self.len() => lines += 1,
                ('-' | '.', _) | ('/' | '_' | ',', Gap::Checked) | ('/', Gap::Phone) => marks += 1,
                ('(' | ')', Gap::Phone) => {}
                _ => return None,
            }
            if marks > 1 || lines > 1 {
                return None;
            }
        }
        None
    }

    /// The groups of digits that begin with the digit at `i`, read as one number.
    pub(super) fn run(&self, i: usize, gap: Gap) -> Run<'_> {
        debug_assert!(self.is_digit(i), "a run begins with a digit");
        self.digits.run(self.numbers[i], gap)
    }

    /// The bytes from glyph `from` up to glyph `to`.
    pub(super) fn bytes(&self, from: usize, to: usize) -> Range<usize> {
        debug_assert!(from < to && to <= self.len());
        self.places[from].0..self.places[to - 1].1
    }

    /// Writes the mask of a number over its glyphs: stars, then the `keep` visible characters that stay.
    /// Gives the first glyph that stays; the scan goes on there, since a longer number may begin in it.
    pub(super) fn star(&mut self, from: usize, to: usize, keep: usize) -> usize {
        let (mut write, mut kept) = (to, 0);
        for read in (from..to).rev() {
            if kept < keep && !self.ch(read).is_whitespace() {
                write -= 1;
                kept += 1;
                self.glyphs[write] = self.glyphs[read];
                self.places[write] = self.places[read];
                self.numbers[write] = self.numbers[read];
            }
        }
        self.glyphs[from..write].fill('*');
        self.measure(write, to);
        write
    }
}

/// The web addresses of a text: from the scheme, or from `www.`, to the next white space.
fn urls(glyphs: &[char]) -> Vec<Range<usize>> {
    let mut urls = Vec::new();
    let mut from = 0;
    for word in glyphs.split_inclusive(|c| c.is_whitespace()) {
        let reads = |at: usize, what: &str| {
            what.chars().zip(&word[at..]).filter(|(c, glyph)| c == *glyph).count() == what.len()
        };
        let scheme = (0..word.len()).find(|&k| word[k] == ':' && reads(k, "://"));
        let start = match scheme {
            Some(colon) => (0..colon).rev().take_while(|&k| word[k].is_ascii_alphabetic()).last(),
            None => (reads(0, "www.") && is_host(word)).then_some(0),
        };
        if let Some(start) = start {
            urls.push(from + start..from + word.len());
        }
        from += word.len();
    }
    urls
}

/// Whether no at sign stands in what would be the host: `www.anna@x.nl` is a mailbox.
fn is_host(word: &[char]) -> bool {
    word.iter().take_while(|c| **c != '/').all(|c| *c != '@')
}

/// Writes a span's mask behind `out`: white space and invisible characters dropped, all but the last `keep`
/// visible characters starred (REQ S3-13).
pub(super) fn write_stars(out: &mut String, written: &str, keep: usize) {
    let count = visible(written).count();
    for (index, c) in visible(written).enumerate() {
        out.push(if index + keep < count { '*' } else { c });
    }
}

/// The characters of a text that are seen and are no white space, as written.
pub(super) fn visible(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|&c| fold(c).is_some_and(|f| !f.is_whitespace()))
}

/// Writes the masked text behind the spans found in it.
pub(super) fn write_masked(text: &str, spans: &[Span]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for span in spans {
        out.push_str(&text[at..span.range.start]);
        span.write(&mut out, &text[span.range.clone()]);
        at = span.range.end;
    }
    out.push_str(&text[at..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_ascend_so_that_every_script_is_found() {
        assert!(ZEROS.windows(2).all(|w| w[0] + 10 <= w[1]));
        assert_eq!(fold('٣'), Some('3'));
        assert_eq!(fold('９'), Some('9'));
        assert_eq!(fold('𝟟'), Some('7'));
        assert_eq!(fold('⁵'), Some('5'));
        assert_eq!(fold('③'), Some('3'));
    }

    #[test]
    fn invisible_characters_are_not_seen() {
        for c in ['\u{200b}', '\u{2060}', '\u{feff}', '\u{ad}', '\u{fe0f}', '\u{20e3}', '\u{202e}'] {
            assert_eq!(fold(c), None, "{:x}", c as u32);
        }
    }

    #[test]
    fn a_run_stops_where_the_gap_is_too_wide() {
        let scan = Scan::new("12 - 34    56");
        let run = scan.run(0, Gap::Plain);
        assert_eq!(run.ends().collect::<Vec<_>>(), [(2, 2), (7, 4)]);
        assert_eq!(run.digits(4), &[1, 2, 3, 4]);
    }

    #[test]
    fn starring_keeps_the_last_visible_characters_together() {
        let mut scan = Scan::new("ab 1234 567 8");
        let stays = scan.star(3, 13, 4);
        let read: String = (0..scan.len()).map(|i| scan.ch(i)).collect();
        assert_eq!((stays, read.as_str()), (9, "ab ******5678"));
    }
}
