//! What clients see: views that follow a mailbox by asking for changes.

use std::collections::BTreeMap;

use bulkhead_store::engine::Engine;
use bulkhead_store::index::{Mailbox, SessionId};
use ipc::mail::{AccountId, MailboxId, ModSeq, Uid};

use super::boxes::Mail;

/// Sessions that are played with.
pub(crate) const SESSIONS: usize = 3;

#[derive(Default)]
pub(crate) struct Sessions([Option<View>; SESSIONS]);

struct View {
    account: AccountId,
    mailbox: MailboxId,
    since: ModSeq,
    shown: BTreeMap<Uid, Mail>,
}

fn rows(mailbox: &Mailbox) -> BTreeMap<Uid, Mail> {
    mailbox.rows(0).map(|row| (row.uid, Mail::of(&row))).collect()
}

impl Sessions {
    pub(crate) fn select(&mut self, engine: &Engine, number: usize, account: AccountId, mailbox: MailboxId) {
        let session = SessionId(number as u64);
        let mut index = engine.index_mut();
        if let Some(old) = self.0[number].take() {
            index.leave(old.account, old.mailbox, session);
        }
        let Some(found) = index.mailbox_mut(account, mailbox) else { return };
        found.views.show(session, found.modseq);
        self.0[number] = Some(View { account, mailbox, since: found.modseq, shown: rows(found) });
    }

    pub(crate) fn changes(&mut self, engine: &Engine, number: usize, page: usize) {
        let Some(view) = &mut self.0[number] else { return };
        loop {
            let mut index = engine.index_mut();
            let session = SessionId(number as u64);
            index.show(view.account, view.mailbox, session, view.since);
            let Some(found) = index.mailbox(view.account, view.mailbox) else {
                // It was removed: the session is told so, and has selected none.
                index.leave(view.account, view.mailbox, session);
                assert!(index.shown(view.account, view.mailbox).is_none_or(|gone| !gone.views.is_empty()));
                self.0[number] = None;
                return;
            };
            let changed = found.changed(view.since, page);
            assert!(changed.rows.len() + changed.expunged.len() <= page);
            view.shown.extend(changed.rows.iter().map(|row| (row.uid, Mail::of(row))));
            for uid in changed.expunged.iter().flat_map(|range| range.first..=range.last) {
                view.shown.remove(&uid);
            }
            assert!(changed.until > view.since || !changed.more);
            view.since = changed.until;
            if !changed.more {
                assert_eq!(view.shown, rows(found), "the client's view is not the mailbox");
                return;
            }
        }
    }

    /// What a client was shown, and not told is gone, can be read.
    pub(crate) fn hold(&self, engine: &Engine) {
        let index = engine.index();
        for view in self.0.iter().flatten() {
            // Unless its account was removed.
            let Some(found) = index.shown(view.account, view.mailbox) else {
                assert!(index.account(view.account).is_none());
                continue;
            };
            for (uid, mail) in &view.shown {
                let visible = found.visible(*uid).map(|message| message.row.id.0);
                assert_eq!(visible, Some(mail.transaction), "UID {uid} is shown and cannot be read");
            }
        }
    }
}
