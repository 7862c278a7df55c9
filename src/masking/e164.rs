//! A telephone number in one notation for all: `+31612345678` (E.164), from whatever people and providers write.
//!
//! What a number without country code means depends on where the desk stands (`[masking] phone_region`), and so does
//! how a country code is dialled. A number that is none (a short code, a sender by name) has no such notation.

use super::numbering;

/// How a region dials: its letters, country code, what stands before a national number, and before a country code.
struct Dialling(&'static str, &'static str, &'static str, &'static [&'static str]);

const ZEROS: &[&str] = &["00"];

#[rustfmt::skip]
const REGIONS: &[Dialling] = &[
    Dialling("NL", "31", "0", ZEROS), Dialling("BE", "32", "0", ZEROS), Dialling("LU", "352", "", ZEROS),
    Dialling("DE", "49", "0", ZEROS), Dialling("FR", "33", "0", ZEROS), Dialling("GB", "44", "0", ZEROS),
    Dialling("IE", "353", "0", ZEROS), Dialling("CH", "41", "0", ZEROS), Dialling("AT", "43", "0", ZEROS),
    Dialling("IT", "39", "", ZEROS), Dialling("ES", "34", "", ZEROS), Dialling("PT", "351", "", ZEROS),
    Dialling("DK", "45", "", ZEROS), Dialling("NO", "47", "", ZEROS), Dialling("SE", "46", "0", ZEROS),
    Dialling("FI", "358", "0", ZEROS), Dialling("IS", "354", "", ZEROS), Dialling("PL", "48", "", ZEROS),
    Dialling("CZ", "420", "", ZEROS), Dialling("SK", "421", "0", ZEROS), Dialling("HU", "36", "06", ZEROS),
    Dialling("RO", "40", "0", ZEROS), Dialling("BG", "359", "0", ZEROS), Dialling("GR", "30", "", ZEROS),
    Dialling("TR", "90", "0", ZEROS), Dialling("UA", "380", "0", ZEROS), Dialling("LT", "370", "0", ZEROS),
    Dialling("LV", "371", "", ZEROS), Dialling("EE", "372", "", ZEROS), Dialling("SI", "386", "0", ZEROS),
    Dialling("HR", "385", "0", ZEROS), Dialling("RU", "7", "8", &["810"]), Dialling("US", "1", "1", &["011"]),
    Dialling("CA", "1", "1", &["011"]), Dialling("MX", "52", "", ZEROS), Dialling("BR", "55", "0", ZEROS),
    Dialling("CL", "56", "", ZEROS), Dialling("AU", "61", "0", &["0011"]), Dialling("NZ", "64", "0", ZEROS),
    Dialling("JP", "81", "0", &["010"]), Dialling("KR", "82", "0", &["001", "002"]), Dialling("CN", "86", "0", ZEROS),
    Dialling("HK", "852", "", &["001"]), Dialling("SG", "65", "", &["001", "000"]), Dialling("IN", "91", "0", ZEROS),
    Dialling("ZA", "27", "0", ZEROS), Dialling("IL", "972", "0", ZEROS), Dialling("AE", "971", "0", ZEROS),
    Dialling("EG", "20", "0", ZEROS), Dialling("TH", "66", "0", &["001"]), Dialling("MY", "60", "0", ZEROS),
];

/// The number in E.164, read as in a region of two letters; `None` for what is no number that can be told.
pub fn e164(text: &str, region: &str) -> Option<String> {
    let text = text.trim();
    // `tel:` and the 0 that nobody dials from abroad and everybody writes: `+31 (0)6 …`.
    let text = text.strip_prefix("tel:").unwrap_or(text);
    let plus = text.trim_start_matches('(').starts_with('+');
    let text = if plus { text.replacen("(0)", "", 1) } else { text.to_owned() };
    let fits = |c: char| c.is_ascii_digit() || "+ -./()\u{a0}\u{202f}\u{2009}\u{2011}\u{2013}".contains(c);
    if !text.chars().all(fits) {
        return None;
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if plus {
        return international(&digits);
    }
    let region = region.to_ascii_uppercase();
    let Some(Dialling(_, code, trunk, abroad)) = REGIONS.iter().find(|dialling| dialling.0 == region) else {
        return digits.strip_prefix("00").and_then(international);
    };
    if let Some(number) =
        abroad.iter().chain(ZEROS).find_map(|lead| international(digits.strip_prefix(lead)?))
    {
        return Some(number);
    }
    let national = |rest: &str| (!rest.is_empty()).then(|| international(&format!("{code}{rest}"))).flatten();
    if let Some(rest) = digits.strip_prefix(trunk).filter(|_| !trunk.is_empty()) {
        return national(rest);
    }
    // Without the trunk: whole with its country code and no plus, as some gateways write, or bare.
    let with_code = || digits.strip_prefix(code).and_then(|_| international(&digits));
    if trunk.is_empty() {
        national(&digits).or_else(with_code)
    } else {
        with_code().or_else(|| national(&digits))
    }
}

/// Digits with their country code; none when no country has such a number. A 0 behind the code stays in Italy only.
fn international(digits: &str) -> Option<String> {
    let values: Vec<u8> = digits.bytes().map(|b| b - b'0').collect();
    if !numbering::is_international(&values) {
        return None;
    }
    let (code, rest) = numbering::split(digits)?;
    let rest = if code == "39" { rest } else { rest.strip_prefix('0').unwrap_or(rest) };
    Some(format!("+{code}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// REQ S2-22: a number in any notation, in 32 countries: at home, from abroad, and as people write it.
    #[test]
    fn numbers_of_thirty_countries_are_one_in_any_notation() {
        #[rustfmt::skip]
        let numbers: &[(&str, &str, &[&str])] = &[
            ("NL", "+31612345678", &["06 12345678", "06-12 34 56 78", "0031 6 12345678", "+31 (0)6 1234 5678", "31612345678", "(06) 12345678", "tel:+31612345678"]),
            ("BE", "+32470123456", &["0470 12 34 56", "0470/12.34.56", "0032470123456", "+32 (0)470 12 34 56"]),
            ("LU", "+352621123456", &["621 123 456", "00352621123456", "352621123456"]),
            ("DE", "+4915112345678", &["0151 12345678", "0151/12345678", "0049 151 12345678", "+49 (0)151-12345678"]),
            ("FR", "+33612345678", &["06 12 34 56 78", "06.12.34.56.78", "0033612345678"]),
            ("GB", "+447966197542", &["07966 197542", "07966-197-542", "00447966197542", "+44 (0) 7966 197542", "447966197542"]),
            ("IE", "+353851234567", &["085 123 4567", "00353851234567"]),
            ("CH", "+41791234567", &["079 123 45 67", "0041 79 123 45 67"]),
            ("AT", "+436641234567", &["0664 1234567", "0043 664 1234567"]),
            ("IT", "+393401234567", &["340 123 4567", "0039 340 1234567"]),
            ("IT", "+390612345678", &["06 12345678", "+39 06 12345678"]),
            ("ES", "+34612345678", &["612 34 56 78", "0034612345678", "34612345678"]),
            ("PT", "+351912345678", &["912 345 678", "00351912345678"]),
            ("DK", "+4520123456", &["20 12 34 56", "004520123456", "4520123456"]),
            ("NO", "+4741234567", &["412 34 567", "004741234567", "4741234567"]),
            ("SE", "+46701234567", &["070-123 45 67", "0046701234567"]),
            ("FI", "+358401234567", &["040 1234567", "00358401234567"]),
            ("IS", "+3546123456", &["612 3456", "003546123456"]),
            ("PL", "+48512345678", &["512 345 678", "0048512345678"]),
            ("CZ", "+420601234567", &["601 234 567", "00420601234567", "420601234567"]),
            ("SK", "+421901234567", &["0901 234 567", "00421901234567"]),
            ("HU", "+36201234567", &["06 20 123 4567", "0036201234567", "36201234567"]),
            ("RO", "+40712345678", &["0712 345 678", "0040712345678"]),
            ("BG", "+359881234567", &["088 123 4567", "00359881234567"]),
            ("GR", "+306912345678", &["691 234 5678", "00306912345678"]),
            ("TR", "+905321234567", &["0532 123 45 67", "00905321234567"]),
            ("UA", "+380501234567", &["050 123 4567", "00380501234567"]),
            ("HR", "+385911234567", &["091 123 4567", "00385911234567"]),
            ("RU", "+79161234567", &["8 (916) 123-45-67", "79161234567", "810 7 916 1234567"]),
            ("US", "+12025550143", &["(202) 555-0143", "1-202-555-0143", "202.555.0143", "+1 202 555 0143"]),
            ("CA", "+16135550199", &["613-555-0199", "1 613 555 0199", "011 1 613 555 0199"]),
            ("AU", "+61412345678", &["0412 345 678", "0011 61 412 345 678"]),
            ("NZ", "+64211234567", &["021 123 4567", "0064211234567"]),
            ("JP", "+819012345678", &["090-1234-5678", "010 81 90 1234 5678"]),
            ("BR", "+5511912345678", &["(011) 91234-5678", "11 91234 5678", "005511912345678"]),
            ("IN", "+919812345678", &["098123 45678", "98123 45678", "00919812345678"]),
            ("ZA", "+27821234567", &["082 123 4567", "0027821234567"]),
        ];
        let countries: std::collections::BTreeSet<&str> =
            numbers.iter().map(|(region, _, _)| *region).collect();
        assert!(countries.len() >= 30, "{}", countries.len());
        for (region, whole, written) in numbers {
            assert_eq!(e164(whole, region).as_deref(), Some(*whole), "{region} {whole}");
            assert_eq!(e164(whole, "").as_deref(), Some(*whole), "{whole} with no region");
            for text in *written {
                assert_eq!(e164(text, region).as_deref(), Some(*whole), "{region} {text:?}");
            }
        }
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in
            ["", "+", "KPN", "12345", "1234567890123456789", "+99912345678", "06 1234", "0612345678x", "٠٦١٢"]
        {
            assert_eq!(e164(text, "NL"), None, "{text:?}");
        }
        assert_eq!(e164("06 12345678", ""), None, "nobody knows whose national number it is");
    }
}
