//! A set of UIDs as a reader names it, brought into order.

use ipc::mail::{Uid, UidRange};

/// UIDs as rising runs that do not touch: however often a request names a message, it is looked at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uids(Vec<UidRange>);

impl Uids {
    /// Every UID there can be.
    #[must_use]
    pub fn all() -> Self {
        Uids(vec![UidRange { first: 1, last: Uid::MAX }])
    }

    /// Those of the ranges, which may overlap, come in any order, or be turned round (those hold nothing).
    #[must_use]
    pub fn of(mut ranges: Vec<UidRange>) -> Self {
        ranges.retain(|range| range.first <= range.last);
        ranges.sort_unstable_by_key(|range| range.first);
        let mut runs: Vec<UidRange> = Vec::with_capacity(ranges.len());
        for range in ranges {
            match runs.last_mut() {
                Some(run) if range.first <= run.last.saturating_add(1) => run.last = run.last.max(range.last),
                _ => runs.push(range),
            }
        }
        Uids(runs)
    }

    /// The runs.
    #[must_use]
    pub fn runs(&self) -> &[UidRange] {
        &self.0
    }
}

impl Uids {
    /// Those up to one, and those behind it.
    #[must_use]
    pub fn split_behind(self, last: Uid) -> (Self, Self) {
        let (mut up_to, mut behind) = (self.0.clone(), self.0);
        up_to.retain_mut(|run| {
            run.last = run.last.min(last);
            run.first <= last
        });
        behind.retain_mut(|run| {
            run.first = run.first.max(last.saturating_add(1));
            run.last > last
        });
        (Uids(up_to), Uids(behind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(ranges: &[(Uid, Uid)]) -> Vec<(Uid, Uid)> {
        let ranges = ranges.iter().map(|(first, last)| UidRange { first: *first, last: *last }).collect();
        Uids::of(ranges).runs().iter().map(|run| (run.first, run.last)).collect()
    }

    #[test]
    fn overlapping_ranges_are_one() {
        assert_eq!(runs(&[(5, 9), (1, 5), (2, 3)]), [(1, 9)]);
        assert_eq!(runs(&[(4, 4), (1, 2), (3, 3)]), [(1, 4)]);
        assert_eq!(runs(&[(1, Uid::MAX), (7, Uid::MAX), (0, 0)]), [(0, Uid::MAX)]);
    }

    #[test]
    fn gaps_stay_and_a_range_turned_round_is_empty() {
        assert_eq!(runs(&[(7, 8), (1, 2), (9, 3)]), [(1, 2), (7, 8)]);
        assert_eq!(runs(&[]), []);
    }

    #[test]
    fn a_set_is_split_within_a_run_and_between() {
        let split = |last| {
            let (up_to, behind) =
                Uids(vec![UidRange { first: 2, last: 4 }, UidRange { first: 7, last: Uid::MAX }])
                    .split_behind(last);
            [up_to, behind].map(|part| part.0.iter().map(|run| (run.first, run.last)).collect::<Vec<_>>())
        };
        assert_eq!(split(3), [vec![(2, 3)], vec![(4, 4), (7, Uid::MAX)]]);
        assert_eq!(split(4), [vec![(2, 4)], vec![(7, Uid::MAX)]]);
        assert_eq!(split(1), [vec![], vec![(2, 4), (7, Uid::MAX)]]);
        assert_eq!(split(Uid::MAX), [vec![(2, 4), (7, Uid::MAX)], vec![]]);
    }

    #[test]
    fn a_thousand_times_everything_is_everything_once() {
        assert_eq!(Uids::of(Uids::all().runs().repeat(1000)), Uids::all());
    }
}
