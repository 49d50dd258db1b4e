//! `login` and `directory`: what `auth` is asked.

use std::net::{IpAddr, Ipv4Addr};

use breach::order::{Answer, Held, Order, Packet, Speech};
use ipc::mail::{AccountId, Address, Password, TransactionId};
use ipc::peers::Service;
use ipc::role::Role;
use ipc::service::directory::{Directory, DirectoryRequest};
use ipc::service::login::{LOGIN_MAX, Login, LoginRequest, PASSWORD_MAX};
use ipc::service::sessions::{Sessions, SessionsRequest};

use super::cases::Place;
use super::frames::{self, call};
use super::servers::{Facts, PASSWORD, Reader};
use super::{Case, FLOOD};

pub(super) fn place(client: Role, facts: &Facts) -> Place {
    Place {
        client,
        on: Held::Peer(Service::Login),
        good: request("alice", PASSWORD),
        reply: "Welcome {",
        // a session without a password: what only auth may ask, and only the store answers
        foreign: call::<Sessions>(SessionsRequest::OpenMailbox { account: facts.other }),
    }
}

pub(super) fn directory(client: Role) -> Place {
    Place {
        client,
        on: Held::Peer(Service::Directory),
        good: whereto("alice", "example.org"),
        reply: "Deliver(",
        // there is no AUTH on port 25
        foreign: request("alice", PASSWORD),
    }
}

pub(super) fn cases(facts: &Facts) -> Vec<Case> {
    let login = place(Role::Imap, facts);
    let lookups = directory(Role::Mx);
    let long = vec![b'x'; PASSWORD_MAX + 1];
    let flood = |head: &[u8]| vec![Packet { times: FLOOD, ..Packet::once(head.to_vec()) }];
    vec![
        login.says(
            "wrong-password",
            "a password that is not the account's",
            vec![request("bob", b"guess")],
            &["Denied"],
        ),
        login.says(
            "no-such-user",
            "an account that is not there",
            vec![request("eve", PASSWORD)],
            &["Denied"],
        ),
        login.closes(
            "long-name",
            "a login name longer than any",
            vec![Packet::once(request(&"x".repeat(LOGIN_MAX + 1), PASSWORD))],
        ),
        login.closes(
            "long-password",
            "a password longer than any",
            vec![Packet::once(request("alice", &long))],
        ),
        login.closes("flood", "50,000 logins, and no answer read", flood(&request("eve", b"guess"))),
        lookups.says(
            "remote-address",
            "where mail for a stranger's domain goes",
            vec![whereto("eve", "example.net")],
            &["NotLocal"],
        ),
        lookups.says(
            "odd-address",
            "an address of bytes that no address has",
            vec![whereto("a\0b\r\n", "example.org")],
            &["Unknown"],
        ),
        lookups.closes("flood", "50,000 look-ups, and no answer read", flood(&lookups.good)),
    ]
}

/// Gets the reader a session of the account.
pub(super) fn log_in(reader: &mut Reader, name: &str, account: AccountId) -> Result<(), String> {
    let packets = vec![Packet::once(request(name, PASSWORD))];
    let speech = Speech { on: Held::Peer(Service::Login), packets, replies: 1, until_closed: false };
    let Answer::Heard(heard) = reader.order(&Order::Speak(speech))? else { return Err("no channel".into()) };
    let said = heard.replies.first().map(|reply| frames::printed(Held::Peer(Service::Login), reply));
    let welcome = format!("Welcome {{ account: {account:?},");
    if said.as_ref().is_some_and(|said| said.starts_with(&welcome)) {
        Ok(())
    } else {
        Err(format!("no session: {said:?}"))
    }
}

fn request(login: &str, password: &[u8]) -> Vec<u8> {
    call::<Login>(LoginRequest {
        login: login.into(),
        password: Password(password.to_vec()),
        remote: IpAddr::V4(Ipv4Addr::LOCALHOST),
    })
}

fn whereto(local: &str, domain: &str) -> Vec<u8> {
    let recipient = Address { local: local.into(), domain: domain.into() };
    call::<Directory>(DirectoryRequest { recipient, transaction: TransactionId(1) })
}
