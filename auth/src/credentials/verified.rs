//! What was verified a short while ago: mail programs log in often, and a hash costs some ten milliseconds each time.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use ipc::mail::AccountId;

use super::Tag;

/// How long a verified password counts without being hashed again, from when it was hashed.
const LIFE: Duration = Duration::from_secs(600);
/// The most that are remembered; the oldest go first.
const ENTRIES_MAX: usize = 16_384;

/// Tags of verified passwords. Only right ones: a wrong one that was remembered would answer faster than one that was
/// not, and would be an attacker's to fill.
#[derive(Debug, Default)]
pub(super) struct Verified {
    entries: HashMap<Tag, Entry>,
    /// By age; may name entries that are gone.
    order: VecDeque<(Tag, Instant)>,
}

#[derive(Debug)]
struct Entry {
    account: AccountId,
    since: Instant,
}

impl Verified {
    pub(super) fn has(&mut self, tag: &Tag, now: Instant) -> bool {
        self.expire(now);
        self.entries.contains_key(tag)
    }

    pub(super) fn insert(&mut self, tag: Tag, account: AccountId, now: Instant) {
        self.expire(now);
        while self.order.len() >= ENTRIES_MAX {
            self.drop_oldest();
        }
        self.entries.insert(tag, Entry { account, since: now });
        self.order.push_back((tag, now));
    }

    pub(super) fn forget(&mut self, account: AccountId) {
        self.entries.retain(|_, entry| entry.account != account);
    }

    fn expire(&mut self, now: Instant) {
        while self.order.front().is_some_and(|(_, since)| now.duration_since(*since) >= LIFE) {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        let Some((tag, since)) = self.order.pop_front() else { return };
        // it may have been forgotten and verified anew meanwhile
        if self.entries.get(&tag).is_some_and(|entry| entry.since == since) {
            self.entries.remove(&tag);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(number: usize) -> Tag {
        let mut tag = Tag::default();
        tag[..8].copy_from_slice(&number.to_le_bytes());
        tag
    }

    #[test]
    fn counts_for_a_while() {
        let mut verified = Verified::default();
        let start = Instant::now();
        verified.insert(tag(1), AccountId(1), start);
        assert!(verified.has(&tag(1), start + LIFE - Duration::from_secs(1)));
        assert!(!verified.has(&tag(2), start));
        assert!(!verified.has(&tag(1), start + LIFE), "using it does not prolong it");
        assert!(verified.entries.is_empty() && verified.order.is_empty());
    }

    #[test]
    fn forgetting_one_account_and_verifying_it_anew() {
        let mut verified = Verified::default();
        let start = Instant::now();
        verified.insert(tag(1), AccountId(1), start);
        verified.insert(tag(2), AccountId(2), start);
        verified.forget(AccountId(1));
        assert!(!verified.has(&tag(1), start) && verified.has(&tag(2), start));
        verified.insert(tag(1), AccountId(1), start + Duration::from_secs(60));
        assert!(verified.has(&tag(1), start + LIFE), "the old place in the order does not end the new entry");
    }

    #[test]
    fn bounded() {
        let mut verified = Verified::default();
        let start = Instant::now();
        for number in 0..ENTRIES_MAX + 10 {
            verified.insert(tag(number), AccountId(1), start);
        }
        assert_eq!(verified.entries.len(), ENTRIES_MAX);
        assert!(!verified.has(&tag(9), start) && verified.has(&tag(10), start));
    }
}
