//! `deliver`: to accounts that are not there, to nobody, out of order, too much. A remote address is not among the cases:
//! no request of this channel has a place for one.

use breach::order::{Held, Packet};
use ipc::mail::{AccountId, ForwardId, Target, TransactionId};
use ipc::peers::Service;
use ipc::role::Role;
use ipc::service::deliver::{DeliverEnd, DeliverRequest, Folder, STREAMS_MAX, TARGETS_MAX};
use ipc::service::sessions::{Sessions, SessionsRequest};
use ipc::service::upload::STRUCTURE_MAX;
use ipc::socket::CHUNK_MAX;

use super::cases::Place;
use super::frames::{call, chunk, message};
use super::servers::Facts;
use super::{Case, Expected};

/// An account that `auth` never minted.
const NOBODY: Target = Target::Account(AccountId(0x1bad));
/// One transaction of every case: none of them may ever be stored.
const NEVER: TransactionId = TransactionId(0x006e_6576_6572);

pub(super) fn place(client: Role, facts: &Facts) -> Place {
    Place {
        client,
        on: Held::Peer(Service::Deliver),
        good: outcome(1),
        reply: "Finished {",
        foreign: call::<Sessions>(SessionsRequest::OpenMailbox { account: facts.other }),
    }
}

pub(super) fn cases(facts: &Facts) -> Vec<Case> {
    let place = place(Role::Mx, facts);
    let own = Target::Account(facts.own);
    let closes = |name, what, frames: Vec<Vec<u8>>| {
        place.closes(name, what, frames.into_iter().map(Packet::once).collect())
    };
    let refused = |target| vec![begin(1), chunk(1, b"text"), commit(vec![target], 0), outcome(2)];
    let nothing_stored = [
        "Credit { stream: 1, chunks: 1 }",
        "Finished { stream: 1, outcome: NoAccount }",
        "Finished { stream: 2, outcome: NotStored }",
    ];
    let streams = (0..=u32::try_from(STREAMS_MAX).expect("fits")).map(begin).collect();
    vec![
        place.says(
            "unknown-account",
            "to an account that is not there; nothing is stored",
            refused(NOBODY),
            &nothing_stored,
        ),
        place.says(
            "unknown-forward",
            "to a forward that was never made; nothing is stored",
            refused(Target::Forward(ForwardId(1))),
            &nothing_stored,
        ),
        place.says(
            "one-of-two",
            "to an account and one that is not there; it is stored in neither",
            vec![begin(1), chunk(1, b"text"), commit(vec![own, NOBODY], 0), outcome(2)],
            &nothing_stored,
        ),
        closes("commit-unbegun", "the end of a message that was not begun", vec![commit(vec![own], 0)]),
        closes("begun-twice", "two messages under one number", vec![begin(1), begin(1)]),
        closes("no-targets", "to nobody", vec![begin(1), commit(Vec::new(), 0)]),
        closes(
            "many-targets",
            "to more accounts than a transaction has",
            vec![begin(1), commit(vec![own; TARGETS_MAX + 1], 0)],
        ),
        closes(
            "large-structure",
            "a structure larger than any",
            vec![begin(1), commit(vec![own], STRUCTURE_MAX + 1)],
        ),
        closes("many-streams", "more messages at once than a worker has", streams),
        too_large(&place),
        too_much(&place),
        place.closes(
            "unread",
            "a message in 50,000 pieces, and no credit read",
            vec![Packet::once(begin(1)), Packet { times: 50_000, ..Packet::once(chunk(1, b"x")) }],
        ),
    ]
}

/// A request of this service, to say it elsewhere.
pub(super) fn foreign() -> Vec<u8> {
    begin(1)
}

fn too_large(place: &Place) -> Case {
    let packets = vec![Packet::once(begin(1)), Packet { times: 9, ..full_chunk(1) }];
    Case {
        client: place.client,
        on: place.on,
        name: "large-message",
        what: "a message larger than the store takes",
        packets,
        expected: Expected::Hears(9, "Finished { stream: 1, outcome: TooLarge }"),
    }
}

/// Seventy messages of a mebibyte, none of them ended, where 64 may be in memory.
fn too_much(place: &Place) -> Case {
    let streams = 0..70;
    let packets =
        streams.flat_map(|stream| [Packet::once(begin(stream)), Packet { times: 8, ..full_chunk(stream) }]);
    Case {
        client: place.client,
        on: place.on,
        name: "much-unfinished",
        what: "more unfinished messages than there is memory for",
        packets: packets.collect(),
        expected: Expected::Hears(560, "outcome: Full }"),
    }
}

fn begin(stream: u32) -> Vec<u8> {
    message(&DeliverRequest::Begin { stream, transaction: NEVER })
}

fn commit(targets: Vec<Target>, structure: usize) -> Vec<u8> {
    let end = DeliverEnd { targets, folder: Folder::Inbox, structure: vec![0; structure] };
    message(&DeliverRequest::Commit { stream: 1, end })
}

fn outcome(stream: u32) -> Vec<u8> {
    message(&DeliverRequest::Outcome { stream, transaction: NEVER })
}

fn full_chunk(stream: u32) -> Packet {
    Packet { filling: u32::try_from(CHUNK_MAX).expect("fits"), ..Packet::once(chunk(stream, b"")) }
}
