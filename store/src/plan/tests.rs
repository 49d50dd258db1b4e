//! An index and what is decided on it, without a log.

use super::*;
use crate::log::{BodyId, BodyRef, Compressor, Position, SegmentNumber};

/// The account of these tests: with its INBOX (1) and five mailboxes more (2 to 6).
pub(super) const ACCOUNT: AccountId = AccountId(1);
/// The time of these tests.
const NOW: Seconds = 1000;

pub(super) struct Planned {
    pub(super) index: Index,
}

/// The mailbox of that name.
pub(super) fn mailbox_id(index: &Index, name: &str) -> Option<MailboxId> {
    index.account(ACCOUNT)?.named(name)
}

/// The place of a transaction's body; its structure is behind it.
pub(super) fn place(transaction: u128) -> BodyRef {
    let offset = u64::try_from(transaction).unwrap() * 1000;
    let position = Position { segment: SegmentNumber(1), offset };
    BodyRef { position, id: BodyId(transaction), length: 10, crc: 7 }
}

impl Planned {
    pub(super) fn new() -> Self {
        let mut planned = Planned { index: Index::default() };
        assert_eq!(planned.does(&Operation::Create { accounts: vec![ACCOUNT] }), Outcome::Done);
        planned
    }

    /// Decides the operation in a group of its own.
    pub(super) fn does(&mut self, operation: &Operation) -> Outcome {
        match decide(operation, &self.index, &mut Staging::default(), 0, NOW) {
            Decision::Change(changes, outcome) => {
                self.apply(changes);
                outcome
            }
            Decision::Answer(outcome) => outcome,
            Decision::Later => panic!("{operation:?} waits for nobody"),
        }
    }

    /// What it would change.
    pub(super) fn changes(&self, operation: &Operation) -> Vec<Change> {
        match decide(operation, &self.index, &mut Staging::default(), 0, NOW) {
            Decision::Change(changes, _) => changes,
            Decision::Answer(_) => Vec::new(),
            Decision::Later => panic!("{operation:?} waits for nobody"),
        }
    }

    /// Decides operations in one group, of which these have their turn and the others wait for the next.
    pub(super) fn together(&mut self, operations: &[Operation], now: &[bool]) {
        let mut staging = Staging::default();
        let mut decided = Vec::new();
        for (operation, now) in operations.iter().zip(now) {
            let decision = decide(operation, &self.index, &mut staging, 0, NOW);
            assert_eq!(!matches!(decision, Decision::Later), *now, "{operation:?}: {decision:?}");
            if let Decision::Change(changes, _) = decision {
                decided.extend(changes);
            }
        }
        self.apply(decided);
    }

    /// Appends a message with a structure.
    pub(super) fn append(&mut self, mailbox: MailboxId, transaction: u128, keywords: &[&str]) -> Uid {
        self.import(mailbox, transaction, keywords, None)
    }

    /// The same with a UID that it had elsewhere.
    pub(super) fn import(
        &mut self,
        mailbox: MailboxId,
        transaction: u128,
        keywords: &[&str],
        uid: Option<Uid>,
    ) -> Uid {
        let mut compressor = Compressor::new().unwrap();
        let mut body = || PreparedBody::new(BodyId(transaction), b"mail", &mut compressor).unwrap();
        let message =
            NewMessage { transaction: TransactionId(transaction), body: body(), structure: Some(body()) };
        let append = Operation::Append {
            message,
            account: ACCOUNT,
            mailbox,
            uid,
            flags: SystemFlags::FLAGGED,
            keywords: keywords.iter().map(|keyword| (*keyword).to_owned()).collect(),
            internal_date: Some(77),
        };
        let Decision::Change(changes, Outcome::Appended(_, uid)) =
            decide(&append, &self.index, &mut Staging::default(), 0, NOW)
        else {
            panic!("not appended");
        };
        let body = place(transaction);
        let structure = Position { offset: body.position.offset + 64, ..body.position };
        let bodies = [body, BodyRef { position: structure, ..body }];
        changes.into_iter().for_each(|change| self.index.apply(change, &bodies));
        uid
    }

    fn apply(&mut self, changes: Vec<Change>) {
        changes.into_iter().for_each(|change| self.index.apply(change, &[]));
    }
}
