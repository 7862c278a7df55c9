//! The digits of a text, and which of them can be read as one number.
//!
//! A number may begin at every digit, has up to nineteen, and is read in three ways. Reading those nineteen again at
//! each of them made a text of digits and blanks cost thirteen times what ordinary talk costs. So what is asked for is
//! noted once for each digit, and what begins at one is a slice.

use super::scan::{GAPS, Gap};

/// Digits of the longest number any detector reads (a card's 19), and one to notice that it is too long.
pub(super) const RUN_DIGITS_MAX: usize = 20;

/// A set of counts of digits, as bits.
pub(super) type Lengths = u32;

/// One length.
pub(super) const fn bit(length: usize) -> Lengths {
    1 << length
}

/// The lengths from one to another, both included.
pub(super) const fn between(least: usize, most: usize) -> Lengths {
    bit(most + 1) - bit(least)
}

/// How one digit stands.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    /// Its glyph.
    pub(super) glyph: usize,
    /// Whether a group ends with it. Not before the stars of a masked mailbox: there it is that one's first letter.
    pub(super) is_end: bool,
    /// By gap, the last digit that can belong to the same number.
    pub(super) last: [usize; GAPS.len()],
}

/// All digits of a text, by their numbers from 0.
#[derive(Debug)]
pub(super) struct Digits {
    values: Vec<u8>,
    places: Vec<Place>,
    /// Before each digit and behind the last: the sum of all with those of even numbers doubled as the checksum of Luhn
    /// has it, and with those of odd ones.
    sums: Vec<(u32, u32)>,
}

impl Digits {
    pub(super) fn new() -> Digits {
        Digits { values: Vec::new(), places: Vec::new(), sums: vec![(0, 0)] }
    }

    pub(super) fn count(&self) -> usize {
        self.values.len()
    }

    /// One more behind the others, whose place is told later.
    pub(super) fn push(&mut self, value: u8) {
        let once = u32::from(value);
        let twice = if once > 4 { once * 2 - 9 } else { once * 2 };
        let (even, odd) = self.sums[self.count()];
        let is_even = self.count().is_multiple_of(2);
        self.sums.push(if is_even { (even + twice, odd + once) } else { (even + once, odd + twice) });
        self.values.push(value);
        self.places.push(Place::default());
    }

    pub(super) fn place(&self, digit: usize) -> Place {
        self.places[digit]
    }

    pub(super) fn put(&mut self, digit: usize, place: Place) {
        self.places[digit] = place;
    }

    /// What can be read as one number from a digit on, over such gaps.
    pub(super) fn run(&self, first: usize, gap: Gap) -> Run<'_> {
        let end = (self.places[first].last[gap as usize] + 1).min(first + RUN_DIGITS_MAX);
        Run { digits: self, first, end }
    }
}

/// Up to [`RUN_DIGITS_MAX`] digits that can be read as one number, with every place where it might end.
#[derive(Clone, Copy)]
pub(super) struct Run<'d> {
    digits: &'d Digits,
    first: usize,
    end: usize,
}

impl<'d> Run<'d> {
    /// All of them, those of a last group that is too long included.
    pub(super) fn all(&self) -> &'d [u8] {
        &self.digits.values[self.first..self.end]
    }

    /// The first `count` of them.
    pub(super) fn digits(&self, count: usize) -> &'d [u8] {
        &self.all()[..count]
    }

    /// The places where the number might end, nearest first: the glyph behind it, and its count of digits.
    pub(super) fn ends(&self) -> impl Iterator<Item = (usize, usize)> + use<'d> {
        let places = self.digits.places[self.first..self.end].iter().zip(1..);
        places.filter(|(place, _)| place.is_end).map(|(place, count)| (place.glyph + 1, count))
    }

    /// The glyph behind a number of this many digits, when it can have so many.
    pub(super) fn end(&self, count: usize) -> Option<usize> {
        let last =
            (self.first + count).checked_sub(1).filter(|last| (self.first..self.end).contains(last))?;
        Some(&self.digits.places[last]).filter(|place| place.is_end).map(|place| place.glyph + 1)
    }

    /// The ends of numbers of these lengths, the longest first: the glyph behind, and the count.
    pub(super) fn ends_at(&self, lengths: Lengths) -> impl Iterator<Item = (usize, usize)> + use<'_, 'd> {
        let mut left = lengths;
        let longest = move || {
            let count = left.checked_ilog2()? as usize;
            left &= !bit(count);
            Some(count)
        };
        std::iter::from_fn(longest).filter_map(|count| Some((self.end(count)?, count)))
    }

    /// The same without what lies behind so many groups.
    pub(super) fn of_groups(self, groups_max: usize) -> Run<'d> {
        let last = self.ends().nth(groups_max - 1).map_or(self.end, |(_, count)| self.first + count);
        Run { end: last, ..self }
    }

    /// Whether the first groups have exactly these sizes.
    pub(super) fn is_grouped(&self, sizes: &[u8]) -> bool {
        let mut places = self.digits.places[self.first..self.end].iter();
        sizes.iter().all(|&size| {
            let inner = usize::from(size) - 1;
            places.by_ref().take(inner).all(|place| !place.is_end)
                && places.next().is_some_and(|place| place.is_end)
        })
    }

    /// Whether the first `count` have the checksum of Luhn: every second one doubled, counted from the last, which is
    /// not.
    pub(super) fn has_checksum(&self, count: usize) -> bool {
        let last = self.first + count - 1;
        let (before, behind) = (self.digits.sums[self.first], self.digits.sums[last + 1]);
        let sum = if last.is_multiple_of(2) { behind.1 - before.1 } else { behind.0 - before.0 };
        sum.is_multiple_of(10)
    }
}
