//! `sessions`: what a hijacked `auth` says to the store, besides what it may.

use breach::order::{Held, Packet};
use ipc::mail::{AccountId, Address, Senders};
use ipc::peers::Service;
use ipc::role::Role;
use ipc::service::sessions::{CREATE_MAX, Sessions, SessionsRequest};

use super::cases::Place;
use super::frames::call;
use super::servers::Facts;
use super::{Case, FLOOD};

/// The shortest there is.
const SENDER: Address = Address { local: String::new(), domain: String::new() };

pub(super) fn place(facts: &Facts) -> Place {
    Place {
        client: Role::Auth,
        on: Held::Peer(Service::Sessions),
        good: call::<Sessions>(SessionsRequest::Revoke { account: facts.other }),
        reply: "Done",
        // mail to somebody, which only mx may bring
        foreign: super::deliver::foreign(),
    }
}

pub(super) fn cases(facts: &Facts) -> Vec<Case> {
    let place = place(facts);
    let accounts =
        (0..=CREATE_MAX).map(|number| AccountId(u64::try_from(number).expect("fits") | 1 << 40)).collect();
    let create = call::<Sessions>(SessionsRequest::Create { accounts });
    let senders = Senders { addresses: vec![SENDER; Senders::MAX + 1], ..Senders::default() };
    let submit = call::<Sessions>(SessionsRequest::OpenSubmit { account: facts.own, senders });
    let flood = vec![Packet { times: FLOOD, ..Packet::once(place.good.clone()) }];
    vec![
        place.says(
            "many-accounts",
            "more accounts at once than a request has",
            vec![create],
            &["Unavailable"],
        ),
        place.says(
            "many-senders",
            "a session that sends as more addresses than an account has",
            vec![submit],
            &["Unavailable"],
        ),
        place.closes("flood", "50,000 requests, and no answer read", flood),
    ]
}
