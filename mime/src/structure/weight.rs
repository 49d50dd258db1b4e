//! What a structure weighs: an upper bound of its encoded size, counted the same way when it is made and when it is
//! checked.

use super::{Address, Envelope, Param, Part, Structure, Text};

/// A part without its strings: depth, kind, two spans, lines, and a mark for each thing that may be absent.
pub(crate) const PART_WEIGHT: usize = 64;

/// An envelope without its strings and addresses.
pub(crate) const ENVELOPE_WEIGHT: usize = 32;

/// An address without its strings. It takes a quarter of that on the wire, but six times in memory, and `:;:;:;` is cheap
/// to send.
const ADDRESS_WEIGHT: usize = 16;

/// The length in front of a string, and the mark that it is there.
const TEXT_WEIGHT: usize = 4;

/// Something that counts.
pub(crate) trait Weigh {
    /// An upper bound of its size in an encoding with variable-length integers, in bytes.
    fn weight(&self) -> usize;
}

impl Weigh for Text {
    fn weight(&self) -> usize {
        self.len().saturating_add(TEXT_WEIGHT)
    }
}

impl Weigh for Param {
    fn weight(&self) -> usize {
        self.name.weight().saturating_add(self.value.weight())
    }
}

impl Weigh for Address {
    fn weight(&self) -> usize {
        sum(self.texts()).saturating_add(ADDRESS_WEIGHT)
    }
}

impl Weigh for Envelope {
    fn weight(&self) -> usize {
        let addresses = sum(self.lists().into_iter().flatten());
        sum(self.texts()).saturating_add(addresses).saturating_add(ENVELOPE_WEIGHT)
    }
}

impl Weigh for Part {
    fn weight(&self) -> usize {
        [
            PART_WEIGHT,
            sum(self.texts()),
            sum(&self.params),
            sum(self.disposition.iter().flat_map(|disposition| &disposition.params)),
            sum(self.envelope.as_deref()),
        ]
        .into_iter()
        .fold(0, usize::saturating_add)
    }
}

impl Part {
    /// Every string of the part's own; parameters and the envelope have theirs.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &Text> {
        let optional = [&self.id, &self.description, &self.encoding, &self.md5, &self.location];
        [&self.media_type, &self.media_subtype]
            .into_iter()
            .chain(optional.into_iter().flatten())
            .chain(self.disposition.iter().map(|disposition| &disposition.kind))
            .chain(&self.languages)
    }
}

impl Structure {
    /// The weight of the structure: at least what it takes, in bytes, in an encoding with variable-length integers.
    #[must_use]
    pub fn weight(&self) -> usize {
        sum(&self.parts)
    }
}

fn sum<'a, T: Weigh + 'a>(all: impl IntoIterator<Item = &'a T>) -> usize {
    all.into_iter().map(Weigh::weight).fold(0, usize::saturating_add)
}

/// What may still be kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget(usize);

impl Budget {
    pub(crate) const fn new(weight: usize) -> Self {
        Budget(weight)
    }

    /// Pays for something of this weight, if there is enough.
    pub(crate) const fn pay(&mut self, weight: usize) -> bool {
        match self.0.checked_sub(weight) {
            Some(left) => {
                self.0 = left;
                true
            }
            None => false,
        }
    }

    /// Gives back what was paid in advance.
    pub(crate) const fn refund(&mut self, weight: usize) {
        self.0 = self.0.saturating_add(weight);
    }

    /// Is there enough for something of this weight?
    pub(crate) const fn can_pay(self, weight: usize) -> bool {
        self.0 >= weight
    }

    /// The thing, paid for; `None` when it is too heavy.
    pub(crate) fn keep<T: Weigh>(&mut self, thing: T) -> Option<T> {
        self.pay(thing.weight()).then_some(thing)
    }

    /// As many of the things, in order, as can be paid for, and no more than `max`.
    pub(crate) fn keep_all<T: Weigh>(&mut self, things: impl IntoIterator<Item = T>, max: usize) -> Vec<T> {
        things.into_iter().take(max).map_while(|thing| self.keep(thing)).collect()
    }

    /// Does something with at most half of what is left, so that one envelope cannot starve all other parts.
    pub(crate) fn with_half<T>(&mut self, work: impl FnOnce(&mut Budget) -> T) -> T {
        let mut half = Budget(self.0 / 2);
        let before = half.0;
        let result = work(&mut half);
        self.0 = self.0.saturating_sub(before.saturating_sub(half.0));
        result
    }
}
