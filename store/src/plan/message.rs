//! Adding messages: deliveries and appends.

use ipc::mail::{AccountId, MailboxId, Seconds, SystemFlags, TransactionId, Uid};
use ipc::service::deliver::Folder;
use ipc::service::mailbox::{INBOX, Refusal, SpecialUse};

use super::flags::{Unknown, keyword_bits};
use super::{Decision, NewMessage, Outcome, Staging};
use crate::change::{Change, State};
use crate::index::{Index, Mailbox};

/// What an append says of its message.
pub(super) struct With<'a> {
    pub(super) uid: Option<Uid>,
    pub(super) flags: SystemFlags,
    pub(super) keywords: &'a [String],
    pub(super) internal_date: Option<Seconds>,
}

pub(super) fn deliver(
    message: &NewMessage,
    accounts: &[AccountId],
    folder: Folder,
    index: &Index,
    staging: &mut Staging,
    first_body: u16,
    now: Seconds,
) -> Decision {
    if index.transactions.outcome(message.transaction).is_some() {
        return Decision::Answer(Outcome::Done);
    }
    if staging.transacts(message.transaction) {
        return Decision::Later;
    }
    let mut changes = match additions(message, accounts, folder, index, staging, first_body, now) {
        Ok(changes) => changes,
        Err(decision) => return decision,
    };
    staging.transact(message.transaction);
    changes.push(Change::TransactionDone { transaction: message.transaction, at: now, appended: None });
    Decision::Change(changes, Outcome::Done)
}

/// What adds the message to a folder of each account, or why it is added to none.
pub(super) fn additions(
    message: &NewMessage,
    accounts: &[AccountId],
    folder: Folder,
    index: &Index,
    staging: &mut Staging,
    first_body: u16,
    now: Seconds,
) -> Result<Vec<Change>, Decision> {
    if !accounts.iter().all(|account| staging.may_use(*account)) {
        return Err(Decision::Later);
    }
    let found: Option<Vec<_>> = accounts.iter().map(|account| target(index, *account, folder)).collect();
    let Some(found) = found else { return Err(Decision::Answer(Outcome::NoAccount)) };
    let mut changes = Vec::with_capacity(found.len().saturating_add(1));
    for (key, mailbox) in found {
        let uid = staging.next_uid(key, mailbox);
        let Some(uid) = uid else { return Err(Decision::Answer(Outcome::Refused(Refusal::Limit))) };
        let modseq = staging.next_modseq(key, mailbox);
        let state = State { modseq, flags: SystemFlags::default(), keywords: 0 };
        changes.push(add(message, key, uid, state, now, first_body));
    }
    Ok(changes)
}

/// The mailbox of that folder; the inbox where the user removed what is special.
fn target(index: &Index, account: AccountId, folder: Folder) -> Option<((AccountId, MailboxId), &Mailbox)> {
    let found = index.account(account)?;
    let special = match folder {
        Folder::Inbox => None,
        Folder::Junk => found.with_special_use(SpecialUse::Junk),
    };
    let id = special.or_else(|| found.named(INBOX))?;
    Some(((account, id), found.mailbox(id)?))
}

pub(super) fn append(
    message: &NewMessage,
    key: (AccountId, MailboxId),
    with: &With<'_>,
    index: &Index,
    staging: &mut Staging,
    first_body: u16,
    now: Seconds,
) -> Decision {
    if let Some(Some(appended)) = index.transactions.outcome(message.transaction)
        && is_there(index, key, appended, message.transaction)
    {
        return Decision::Answer(Outcome::Appended(appended.0, appended.1));
    }
    if staging.transacts(message.transaction) || !staging.may_use(key.0) {
        return Decision::Later;
    }
    let Some(mailbox) = index.mailbox(key.0, key.1) else {
        return Decision::Answer(Outcome::Refused(Refusal::NoMailbox));
    };
    let (mut changes, keywords) = match keyword_bits(with.keywords, Unknown::Added, key, mailbox, staging) {
        Ok(bits) => bits,
        Err(decision) => return decision,
    };
    let date = with.internal_date.unwrap_or(now);
    let Some(uid) = staging.kept_uid(key, mailbox, with.uid) else {
        return Decision::Answer(Outcome::Refused(Refusal::Limit));
    };
    let state = State { modseq: staging.next_modseq(key, mailbox), flags: with.flags, keywords };
    let added = add(message, key, uid, state, date, first_body);
    staging.transact(message.transaction);
    let appended = (mailbox.uid_validity, uid);
    changes.push(added);
    changes.push(Change::TransactionDone {
        transaction: message.transaction,
        at: now,
        appended: Some(appended),
    });
    Decision::Change(changes, Outcome::Appended(appended.0, appended.1))
}

/// Is what was appended still where it was, and in this mailbox? An import has the same ids each time: who has removed what
/// it brought, and imports it again, is not to be told that it is there. Nor is whoever makes up another's id.
fn is_there(
    index: &Index,
    key: (AccountId, MailboxId),
    (uid_validity, uid): (u32, Uid),
    transaction: TransactionId,
) -> bool {
    index.mailbox(key.0, key.1).is_some_and(|mailbox| {
        mailbox.uid_validity == uid_validity
            && mailbox.message(uid).is_some_and(|message| message.row.id == transaction)
    })
}

fn add(
    message: &NewMessage,
    key: (AccountId, MailboxId),
    uid: Uid,
    state: State,
    internal_date: Seconds,
    first_body: u16,
) -> Change {
    Change::MessageAdded {
        account: key.0,
        mailbox: key.1,
        uid,
        state,
        internal_date,
        size: message.body.raw_length(),
        transaction: message.transaction,
        body: first_body,
        structure: message.structure.as_ref().and_then(|_| first_body.checked_add(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{ACCOUNT, Planned};
    use super::super::{Operation, Outcome};
    use super::*;
    use crate::index::Uids;
    use crate::log::{BodyId, Compressor, PreparedBody};

    const INBOX_ID: MailboxId = MailboxId(1);

    fn append(mailbox: MailboxId, transaction: u128) -> Operation {
        let mut compressor = Compressor::new().unwrap();
        let body = PreparedBody::new(BodyId(transaction), b"mail", &mut compressor).unwrap();
        let message = NewMessage { transaction: TransactionId(transaction), body, structure: None };
        let (account, flags, keywords) = (ACCOUNT, SystemFlags::default(), Vec::new());
        Operation::Append { message, account, mailbox, uid: None, flags, keywords, internal_date: None }
    }

    #[test]
    fn what_was_appended_and_is_gone_is_appended_again() {
        let mut planned = Planned::new();
        let uid = planned.append(INBOX_ID, 7, &[]);
        assert!(planned.changes(&append(INBOX_ID, 7)).is_empty(), "it is there");
        assert!(matches!(planned.does(&append(INBOX_ID, 7)), Outcome::Appended(_, again) if again == uid));
        assert_eq!(planned.changes(&append(MailboxId(2), 7)).len(), 2, "another mailbox has it not");
        let uids = Uids::all();
        let (change, flags) = (ipc::service::mailbox::FlagChange::Add, SystemFlags::DELETED);
        let (account, mailbox) = (ACCOUNT, INBOX_ID);
        planned.does(&Operation::Flags { account, mailbox, uids, change, flags, keywords: Vec::new() });
        planned.does(&Operation::Expunge { account, mailbox, uids: Uids::all() });
        assert_eq!(planned.append(INBOX_ID, 7, &[]), uid + 1);
    }
}
