//! What clients see: views that follow a mailbox by asking for changes.

use std::collections::BTreeMap;

use bulkhead_store::engine::Engine;
use bulkhead_store::index::{Mailbox, SessionId};
use ipc::mail::{AccountId, MailboxId, ModSeq, Uid};

use super::model::Mail;

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
        if let Some(old) = self.0[number].take()
            && let Some(left) = index.mailbox_mut(old.account, old.mailbox)
        {
            left.views.leave(session);
            left.forget_ghosts();
        }
        let Some(found) = index.mailbox_mut(account, mailbox) else { return };
        found.views.show(session, found.modseq);
        self.0[number] = Some(View { account, mailbox, since: found.modseq, shown: rows(found) });
    }

    pub(crate) fn changes(&mut self, engine: &Engine, number: usize, page: usize) {
        let Some(view) = &mut self.0[number] else { return };
        loop {
            let mut index = engine.index_mut();
            let Some(found) = index.mailbox_mut(view.account, view.mailbox) else { return };
            found.views.show(SessionId(number as u64), view.since);
            found.forget_ghosts();
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
            let Some(found) = index.mailbox(view.account, view.mailbox) else { continue };
            for (uid, mail) in &view.shown {
                let visible = found.visible(*uid).map(|message| message.row.id.0);
                assert_eq!(visible, Some(mail.transaction), "UID {uid} is shown and cannot be read");
            }
        }
    }
}
