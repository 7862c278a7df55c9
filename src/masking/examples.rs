//! What is masked and what is not, by example. The manual prints this table and the tests run it.

/// A text, what staff see of it, and why; under `pci` and `pii`, with the region `NL`.
pub const EXAMPLES: &[(&str, &str, &str)] = &[
    // ── telephone numbers ──
    ("+ 1 (123) 456 7890", "**********7890", "white space dropped, then all but the last four starred"),
    ("+447966197542", "*********7542", "thirteen characters, nine stars"),
    ("Call +31 6 12345678 after six", "Call ********5678 after six", "the words around a number stay"),
    ("0031 6 12 34 56 78", "*********5678", "the international prefix in digits"),
    ("+31 (0)6 1234 5678", "***********5678", "the 0 that nobody dials and everybody writes"),
    ("06-12345678", "*******5678", "national, as dialled in the desk's region"),
    ("06 12 34 56 78 or 020 123 45 67", "******5678 or ******4567", "two numbers, each by itself"),
    ("(020) 123 45 67", "********4567", "parentheses belong to the number that begins with them"),
    ("(0612345678)", "(******5678)", "and stay outside when they only enclose it"),
    ("call 31612345678", "call *******5678", "a mobile of the region with its country code and no plus"),
    ("+420 602 123 456", "*********3456", "other countries by their plus"),
    ("*0612345678*", "*******5678*", "bold type is not a mask"),
    // ── e-mail addresses ──
    (
        "melissa@gmail.com",
        "m******@gmail.com",
        "first letter and domain kept, a star for each letter between",
    ),
    (
        "Mail me: o.neil+shop@mail.example.co.uk.",
        "Mail me: o**********@mail.example.co.uk.",
        "the full stop ends the sentence",
    ),
    ("<jörg@müller.de>", "<j***@müller.de>", "letters of any language"),
    ("a@example.com", "a@example.com", "a first letter and nothing more to star"),
    // ── cards ──
    ("4111 1111 1111 1111", "************1111", "in fours"),
    ("4111-1111-1111-1111", "***************1111", "dashes count as characters"),
    ("4111.1111.1111.1111", "***************1111", "so do dots"),
    ("378282246310005", "***********0005", "American Express has fifteen digits"),
    ("My card is 5555555555554444, exp 12/28", "My card is ************4444, exp 12/28", "in a sentence"),
    ("4111 1111\n1111 1111", "************1111", "over one line break"),
    ("visa4111111111111111", "visa************1111", "typed without its blank"),
    // ── bank accounts ──
    ("NL91 ABNA 0417 1643 00", "**************4300", "in fours"),
    ("iban nl91abna0417164300", "iban **************4300", "lower case"),
    ("DE89370400440532013000", "******************3000", "every country of the registry"),
    // ── US social security numbers ──
    ("123-45-6789", "*******6789", "three, two, four"),
    ("123 45 6789", "*****6789", "with blanks"),
    ("SSN: 123456789", "SSN: *****6789", "in a row only when it is named"),
    // ── in other clothes ──
    ("٤١١١ ١١١١ ١١١١ ١١١١", "************١١١١", "digits of another script"),
    ("４１１１１１１１１１１１１１１１", "************１１１１", "full width"),
    ("06\u{2013}12345678", "*******5678", "an en dash"),
    ("4111\u{a0}1111\u{a0}1111\u{a0}1111", "************1111", "spaces that do not break"),
    ("4111\u{200b}1111\u{200b}1111\u{200b}1111", "************1111", "spaces that cannot be seen"),
    ("melissa\u{200b}@gmail.com", "m******@gmail.com", "nor in an address"),
    // ── left alone ──
    ("4111 1111 1111 1112", "4111 1111 1111 1112", "wrong checksum"),
    ("NL91 ABNA 0417 1643 01", "NL91 ABNA 0417 1643 01", "wrong checksum"),
    ("666-12-3456 and 900-12-3456", "666-12-3456 and 900-12-3456", "never issued"),
    ("Order 1182", "Order 1182", "an order number"),
    ("#20251122", "#20251122", "a longer one"),
    ("INV-2026-0041822", "INV-2026-0041822", "an invoice"),
    ("order 123456789", "order 123456789", "nine digits that nobody calls an SSN"),
    ("2026-11-21, 21-11-2026, 21.11.2026", "2026-11-21, 21-11-2026, 21.11.2026", "dates"),
    ("10.30, 08:30-17:30, 08.30 - 17.30", "10.30, 08:30-17:30, 08.30 - 17.30", "times"),
    ("1.299,00 or 12 500 000", "1.299,00 or 12 500 000", "prices"),
    ("3SABCD0123456789", "3SABCD0123456789", "a parcel's tracking number"),
    ("1Z999AA10123456784", "1Z999AA10123456784", "another"),
    ("JVGL0612345678", "JVGL0612345678", "capitals make a code of a number"),
    ("1.12.0 and 192.168.100.200", "1.12.0 and 192.168.100.200", "versions and network addresses"),
    ("1234 AB Utrecht", "1234 AB Utrecht", "a postal code"),
    (
        "https://shop.example/p/0612345678?id=20251122",
        "https://shop.example/p/0612345678?id=20251122",
        "numbers in a web address",
    ),
    ("52.0907374, 5.1214201", "52.0907374, 5.1214201", "a place on the map"),
    ("@anna wrote me@work", "@anna wrote me@work", "no domain, no address"),
];
