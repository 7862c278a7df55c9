//! What staff must not read, from the outside: the table of examples, hostile texts, and the promises that
//! hold for any text (REQ S3-11 to S3-25, D-15).

use std::borrow::Cow;
use std::time::Duration;

use deskbell::masking::{EXAMPLES, Field, Kind, Masker, Settings};
use proptest::prelude::*;

fn masker(region: &str) -> Masker {
    Masker::new(Settings { enabled: true, pci: true, pii: true, phone_region: region.into() })
}

fn only(pci: bool, pii: bool) -> Masker {
    Masker::new(Settings { enabled: true, pci, pii, phone_region: "NL".into() })
}

#[track_caller]
fn all_masked(region: &str, numbers: &[&str]) {
    for number in numbers {
        let text = format!("call {number} please");
        let masked = masker(region).mask(&text).into_owned();
        let shown = masked.strip_prefix("call ").and_then(|m| m.strip_suffix(" please"));
        let digits = number.chars().filter(char::is_ascii_digit).count();
        let left = shown.unwrap_or_else(|| panic!("{region} {number}: {masked}"));
        assert!(digits >= 8 && left.starts_with("****"), "{region} {number}: {masked}");
        assert!(left.chars().filter(char::is_ascii_digit).count() <= 4, "{region} {number}: {masked}");
    }
}

#[track_caller]
fn left_alone(region: &str, texts: &[&str]) {
    for text in texts {
        assert_eq!(masker(region).mask(text), *text, "{region}");
    }
}

#[test]
fn every_example_of_the_manual_is_true() {
    for (input, output, why) in EXAMPLES {
        assert_eq!(masker("NL").mask(input), *output, "{why}: {input:?}");
    }
}

#[test]
fn the_manual_prints_every_example() {
    let page = include_str!("../src/manual/masking.html");
    let written = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    for (input, output, why) in EXAMPLES {
        let row = format!(
            "<tr><td><code>{}</code></td><td><code>{}</code></td><td>{}</td></tr>",
            written(input),
            written(output),
            written(why)
        );
        assert!(page.contains(&row), "not in the manual: {row}");
    }
    assert_eq!(page.matches("<tr><td>").count(), EXAMPLES.len(), "the manual has rows the tests do not run");
}

#[test]
fn examples_hold_within_a_sentence_and_twice_over() {
    for (input, output, why) in EXAMPLES {
        let masked = masker("NL").mask(&format!("Hello, {input}\nThanks")).into_owned();
        assert_eq!(masked, format!("Hello, {output}\nThanks"), "{why}");
        assert_eq!(masker("NL").mask(&masked), masked, "{why}");
    }
}

#[test]
fn national_numbers_are_found_in_their_region() {
    all_masked(
        "NL",
        &["0612345678", "06 1234 5678", "06.12.34.56.78", "020-1234567", "0343 123 456", "085 0123456"],
    );
    all_masked("BE", &["0475 12 34 56", "0475/12.34.56", "02 123 45 67", "09/123.45.67", "0032475123456"]);
    all_masked("FR", &["06 12 34 56 78", "06.12.34.56.78", "0612345678", "01-23-45-67-89"]);
    all_masked("GB", &["07700 900123", "020 7946 0958", "(020) 7946 0958", "0161 496 0000", "447700900123"]);
    all_masked("DE", &["030 12345678", "0171 1234567", "0151/12345678", "089 / 1234567", "(030) 1234 567"]);
    all_masked("CZ", &["602 123 456", "602123456", "602-123-456", "222 333 444", "420602123456"]);
    all_masked("DK", &["20 12 34 56", "20123456", "3312 3456", "45 45 67 89"]);
    all_masked(
        "US",
        &["(123) 456-7890", "212-555-0123", "212.555.0123", "2125550123", "1-800-555-0199", "1 212 555 0123"],
    );
    all_masked("JP", &["03-1234-5678", "090 1234 5678"]);
    all_masked("XX", &["0612345678", "212-555-0123"]);
}

#[test]
fn international_numbers_are_found_in_any_region() {
    for region in ["NL", "DK", "US", "XX"] {
        all_masked(
            region,
            &[
                "+31612345678",
                "+45 20 12 34 56",
                "+420 602 123 456",
                "+44 (0)20 7946 0958",
                "+49 171 1234567",
                "+1-212-555-0123",
                "+(31) 6 12345678",
                "(+31) 6 12345678",
                "+ 31 6 12345678",
                "+39 06 1234 5678",
                "+32 475 12 34 56",
                "+33 6 12 34 56 78",
                "+998 90 123 45 67",
            ],
        );
    }
    all_masked("US", &["011 31 6 12345678", "0031 6 12345678"]);
}

#[test]
fn what_only_looks_like_a_number_is_left_alone() {
    left_alone(
        "DK",
        &[
            "#20251122",
            "Ordre 20123456",
            "ordre nr. 20123456",
            "25 000 000 kr",
            "2026-11-21",
            "20261121",
            "21.11.2026",
            "0830-1730",
            "20123456789",
            "v2.0.12.34.56",
            "4111 1111 1111 1112",
            "12345678",
        ],
    );
    left_alone(
        "CZ",
        &[
            "250 000 000 Kč",
            "objednávka 602123456",
            "123456789",
            "21. 11. 2026",
            "602 123 456 789",
            "110 00 Praha 1",
        ],
    );
    left_alone(
        "US",
        &["ZIP 12345-6789", "1732150000", "4111 1111 1111 1112", "12:30 - 13:45", "order 2125550123"],
    );
    left_alone(
        "DE",
        &["01067 Dresden", "01.02.2026", "01.02.2026 10", "08.30 - 17.30", "DE89 3704 0044 0532 0130 01"],
    );
    left_alone(
        "NL",
        &[
            "12 + 34567890",
            "+10 000 000",
            "2026-123-45-6789",
            "0000000000",
            "00340434161094000000",
            "550e8400-e29b-41d4-a716-446655440000",
            "3.14159265358979",
            "KvK 12345678",
            "SSN 000-12-3456",
        ],
    );
}

#[test]
fn neighbours_do_not_swallow_each_other() {
    let m = masker("NL");
    assert_eq!(m.mask("+31612345678 2 stuks"), "********5678 2 stuks");
    assert_eq!(m.mask("0612345678, 0687654321"), "******5678, ******4321");
    assert_eq!(m.mask("0201234567/0612345678"), "******4567/******5678");
    assert_eq!(m.mask("1182 4111 1111 1111 1111 0612345678"), "1182 ************1111 ******5678");
    assert_eq!(m.mask("4111 1111 1111 1111, melissa@gmail.com"), "************1111, m******@gmail.com");
    assert_eq!(m.mask("0612345678@x.nl"), "0*********@x.nl", "the longer of two that begin together");
}

#[test]
fn a_card_behind_a_number_that_runs_into_it_is_hidden_whole() {
    let masked = masker("NL").mask("+998 12 4111 1111 1111 1111").into_owned();
    assert!(masked.ends_with("1111") && !masked.ends_with("11111"), "{masked}");
    assert_eq!(masked.chars().filter(char::is_ascii_digit).count(), 4, "{masked}");
    let masked = masker("NL").mask("4111 1111 1111 1111@x.nl").into_owned();
    assert_eq!(masked, "************1***@x.nl");
}

#[test]
fn stars_before_a_card_do_not_hide_it() {
    assert_eq!(masker("NL").mask("***4111 1111 1111 1111"), "***************1111");
}

#[test]
fn spans_name_what_they_found() {
    let text = "4111111111111111 NL91ABNA0417164300 123-45-6789 a.b@c.nl 0612345678";
    let found: Vec<_> = masker("NL").spans(text).map(|s| (s.kind, &text[s.range])).collect();
    assert_eq!(
        found,
        [
            (Kind::Card, "4111111111111111"),
            (Kind::Iban, "NL91ABNA0417164300"),
            (Kind::Ssn, "123-45-6789"),
            (Kind::Email, "a.b@c.nl"),
            (Kind::Phone, "0612345678"),
        ]
    );
}

#[test]
fn settings_switch_each_group() {
    let text = "4111111111111111 and 0612345678";
    assert_eq!(only(true, false).mask(text), "************1111 and 0612345678");
    assert_eq!(only(false, true).mask(text), "4111111111111111 and ******5678");
    assert_eq!(only(false, true).mask("NL91 ABNA 0417 1643 00"), "NL91 ABNA 0417 1643 00");
    let off = Masker::new(Settings { enabled: false, pci: true, pii: true, phone_region: "NL".into() });
    assert_eq!(off.mask(text), text);
    assert_eq!(off.mask_name("0612345678"), "0612345678");
    assert_eq!(off.mask_value(Field::Phone, "0612345678"), "0612345678");
    assert_eq!(off.mask_pci_only(text), "************1111 and 0612345678", "storing is a switch of its own");
}

#[test]
fn a_name_that_is_a_number_is_masked_in_any_shape() {
    let m = masker("NL");
    assert_eq!(m.mask_name("+31612345678"), "********5678");
    assert_eq!(m.mask_name("123 456 789 01"), "*******8901");
    assert_eq!(m.mask_name("1 (555) 123-4567"), "**********4567");
    assert_eq!(m.mask_name("Jan 0612345678"), "Jan ******5678");
    assert_eq!(m.mask_name("melissa@gmail.com"), "m******@gmail.com");
    assert_eq!(m.mask_name("Jan de Vries"), "Jan de Vries");
    assert_eq!(m.mask_name("Agent 47"), "Agent 47");
}

#[test]
fn whole_fields_are_masked_whatever_their_shape() {
    let m = masker("NL");
    assert_eq!(m.mask_value(Field::Phone, "12 34 56"), "**3456");
    assert_eq!(m.mask_value(Field::Phone, "1234"), "****");
    assert_eq!(m.mask_value(Field::Phone, ""), "");
    assert_eq!(m.mask_value(Field::Email, "melissa"), "m******");
    assert_eq!(m.mask_value(Field::Email, "melissa@localhost"), "m******@localhost");
    assert_eq!(m.mask_value(Field::Email, "a@b@c.nl"), "a**@c.nl");
    assert_eq!(m.mask_value(Field::Email, " "), "");
    assert_eq!(m.mask_value(Field::Text, "call 0612345678"), "call ******5678");
    assert_eq!(only(true, false).mask_value(Field::Phone, "4111111111111111"), "************1111");
}

#[test]
fn an_ordinary_text_is_borrowed() {
    for text in ["", "Is my order ready?", "Order 1182 at 10.30", "\u{1f44d}\u{1f3fd}"] {
        assert!(matches!(masker("NL").mask(text), Cow::Borrowed(_)), "{text}");
    }
}

/// Texts made to cost: each kind's detector begins at every glyph and gives up as late as it can.
fn costly(bytes: usize) -> Vec<String> {
    let of = |unit: &str| unit.repeat(bytes / unit.len());
    let at_the_end = format!("{}@x.nl", "a.".repeat(bytes / 2 - 4));
    vec![
        of("4 "),
        of("4"),
        of("0 6 "),
        of("+1 "),
        of("(0"),
        of("(020) "),
        of("NL91"),
        of("GT12A"),
        of("MD 12 a "),
        of("a@"),
        of("a@b."),
        of("\"@"),
        of("ssn "),
        of("1-"),
        of("0612345678-"),
        of("1\u{200b}"),
        of("4111 "),
        of("***4111 "),
        of("www."),
        of("://"),
        of("http://1 "),
        of("1:"),
        at_the_end,
    ]
}

/// Time this thread has had a processor: what else the machine does is not the detectors' cost.
fn worked() -> Duration {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(spent).expect("counts from zero")
}

fn fastest(masker: &Masker, text: &str) -> Duration {
    let run = || {
        let start = worked();
        std::hint::black_box(masker.mask(std::hint::black_box(text)));
        worked() - start
    };
    (0..5).map(|_| run()).min().unwrap_or_default()
}

#[test]
fn the_cost_grows_no_faster_than_the_text() {
    for region in ["NL", "US"] {
        let m = masker(region);
        for (small, large) in costly(2 << 10).iter().zip(costly(32 << 10)) {
            let ratio = fastest(&m, &large).as_secs_f64() / fastest(&m, small).as_secs_f64();
            // 16 times the text; a quadratic detector would take 256 times as long.
            assert!(ratio < 80.0, "{region} {:?}: {ratio:.0}", small.chars().take(9).collect::<String>());
        }
    }
}

#[test]
fn the_worst_text_costs_a_few_times_an_ordinary_one() {
    let ordinary =
        "Hi, order 1182 of 21-11-2026 has not come, call 06 12345678 or mail jan@x.nl. Thanks, Jan. "
            .repeat(44);
    for region in ["NL", "US"] {
        let m = masker(region);
        let floor = fastest(&m, &ordinary).as_secs_f64();
        for text in costly(4 << 10) {
            let ratio = fastest(&m, &text).as_secs_f64() / floor;
            assert!(ratio < 60.0, "{region} {:?}: {ratio:.0}", text.chars().take(9).collect::<String>());
        }
    }
}

/// Texts dense in what matters: digits in groups, separators, stars, letters that begin an IBAN, real numbers.
fn soup() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[0-9]{1,6}",
        3 => prop::sample::select(vec![" ", "-", ".", "/", "(", ")", "+", ":", ",", "\n", "*", "***", "#", "@", "\"", "  ",
            "\u{200b}", "\u{a0}", "\u{2013}", "_", "="]).prop_map(str::to_owned),
        2 => "[a-zA-Z]{1,4}",
        2 => prop::sample::select(vec!["4111 1111 1111 1111", "5555555555554444", "NL91 ABNA 0417 1643 00", "123-45-6789",
            "melissa@gmail.com", "0612345678", "+31 6 12345678", "06", "00", "+45", "20", "SSN ", "https://", "www.",
            "nl91abna0417164300", "٠٦١٢٣٤٥٦٧٨", "@x.nl", "1111", "602 123 456", "2125550123"]).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn region() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["NL", "CZ", "DK", "GB", "DE", "BE", "FR", "US", "IT", "XX"])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn masking_twice_changes_nothing_more(text in soup(), region in region()) {
        let m = masker(region);
        let once = m.mask(&text).into_owned();
        prop_assert_eq!(m.mask(&once), once.as_str(), "{:?}", text);
    }

    #[test]
    fn what_is_not_a_span_stays_byte_for_byte(text in soup(), region in region()) {
        let m = masker(region);
        let masked = m.mask(&text);
        let mut rest: &str = &masked;
        let mut at = 0;
        for span in m.spans(&text) {
            prop_assert!(span.range.start >= at && span.range.end > span.range.start, "{:?} overlaps", span);
            let between = &text[at..span.range.start];
            prop_assert!(rest.starts_with(between), "{:?}: {:?} lacks {:?}", text, masked, between);
            rest = &rest[between.len()..];
            at = span.range.end;
            // A span begins with a star, an address with its first letter; walk over its mask.
            let found = &text[span.range.clone()];
            let (number, domain) = found.split_at(if span.kind == Kind::Email { found.rfind('@').unwrap() } else { found.len() });
            let seen = |c: &char| !c.is_whitespace() && *c != '\u{200b}';
            let visible = number.chars().filter(seen).count() + domain.chars().count();
            rest = &rest[rest.char_indices().nth(visible).map_or(rest.len(), |(i, _)| i)..];
        }
        prop_assert_eq!(rest, &text[at..]);
    }

    #[test]
    fn no_more_than_four_digits_of_a_number_are_left(text in soup(), region in region()) {
        let m = masker(region);
        let masked = m.mask(&text);
        for span in m.spans(&masked) {
            prop_assert!(span.kind == Kind::Email, "{:?} still holds {:?} of {:?}", masked, span, text);
            let local = masked[span.range].rsplit_once('@').map_or("", |(local, _)| local).to_owned();
            prop_assert!(local.chars().skip(1).all(|c| matches!(c, '*' | '"')), "{:?} of {:?}", masked, text);
        }
    }

    #[test]
    fn any_card_is_hidden_in_any_grouping(body in "4[0-9]{14}", cuts in prop::collection::vec(0usize..4, 15), lead in "[a-z ]{0,5}") {
        let card = with_luhn(&body);
        let mut text = lead;
        for (c, cut) in card.chars().zip(cuts.iter().chain([&3])) {
            text.push(c);
            text.push_str(["", " ", "-", ""][*cut]);
        }
        let masked = masker("XX").mask(&text).into_owned();
        let last: String = card[12..].to_owned();
        let left: String = masked.chars().filter(char::is_ascii_digit).collect();
        prop_assert!(last.ends_with(&left), "{} shows {}", text, masked);
    }

    #[test]
    fn any_dutch_mobile_is_hidden(digits in "[1-58][0-9]{7}", form in 0usize..6, lead in "[a-z]{0,6}[ :,(]") {
        let number = match form {
            0 => format!("06{digits}"),
            1 => format!("06-{digits}"),
            2 => format!("06 {} {}", &digits[..4], &digits[4..]),
            3 => format!("+316{digits}"),
            4 => format!("0031 6 {digits}"),
            _ => format!("+31 (0)6 {} {} {} {}", &digits[..2], &digits[2..4], &digits[4..6], &digits[6..]),
        };
        let masked = masker("NL").mask(&format!("{lead}{number}.")).into_owned();
        prop_assert!(masked.starts_with(&lead) && masked.ends_with(&format!("{}.", &digits[4..])), "{number}: {masked}");
        prop_assert_eq!(masked.chars().filter(char::is_ascii_digit).count(), 4, "{}: {}", number, masked);
    }

    #[test]
    fn any_text_at_all_is_survived(text in any::<String>(), region in "[A-Za-z]{0,3}") {
        let m = masker(&region);
        let once = m.mask(&text).into_owned();
        prop_assert_eq!(m.mask(&once), once.as_str());
        for field in [Field::Name, Field::Email, Field::Phone, Field::Text] {
            let value = m.mask_value(field, &text).into_owned();
            prop_assert_eq!(m.mask_value(field, &value), value.as_str(), "{:?} {:?}", field, text);
        }
    }
}

/// The digits with the check digit that makes them a card's.
fn with_luhn(body: &str) -> String {
    let digits = body.bytes().rev().map(|b| u32::from(b - b'0'));
    let sum: u32 =
        digits.enumerate().map(|(i, d)| if i % 2 == 0 { d * 2 / 10 + d * 2 % 10 } else { d }).sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}
