//! The transactions of the last ten minutes, so that asking again neither loses nor doubles.

use std::collections::{HashMap, VecDeque};

use ipc::mail::{Seconds, TransactionId, Uid};

use super::batch::Noted;

/// How long a transaction is remembered, in seconds.
pub const REMEMBERED: Seconds = 600;

/// Transactions that were done.
#[derive(Debug, Default)]
pub struct Transactions {
    done: HashMap<TransactionId, Option<(u32, Uid)>>,
    by_age: VecDeque<(Seconds, TransactionId)>,
    /// Since the last batch.
    pub(super) noted: Noted,
}

impl Transactions {
    /// What the transaction answered, if it was done: for an append UIDVALIDITY and UID.
    #[must_use]
    pub fn outcome(&self, transaction: TransactionId) -> Option<Option<(u32, Uid)>> {
        self.done.get(&transaction).copied()
    }

    pub(super) fn note(&mut self, transaction: TransactionId, at: Seconds, appended: Option<(u32, Uid)>) {
        self.noted.push((transaction, at, appended));
        self.restore(transaction, at, appended);
    }

    /// One that the tables have.
    pub(super) fn restore(&mut self, transaction: TransactionId, at: Seconds, appended: Option<(u32, Uid)>) {
        while self.by_age.front().is_some_and(|(then, _)| at.saturating_sub(*then) > REMEMBERED) {
            if let Some((_, old)) = self.by_age.pop_front() {
                self.done.remove(&old);
            }
        }
        self.done.insert(transaction, appended);
        self.by_age.push_back((at, transaction));
    }
}
