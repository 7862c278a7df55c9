//! How telephone numbers are built: country codes with their lengths, and the regions a desk can stand in.

use super::digits::{Lengths, Run, between, bit};

/// How numbers are dialled in one region.
pub(super) struct Plan {
    region: &'static str,
    /// Country code, and how the national numbers of mobiles begin behind it, for `31612345678` without a `+`.
    mobile: (&'static str, &'static [&'static str], &'static [usize]),
    /// What is dialled for a country code, besides `+`.
    abroad: &'static str,
    /// Numbers with their leading 0: how they begin, and how many digits they then have.
    inland: &'static [(&'static str, usize)],
    /// Numbers without a leading 0: the groups they are written in.
    shapes: &'static [&'static [u8]],
    /// Whether digits in such a shape can be a number; the flag says that they stand in one row.
    can_be: fn(&[u8], bool) -> bool,
}

impl Plan {
    /// The plan of a region by its two letters; an unknown one gets a plan that fits most of the world: a
    /// leading 0 and nine to eleven digits, or three groups as in North America.
    pub(super) fn of(region: &str) -> &'static Plan {
        let region = region.to_ascii_uppercase();
        PLANS.iter().find(|plan| plan.region == region).unwrap_or(&OTHER)
    }

    /// Whether a number without a `+` can begin with this digit: cheap, and asked of every group of digits.
    pub(super) fn may_begin(&self, first: char) -> bool {
        first == '0' || self.mobile.0.starts_with(first) || !self.shapes.is_empty()
    }

    /// The lengths at which digits are all of a number dialled from abroad or from within the region.
    pub(super) fn dialled(&self, digits: &[u8]) -> Lengths {
        self.dialled_abroad(digits) | self.dialled_inland(digits)
    }

    /// `0031 6 …`; in North America `011 31 6 …`.
    fn dialled_abroad(&self, digits: &[u8]) -> Lengths {
        let lead = [self.abroad, "00"].into_iter().find(|lead| starts(digits, lead));
        lead.map_or(0, |lead| international(&digits[lead.len()..]) << lead.len())
    }

    /// A number with its leading 0, or a mobile of this region with its country code and no `+`.
    fn dialled_inland(&self, digits: &[u8]) -> Lengths {
        let (country, leads, lengths) = self.mobile;
        let mut found = 0;
        if starts(digits, country) && leads.iter().any(|lead| starts(&digits[country.len()..], lead)) {
            found = lengths.iter().fold(0, |all, length| all | bit(country.len() + length));
        }
        if digits.len() > 1 && digits[1] != 0 {
            let leads = self.inland.iter().filter(|(lead, _)| starts(digits, lead));
            found = leads.fold(found, |all, (_, count)| all | bit(*count));
        }
        found
    }

    /// The lengths at which a run is laid out like a number without a leading 0.
    pub(super) fn shaped(&self, run: &Run<'_>) -> Lengths {
        let fits = self.shapes.iter().filter(|shape| run.is_grouped(shape));
        fits.fold(0, |all, shape| all | bit(shape.iter().map(|&size| usize::from(size)).sum()))
    }

    /// Whether digits so laid out can be a number without a leading 0; the flag says that they stand in one row.
    pub(super) fn is_bare(&self, digits: &[u8], in_a_row: bool) -> bool {
        (self.can_be)(digits, in_a_row) && digits[3..] != [0; 6]
    }
}

/// Digits of the shortest and the longest number behind a `+`, its country code and a needless 0 included.
const INTERNATIONAL_DIGITS: (usize, usize) = (7, 16);

/// The lengths at which digits behind a `+` are a complete number: an assigned country code and a length used there.
pub(super) fn international(digits: &[u8]) -> Lengths {
    let (least, most) = INTERNATIONAL_DIGITS;
    if digits.len() < least || digits[0] == 0 {
        return 0;
    }
    let Some(code) = country_code(digits) else { return 0 };
    // `+31 (0)6 …`: the trunk 0 that nobody should dial and everybody writes. In Italy it belongs there.
    let national = &digits[code.digits..];
    let is_extra = national[0] == 0 && !starts(digits, "39");
    if is_extra && national[1] == 0 {
        return 0;
    }
    let before = code.digits + usize::from(is_extra);
    between(before + code.min, before + code.max) & between(least, most)
}

/// Whether these digits, all of them, are such a number.
pub(super) fn is_international(digits: &[u8]) -> bool {
    digits.len() <= INTERNATIONAL_DIGITS.1 && international(digits) & bit(digits.len()) != 0
}

/// The lengths at which digits behind a `+` were meant as a number though their count is wrong. North American
/// numbers have one length, and `+10 000 000` is an amount.
pub(super) fn plausible(digits: &[u8]) -> Lengths {
    let code = if digits.len() < 8 { None } else { country_code(digits) };
    match code {
        Some(code) if code.digits > 1 && digits[code.digits] != 0 => between(8, 15),
        _ => 0,
    }
}

/// Country code and national number of digits that [`is_international`].
pub(super) fn split(digits: &str) -> Option<(&str, &str)> {
    let values: Vec<u8> = digits.bytes().map(|b| b - b'0').collect();
    let code = country_code(&values)?;
    digits.split_at_checked(code.digits)
}

#[derive(Clone, Copy)]
struct CountryCode {
    /// Its own; 0 where none is assigned.
    digits: usize,
    /// The national number's fewest and most digits.
    min: usize,
    max: usize,
}

/// The code at the head of at least three digits.
fn country_code(digits: &[u8]) -> Option<CountryCode> {
    let head = digits.first_chunk::<3>()?;
    let (digits, min, max) = CODES[head.iter().fold(0, |n, &d| n * 10 + usize::from(d))];
    (digits > 0).then_some(CountryCode { digits: digits.into(), min: min.into(), max: max.into() })
}

/// What begins with each three digits: a text of nothing but digits asks at every one of them.
static CODES: [(u8, u8, u8); 1000] = {
    let mut codes = [(0, 0, 0); 1000];
    let mut at = 0;
    while at < ASSIGNED.len() {
        fill(&mut codes, ASSIGNED[at], (3, 6, 10));
        at += 1;
    }
    at = 0;
    while at < COUNTRIES.len() {
        let (code, min, max) = COUNTRIES[at];
        fill(&mut codes, code, (code.len() as u8, min, max));
        at += 1;
    }
    codes
};

/// Puts a row at every three digits that begin with `lead`.
const fn fill(codes: &mut [(u8, u8, u8); 1000], lead: &str, row: (u8, u8, u8)) {
    let lead = lead.as_bytes();
    let (mut first, mut count, mut at) = (0, 1, 0);
    while at < 3 {
        if at < lead.len() {
            first = first * 10 + (lead[at] - b'0') as usize;
        } else {
            (first, count) = (first * 10, count * 10);
        }
        at += 1;
    }
    let end = first + count;
    while first < end {
        codes[first] = row;
        first += 1;
    }
}

fn starts(digits: &[u8], lead: &str) -> bool {
    digits.len() >= lead.len() && lead.bytes().zip(digits).all(|(b, &d)| b - b'0' == d)
}

/// Country codes of one and two digits, and of three where the length is worth knowing: the national number's
/// fewest and most digits.
#[rustfmt::skip]
const COUNTRIES: &[(&str, u8, u8)] = &[
    ("1", 10, 10), ("7", 10, 10), ("20", 8, 10), ("27", 9, 9), ("30", 10, 10), ("31", 9, 9), ("32", 8, 9),
    ("33", 9, 9), ("34", 9, 9), ("36", 8, 9), ("39", 8, 11), ("40", 9, 9), ("41", 9, 9), ("43", 8, 13),
    ("44", 9, 10), ("45", 8, 8), ("46", 7, 10), ("47", 8, 8), ("48", 9, 9), ("49", 7, 11), ("51", 8, 9),
    ("52", 10, 10), ("53", 8, 8), ("54", 10, 11), ("55", 10, 11), ("56", 9, 9), ("57", 10, 10), ("58", 10, 10),
    ("60", 8, 10), ("61", 9, 9), ("62", 8, 12), ("63", 8, 10), ("64", 8, 10), ("65", 8, 8), ("66", 8, 9),
    ("81", 9, 10), ("82", 8, 11), ("84", 9, 10), ("86", 10, 11), ("90", 10, 10), ("91", 10, 10), ("92", 9, 10),
    ("93", 9, 9), ("94", 9, 9), ("95", 7, 10), ("98", 10, 10), ("212", 9, 9), ("213", 8, 9), ("234", 8, 10),
    ("351", 9, 9), ("352", 6, 9), ("353", 7, 9), ("354", 7, 7), ("358", 6, 10), ("359", 8, 9), ("370", 8, 8),
    ("371", 8, 8), ("372", 7, 8), ("380", 9, 9), ("385", 8, 9), ("386", 8, 8), ("420", 9, 9), ("421", 9, 9),
    ("423", 7, 9), ("852", 8, 8), ("886", 8, 9), ("971", 8, 9), ("972", 8, 9),
];

/// How the other assigned country codes, all of three digits, begin.
#[rustfmt::skip]
const ASSIGNED: &[&str] = &[
    "211", "216", "218", "22", "23", "24", "25", "26", "290", "291", "297", "298", "299", "350", "355", "356",
    "357", "373", "374", "375", "376", "377", "378", "381", "382", "383", "387", "389", "50", "59", "67", "68",
    "690", "691", "692", "850", "853", "855", "856", "880", "96", "970", "973", "974", "975", "976", "977",
    "992", "993", "994", "995", "996", "998",
];

const NONE: &[&[u8]] = &[];
const THREES: &[&[u8]] =
    &[&[9], &[3, 3, 3], &[3, 2, 2, 2], &[3, 6], &[2, 3, 4], &[2, 3, 2, 2], &[1, 2, 2, 2, 2]];
const EIGHTS: &[&[u8]] = &[&[8], &[2, 2, 2, 2], &[4, 4], &[3, 2, 3], &[2, 6], &[3, 3, 2]];
const TENS: &[&[u8]] = &[&[10], &[3, 3, 4], &[3, 7], &[1, 10], &[1, 3, 3, 4], &[11]];

const fn plan(region: &'static str, inland: &'static [(&'static str, usize)]) -> Plan {
    Plan { region, mobile: ("00", &[], &[]), abroad: "00", inland, shapes: NONE, can_be: |_, _| false }
}

const OTHER: Plan = Plan {
    shapes: &[&[3, 3, 4], &[3, 3, 3]],
    can_be: |d, _| d[0] > 1,
    ..plan("", &[("0", 9), ("0", 10), ("0", 11)])
};

const PLANS: &[Plan] = &[
    Plan { mobile: ("31", &["6"], &[9]), ..plan("NL", &[("0", 10)]) },
    Plan { mobile: ("32", &["4"], &[9]), ..plan("BE", &[("04", 10), ("0", 9)]) },
    Plan { mobile: ("33", &["6", "7"], &[9]), ..plan("FR", &[("0", 10)]) },
    Plan { mobile: ("44", &["7"], &[10]), ..plan("GB", &[("0", 11), ("01", 10)]) },
    Plan {
        mobile: ("49", &["15", "16", "17"], &[10, 11]),
        ..plan("DE", &[("0", 9), ("0", 10), ("0", 11), ("0", 12)])
    },
    plan("AT", &[("0", 9), ("0", 10), ("0", 11), ("0", 12), ("0", 13)]),
    plan("CH", &[("0", 10)]),
    plan("IE", &[("0", 8), ("0", 9), ("0", 10)]),
    plan("SE", &[("08", 8), ("0", 9), ("0", 10)]),
    plan("FI", &[("0", 9), ("0", 10), ("0", 11)]),
    plan("SK", &[("0", 10)]),
    plan("AU", &[("0", 10)]),
    Plan {
        shapes: &[&[10], &[3, 7], &[3, 3, 4], &[3, 4, 3]],
        can_be: |d, _| d[0] == 3,
        ..plan("IT", &[("0", 9), ("0", 10), ("0", 11)])
    },
    Plan {
        mobile: ("420", &["6", "7"], &[9]),
        shapes: THREES,
        // Nine digits in a row: mobiles only, or every customer number is one.
        can_be: |d, in_a_row| match in_a_row {
            true => matches!(d[..2], [6, 0] | [7, 0 | 2 | 3 | 7 | 9]),
            false => matches!(d[0], 2..=7 | 9),
        },
        ..plan("CZ", &[])
    },
    Plan { shapes: EIGHTS, can_be: |d, _| d[0] >= 2, ..plan("DK", &[]) },
    Plan { shapes: EIGHTS, can_be: |d, _| matches!(d[0], 2..=7 | 9), ..plan("NO", &[]) },
    Plan { shapes: THREES, can_be: |d, _| matches!(d[0], 6..=9), ..plan("ES", &[]) },
    Plan { shapes: THREES, can_be: |d, _| matches!(d[0], 2 | 9), ..plan("PT", &[]) },
    Plan {
        shapes: THREES,
        can_be: |d, in_a_row| if in_a_row { d[0] >= 4 } else { d[0] > 0 },
        ..plan("PL", &[])
    },
    north_america("US"),
    north_america("CA"),
];

const fn north_america(region: &'static str) -> Plan {
    Plan {
        region,
        mobile: ("00", &[], &[]),
        abroad: "011",
        inland: &[],
        shapes: TENS,
        // In groups any ten digits pass: people write 123-456-7890 when they try things out.
        can_be: |d, in_a_row| match d {
            [1, a, _, _, b, ..] if d.len() == 11 => *a > 1 && *b > 1,
            [a, _, _, b, ..] => d.len() == 10 && (!in_a_row || *a > 1 && *b > 1),
            _ => false,
        },
    }
}
