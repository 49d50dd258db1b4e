//! What the views of an account hold, all its sessions of one worker together: a client that selects a large mailbox over
//! and over must not take the memory of everybody.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipc::mail::AccountId;

use super::VIEW_MAX;

/// Messages in the views of one account.
pub(crate) const SHARE_MAX: usize = 2 * VIEW_MAX;

/// How many messages are in the views of each account.
#[derive(Clone, Debug, Default)]
pub struct Shares(Arc<Mutex<BTreeMap<AccountId, usize>>>);

/// What one view has of it; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    shares: Shares,
    account: AccountId,
    messages: usize,
}

impl Shares {
    /// Of a view of that account, which is empty.
    pub(crate) fn of(&self, account: AccountId) -> Share {
        Share { shares: self.clone(), account, messages: 0 }
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<AccountId, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Share {
    /// The view is to hold so many. `false`, and nothing changes, when there is no room for them.
    pub(crate) fn hold(&mut self, messages: usize) -> bool {
        let mut all = self.shares.locked();
        let others = all.get(&self.account).copied().unwrap_or_default().saturating_sub(self.messages);
        let sum = others.saturating_add(messages);
        if messages > VIEW_MAX || (messages > self.messages && sum > SHARE_MAX) {
            return false;
        }
        self.messages = messages;
        if sum == 0 {
            all.remove(&self.account)
        } else {
            all.insert(self.account, sum)
        };
        true
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.hold(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_its_share_and_gets_it_back() {
        let shares = Shares::default();
        let mut views = [1, 1, 1, 2].map(|account| shares.of(AccountId(account)));
        assert!(!views[0].hold(VIEW_MAX + 1));
        let held = views.each_mut().map(|view| view.hold(VIEW_MAX));
        assert_eq!(held, [true, true, false, true]);
        assert!(!views[2].hold(1) && views[1].hold(VIEW_MAX - 1) && views[2].hold(1));
        drop(views);
        assert!(shares.locked().is_empty());
    }
}
