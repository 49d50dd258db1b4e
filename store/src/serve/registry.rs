//! The open mailbox sessions: whom to tell that a mailbox has changed, and whom to end when an account goes.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::{Rc, Weak};

use ipc::mail::{AccountId, MailboxId};
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedReceiver;

use super::Store;
use crate::committer::Notice;
use crate::index::SessionId;

/// Sessions by account.
#[derive(Default)]
pub(crate) struct Registry {
    next: Cell<u64>,
    accounts: RefCell<HashMap<AccountId, HashMap<SessionId, Rc<Signals>>>>,
}

/// A session that is registered, until it is dropped.
pub(crate) struct Entered {
    pub(crate) store: Rc<Store>,
    pub(crate) account: AccountId,
    pub(crate) id: SessionId,
    pub(crate) signals: Rc<Signals>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.store.registry.leave(self.account, self.id);
    }
}

/// What a session waits for besides its client.
#[derive(Default)]
pub(crate) struct Signals {
    /// The mailbox it has selected.
    pub(crate) selected: Cell<Option<MailboxId>>,
    /// The selected mailbox has changed.
    pub(crate) changed: Notify,
    /// It has to end.
    pub(crate) end: Notify,
}

impl Registry {
    /// A session begins. From now on it can be ended, whether its task runs yet or not.
    pub(crate) fn enter(store: &Rc<Store>, account: AccountId) -> Entered {
        let registry = &store.registry;
        let id = SessionId(registry.next.get());
        registry.next.set(id.0.wrapping_add(1));
        let signals = Rc::new(Signals::default());
        registry.accounts.borrow_mut().entry(account).or_default().insert(id, Rc::clone(&signals));
        Entered { store: Rc::clone(store), account, id, signals }
    }

    fn leave(&self, account: AccountId, session: SessionId) {
        let mut accounts = self.accounts.borrow_mut();
        if let Some(sessions) = accounts.get_mut(&account) {
            sessions.remove(&session);
            if sessions.is_empty() {
                accounts.remove(&account);
            }
        }
    }

    /// Ends the sessions of an account.
    pub(crate) fn end(&self, account: AccountId) {
        for signals in self.accounts.borrow().get(&account).into_iter().flat_map(HashMap::values) {
            signals.end.notify_one();
        }
    }

    /// Ends every session.
    pub(crate) fn end_all(&self) {
        for signals in self.accounts.borrow().values().flat_map(HashMap::values) {
            signals.end.notify_one();
        }
    }

    fn changed(&self, (account, mailbox): Notice) {
        for signals in self.accounts.borrow().get(&account).into_iter().flat_map(HashMap::values) {
            if signals.selected.get() == Some(mailbox) {
                signals.changed.notify_one();
            }
        }
    }
}

/// Tells sessions of changes, as long as there is a store.
pub(crate) async fn forward(store: Weak<Store>, mut notices: UnboundedReceiver<Notice>) {
    while let Some(notice) = notices.recv().await {
        let Some(store) = store.upgrade() else { return };
        store.registry.changed(notice);
    }
}
