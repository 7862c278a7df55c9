//! What it costs that a message can be found: the bytes of its share of the conversation's trace, and the instructions
//! of making it, beside those of masking it for staff once (REQ B-11).

#[path = "support/count.rs"]
mod count;

use std::hint::black_box;

use count::instructions;
use deskbell::finding::trace::{Gathering, Trace, name};
use deskbell::masking::{Masker, Settings};
use deskbell::store::records::Record;

/// A conversation as a branch has it.
const TALK: [&str; 10] = [
    "Good morning, do you have the table lamp of 45 cm in stock?",
    "Good morning! I will have a look, one moment please.",
    "There are four of them in the shop in Utrecht, and one here.",
    "Could you keep the one for me? I can be there after 17:30 today.",
    "Of course. May I have your name and a telephone number?",
    "Melissa de Vries, +31 6 8765 4321, or melissa@gmail.com",
    "Thank you. It is at the counter, and we are open until 21:00.",
    "Great. Does it come with a bulb, or do I need to buy one?",
    "It comes with an LED bulb of 6 W, warm white, with two years of warranty.",
    "Perfect, see you this afternoon. Thanks for your help!",
];

fn masker() -> Masker {
    Masker::new(Settings { enabled: true, pci: true, pii: true, phone_region: "NL".to_owned() })
}

fn masked(masker: &Masker) {
    for text in TALK {
        black_box(masker.mask(black_box(text)));
    }
}

fn traced(masker: &Masker) -> Trace {
    let mut gathering = Gathering::default();
    for text in TALK {
        gathering.add(&masker.mask(black_box(text)));
    }
    let names = vec![name('q', "front"), name('w', "web-live"), name('a', "alice")];
    Trace { started_ms: 1_772_000_000_000, masks: 7, names, contact: Some(9), words: gathering.finish() }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let masker = masker();
    if let [_, only, what, rounds] = &arguments[..]
        && only == "only"
    {
        for _ in 0..rounds.parse::<u32>().expect("a number") {
            match &**what {
                "masked" => masked(&masker),
                _ => drop(black_box(traced(&masker))),
            }
        }
        return;
    }
    let (mut bytes, mut said) = (Vec::new(), 0);
    traced(&masker).encode(&mut bytes);
    for text in TALK {
        said += text.len();
    }
    let many = TALK.len();
    println!("finding: a talk of {many} messages, {} bytes each", said / many);
    println!("  its trace, a message                 {:>8} bytes", bytes.len() / many);
    let each = |what: &str| {
        instructions(&[what]).map_or("no valgrind".to_owned(), |count| (count / many as u64).to_string())
    };
    println!("  masking for staff, a message         {:>8} instructions", each("masked"));
    println!("  masking and tracing, a message       {:>8} instructions", each("traced"));
}
