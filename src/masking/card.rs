//! Payment cards: a brand's prefix, a length that brand issues, and the Luhn checksum.
//!
//! The digits may be grouped in any way, over one line break, and may touch letters: all three must hold, so a
//! false alarm is rare, while a missed card is a breach.

use super::digits::{Lengths, bit};
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
    let issued = run.ends_at(lengths_issued(run.all()));
    if let Some((end, _)) = { issued }.find(|&(_, count)| run.has_checksum(count)) {
        return Some(Found::Valid(end));
    }
    let in_fours = run.end(16).filter(|_| run.is_grouped(&[4, 4, 4, 4]));
    in_fours.or_else(|| run.end(15).filter(|_| run.is_grouped(&[4, 6, 5]))).map(Found::NearMiss)
}

/// The lengths in which a brand issues numbers that begin like this.
fn lengths_issued(digits: &[u8]) -> Lengths {
    let Some(six) = digits.first_chunk::<6>() else { return 0 };
    let six = six.iter().fold(0, |n, &d| n * 10 + u32::from(d));
    let after = BRANDS.partition_point(|brand| brand.from <= six);
    let brand = after.checked_sub(1).map(|index| &BRANDS[index]);
    brand.filter(|brand| six <= brand.to).map_or(0, |brand| brand.lengths)
}

struct Brand {
    from: u32,
    to: u32,
    lengths: Lengths,
}

const fn brand(from: u32, to: u32, lengths: &[usize]) -> Brand {
    let (mut all, mut at) = (0, 0);
    while at < lengths.len() {
        all |= bit(lengths[at]);
        at += 1;
    }
    Brand { from, to, lengths: all }
}

/// First six digits, ascending and apart, and lengths, by brand. Maestro only under the prefixes it really issues: its whole range
/// (50, 56 to 69, 12 to 19 digits) would catch every other customer number.
const BRANDS: &[Brand] = &[
    brand(220_000, 220_499, &[16, 17, 18, 19]), // Mir
    brand(222_100, 272_099, &[16]),             // Mastercard
    brand(300_000, 305_999, &[14, 16]),         // Diners Club
    brand(309_500, 309_599, &[14, 16]),         // Diners Club
    brand(340_000, 349_999, &[15]),             // American Express
    brand(352_800, 358_999, &[16, 17, 18, 19]), // JCB
    brand(360_000, 369_999, &[14, 16]),         // Diners Club
    brand(370_000, 379_999, &[15]),             // American Express
    brand(380_000, 399_999, &[14, 16]),         // Diners Club
    brand(400_000, 499_999, &[13, 16, 19]),     // Visa
    brand(501_800, 501_899, MAESTRO),
    brand(501_900, 501_999, &[16]), // Dankort
    brand(502_000, 502_099, MAESTRO),
    brand(503_800, 503_899, MAESTRO),
    brand(506_099, 506_198, &[16, 18, 19]), // Verve
    brand(508_500, 508_999, &[16]),         // RuPay
    brand(510_000, 559_999, &[16]),         // Mastercard
    brand(561_200, 561_299, MAESTRO),
    brand(589_300, 589_399, MAESTRO),
    brand(601_100, 601_199, &[16, 19]),         // Discover
    brand(606_282, 606_282, &[16]),             // Hipercard
    brand(620_000, 629_999, &[16, 17, 18, 19]), // UnionPay
    brand(630_400, 630_499, MAESTRO),
    brand(636_000, 636_999, &[16, 17, 18, 19]), // InterPayment
    brand(644_000, 659_999, &[16, 19]),         // Discover, RuPay
    brand(670_300, 670_399, MAESTRO),           // Bancontact
    brand(675_900, 676_399, MAESTRO),
    brand(979_200, 979_299, &[16]), // Troy
];

const MAESTRO: &[usize] = &[12, 13, 14, 15, 16, 17, 18, 19];

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
    fn brands_ascend_and_stand_apart() {
        assert!(BRANDS.windows(2).all(|pair| pair[0].from <= pair[0].to && pair[0].to < pair[1].from));
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
