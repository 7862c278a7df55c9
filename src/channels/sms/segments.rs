//! How many segments a text message takes: 160 characters of the GSM alphabet, or 70 of UCS-2, and fewer each when
//! they must be put together again (3GPP TS 23.038, 23.040).

/// The characters of the GSM default alphabet, in no order that matters here.
const GSM: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿\
                   abcdefghijklmnopqrstuvwxyzäöñüà";

/// Characters that take two places in it.
const GSM_TWICE: &str = "\u{c}^{}\\[~]|€";

/// What a text takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segments {
    /// In the GSM alphabet; otherwise in UCS-2.
    pub gsm: bool,
    /// Places taken, of both alphabets.
    pub places: usize,
    /// Messages it is billed as; none for an empty text.
    pub count: usize,
}

/// Counts a text's segments.
pub fn count(text: &str) -> Segments {
    let weight = |c: char| match c {
        c if GSM.contains(c) => Some(1),
        c if GSM_TWICE.contains(c) => Some(2),
        _ => None,
    };
    let gsm: Option<Vec<usize>> = text.chars().map(weight).collect();
    match gsm {
        Some(weights) => {
            Segments { gsm: true, places: weights.iter().sum(), count: parts(&weights, 160, 153) }
        }
        None => {
            let weights: Vec<usize> = text.chars().map(char::len_utf16).collect();
            Segments { gsm: false, places: weights.iter().sum(), count: parts(&weights, 70, 67) }
        }
    }
}

/// A character of two places is never cut in two: it begins the next part.
fn parts(weights: &[usize], single: usize, each: usize) -> usize {
    if weights.iter().sum::<usize>() <= single {
        return usize::from(!weights.is_empty());
    }
    let (mut parts, mut taken) = (1, 0);
    for weight in weights {
        if taken + weight > each {
            parts += 1;
            taken = 0;
        }
        taken += weight;
    }
    parts
}

#[cfg(test)]
mod tests {

    #[test]
    fn segments_are_counted_as_a_phone_counts_them() {
        let count = |text: &str| {
            let segments = super::count(text);
            (segments.gsm, segments.places, segments.count)
        };
        assert_eq!(count(""), (true, 0, 0));
        assert_eq!(count("hello"), (true, 5, 1));
        assert_eq!(count(&"a".repeat(160)), (true, 160, 1));
        assert_eq!(count(&"a".repeat(161)), (true, 161, 2));
        assert_eq!(count(&"a".repeat(306)), (true, 306, 2));
        assert_eq!(count(&"a".repeat(307)), (true, 307, 3));
        assert_eq!(count(&"€".repeat(80)), (true, 160, 1));
        // 152 and then a sign of two places: it does not fit the first part.
        assert_eq!(count(&format!("{}{}", "a".repeat(152), "€".repeat(77))), (true, 306, 3));
        assert_eq!(count(&"ř".repeat(70)), (false, 70, 1));
        assert_eq!(count(&"ř".repeat(71)), (false, 71, 2));
        assert_eq!(count("🐎"), (false, 2, 1));
        assert_eq!(count(&"🐎".repeat(36)), (false, 72, 2));
    }
}
