//! Deliveries that are being made durable: asked what became of one, the store answers when it is over, not before.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use ipc::mail::TransactionId;
use tokio::sync::Notify;

/// The transactions under way, whatever channel they came by. Their clients may be gone.
#[derive(Clone, Debug, Default)]
pub(super) struct InFlight {
    state: Rc<State>,
}

#[derive(Debug, Default)]
struct State {
    counts: RefCell<HashMap<TransactionId, usize>>,
    ended: Notify,
}

/// One of them, until it is dropped.
#[derive(Debug)]
pub(super) struct Underway {
    state: Rc<State>,
    transaction: TransactionId,
}

impl InFlight {
    /// It begins.
    pub(super) fn enter(&self, transaction: TransactionId) -> Underway {
        let mut counts = self.state.counts.borrow_mut();
        let count = counts.entry(transaction).or_default();
        *count = count.saturating_add(1);
        Underway { state: Rc::clone(&self.state), transaction }
    }

    /// Returns when none of that name is under way.
    pub(super) async fn over(&self, transaction: TransactionId) {
        loop {
            // Made before the look, so that an end in between is not missed.
            let ended = self.state.ended.notified();
            if !self.state.counts.borrow().contains_key(&transaction) {
                return;
            }
            ended.await;
        }
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        let mut counts = self.state.counts.borrow_mut();
        if let Some(count) = counts.get_mut(&self.transaction) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(&self.transaction);
            }
        }
        self.state.ended.notify_waiters();
    }
}
