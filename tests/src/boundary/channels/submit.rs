//! `submit` and `outcome`: sending as somebody else, to nobody, to too many, to what is no address; asking for what became
//! of others' mail.

use breach::order::{Held, Packet};
use ipc::mail::{AccountId, Address, ForwardId, Target, TransactionId};
use ipc::peers::Service;
use ipc::role::Role;
use ipc::service::mailbox::MailboxRequest;
use ipc::service::outcome::{OutcomeRequest, Outcomes};
use ipc::service::submit::{
    ADDRESS_PART_MAX, ENVID_MAX, Notify, Remote, STREAMS_MAX, SubmitEnd, SubmitRequest,
};
use ipc::service::upload::STRUCTURE_MAX;

use super::cases::Place;
use super::frames::{call, chunk, message};
use super::servers::Facts;
use super::{Case, FLOOD};

/// One transaction of every case: none of them may ever be stored.
const NEVER: TransactionId = TransactionId(0x0074_696d_6275_7300);

pub(super) fn place() -> Place {
    Place {
        client: Role::Submission,
        on: Held::Session,
        good: outcome(1),
        reply: "Finished {",
        // what is in the mailboxes, which a session that sends is not for
        foreign: message(&MailboxRequest::List { after: None }),
    }
}

/// The standing channel, which knows nothing of accounts.
pub(super) fn outcomes() -> Place {
    Place {
        client: Role::Submission,
        on: Held::Peer(Service::Outcome),
        good: call::<Outcomes>(OutcomeRequest { transaction: NEVER }),
        reply: "NotStored",
        // mail to somebody, which only a session may bring
        foreign: begin(1),
    }
}

pub(super) fn cases(facts: &Facts) -> Vec<Case> {
    let place = place();
    let refused = |name, what, end: SubmitEnd, outcome: &str| {
        let packets = vec![begin(1), chunk(1, b"text"), commit(end), self::outcome(2)];
        let replies = [
            "Credit { stream: 1, chunks: 1 }",
            &format!("Finished {{ stream: 1, outcome: {outcome} }}"),
            "Finished { stream: 2, outcome: NotStored }",
        ];
        place.says(name, what, packets, &replies)
    };
    let from =
        |address: &str| SubmitEnd { reverse_path: Some(self::address(address)), ..elsewhere("far.example") };
    let flood = vec![Packet { times: FLOOD, ..Packet::once(outcomes().good) }];
    let mut cases = vec![
        refused("foreign-sender", "in the name of another account", from("bob@example.org"), "NotAllowed"),
        refused("stranger", "in the name of an address elsewhere", from("ceo@bank.example"), "NotAllowed"),
        refused(
            "sender-and-inbox",
            "in the name of another, to itself",
            SubmitEnd { targets: vec![Target::Account(facts.own)], ..from("bob@example.org") },
            "NotAllowed",
        ),
        refused(
            "unknown-account",
            "to an account that is not there, and elsewhere; it is in no queue",
            SubmitEnd { targets: vec![Target::Account(AccountId(0x1bad))], ..from("alice@example.org") },
            "NoAccount",
        ),
        refused(
            "unknown-forward",
            "to a forward that was never made; nothing is stored",
            SubmitEnd { targets: vec![Target::Forward(ForwardId(1))], ..from("alice@example.org") },
            "NoAccount",
        ),
        refused(
            "many-recipients",
            "to more recipients elsewhere than the account has in an hour",
            SubmitEnd {
                remote: (0..=900).map(|number| far(&number.to_string())).collect(),
                ..from("alice@example.org")
            },
            "TooMany",
        ),
        outcomes().closes("flood", "50,000 questions, and no answer read", flood),
    ];
    cases.extend(out_of_form(&place));
    cases
}

/// Ends that no honest reader sends.
fn out_of_form(place: &Place) -> Vec<Case> {
    let closes = |name, what, end: SubmitEnd| {
        let packets = [begin(1), commit(end)].into_iter().map(Packet::once).collect();
        place.closes(name, what, packets)
    };
    let to = |remote: Remote| SubmitEnd { remote: vec![remote], ..SubmitEnd::default() };
    let long = |length: usize| Address { local: "x".repeat(length), domain: "far.example".into() };
    let streams = (0..=u32::try_from(STREAMS_MAX).expect("fits")).map(begin);
    vec![
        place.closes(
            "commit-unbegun",
            "the end of a message that was not begun",
            vec![Packet::once(commit(elsewhere("b.example")))],
        ),
        place.closes(
            "begun-twice",
            "two messages under one number",
            [begin(1), begin(1)].map(Packet::once).to_vec(),
        ),
        place.closes(
            "many-streams",
            "more messages at once than a session has",
            streams.map(Packet::once).collect(),
        ),
        closes("no-recipients", "to nobody", SubmitEnd::default()),
        closes(
            "crowd",
            "to more recipients than a transaction has",
            SubmitEnd {
                remote: (0..=1000).map(|number| far(&number.to_string())).collect(),
                ..SubmitEnd::default()
            },
        ),
        closes(
            "long-address",
            "to an address longer than any",
            to(Remote { address: long(ADDRESS_PART_MAX + 1), ..far("a") }),
        ),
        closes("odd-address", "to an address with a line's end in it", to(far("a>\r\nRCPT TO:<b"))),
        closes("odd-domain", "to a domain with a parameter behind it", elsewhere("b.example> NOTIFY=NEVER")),
        closes(
            "unknown-notify",
            "reports of a kind that is none",
            to(Remote { notify: Some(Notify(9)), ..far("a") }),
        ),
        closes(
            "long-envid",
            "an envelope id longer than any",
            SubmitEnd { envid: Some("e".repeat(ENVID_MAX + 1)), ..elsewhere("b.example") },
        ),
        closes(
            "long-sender",
            "from an address longer than any",
            SubmitEnd { reverse_path: Some(long(ADDRESS_PART_MAX + 1)), ..elsewhere("b.example") },
        ),
        closes(
            "large-structure",
            "a structure larger than any",
            SubmitEnd { structure: vec![0; STRUCTURE_MAX + 1], ..elsewhere("b.example") },
        ),
    ]
}

fn begin(stream: u32) -> Vec<u8> {
    message(&SubmitRequest::Begin { stream, transaction: NEVER })
}

fn commit(end: SubmitEnd) -> Vec<u8> {
    message(&SubmitRequest::Commit { stream: 1, end })
}

fn outcome(stream: u32) -> Vec<u8> {
    message(&SubmitRequest::Outcome { stream, transaction: NEVER })
}

fn address(text: &str) -> Address {
    let (local, domain) = text.split_once('@').expect("an address");
    Address { local: local.into(), domain: domain.into() }
}

fn far(local: &str) -> Remote {
    Remote {
        address: Address { local: local.into(), domain: "far.example".into() },
        notify: None,
        orcpt: None,
    }
}

fn elsewhere(domain: &str) -> SubmitEnd {
    let remote =
        Remote { address: Address { local: "x".into(), domain: domain.into() }, notify: None, orcpt: None };
    SubmitEnd { remote: vec![remote], ..SubmitEnd::default() }
}
