//! Setting accounts up, and removing them.

use std::collections::BTreeSet;

use ipc::mail::{AccountId, MailboxId, Seconds};
use ipc::service::mailbox::{INBOX, SpecialUse};

use super::{Decision, Outcome, Staging};
use crate::change::Change;
use crate::index::Index;

/// What a new account has besides its INBOX, and is subscribed to.
const SPECIAL: [(&str, SpecialUse); 5] = [
    ("Archive", SpecialUse::Archive),
    ("Drafts", SpecialUse::Drafts),
    ("Junk", SpecialUse::Junk),
    ("Sent", SpecialUse::Sent),
    ("Trash", SpecialUse::Trash),
];

pub(super) fn create(accounts: &[AccountId], index: &Index, staging: &mut Staging, now: Seconds) -> Decision {
    let (removed, living): (Vec<_>, Vec<_>) = accounts.iter().copied().partition(|id| index.was_removed(*id));
    if living.is_empty() && !removed.is_empty() {
        return Decision::Answer(Outcome::NoAccount);
    }
    let missing: BTreeSet<_> = living.into_iter().filter(|id| index.account(*id).is_none()).collect();
    if missing.is_empty() {
        return Decision::Answer(Outcome::Done);
    }
    if !missing.iter().all(|account| staging.shape(*account)) {
        return Decision::Later;
    }
    let mut changes = Vec::new();
    for account in missing {
        changes.push(Change::AccountCreated { account });
        let inbox = std::iter::once((INBOX, None));
        let special = SPECIAL.iter().map(|(name, special_use)| (*name, Some(*special_use)));
        for (id, (name, special_use)) in (1..).zip(inbox.chain(special)) {
            let uid_validity = staging.next_uid_validity(index.last_uid_validity(), now);
            let (mailbox, subscribed) = (MailboxId(id), name.to_owned());
            let name = name.to_owned();
            changes.push(Change::MailboxCreated { account, mailbox, name, special_use, uid_validity });
            changes.push(Change::Subscribed { account, name: subscribed });
        }
    }
    Decision::Change(changes, Outcome::Done)
}

pub(super) fn remove(account: AccountId, index: &Index, staging: &mut Staging) -> Decision {
    if index.was_removed(account) {
        return Decision::Answer(Outcome::Done);
    }
    // An account the store never heard of is removed, too: it can then never be made.
    if !staging.shape(account) {
        return Decision::Later;
    }
    Decision::Change(vec![Change::AccountRemoved { account }], Outcome::Done)
}
