//! What staff must not read: card numbers, IBANs, US social security numbers, e-mail addresses and telephone
//! numbers, found inside free text and masked before a byte leaves the box (REQ S3-11 to S3-25, D-15).
//!
//! Everything here is a pure function of the text and the desk's settings, and costs time in proportion to
//! the text's length whatever it holds.
//!
//! What it finds, and what it does not:
//! - Digits of every script, with invisible characters between them, are the digits they look like.
//! - A card or an IBAN may run over one line break; other numbers may not, since lists stand in lines.
//! - A number split over two messages is not joined: each message is masked by itself.
//! - Spelt-out numbers and addresses ("oh six", "melissa at gmail dot com") are not recognised.
//! - A row of digits without `+` or leading 0 is a telephone number only in the shapes of the desk's region.
//! - Where two matches overlap the one that begins first wins, the longer of two that begin together; a card
//!   or IBAN that reaches beyond it is found as well.

mod card;
mod digits;
mod e164;
mod email;
mod examples;
mod iban;
mod numbering;
mod phone;
mod scan;
mod ssn;

pub use e164::e164;
pub use examples::EXAMPLES;

use std::borrow::Cow;
use std::ops::Range;

use numbering::Plan;
use scan::Scan;

/// Visible characters of a number that stay readable (REQ S3-13).
const KEEP: usize = 4;

/// Digits of the shortest name that is taken for a telephone number (REQ S3-25).
const NAME_DIGITS_MIN: usize = 7;

/// The desk's `[masking]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whether staff see masks at all.
    pub enabled: bool,
    /// Cards, IBANs and SSNs.
    pub pci: bool,
    /// E-mail addresses and telephone numbers.
    pub pii: bool,
    /// Where national telephone numbers are read, as two letters of ISO 3166 (`NL`).
    pub phone_region: String,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A payment card.
    Card,
    /// An international bank account number.
    Iban,
    /// A US social security number.
    Ssn,
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
}

/// One thing found in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Bytes of the text, on character boundaries. Spans never overlap.
    pub range: Range<usize>,
    /// What it is.
    pub kind: Kind,
    /// Visible characters at its end that stay. Fewer than four when another span begins inside them.
    keep: usize,
}

/// Which whole field of a contact or context a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The customer's name: masked when it is a telephone number (REQ S3-25).
    Name,
    /// An e-mail address, masked whatever its shape.
    Email,
    /// A telephone number, masked whatever its shape.
    Phone,
    /// Anything else: masked like a message.
    Text,
}

/// The masks of one desk. Cheap to make and to copy.
///
/// ```
/// use deskbell::masking::{Masker, Settings};
/// let masker = Masker::new(Settings { enabled: true, pci: true, pii: true, phone_region: "NL".into() });
/// assert_eq!(masker.mask("Call +447966197542"), "Call *********7542");
/// ```
#[derive(Clone, Copy)]
pub struct Masker {
    pci: bool,
    pii: bool,
    plan: &'static Plan,
}

impl Masker {
    /// The masks that these settings ask for. An unknown region gets a plan that fits most of the world.
    pub fn new(settings: Settings) -> Masker {
        Masker {
            pci: settings.enabled && settings.pci,
            pii: settings.enabled && settings.pii,
            plan: Plan::of(&settings.phone_region),
        }
    }

    /// A text as staff may read it (REQ S3-11, S3-12). Borrowed when nothing is masked.
    pub fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let spans = self.find(text);
        if spans.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(scan::write_masked(text, &spans)) }
    }

    /// What [`mask`](Self::mask) would mask, in order.
    pub fn spans(&self, text: &str) -> impl Iterator<Item = Span> + use<> {
        self.find(text).into_iter()
    }

    /// A text with cards, IBANs and SSNs masked whatever the settings: what is stored under `store_pci = false`.
    pub fn mask_pci_only<'t>(&self, text: &'t str) -> Cow<'t, str> {
        Masker { pci: true, pii: false, plan: self.plan }.mask(text)
    }

    /// A text with everything masked whatever the settings: what a provider says, which names whom it is about.
    pub fn mask_all<'t>(&self, text: &'t str) -> Cow<'t, str> {
        Masker { pci: true, pii: true, plan: self.plan }.mask(text)
    }

    /// A customer's name: masked whole when it is a telephone number in any shape (REQ S3-25), else like a text.
    pub fn mask_name<'t>(&self, name: &'t str) -> Cow<'t, str> {
        if self.pii && is_number(name) { self.mask_value(Field::Phone, name) } else { self.mask(name) }
    }

    /// A whole field. An e-mail address or telephone number is masked even when no detector would know it.
    pub fn mask_value<'t>(&self, field: Field, value: &'t str) -> Cow<'t, str> {
        match field {
            Field::Name => self.mask_name(value),
            Field::Text => self.mask(value),
            Field::Email if self.pii => {
                let mut out = String::with_capacity(value.len());
                email::write_mask(&mut out, value.trim());
                Cow::Owned(out)
            }
            Field::Phone if self.pii => {
                let mut out = String::with_capacity(value.len());
                // Four characters or fewer would stay readable as a whole.
                let keep = if scan::visible(value).count() > KEEP { KEEP } else { 0 };
                scan::write_stars(&mut out, value, keep);
                Cow::Owned(out)
            }
            // Masking of personal data is off, yet a card typed into the wrong field is still a card.
            Field::Email | Field::Phone => self.mask(value),
        }
    }

    fn find(&self, text: &str) -> Vec<Span> {
        if !(self.pci || self.pii) || !scan::is_worth_scanning(text) {
            return Vec::new();
        }
        let scan = Scan::new(text);
        let addresses = if self.pii { email::find_all(&scan) } else { Vec::new() };
        Search {
            masker: *self,
            scan,
            addresses,
            next_address: 0,
            dead_until: 0,
            readable: 0..0,
            spans: Vec::new(),
        }
        .run()
    }
}

/// A name made of nothing but a telephone number's characters.
fn is_number(name: &str) -> bool {
    let mut digits = 0;
    name.chars().filter_map(scan::fold).all(|c| {
        digits += usize::from(c.is_ascii_digit());
        c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | '/' | '(' | ')') || c.is_whitespace()
    }) && digits >= NAME_DIGITS_MIN
}

/// A number found at one place: what, and the glyph behind it.
type Match = (Kind, usize);

/// The longer of two that begin together; the first when they are as long.
fn longest(one: Option<Match>, other: Option<Match>) -> Option<Match> {
    match (one, other) {
        (Some(one), Some(other)) if other.1 > one.1 => Some(other),
        (one, other) => one.or(other),
    }
}

/// What the checksums say of one place.
enum Checked {
    Valid(Kind, usize),
    NearMiss(usize),
}

fn checked_at(scan: &Scan, i: usize) -> Option<Checked> {
    if scan.is_digit(i) {
        return Some(match card::find(scan, i)? {
            card::Found::Valid(end) => Checked::Valid(Kind::Card, end),
            card::Found::NearMiss(end) => Checked::NearMiss(end),
        });
    }
    Some(match iban::find(scan, i)? {
        iban::Found::Valid(end) => Checked::Valid(Kind::Iban, end),
        iban::Found::NearMiss(end) => Checked::NearMiss(end),
    })
}

/// One walk over a text, from left to right.
struct Search {
    masker: Masker,
    scan: Scan,
    addresses: Vec<email::Address>,
    next_address: usize,
    /// No telephone number or SSN begins before this glyph: something laid out like a card or IBAN is there.
    dead_until: usize,
    /// The glyphs that the last match leaves readable. A longer number may begin in them.
    readable: Range<usize>,
    spans: Vec<Span>,
}

impl Search {
    fn run(mut self) -> Vec<Span> {
        let mut i = 0;
        while i < self.scan.len() {
            i = match self.longest_at(i) {
                Some((kind, end)) => self.take(kind, i, end),
                None => i + 1,
            };
        }
        self.spans
    }

    /// Adds a match and gives the glyph where the search goes on.
    fn take(&mut self, kind: Kind, start: usize, end: usize) -> usize {
        // A card or IBAN that begins inside this match and ends beyond it must not be cut in two.
        let is_longer =
            |k: &usize| matches!(checked_at(&self.scan, *k), Some(Checked::Valid(_, e)) if e > end);
        let beyond = (start + 1..end).find(|k| self.masker.pci && is_longer(k));
        let (end, keep) = match beyond {
            Some(next) => (next, 0),
            None => (end, if kind == Kind::Email { 0 } else { KEEP }),
        };
        let range = self.scan.bytes(start, end);
        if let Some(last) = self.spans.last_mut().filter(|_| self.readable.contains(&start)) {
            last.keep = start - self.readable.start;
            last.range.end = range.start;
        }
        self.spans.push(Span { range, kind, keep });
        self.dead_until = 0;
        if kind == Kind::Email {
            self.readable = end..end;
            return end;
        }
        let stays = self.scan.star(start, end, keep);
        self.readable = stays..end;
        if let Some(address) = self.addresses.get_mut(self.next_address) {
            address.reach_back(&self.scan, stays..end);
        }
        stays
    }

    /// The longest match that begins at `i`.
    fn longest_at(&mut self, i: usize) -> Option<Match> {
        let first = self.scan.ch(i);
        if first.is_ascii_digit() && !self.scan.starts_group(i) || first.is_alphabetic() && !first.is_ascii()
        {
            // No number begins here, whatever its kind.
            return self.address_at(i);
        }
        if first.is_ascii_alphabetic() {
            let checked = self.checked(i);
            let address = self.address_at(i);
            return longest(checked, address);
        }
        if !first.is_alphanumeric() && !matches!(first, '+' | '(') {
            return None;
        }
        let Masker { pci, pii, plan } = self.masker;
        let checked = self.checked(i);
        let is_dead = i < self.dead_until;
        let address = self.address_at(i);
        let ssn = || ssn::find(&self.scan, i).map(|end| (Kind::Ssn, end));
        let phone = || phone::find(&self.scan, plan, i, is_dead).map(|end| (Kind::Phone, end));
        let ssn = if pci && !is_dead { ssn() } else { None };
        let phone = if pii { phone() } else { None };
        longest(longest(checked, ssn), longest(phone, address))
    }

    /// The card or IBAN that begins at `i`. Near misses, and what is not to be masked, are known for what they are:
    /// no telephone number begins inside them.
    fn checked(&mut self, i: usize) -> Option<Match> {
        match checked_at(&self.scan, i)? {
            Checked::Valid(kind, end) if self.masker.pci => Some((kind, end)),
            Checked::Valid(_, end) | Checked::NearMiss(end) => {
                self.dead_until = self.dead_until.max(end);
                None
            }
        }
    }

    fn address_at(&mut self, i: usize) -> Option<Match> {
        while self.addresses.get(self.next_address).is_some_and(|address| address.at <= i) {
            self.next_address += 1;
        }
        let address = self.addresses.get(self.next_address)?;
        address.begins_at(&self.scan, i).then_some((Kind::Email, address.end))
    }
}

impl Span {
    /// Writes what staff see instead of `written`, the text of this span.
    fn write(&self, out: &mut String, written: &str) {
        match self.kind {
            Kind::Email => email::write_mask(out, written),
            _ => scan::write_stars(out, written, self.keep),
        }
    }
}
