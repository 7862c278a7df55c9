//! Telephone numbers in free text: international ones anywhere, national ones of the desk's region.
//!
//! They have no checksum, so what surrounds them decides: dates, amounts, codes and the numbers in a web
//! address are told apart by grouping and neighbours. In doubt a number with a `+` or a leading 0 is masked,
//! and a bare row of digits is not.

use super::digits::Run;
use super::numbering::{self, Plan};
use super::scan::{Gap, Scan};

/// Where the number that begins at `i` ends. `is_dead`: inside another kind's near miss, where only a `+`
/// begins a number.
pub(super) fn find(scan: &Scan, plan: &Plan, i: usize, is_dead: bool) -> Option<usize> {
    match scan.ch(i) {
        '+' => after_plus(scan, i),
        '(' => in_parentheses(scan, plan, i, is_dead),
        '0'..='9' if scan.starts_group(i) && !is_dead && !scan.is_in_url(i) => without_plus(scan, plan, i),
        _ => None,
    }
}

/// `+31 6 …`, `+ 1 (123) …`, `+(31) 6 …`.
fn after_plus(scan: &Scan, i: usize) -> Option<usize> {
    let digits_at = (i + 1..=i + 3).find(|&k| !matches!(scan.ch(k), ' ' | '('))?;
    if !scan.is_digit(digits_at) || is_sum(scan, i) {
        return None;
    }
    let run = scan.run(digits_at, Gap::Phone);
    let complete = run.ends_at(numbering::international(run.all())).next();
    let end = complete.or_else(|| run.ends_at(numbering::plausible(run.all())).next());
    end.map(|(end, _)| end)
}

/// `12 + 34567890`: a plus with blanks around it and a number before it adds.
fn is_sum(scan: &Scan, i: usize) -> bool {
    scan.ch(i + 1) == ' ' && i >= 2 && (scan.is_digit(i - 1) || scan.before(i) == ' ' && scan.is_digit(i - 2))
}

/// `(020) 123 45 67`, `(+31) 6 …`, `(123) 456-7890`: only when the parenthesis closes inside the number.
fn in_parentheses(scan: &Scan, plan: &Plan, i: usize, is_dead: bool) -> Option<usize> {
    let inner = |k: &usize| scan.is_digit(*k) || scan.ch(*k) == '+';
    let close = (i + 1..i + 7).find(|k| !inner(k)).filter(|&k| k > i + 2 && scan.ch(k) == ')')?;
    let end = if scan.ch(i + 1) == '+' {
        after_plus(scan, i + 1)
    } else if is_dead || scan.is_in_url(i) {
        None
    } else {
        let run = scan.run(i + 1, Gap::Phone);
        let american = run.end(10).filter(|_| run.is_grouped(&[3, 3, 4]));
        american.filter(|&end| !is_code_after(scan, end)).or_else(|| without_plus(scan, plan, i + 1))
    };
    end.filter(|&end| end > close)
}

fn without_plus(scan: &Scan, plan: &Plan, i: usize) -> Option<usize> {
    if !plan.may_begin(scan.ch(i)) || is_code_before(scan, i) {
        return None;
    }
    let run = scan.run(i, Gap::Phone);
    // After a 0 any grouping goes; without one there are the shapes, and `31 6 12 34 56 78`.
    let run = if scan.ch(i) == '0' { run } else { run.of_groups(6) };
    if is_date(scan, &run) {
        return None;
    }
    let is_whole = |&(end, _): &(usize, usize)| !is_code_after(scan, end);
    if let Some((end, _)) = run.ends_at(plan.dialled(run.all())).find(is_whole) {
        return Some(end);
    }
    let is_bare = |&(end, count): &(usize, usize)| {
        let is_plain = run.ends().next() == Some((end, count));
        plan.is_bare(run.digits(count), is_plain)
            && !is_code_after(scan, end)
            && is_alone(scan, i, end, is_plain)
    };
    run.ends_at(plan.shaped(&run)).find(is_bare).map(|(end, _)| end)
}

/// Whether what touches the number on its left makes it a code: `#…`, `INV-…`, `JVGL…`, a decimal fraction.
fn is_code_before(scan: &Scan, i: usize) -> bool {
    let before_that = if i >= 2 { scan.ch(i - 2) } else { '\n' };
    match scan.before(i) {
        '#' | '_' => true,
        '/' | '-' => before_that.is_alphabetic(),
        '.' | ',' => before_that.is_ascii_digit(),
        c if c.is_alphabetic() => {
            let word = (0..i).rev().take_while(|&k| scan.ch(k).is_alphabetic()).take(3).count();
            !c.is_lowercase() || word < 3 || scan.before(i - word).is_ascii_digit()
        }
        _ => false,
    }
}

/// The same on its right: letters belong to a code unless they are a lower-case word typed without its blank.
fn is_code_after(scan: &Scan, end: usize) -> bool {
    if scan.starts_mask(end) {
        return true;
    }
    let is_extension = scan.ch(end) == 'x' && scan.is_digit(end + 1);
    if !scan.ch(end).is_alphabetic() || is_extension {
        return matches!(scan.ch(end), '_' | '%');
    }
    let word_end = (end..end + 3).find(|&k| !scan.ch(k).is_lowercase()).unwrap_or(end + 3);
    let goes_on = scan.ch(word_end).is_alphanumeric() && !scan.ch(word_end).is_lowercase();
    word_end - end < 2 || goes_on || scan.starts_mask(word_end)
}

/// Whether a bare number, one without `+` or 0, is not part of a longer row, an amount, or named otherwise.
fn is_alone(scan: &Scan, i: usize, end: usize, is_plain: bool) -> bool {
    let joins = |c: char| matches!(c, '-' | '.' | '/' | ',' | ':') || (c == ' ' && !is_plain);
    let before = i >= 2 && joins(scan.before(i)) && scan.is_digit(i - 2);
    let after = joins(scan.ch(end)) && (scan.is_digit(end + 1) || scan.starts_mask(end + 1));
    let is_touched = scan.before(i).is_alphabetic() || matches!(scan.before(i), '-' | '/' | '.' | '=');
    !(before || after || is_touched || is_amount(scan, i, end) || (is_plain && is_reference(scan, i)))
}

fn is_amount(scan: &Scan, i: usize, end: usize) -> bool {
    let is_sign = |c| matches!(c, '€' | '$' | '£' | '¥');
    let before = if scan.before(i) == ' ' && i >= 2 { scan.ch(i - 2) } else { scan.before(i) };
    let next = if scan.ch(end) == ' ' { end + 1 } else { end };
    let word: String = (next..next + 4).map(|k| scan.ch(k)).take_while(|c| c.is_alphabetic()).collect();
    let is_unit =
        matches!(word.to_lowercase().as_str(), "kč" | "czk" | "kr" | "dkk" | "eur" | "euro" | "usd" | "nok");
    is_sign(before) || is_sign(scan.ch(next)) || is_unit || (scan.ch(end) == ',' && scan.ch(end + 1) == '-')
}

/// Whether one of the two words before `i` says that a reference follows, as in `Order no. 12345678`.
fn is_reference(scan: &Scan, i: usize) -> bool {
    let is_between = |c: char| c.is_alphabetic() || matches!(c, ' ' | ':' | '.' | '#');
    let from = (i.saturating_sub(24)..i).rev().take_while(|&k| is_between(scan.ch(k))).last().unwrap_or(i);
    let before: String = (from..i).map(|k| scan.ch(k)).collect::<String>().to_lowercase();
    let mut words = before.split(|c: char| !c.is_alphabetic()).filter(|w| !w.is_empty()).rev().take(2);
    words.any(|word| REFERENCES.iter().any(|stem| word.starts_with(stem)))
}

/// How words begin that name a number which is not a telephone's: English, Dutch, Czech, Danish.
const REFERENCES: &[&str] = &[
    "order", "ref", "invoice", "case", "ticket", "track", "customer", "account", "bestel", "factuur", "zaak",
    "klant", "rekening", "kvk", "objedn", "faktur", "zákaz", "zakaz", "ičo", "účet", "ordre", "bestil",
    "sag", "kunde", "konto", "cvr",
];

/// `21-11-2026`, `2026-11-21`, `1/2/26`, and eight digits that read as a day of these centuries. With blanks
/// between it is not a date: `06 12 34 56 78` is the usual way to write a number.
fn is_date(scan: &Scan, run: &Run<'_>) -> bool {
    let value = |from: usize, to: usize| run.digits(to)[from..].iter().fold(0, |n, &d| n * 10 + u32::from(d));
    if run.is_grouped(&[8]) {
        return is_day(value(0, 4), value(4, 6), value(6, 8))
            || is_day(value(4, 8), value(2, 4), value(0, 2));
    }
    let mut ends = run.ends();
    let (Some(first), Some(second), Some(third)) = (ends.next(), ends.next(), ends.next()) else {
        return false;
    };
    let mark = scan.ch(first.0);
    let goes_on = scan.ch(third.0) == mark && scan.is_digit(third.0 + 1);
    if !matches!(mark, '-' | '.' | '/') || scan.ch(second.0) != mark || goes_on {
        return false;
    }
    let parts = || (value(0, first.1), value(first.1, second.1), value(second.1, third.1));
    match (first.1, second.1 - first.1, third.1 - second.1) {
        (4, 1..=2, 1..=2) => {
            let (year, month, day) = parts();
            is_day(year, month, day)
        }
        (1..=2, 1..=2, size @ (2 | 4)) => {
            let (a, b, year) = parts();
            let year = if size == 2 { 2000 + year } else { year };
            is_day(year, b, a) || is_day(year, a, b)
        }
        _ => false,
    }
}

fn is_day(year: u32, month: u32, day: u32) -> bool {
    (1900..=2099).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day)
}
