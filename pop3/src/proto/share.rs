//! What the maildrops of an account hold, all its sessions of one worker together: a client that logs in to a large maildrop
//! over and over must not take the memory of everybody.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipc::mail::AccountId;

use super::limits::MAILDROP;

/// Messages in the maildrops of one account.
const SHARE: usize = 2 * MAILDROP;

/// How many messages are in the maildrops of each account.
#[derive(Clone, Debug, Default)]
pub struct Shares(Arc<Mutex<BTreeMap<AccountId, usize>>>);

/// What one maildrop has of it; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Share {
    shares: Shares,
    account: AccountId,
    messages: usize,
}

impl Shares {
    /// Of a maildrop of that account, which is empty.
    pub(super) fn of(&self, account: AccountId) -> Share {
        Share { shares: self.clone(), account, messages: 0 }
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<AccountId, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Share {
    /// So many more. `false`, and nothing changes, when there is no room for them.
    pub(super) fn grow(&mut self, more: usize) -> bool {
        let mut all = self.shares.locked();
        let sum = all.get(&self.account).copied().unwrap_or_default().saturating_add(more);
        let own = self.messages.saturating_add(more);
        if own > MAILDROP || sum > SHARE {
            return false;
        }
        self.messages = own;
        all.insert(self.account, sum);
        true
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut all = self.shares.locked();
        let rest = all.get(&self.account).copied().unwrap_or_default().saturating_sub(self.messages);
        if rest == 0 {
            all.remove(&self.account);
        } else {
            all.insert(self.account, rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_room_for_two_of_the_largest_and_gets_it_back() {
        let shares = Shares::default();
        let full = || {
            let mut share = shares.of(AccountId(1));
            share.grow(MAILDROP).then_some(share)
        };
        let (first, second) = (full(), full());
        assert!(first.is_some() && second.is_some() && full().is_none());
        assert!(!first.unwrap().grow(1), "more than one maildrop holds");
        assert!(shares.of(AccountId(2)).grow(MAILDROP), "others are not concerned");
        assert!(full().is_some(), "what was dropped is given back");
        drop(second);
        assert!(shares.locked().is_empty());
    }
}
