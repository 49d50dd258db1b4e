//! What a commit group changes: complete, with old values, so that replaying a group never has to ask the index.
//!
//! These types are the format of a commit record's payload (docs/store-format.md). Variants are only ever added at the end.

mod queue;

pub use queue::Queued;

use ipc::mail::{AccountId, MailboxId, ModSeq, Seconds, SystemFlags, TransactionId, Uid};
use ipc::service::mailbox::SpecialUse;
use serde::{Deserialize, Serialize};

use crate::log::BodyRef;

/// One change. Bodies are named by their index among the bodies of the group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// An account that `auth` minted is set up.
    AccountCreated {
        /// Which.
        account: AccountId,
    },
    /// An account is gone with all its mail, for good.
    AccountRemoved {
        /// Which.
        account: AccountId,
    },
    /// A mailbox is made.
    MailboxCreated {
        /// Whose.
        account: AccountId,
        /// Its id, never used again in the account.
        mailbox: MailboxId,
        /// Its whole name.
        name: String,
        /// Its special use.
        special_use: Option<SpecialUse>,
        /// Never the same for two mailboxes of one name.
        uid_validity: u32,
    },
    /// A keyword gets the next bit of a mailbox's keyword table.
    KeywordAdded {
        /// Whose.
        account: AccountId,
        /// Where.
        mailbox: MailboxId,
        /// What.
        keyword: String,
    },
    /// A message is added.
    MessageAdded {
        /// Whose.
        account: AccountId,
        /// Where.
        mailbox: MailboxId,
        /// Its UID.
        uid: Uid,
        /// Its state.
        state: State,
        /// When it arrived.
        internal_date: Seconds,
        /// Its size in bytes.
        size: u32,
        /// The transaction it came by.
        transaction: TransactionId,
        /// Its body in the group.
        body: u16,
        /// Its structure in the group, stored like a body; none if the reader did not give one.
        structure: Option<u16>,
    },
    /// A message's flags are changed.
    FlagsChanged {
        /// Whose.
        account: AccountId,
        /// Where.
        mailbox: MailboxId,
        /// Which.
        uid: Uid,
        /// What it was.
        old: State,
        /// What it is.
        new: State,
    },
    /// A message is expunged.
    Expunged {
        /// Whose.
        account: AccountId,
        /// Where.
        mailbox: MailboxId,
        /// Which.
        uid: Uid,
        /// What it was.
        old: State,
        /// The mod-sequence of its end.
        modseq: ModSeq,
    },
    /// A transaction is done; asked again, it is answered the same.
    TransactionDone {
        /// Which.
        transaction: TransactionId,
        /// When.
        at: Seconds,
        /// What an append answered: UIDVALIDITY and UID.
        appended: Option<(u32, Uid)>,
    },
    /// Groups were lost at this place of the log: so that no UID is given twice, every mailbox there was jumps ahead.
    DamageNoted {
        /// The segment.
        segment: u64,
        /// The byte in it.
        offset: u64,
    },
    /// A mailbox is removed with all its messages.
    MailboxDeleted {
        /// Whose.
        account: AccountId,
        /// Which.
        mailbox: MailboxId,
        /// Its name was.
        name: String,
        /// Its special use was.
        special_use: Option<SpecialUse>,
        /// Its UIDVALIDITY was.
        uid_validity: u32,
    },
    /// A mailbox has another name. Those beneath it have changes of their own, in the same group.
    MailboxRenamed {
        /// Whose.
        account: AccountId,
        /// Which.
        mailbox: MailboxId,
        /// Its whole name was.
        old: String,
        /// Its whole name is.
        new: String,
    },
    /// A name is subscribed to.
    Subscribed {
        /// By whom.
        account: AccountId,
        /// To what.
        name: String,
    },
    /// A name is subscribed to no longer.
    Unsubscribed {
        /// By whom.
        account: AccountId,
        /// To what.
        name: String,
    },
    /// A message is added that shares its body with another of the same account.
    MessageCopied {
        /// Whose.
        account: AccountId,
        /// Where to.
        mailbox: MailboxId,
        /// Its UID there.
        uid: Uid,
        /// Its state there.
        state: State,
        /// When it arrived, once.
        internal_date: Seconds,
        /// Its size in bytes.
        size: u32,
        /// The transaction it came by, once.
        transaction: TransactionId,
        /// A parser panicked on it.
        opaque: bool,
        /// Its body, where it lies as this is written. It was durable before this group was, so nothing that ends this
        /// group short can have moved it.
        body: BodyRef,
        /// Its structure, likewise.
        structure: Option<BodyRef>,
        /// Where from: mailbox and UID.
        from: (MailboxId, Uid),
        /// When it was copied.
        at: Seconds,
    },
    /// A parser panicked on a message: from now on nobody parses it.
    MessageDistrusted {
        /// Whose.
        account: AccountId,
        /// Where.
        mailbox: MailboxId,
        /// Which.
        uid: Uid,
        /// What it was.
        old: State,
        /// Its mod-sequence now.
        modseq: ModSeq,
    },
    /// A message waits to be sent on.
    QueueAdded(Box<Queued>),
    /// A mailbox takes over the UIDVALIDITY and the next UID it had in another store.
    MailboxAdopted {
        /// Whose.
        account: AccountId,
        /// Which.
        mailbox: MailboxId,
        /// What it had: UIDVALIDITY and next UID.
        old: (u32, Uid),
        /// What it has.
        new: (u32, Uid),
    },
}

impl Change {
    /// The mailbox whose messages it changes.
    #[must_use]
    pub fn of_messages(&self) -> Option<(AccountId, MailboxId)> {
        match self {
            Change::MessageAdded { account, mailbox, .. }
            | Change::MessageCopied { account, mailbox, .. } => Some((*account, *mailbox)),
            other => other.of_old_messages(),
        }
    }

    /// The mailbox, when the change is of messages that were there before: they have to be in memory to change.
    #[must_use]
    pub fn of_old_messages(&self) -> Option<(AccountId, MailboxId)> {
        match self {
            Change::FlagsChanged { account, mailbox, .. }
            | Change::Expunged { account, mailbox, .. }
            | Change::MessageDistrusted { account, mailbox, .. } => Some((*account, *mailbox)),
            _ => None,
        }
    }

    /// The most bytes that it counts for when a commit record is read, in which a number has its full width: what keeps a
    /// group below [`RECORD_MAX`](ipc::codec::RECORD_MAX).
    #[must_use]
    pub fn weight(&self) -> usize {
        /// Above what the fields of any change take together, but for its text.
        const FIELDS: usize = 256;
        let text = match self {
            Change::MailboxCreated { name, .. }
            | Change::MailboxDeleted { name, .. }
            | Change::Subscribed { name, .. }
            | Change::Unsubscribed { name, .. } => name.len(),
            Change::MailboxRenamed { old, new, .. } => old.len().saturating_add(new.len()),
            Change::KeywordAdded { keyword, .. } => keyword.len(),
            Change::QueueAdded(queued) => queued.weight(),
            Change::AccountCreated { .. }
            | Change::AccountRemoved { .. }
            | Change::MessageAdded { .. }
            | Change::FlagsChanged { .. }
            | Change::Expunged { .. }
            | Change::TransactionDone { .. }
            | Change::DamageNoted { .. }
            | Change::MessageCopied { .. }
            | Change::MessageDistrusted { .. }
            | Change::MailboxAdopted { .. } => 0,
        };
        text.saturating_add(FIELDS)
    }
}

/// The part of a message that changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// When it last changed.
    pub modseq: ModSeq,
    /// System flags.
    pub flags: SystemFlags,
    /// Keywords, by their bit in the mailbox's table.
    pub keywords: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::{BodyId, Position, SegmentNumber};

    const STATE: State = State { modseq: 300, flags: SystemFlags(9), keywords: 1 << 40 };
    const STATE_BYTES: [u8; 13] = [251, 44, 1, 9, 253, 0, 0, 0, 0, 0, 1, 0, 0];

    fn written(change: Change) -> Vec<u8> {
        let bytes = ipc::codec::encode_record(&vec![change.clone()]).unwrap();
        assert_eq!(ipc::codec::decode_record::<Vec<Change>>(&bytes).unwrap(), [change]);
        assert_eq!(bytes[0], 1);
        bytes[1..].to_vec()
    }

    /// The format, byte by byte: what a disk holds is read by every later version.
    #[test]
    fn changes_are_written_as_the_format_says() {
        let (account, mailbox, uid) = (AccountId(7), MailboxId(1), 5);
        let transaction = TransactionId(1 << 100);
        let transaction_bytes = [&[254][..], &(1_u128 << 100).to_le_bytes()].concat();
        assert_eq!(written(Change::AccountCreated { account }), [0, 7]);
        assert_eq!(written(Change::AccountRemoved { account: AccountId(70_000) }), [1, 252, 112, 17, 1, 0]);
        let (name, special_use) = ("Junk".to_owned(), Some(SpecialUse::Junk));
        assert_eq!(
            written(Change::MailboxCreated { account, mailbox, name, special_use, uid_validity: 250 }),
            [&[2, 7, 1, 4][..], b"Junk", &[1, 2, 250]].concat()
        );
        let keyword = "a".to_owned();
        assert_eq!(written(Change::KeywordAdded { account, mailbox, keyword }), [3, 7, 1, 1, b'a']);
        let added = Change::MessageAdded {
            account,
            mailbox,
            uid,
            state: STATE,
            internal_date: -1,
            size: 3,
            transaction,
            body: 0,
            structure: Some(1),
        };
        assert_eq!(
            written(added),
            [&[4, 7, 1, 5][..], &STATE_BYTES, &[1, 3], &transaction_bytes, &[0, 1, 1]].concat()
        );
        let new = State { modseq: 301, ..STATE };
        let mut new_bytes = STATE_BYTES;
        new_bytes[1] = 45;
        assert_eq!(
            written(Change::FlagsChanged { account, mailbox, uid, old: STATE, new }),
            [&[5, 7, 1, 5][..], &STATE_BYTES, &new_bytes].concat()
        );
        assert_eq!(
            written(Change::Expunged { account, mailbox, uid, old: STATE, modseq: 302 }),
            [&[6, 7, 1, 5][..], &STATE_BYTES, &[251, 46, 1]].concat()
        );
        assert_eq!(
            written(Change::TransactionDone { transaction, at: 1, appended: Some((8, 9)) }),
            [&[7][..], &transaction_bytes, &[2, 1, 8, 9]].concat()
        );
        assert_eq!(written(Change::DamageNoted { segment: 2, offset: 0 }), [8, 2, 0]);
    }

    #[test]
    fn changes_of_mailboxes_are_written_as_the_format_says() {
        let (account, mailbox) = (AccountId(7), MailboxId(9));
        let name = || "a/b".to_owned();
        let deleted =
            Change::MailboxDeleted { account, mailbox, name: name(), special_use: None, uid_validity: 250 };
        assert_eq!(written(deleted), [9, 7, 9, 3, b'a', b'/', b'b', 0, 250]);
        assert_eq!(
            written(Change::MailboxRenamed { account, mailbox, old: name(), new: "c".into() }),
            [10, 7, 9, 3, b'a', b'/', b'b', 1, b'c']
        );
        assert_eq!(written(Change::Subscribed { account, name: name() }), [11, 7, 3, b'a', b'/', b'b']);
        assert_eq!(written(Change::Unsubscribed { account, name: name() }), [12, 7, 3, b'a', b'/', b'b']);
    }

    #[test]
    fn changes_of_copies_are_written_as_the_format_says() {
        let (account, mailbox, uid) = (AccountId(7), MailboxId(9), 5);
        let position = Position { segment: SegmentNumber(3), offset: 8192 };
        let body = BodyRef { position, id: BodyId(6), length: 30, crc: 1 << 30 };
        let copied = Change::MessageCopied {
            account,
            mailbox,
            uid,
            state: STATE,
            internal_date: -1,
            size: 3,
            transaction: TransactionId(6),
            opaque: true,
            body,
            structure: Some(BodyRef { length: 31, ..body }),
            from: (MailboxId(1), 4),
            at: 2,
        };
        let place = |length| [3, 251, 0, 32, 6, length, 252, 0, 0, 0, 64];
        assert_eq!(
            written(copied),
            [&[13, 7, 9, 5][..], &STATE_BYTES, &[1, 3, 6, 1], &place(30), &[1], &place(31), &[1, 4, 4]]
                .concat()
        );
        assert_eq!(
            written(Change::MessageDistrusted { account, mailbox, uid, old: STATE, modseq: 302 }),
            [&[14, 7, 9, 5][..], &STATE_BYTES, &[251, 46, 1]].concat()
        );
        let (old, new) = ((3, 1), (300, 9));
        assert_eq!(
            written(Change::MailboxAdopted { account, mailbox, old, new }),
            [16, 7, 9, 3, 1, 251, 44, 1, 9]
        );
    }
}
