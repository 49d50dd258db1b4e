//! What is decided of submitted mail.

use ipc::mail::TransactionId;

use super::*;
use crate::log::{BodyId, BodyRef, Compressor, Position, PreparedBody, SegmentNumber};
use crate::plan::{Operation, decide};

const NOW: Seconds = 1000;

fn message(transaction: u128) -> NewMessage {
    let mut compressor = Compressor::new().unwrap();
    let body = PreparedBody::new(BodyId(transaction), b"mail", &mut compressor).unwrap();
    NewMessage { transaction: TransactionId(transaction), body, structure: None }
}

fn remote(domain: &str) -> Remote {
    let address = Address { local: "x".into(), domain: domain.into() };
    Remote { address, notify: None, orcpt: None }
}

fn submit_of(transaction: u128, accounts: &[u64], remote_domains: &[&str]) -> Operation {
    let envelope = Envelope {
        accounts: accounts.iter().copied().map(AccountId).collect(),
        remote: remote_domains.iter().map(|domain| remote(domain)).collect(),
        ..Envelope::default()
    };
    Operation::Submit { message: message(transaction), sender: AccountId(1), envelope }
}

struct World {
    index: Index,
    staging: Staging,
}

impl World {
    fn new() -> Self {
        let mut world = World { index: Index::default(), staging: Staging::default() };
        let accounts = vec![AccountId(1), AccountId(2)];
        world.committed(&Operation::Create { accounts });
        world
    }

    fn decide(&mut self, operation: &Operation) -> Decision {
        decide(operation, &self.index, &mut self.staging, 0, NOW)
    }

    /// Decides the operation in a group of its own, and applies it.
    fn committed(&mut self, operation: &Operation) -> (Vec<Change>, Outcome) {
        self.staging = Staging::default();
        let decision = self.decide(operation);
        self.staging = Staging::default();
        let Decision::Change(changes, outcome) = decision else { panic!("{decision:?}") };
        let position = Position { segment: SegmentNumber(1), offset: 0 };
        let body = BodyRef { position, id: BodyId(1), length: 4, crc: 0 };
        changes.iter().cloned().for_each(|change| self.index.apply(change, &[body]));
        (changes, outcome)
    }
}

#[test]
fn one_group_covers_mailboxes_and_the_queue() {
    let mut world = World::new();
    let (changes, outcome) = world.committed(&submit_of(7, &[1, 2], &["a.example", "b.example"]));
    assert_eq!(outcome, Outcome::Done);
    let added = |change: &&Change| matches!(change, Change::MessageAdded { .. });
    assert_eq!(changes.iter().filter(added).count(), 2);
    let entry = world.index.queue.page(None).next().unwrap();
    assert_eq!((entry.queued.id, entry.queued.account, entry.queued.at), (QueueId(1), AccountId(1), NOW));
    assert_eq!(entry.queued.recipients, [remote("a.example"), remote("b.example")]);
    let again = world.decide(&submit_of(7, &[1], &["a.example"]));
    assert!(matches!(again, Decision::Answer(Outcome::Done)), "once and only once: {again:?}");
}

#[test]
fn mail_for_here_alone_is_not_queued() {
    let mut world = World::new();
    let (changes, _) = world.committed(&submit_of(7, &[2], &[]));
    assert_eq!(changes.len(), 2);
    assert!(world.index.queue.is_empty());
}

#[test]
fn an_account_that_is_gone_neither_gets_nor_sends() {
    let mut world = World::new();
    let refused = world.decide(&submit_of(7, &[1, 9], &["a.example"]));
    assert!(matches!(refused, Decision::Answer(Outcome::NoAccount)), "{refused:?}");
    world.committed(&submit_of(8, &[], &["a.example"]));
    world.committed(&Operation::Remove { account: AccountId(1) });
    let refused = world.decide(&submit_of(9, &[2], &["a.example"]));
    assert!(matches!(refused, Decision::Answer(Outcome::NoAccount)), "{refused:?}");
    assert_eq!(world.index.queue.len(), 1, "what it has sent is sent");
}

#[test]
fn ids_rise_within_a_group_and_from_group_to_group() {
    let mut world = World::new();
    world.committed(&submit_of(5, &[], &["a.example"]));
    let mut ids = Vec::new();
    for transaction in [6, 7, 6] {
        match world.decide(&submit_of(transaction, &[], &["a.example"])) {
            Decision::Change(changes, _) => ids.extend(changes.iter().find_map(|change| match change {
                Change::QueueAdded(queued) => Some(queued.id.0),
                _ => None,
            })),
            Decision::Later => ids.push(0),
            Decision::Answer(outcome) => panic!("{outcome:?}"),
        }
    }
    assert_eq!(ids, [2, 3, 0], "a transaction that the group has already waits for the next");
}
