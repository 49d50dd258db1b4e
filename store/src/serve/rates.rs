//! How many recipients elsewhere each account sends to: so many an hour, and so many at once when it sent nothing before.
//! Whoever guesses a password sends no more with it than that, over however many sessions.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::time::Instant;

use ipc::mail::AccountId;

/// Accounts after which those are looked for that count no longer.
const TIDY_AT: usize = 4096;
/// Parts of a recipient: what one recipient an hour earns in a millisecond.
const PARTS: u64 = 3_600_000;

/// What accounts have sent to lately.
#[derive(Debug)]
pub(super) struct Rates {
    per_hour: Cell<u32>,
    spent: RefCell<HashMap<AccountId, Spent>>,
}

/// What one account has spent and not earned back, in parts of a recipient, and when that was.
#[derive(Clone, Copy, Debug)]
struct Spent {
    parts: u64,
    at: Instant,
}

impl Rates {
    pub(super) fn new(per_hour: u32) -> Self {
        Rates { per_hour: Cell::new(per_hour), spent: RefCell::default() }
    }

    /// From now on that many an hour.
    pub(super) fn set(&self, per_hour: u32) {
        self.per_hour.set(per_hour);
    }

    /// May the account send to so many more? If so, it has.
    pub(super) fn take(&self, account: AccountId, recipients: usize, now: Instant) -> bool {
        if recipients == 0 {
            return true;
        }
        let per_hour = u64::from(self.per_hour.get());
        let mut spent = self.spent.borrow_mut();
        if spent.len() >= TIDY_AT {
            spent.retain(|_, spent| spent.left(per_hour, now) > 0);
        }
        let before = spent.get(&account).map_or(0, |spent| spent.left(per_hour, now));
        let parts = before.saturating_add(in_parts(recipients));
        let fits = parts <= per_hour.saturating_mul(PARTS);
        if fits {
            spent.insert(account, Spent { parts, at: now });
        }
        fits
    }

    /// It has not sent to them after all.
    pub(super) fn give_back(&self, account: AccountId, recipients: usize) {
        if let Some(spent) = self.spent.borrow_mut().get_mut(&account) {
            spent.parts = spent.parts.saturating_sub(in_parts(recipients));
        }
    }
}

impl Spent {
    fn left(self, per_hour: u64, now: Instant) -> u64 {
        let passed = now.saturating_duration_since(self.at).as_millis();
        let earned = u64::try_from(passed).unwrap_or(u64::MAX).saturating_mul(per_hour);
        self.parts.saturating_sub(earned)
    }
}

fn in_parts(recipients: usize) -> u64 {
    u64::try_from(recipients).unwrap_or(u64::MAX).saturating_mul(PARTS)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const ANN: AccountId = AccountId(1);

    #[test]
    fn so_many_at_once_and_then_as_they_are_earned() {
        let (rates, start) = (Rates::new(60), Instant::now());
        assert!(rates.take(ANN, 59, start) && rates.take(ANN, 1, start));
        assert!(!rates.take(ANN, 1, start + Duration::from_secs(59)));
        assert!(rates.take(AccountId(2), 60, start), "another account's are its own");
        assert!(rates.take(ANN, 1, start + Duration::from_secs(60)));
        assert!(!rates.take(ANN, 1, start + Duration::from_secs(60)));
        assert!(rates.take(ANN, 60, start + Duration::from_secs(60 * 61)), "an hour later all of them again");
        assert!(rates.take(ANN, 0, start));
    }

    #[test]
    fn often_asked_earns_as_much_as_seldom() {
        let (rates, start) = (Rates::new(60), Instant::now());
        assert!(rates.take(ANN, 60, start));
        let taken = (0..120_000).filter(|ms| rates.take(ANN, 1, start + Duration::from_millis(*ms))).count();
        assert_eq!(taken, 1);
    }

    #[test]
    fn what_was_not_sent_is_given_back() {
        let (rates, start) = (Rates::new(10), Instant::now());
        assert!(rates.take(ANN, 10, start));
        rates.give_back(ANN, 4);
        assert!(rates.take(ANN, 4, start) && !rates.take(ANN, 1, start));
        rates.set(11);
        assert!(rates.take(ANN, 1, start));
    }

    #[test]
    fn accounts_that_count_no_longer_are_forgotten() {
        let (rates, start) = (Rates::new(1), Instant::now());
        for account in 0..10 * TIDY_AT as u64 {
            let then = start + Duration::from_secs(account * 3600 / TIDY_AT as u64);
            assert!(rates.take(AccountId(account), 1, then));
        }
        assert!(rates.spent.borrow().len() <= TIDY_AT * 2);
    }
}
