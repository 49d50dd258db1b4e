//! Sequence sets, RFC 3501 section 9, which may name four thousand million messages in ten bytes.

use std::ops::RangeInclusive;

use super::cursor::Cursor;
use super::syntax::{Parsed, Syntax};

/// `1:*,5`, as it was written: what `*` is depends on the mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SequenceSet(Vec<(Bound, Bound)>);

/// A `seq-number`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bound {
    Number(u32),
    Star,
}

impl SequenceSet {
    /// Ranges in one set.
    pub const MAX: usize = 16_384;

    /// The numbers meant when `largest` is the largest in use (0: the mailbox is empty).
    ///
    /// `*` is the largest, and the ends of a range come in either order, so that `9:*` always holds the largest, RFC 3501
    /// section 6.4.8. In an empty mailbox `*` is nothing.
    #[must_use]
    pub fn resolve(&self, largest: u32) -> Numbers {
        let number = |bound: Bound| match bound {
            Bound::Number(number) => number,
            Bound::Star => largest,
        };
        let ranges = self.0.iter().map(|(one, other)| (number(*one), number(*other)));
        Numbers::new(ranges.filter(|(one, other)| *one > 0 && *other > 0).collect())
    }

    /// `sequence-set`, RFC 3501 section 9.
    pub(super) fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let mut ranges = Vec::new();
        loop {
            let one = Bound::parse(cursor)?;
            let other = if cursor.skip(b':') { Bound::parse(cursor)? } else { one };
            ranges.push((one, other));
            if !cursor.skip(b',') {
                return Ok(SequenceSet(ranges));
            }
            if ranges.len() >= Self::MAX {
                return Err(Syntax::TooMany);
            }
        }
    }

    /// Does a sequence set start here?
    pub(super) fn is_next(cursor: &Cursor<'_>) -> bool {
        matches!(cursor.peek(), Some(b'0'..=b'9' | b'*'))
    }
}

impl Bound {
    fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        if cursor.skip(b'*') {
            return Ok(Bound::Star);
        }
        cursor.nz_number().map(Bound::Number).map_err(|_| Syntax::SequenceSet)
    }
}

/// Numbers as ascending ranges that neither overlap nor touch. Never expanded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Numbers(Vec<(u32, u32)>);

impl Numbers {
    fn new(mut ranges: Vec<(u32, u32)>) -> Self {
        for (low, high) in &mut ranges {
            if *low > *high {
                std::mem::swap(low, high);
            }
        }
        ranges.sort_unstable();
        let mut merged: Vec<(u32, u32)> = Vec::with_capacity(ranges.len());
        for (low, high) in ranges {
            match merged.last_mut() {
                Some((_, end)) if low <= end.saturating_add(1) => *end = high.max(*end),
                _ => merged.push((low, high)),
            }
        }
        Numbers(merged)
    }

    /// Is the number among them? Takes time in proportion to the logarithm of the count of ranges.
    #[must_use]
    pub fn contains(&self, number: u32) -> bool {
        let after = self.0.partition_point(|(low, _)| *low <= number);
        after.checked_sub(1).and_then(|at| self.0.get(at)).is_some_and(|(_, high)| number <= *high)
    }

    /// Those of `existing`, which ascends, that are among them.
    pub fn among<'a>(&'a self, existing: &'a [u32]) -> impl Iterator<Item = u32> + 'a {
        self.0.iter().flat_map(move |(low, high)| {
            let start = existing.partition_point(|number| number < low);
            let end = existing.partition_point(|number| number <= high);
            existing.get(start..end).unwrap_or_default().iter().copied()
        })
    }

    /// The smallest of them that is not below `least`. Takes time in proportion to the logarithm of the count of ranges.
    #[must_use]
    pub fn next_from(&self, least: u32) -> Option<u32> {
        let at = self.0.partition_point(|(_, high)| *high < least);
        self.0.get(at).map(|(low, _)| least.max(*low))
    }

    /// The ranges, ascending.
    pub fn ranges(&self) -> impl ExactSizeIterator<Item = RangeInclusive<u32>> + '_ {
        self.0.iter().map(|(low, high)| *low..=*high)
    }

    /// The largest of them.
    #[must_use]
    pub fn largest(&self) -> Option<u32> {
        self.0.last().map(|(_, high)| *high)
    }

    /// Are there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set(text: &str) -> Parsed<SequenceSet> {
        let mut cursor = Cursor::new(text.as_bytes());
        let set = SequenceSet::parse(&mut cursor)?;
        cursor.end()?;
        Ok(set)
    }

    #[test]
    fn good() {
        for (text, largest, want) in [
            ("1", 9, vec![(1, 1)]),
            ("*", 9, vec![(9, 9)]),
            ("*", 0, vec![]),
            ("1:*", 0, vec![]),
            ("*:*", 9, vec![(9, 9)]),
            ("5:3", 9, vec![(3, 5)]),
            ("12:*", 9, vec![(9, 12)]),
            ("2,4:7,9,12:*", 15, vec![(2, 2), (4, 7), (9, 9), (12, 15)]),
            ("*:4,5:7", 10, vec![(4, 10)]),
            ("3,2,1", 9, vec![(1, 3)]),
            ("1:4294967295", 9, vec![(1, u32::MAX)]),
            ("4294967295,4294967295:1", 9, vec![(1, u32::MAX)]),
        ] {
            assert_eq!(set(text).unwrap().resolve(largest).0, want, "{text} of {largest}");
        }
    }

    #[test]
    fn bad() {
        for text in [
            "",
            "0",
            "0:1",
            "1:0",
            "1:",
            ":1",
            "1,",
            ",1",
            "1,,2",
            "1::2",
            "1:2:3",
            "4294967296",
            "a",
            "$",
            "**",
        ] {
            assert!(set(text).is_err(), "{text}");
        }
        let many = vec!["1"; SequenceSet::MAX].join(",");
        assert!(set(&many).is_ok());
        assert_eq!(set(&format!("{many},1")), Err(Syntax::TooMany));
    }

    proptest! {
        #[test]
        fn membership(
            ranges in prop::collection::vec((1..40_u32, 1..40_u32), 0..8),
            existing in prop::collection::btree_set(1..45_u32, 0..30),
        ) {
            let numbers = Numbers::new(ranges.clone());
            let existing: Vec<u32> = existing.into_iter().collect();
            let meant = |n: &u32| ranges.iter().any(|(a, b)| (a.min(b)..=a.max(b)).contains(&n));
            let want: Vec<u32> = existing.iter().copied().filter(|n| meant(n)).collect();
            prop_assert_eq!(numbers.among(&existing).collect::<Vec<_>>(), want);
            for n in 1..45 {
                prop_assert_eq!(numbers.contains(n), meant(&n));
                prop_assert_eq!(numbers.next_from(n), (n..45).find(meant));
            }
        }
    }
}
