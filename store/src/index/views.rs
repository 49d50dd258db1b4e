//! Which sessions have a mailbox selected, and how far each has shown its user what happened.

use std::collections::HashMap;

use ipc::mail::ModSeq;

/// Names a session within this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SessionId(pub u64);

/// The sessions that have one mailbox selected.
#[derive(Debug, Default)]
pub struct Views {
    shown: HashMap<SessionId, ModSeq>,
}

impl Views {
    /// The session has shown everything up to there. It never goes back: what it has shown once may be forgotten.
    pub fn show(&mut self, session: SessionId, until: ModSeq) {
        let shown = self.shown.entry(session).or_insert(until);
        *shown = until.max(*shown);
    }

    /// The session has it selected no more.
    pub fn leave(&mut self, session: SessionId) {
        self.shown.remove(&session);
    }

    /// Has nobody selected it?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// How far the session furthest behind is; `None` when there is none.
    #[must_use]
    pub fn oldest(&self) -> Option<ModSeq> {
        self.shown.values().min().copied()
    }
}
