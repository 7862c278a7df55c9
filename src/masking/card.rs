//! Payment cards: a brand's prefix, a length that brand issues, and the Luhn checksum.
//!
//! The digits may be grouped in any way, over one line break, and may touch letters: all three must hold, so a
//! false alarm is rare, while a missed card is a breach.

use super::scan::{Gap, Scan};

/// What stands where a card might begin.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A card up to this glyph: the longest that is valid.
    Valid(usize),
    /// Laid out like one up to this glyph, with a wrong checksum: no telephone number begins inside it.
    NearMiss(usize),
}

/// What begins at `i`.
pub(super) fn find(scan: &Scan, i: usize) -> Option<Found> {
    if !matches!(scan.ch(i), '2'..='6' | '9') || !scan.starts_group(i) {
        return None;
    }
    let run = scan.run(i, Gap::Checked);
    let valid = |&&(_, count): &&(usize, usize)| is_card(run.digits(count));
    if let Some(&(end, _)) = run.ends().iter().rev().find(valid) {
        return Some(Found::Valid(end));
    }
    let layout: &[u8] = if run.is_grouped(&[4, 4, 4, 4]) { &[4, 4, 4, 4] } else { &[4, 6, 5] };
    run.is_grouped(layout).then(|| Found::NearMiss(run.ends()[layout.len() - 1].0))
}

fn is_card(digits: &[u8]) -> bool {
    (12..=19).contains(&digits.len()) && is_issued(digits) && luhn(digits)
}

/// Whether a brand issues numbers of this length under this prefix.
fn is_issued(digits: &[u8]) -> bool {
    let six = digits[..6].iter().fold(0, |n, &d| n * 10 + u32::from(d));
    BRANDS
        .iter()
        .any(|brand| (brand.from..=brand.to).contains(&six) && brand.lengths.contains(&(digits.len() as u8)))
}

fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(index, &d)| match (index % 2, u32::from(d) * 2) {
            (0, _) => u32::from(d),
            (_, twice) if twice > 9 => twice - 9,
            (_, twice) => twice,
        })
        .sum();
    sum.is_multiple_of(10)
}

struct Brand {
    from: u32,
    to: u32,
    lengths: &'static [u8],
}

const fn brand(from: u32, to: u32, lengths: &'static [u8]) -> Brand {
    Brand { from, to, lengths }
}

/// First six digits and lengths, by brand. Maestro only under the prefixes it really issues: its whole range
/// (50, 56 to 69, 12 to 19 digits) would catch every other customer number.
const BRANDS: &[Brand] = &[
    brand(400_000, 499_999, &[13, 16, 19]),     // Visa
    brand(510_000, 559_999, &[16]),             // Mastercard
    brand(222_100, 272_099, &[16]),             // Mastercard
    brand(340_000, 349_999, &[15]),             // American Express
    brand(370_000, 379_999, &[15]),             // American Express
    brand(300_000, 305_999, &[14, 16]),         // Diners Club
    brand(309_500, 309_599, &[14, 16]),         // Diners Club
    brand(360_000, 369_999, &[14, 16]),         // Diners Club
    brand(380_000, 399_999, &[14, 16]),         // Diners Club
    brand(352_800, 358_999, &[16, 17, 18, 19]), // JCB
    brand(601_100, 601_199, &[16, 19]),         // Discover
    brand(644_000, 659_999, &[16, 19]),         // Discover, RuPay
    brand(620_000, 629_999, &[16, 17, 18, 19]), // UnionPay
    brand(220_000, 220_499, &[16, 17, 18, 19]), // Mir
    brand(501_900, 501_999, &[16]),             // Dankort
    brand(501_800, 501_899, MAESTRO),
    brand(502_000, 502_099, MAESTRO),
    brand(503_800, 503_899, MAESTRO),
    brand(561_200, 561_299, MAESTRO),
    brand(589_300, 589_399, MAESTRO),
    brand(630_400, 630_499, MAESTRO),
    brand(670_300, 670_399, MAESTRO), // Bancontact
    brand(675_900, 676_399, MAESTRO),
    brand(508_500, 508_999, &[16]),             // RuPay
    brand(506_099, 506_198, &[16, 18, 19]),     // Verve
    brand(606_282, 606_282, &[16]),             // Hipercard
    brand(636_000, 636_999, &[16, 17, 18, 19]), // InterPayment
    brand(979_200, 979_299, &[16]),             // Troy
];

const MAESTRO: &[u8] = &[12, 13, 14, 15, 16, 17, 18, 19];

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<usize> {
        match find(&Scan::new(text), 0) {
            Some(Found::Valid(end)) => Some(end),
            _ => None,
        }
    }

    #[test]
    fn every_brand_is_found_by_its_published_test_number() {
        for number in [
            "4111111111111111",
            "4222222222222",
            "5555555555554444",
            "2223003122003222",
            "378282246310005",
            "30569309025904",
            "38520000023237",
            "36227206271667",
            "3530111333300000",
            "6011111111111117",
            "6200000000000005",
            "6759649826438453",
            "5019717010103742",
            "2201382000000013",
        ] {
            assert_eq!(found(number), Some(number.len()), "{number}");
        }
    }

    #[test]
    fn one_changed_digit_is_no_card() {
        for number in ["4111111111111112", "5555555555554445", "378282246310006", "6011111111111118"] {
            assert_eq!(found(number), None, "{number}");
        }
    }

    #[test]
    fn a_valid_checksum_without_a_brand_or_its_length_is_no_card() {
        for number in ["0000000000000000", "1234567812345670", "41111111111116", "8888888888888888"] {
            assert_eq!(found(number), None, "{number}");
        }
    }
}
