//! How slow a peer may be in the middle of something large: silence is bounded elsewhere, but an octet every few minutes
//! is none, and would keep a message open at the store for weeks.

use std::time::Duration;

use ipc::budget;
use tokio::time::Instant;

/// The transfer under way, if one is.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// When it began, put off by the time that went by on our side.
    began: Option<Instant>,
}

impl Pace {
    /// When a peer that has sent that much of a transfer is too slow; never, without one.
    pub(super) fn deadline(&mut self, transferred: Option<u64>, now: Instant) -> Option<Instant> {
        let Some(octets) = transferred else {
            self.began = None;
            return None;
        };
        let began = *self.began.get_or_insert(now);
        let rate = u64::try_from(budget::TRANSFER_RATE).unwrap_or(u64::MAX);
        let due = Duration::from_secs(octets.checked_div(rate).unwrap_or_default());
        let most = budget::TRANSFER_START.saturating_add(due).min(budget::TRANSFER);
        began.checked_add(most)
    }

    /// So much time went by on our side.
    pub(super) fn put_off(&mut self, by: Duration) {
        self.began = self.began.and_then(|began| began.checked_add(by));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_has_come_the_longer_it_may_take_up_to_a_bound() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        let later = |by: Duration| now.checked_add(by);
        assert_eq!(pace.deadline(None, now), None);
        assert_eq!(pace.deadline(Some(0), now), later(budget::TRANSFER_START));
        let soon = now + Duration::from_secs(10);
        let ten_more = budget::TRANSFER_START + Duration::from_secs(10);
        assert_eq!(pace.deadline(Some(10 * 1024), soon), later(ten_more));
        assert_eq!(pace.deadline(Some(u64::MAX), soon), later(budget::TRANSFER));
        pace.put_off(Duration::from_secs(1));
        assert_eq!(pace.deadline(Some(0), soon), later(budget::TRANSFER_START + Duration::from_secs(1)));
        // the next one begins anew
        assert_eq!(pace.deadline(None, soon), None);
        assert_eq!(pace.deadline(Some(0), soon), soon.checked_add(budget::TRANSFER_START));
    }
}
