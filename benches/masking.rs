//! What masking costs on the worst 4 KiB beside an ordinary 4 KiB: linear on any input (REQ D-15).
//!
//! Times are medians within one run, quoted as ratios; instructions come from valgrind, as the difference of two runs.

#[path = "support/count.rs"]
mod count;

use std::hint::black_box;
use std::time::Instant;

use count::instructions;
use deskbell::masking::{Masker, Settings};

const BYTES: usize = 4096;

/// A text, and the region of the desk that reads it.
type Input = (&'static str, &'static str, String);

/// Inputs by name; the first is what a customer writes, and the floor. The last four are the worst that a search by
/// chance has found.
fn inputs() -> Vec<Input> {
    let dutch = [
        (
            "ordinary talk",
            "Good morning, do you have the table lamp of 45 cm in stock? I can be there after 17:30 today. ",
        ),
        ("digits only", "4"),
        ("digits and spaces", "4 1 "),
        ("cards that fail their checksum", "4111 1111 1111 1112 "),
        ("cards", "4111 1111 1111 1111 "),
        ("IBANs that fail", "NL91 ABNA 0417 1643 01 "),
        ("letters like an IBAN", "NL91ABNA"),
        ("phones", "+31 6 8765 4321 "),
        ("plus signs and brackets", "+(1)-"),
        ("at signs", "a@"),
        ("an address without end", "a.b@c."),
        ("digits of Arabic script", "\u{664}"),
        ("zero-width between digits", "4\u{200b}"),
    ];
    let others = [
        ("digits and slashes, no region", "XX", "2 6/"),
        ("digits and slashes, US", "US", "3/"),
        ("zeros in brackets, US", "US", "(0"),
        ("digits and dots, DK", "DK", "2/2 ."),
    ];
    let all = dutch.into_iter().map(|(name, part)| (name, "NL", part)).chain(others);
    all.map(|(name, region, part)| (name, region, part.repeat(BYTES / part.len()))).collect()
}

fn masker(region: &str) -> Masker {
    Masker::new(Settings { enabled: true, pci: true, pii: true, phone_region: region.to_owned() })
}

fn nanoseconds(masker: &Masker, text: &str) -> f64 {
    const BATCHES: usize = 15;
    const ROUNDS: u32 = 40;
    let mut times: Vec<f64> = (0..BATCHES)
        .map(|_| {
            let begun = Instant::now();
            for _ in 0..ROUNDS {
                black_box(masker.mask(black_box(text)));
            }
            begun.elapsed().as_nanos() as f64 / f64::from(ROUNDS)
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[BATCHES / 2]
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let inputs = inputs();
    if let [_, only, at, rounds] = &arguments[..]
        && only == "only"
    {
        let (_, region, text) = &inputs[at.parse::<usize>().expect("a number")];
        let masker = masker(region);
        for _ in 0..rounds.parse::<u32>().expect("a number") {
            black_box(masker.mask(black_box(text)));
        }
        return;
    }
    println!("masking: 4 KiB of each, beside 4 KiB of ordinary talk");
    println!("{:>32} {:>12} {:>7} {:>14} {:>7}", "text", "median ns", "ratio", "instructions", "ratio");
    let mut floor: Option<(f64, Option<u64>)> = None;
    for (at, (name, region, text)) in inputs.iter().enumerate() {
        let (time, count) = (nanoseconds(&masker(region), text), instructions(&[&at.to_string()]));
        let (base_time, base_count) = *floor.get_or_insert((time, count));
        let ratio = match (count, base_count) {
            (Some(count), Some(base)) => format!("{:.2}", count as f64 / base as f64),
            _ => "-".into(),
        };
        let count = count.map_or("no valgrind".into(), |count| count.to_string());
        println!("{name:>32} {time:>12.0} {:>7.2} {count:>14} {ratio:>7}", time / base_time);
    }
}
