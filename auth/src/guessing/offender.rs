//! What is held against one address, network or login name: wrong passwords, which are forgiven as time goes by.

use std::time::{Duration, Instant};

/// In that time as many are forgiven as lead to a block.
const WINDOW: Duration = Duration::from_secs(600);
/// Behind a block, how long without another one before the next is as short as the first.
const FORGIVEN: Duration = Duration::from_secs(6 * 60 * 60);
/// Parts of an offence.
const PARTS: u64 = 1000;

/// How many offences lead to a block, and to which.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    /// So many within [`WINDOW`]; 0 never.
    pub(super) after: u32,
    /// Seconds, the first time; doubled each further time.
    pub(super) first: u32,
    /// Seconds at the most.
    pub(super) longest: u32,
}

/// One of them.
#[derive(Debug, Default)]
pub(super) struct Offender {
    /// Offences in parts, as of `at`.
    parts: u64,
    at: Option<Instant>,
    /// The end of the last block.
    until: Option<Instant>,
    blocks: u32,
}

impl Offender {
    /// Seconds until it is heard again, if it is not now.
    pub(super) fn blocked(&self, now: Instant) -> Option<u32> {
        let left = self.until?.checked_duration_since(now)?.as_millis().div_ceil(1000);
        u32::try_from(left).ok().filter(|left| *left > 0)
    }

    /// Offences that count at this moment.
    pub(super) fn offences(&self, rule: Rule, now: Instant) -> u64 {
        self.left(rule, now).div_ceil(PARTS)
    }

    /// One more. For how many seconds it is not heard now, if this was one too many.
    pub(super) fn offend(&mut self, rule: Rule, now: Instant) -> Option<u32> {
        self.parts = self.left(rule, now).saturating_add(PARTS);
        self.at = Some(now);
        let enough = u64::from(rule.after).saturating_mul(PARTS);
        // What was forgiven of the last one while the others came is no reason to wait for one more.
        if rule.after == 0 || self.parts.saturating_add(PARTS / 2) < enough || self.blocked(now).is_some() {
            return None;
        }
        if self.until.is_some_and(|until| now.saturating_duration_since(until) > FORGIVEN) {
            self.blocks = 0;
        }
        let factor = 1_u32.checked_shl(self.blocks).unwrap_or(u32::MAX);
        let seconds = rule.first.saturating_mul(factor).min(rule.longest);
        self.blocks = self.blocks.saturating_add(1);
        self.until = now.checked_add(Duration::from_secs(seconds.into()));
        self.parts = 0;
        Some(seconds)
    }

    fn left(&self, rule: Rule, now: Instant) -> u64 {
        /// Where nothing leads to a block.
        const USUAL: u64 = 20;
        let Some(at) = self.at else { return 0 };
        let passed = u64::try_from(now.saturating_duration_since(at).as_millis()).unwrap_or(u64::MAX);
        let each_window = if rule.after == 0 { USUAL } else { rule.after.into() }.saturating_mul(PARTS);
        let window = u64::try_from(WINDOW.as_millis()).unwrap_or(u64::MAX);
        self.parts.saturating_sub(passed.saturating_mul(each_window).div_euclid(window))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Rule = Rule { after: 10, first: 60, longest: 500 };

    fn after(seconds: u64, start: Instant) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn blocks_grow_up_to_the_longest() {
        let (mut offender, mut now) = (Offender::default(), Instant::now());
        for expected in [60, 120, 240, 480, 500, 500] {
            let told: Vec<_> = (0..10).filter_map(|_| offender.offend(RULE, now)).collect();
            assert_eq!(told, [expected]);
            assert_eq!(offender.blocked(now), Some(expected));
            assert_eq!(offender.blocked(after(u64::from(expected) - 1, now)), Some(1));
            now = after(expected.into(), now);
            assert_eq!(offender.blocked(now), None);
        }
        now = after(7 * 60 * 60, now);
        assert_eq!((0..10).find_map(|_| offender.offend(RULE, now)), Some(60), "and are forgiven");
    }

    #[test]
    fn what_comes_slowly_is_forgiven() {
        let (mut offender, start) = (Offender::default(), Instant::now());
        for number in 0..1000 {
            assert_eq!(offender.offend(RULE, after(number * 61, start)), None, "{number}");
        }
        assert!(offender.offences(RULE, after(61_000, start)) <= 1);
    }

    #[test]
    fn a_spread_over_a_minute_does_not_help() {
        let (mut offender, start) = (Offender::default(), Instant::now());
        assert!((0..11).any(|number| offender.offend(RULE, after(number * 6, start)).is_some()));
    }

    #[test]
    fn never_is_never() {
        let (mut offender, now) = (Offender::default(), Instant::now());
        let rule = Rule { after: 0, ..RULE };
        assert!((0..1000).all(|_| offender.offend(rule, now).is_none()));
        assert_eq!(offender.offences(rule, now), 1000);
    }
}
