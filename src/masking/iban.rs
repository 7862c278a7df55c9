//! IBANs: a country's layout and length, and the checksum of ISO 7064.
//!
//! Spaced in fours, in any other way or not at all, in either case, over one line break, and with letters
//! touching (`IBANNL91…`): layout, length and checksum together leave little to chance.

use super::scan::{Gap, Scan};

/// What stands where an IBAN might begin.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// An IBAN up to this glyph.
    Valid(usize),
    /// Laid out like one up to this glyph, with a wrong checksum: no telephone number begins inside it.
    NearMiss(usize),
}

/// Characters of the longest IBAN, as the standard bounds it.
const IBAN_CHARS_MAX: usize = 34;

/// Digits every real IBAN has at least. Some layouts allow letters throughout, and so would allow prose.
const IBAN_DIGITS_MIN: usize = 8;

/// What begins at `i`.
pub(super) fn find(scan: &Scan, i: usize) -> Option<Found> {
    // Asked of every letter of a text, and nearly every one has two more behind it.
    let is_letter = |k| scan.ch(k).is_ascii_alphabetic();
    if !is_letter(i) || !is_letter(i + 1) || is_letter(i + 2) {
        return None;
    }
    let country = [scan.ch(i).to_ascii_uppercase(), scan.ch(i + 1).to_ascii_uppercase()];
    let digits_at = scan.over_gap(i + 2, Gap::Checked)?;
    if !scan.is_digit(digits_at) || !scan.is_digit(digits_at + 1) {
        return None;
    }
    let layout = layout_of(country)?;
    let mut read = Reading { chars: ['0'; IBAN_CHARS_MAX], count: 2 };
    read.chars[..2].copy_from_slice(&country);
    let end = read.fill(scan, digits_at, 4 + length(layout))?;
    let is_cut = scan.is_digit(end - 1) && scan.is_digit(end);
    if is_cut || scan.starts_mailbox_mask(end) || !read.is_laid_out(layout) {
        return None;
    }
    if read.checksum() {
        return Some(Found::Valid(end));
    }
    // "no 0031 6 …" is laid out like a Norwegian one: a near miss must look the part.
    let looks_it = digits_at == i + 2 && scan.ch(i).is_uppercase() && scan.ch(i + 1).is_uppercase();
    looks_it.then_some(Found::NearMiss(end))
}

/// An IBAN without its gaps, upper case.
struct Reading {
    chars: [char; IBAN_CHARS_MAX],
    count: usize,
}

impl Reading {
    /// Reads on from `at` until `want` characters are there; gives the glyph behind the last.
    fn fill(&mut self, scan: &Scan, mut at: usize, want: usize) -> Option<usize> {
        loop {
            let c = scan.ch(at).to_ascii_uppercase();
            if c.is_ascii_alphanumeric() {
                self.chars[self.count] = c;
                self.count += 1;
                at += 1;
                if self.count == want {
                    return Some(at);
                }
            } else {
                at = scan.over_gap(at, Gap::Checked)?;
            }
        }
    }

    fn chars(&self) -> &[char] {
        &self.chars[..self.count]
    }

    fn is_laid_out(&self, layout: &str) -> bool {
        let mut at = 4;
        let fits = parts(layout).all(|(count, class)| {
            let part = &self.chars[at..at + count];
            at += count;
            part.iter().all(|c| match class {
                b'n' => c.is_ascii_digit(),
                b'a' => c.is_ascii_uppercase(),
                _ => c.is_ascii_alphanumeric(),
            })
        });
        fits && self.chars().iter().filter(|c| c.is_ascii_digit()).count() >= IBAN_DIGITS_MIN
    }

    fn checksum(&self) -> bool {
        let (head, rest) = self.chars().split_at(4);
        let remainder = rest.iter().chain(head).fold(0, |sum, c| match c.to_digit(36) {
            Some(value) if value < 10 => (sum * 10 + value) % 97,
            Some(value) => (sum * 100 + value) % 97,
            None => sum,
        });
        remainder == 1
    }
}

fn layout_of(country: [char; 2]) -> Option<&'static str> {
    let code = |row: &(&'static str, _)| [row.0.as_bytes()[0] as char, row.0.as_bytes()[1] as char];
    LAYOUTS.binary_search_by_key(&country, code).ok().map(|index| LAYOUTS[index].1)
}

/// The parts of a layout: how many characters, of which class.
fn parts(layout: &str) -> impl Iterator<Item = (usize, u8)> {
    let mut count = 0;
    layout.bytes().filter_map(move |b| match b {
        b'0'..=b'9' => {
            count = count * 10 + usize::from(b - b'0');
            None
        }
        class => Some((std::mem::take(&mut count), class)),
    })
}

fn length(layout: &str) -> usize {
    parts(layout).map(|(count, _)| count).sum()
}

/// What follows the check digits, by country, as the IBAN registry has it (release 101): `n` digits, `a`
/// letters, `c` either. Ascending.
#[rustfmt::skip]
const LAYOUTS: &[(&str, &str)] = &[
    ("AD", "8n12c"), ("AE", "19n"), ("AL", "8n16c"), ("AT", "16n"), ("AZ", "4a20c"), ("BA", "16n"),
    ("BE", "12n"), ("BG", "4a6n8c"), ("BH", "4a14c"), ("BI", "23n"), ("BR", "23n1a1c"), ("BY", "4c4n16c"),
    ("CH", "5n12c"), ("CR", "18n"), ("CY", "8n16c"), ("CZ", "20n"), ("DE", "18n"), ("DJ", "23n"),
    ("DK", "14n"), ("DO", "4c20n"), ("EE", "16n"), ("EG", "25n"), ("ES", "20n"), ("FI", "14n"),
    ("FK", "2a12n"), ("FO", "14n"), ("FR", "10n11c2n"), ("GB", "4a14n"), ("GE", "2a16n"), ("GI", "4a15c"),
    ("GL", "14n"), ("GR", "7n16c"), ("GT", "24c"), ("HN", "4a20n"), ("HR", "17n"), ("HU", "24n"),
    ("IE", "4a14n"), ("IL", "19n"), ("IQ", "4a15n"), ("IS", "22n"), ("IT", "1a10n12c"), ("JO", "4a4n18c"),
    ("KW", "4a22c"), ("KZ", "3n13c"), ("LB", "4n20c"), ("LC", "4a24c"), ("LI", "5n12c"), ("LT", "16n"),
    ("LU", "3n13c"), ("LV", "4a13c"), ("LY", "21n"), ("MC", "10n11c2n"), ("MD", "20c"), ("ME", "18n"),
    ("MK", "3n10c2n"), ("MN", "16n"), ("MR", "23n"), ("MT", "4a5n18c"), ("MU", "4a19n3a"), ("NI", "4a20n"),
    ("NL", "4a10n"), ("NO", "11n"), ("OM", "3n16c"), ("PK", "4a16c"), ("PL", "24n"), ("PS", "4a21c"),
    ("PT", "21n"), ("QA", "4a21c"), ("RO", "4a16c"), ("RS", "18n"), ("RU", "14n15c"), ("SA", "2n18c"),
    ("SC", "4a20n3a"), ("SD", "14n"), ("SE", "20n"), ("SI", "15n"), ("SK", "20n"), ("SM", "1a10n12c"),
    ("SO", "19n"), ("ST", "21n"), ("SV", "4a20n"), ("TL", "19n"), ("TN", "20n"), ("TR", "6n16c"),
    ("UA", "6n19c"), ("VA", "18n"), ("VG", "4a16n"), ("XK", "16n"), ("YE", "4a4n18c"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<Found> {
        find(&Scan::new(text), 0)
    }

    #[test]
    fn layouts_ascend_and_fit_the_standard() {
        assert!(LAYOUTS.windows(2).all(|w| w[0].0 < w[1].0));
        assert!(LAYOUTS.iter().all(|row| (11..=30).contains(&length(row.1))));
    }

    #[test]
    fn published_examples_are_found_in_every_spacing_and_case() {
        for text in [
            "NL91ABNA0417164300",
            "NL91 ABNA 0417 1643 00",
            "nl91abna0417164300",
            "NL 91 ABNA 0417 1643 00",
            "DE89 3704 0044 0532 0130 00",
            "GB29 NWBK 6016 1331 9268 19",
            "FR14 2004 1010 0505 0001 3M02 606",
            "BE68 5390 0754 7034",
            "CZ65 0800 0000 1920 0014 5399",
            "DK50 0040 0440 1162 43",
            "MT84 MALT 0110 0001 2345 MTLC AST0 01S",
            "NO93 8601 1117 947",
            "PL61 1090 1014 0000 0712 1981 2874",
            "NL91-ABNA-0417-1643-00",
            "NL91ABNA\n0417164300",
        ] {
            assert_eq!(found(text), Some(Found::Valid(text.chars().count())), "{text}");
        }
    }

    #[test]
    fn a_wrong_checksum_is_a_near_miss() {
        assert_eq!(found("NL91 ABNA 0417 1643 01"), Some(Found::NearMiss(22)));
        assert_eq!(found("GB29NWBK60161331926818"), Some(Found::NearMiss(22)));
    }

    #[test]
    fn a_wrong_length_or_an_unknown_country_is_nothing() {
        assert_eq!(found("NL91ABNA041716430"), None);
        assert_eq!(found("NL91ABNA04171643001"), None);
        assert_eq!(found("ZZ91ABNA0417164300"), None);
        assert_eq!(found("be 12 people at most"), None);
    }
}
