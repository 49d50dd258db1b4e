//! The whole wiring in one table: who may talk to whom, over which service.
//!
//! A line that is absent is a channel that does not exist. The master makes exactly the channels of the lines whose
//! two ends are there, and nothing else in the code makes one, but for the descriptors that a service itself hands on
//! (the store's session sockets, which only `auth` can ask for).

use serde::{Deserialize, Serialize};

use crate::role::Role;

/// An interface that one role serves to another. Each has a file in `service/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Service {
    /// Password checks that bring a session descriptor.
    Login,
    /// Which addresses are ours, and where they lead.
    Directory,
    /// Opening and revoking the sessions of an account, removing an account.
    Sessions,
    /// Appending to accounts.
    Deliver,
    /// Signing TLS handshakes; certificates and ticket keys.
    Handshake,
    /// What became of a transaction whose store ended before it said so.
    Outcome,
}

/// A party to a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// A role that is there.
    Here(Role),
    /// A role that DESIGN has and the code not yet.
    Later(&'static str),
}

/// How the channel comes into being.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// The master makes a socket pair for each client instance, and again when either end was restarted.
    Standing(Service),
    /// The server hands out a descriptor for each login, by way of `auth`.
    PerLogin(&'static str),
    /// The descriptor a role is started with.
    Control,
    /// The master accepts on a socket in the run directory and hands the connection on.
    Admin,
    /// A service that comes with its roles.
    Later(&'static str),
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// Who asks.
    pub client: Party,
    /// Who answers.
    pub server: Party,
    /// Over what.
    pub wire: Wire,
    /// What the client can ask, and why it must.
    pub reason: &'static str,
}

const fn line(client: Party, server: Party, wire: Wire, reason: &'static str) -> Line {
    Line { client, server, wire, reason }
}

use Party::{Here, Later};
use Role::{Auth, Imap, Keys, Lmtp, Master, Mx, Pop3, Store, Submission};

const RELAY: Party = Later("relay");
const RESOLVER: Party = Later("resolver");
const PICKUP: Party = Later("pickup");
const CLI: Party = Later("cli");

/// Every channel there is, and every one there will be.
pub const PEERS: &[Line] = &[
    line(Here(Store), Here(Master), Wire::Control, "configuration, peers, drain"),
    line(
        Here(Keys),
        Here(Master),
        Wire::Control,
        "configuration, peers, drain; certificates and keys as descriptors",
    ),
    line(Here(Auth), Here(Master), Wire::Control, "configuration, peers, drain"),
    line(Here(Mx), Here(Master), Wire::Control, "configuration, peers, listeners, drain"),
    line(Here(Imap), Here(Master), Wire::Control, "configuration, peers, listeners, drain"),
    line(Here(Pop3), Here(Master), Wire::Control, "configuration, peers, listeners, drain"),
    line(Here(Submission), Here(Master), Wire::Control, "configuration, peers, listeners, drain"),
    line(Here(Lmtp), Here(Master), Wire::Control, "configuration, peers, listeners, drain"),
    line(
        Here(Imap),
        Here(Auth),
        Wire::Standing(Service::Login),
        "is this the password; brings a mailbox session",
    ),
    line(
        Here(Submission),
        Here(Auth),
        Wire::Standing(Service::Login),
        "is this the password; brings a submit session",
    ),
    line(
        Here(Pop3),
        Here(Auth),
        Wire::Standing(Service::Login),
        "is this the password; brings a mailbox session",
    ),
    line(
        Here(Mx),
        Here(Auth),
        Wire::Standing(Service::Directory),
        "is this domain ours, where does this recipient go",
    ),
    line(Here(Submission), Here(Auth), Wire::Standing(Service::Directory), "the same, for local recipients"),
    line(Here(Lmtp), Here(Auth), Wire::Standing(Service::Directory), "the same"),
    line(
        Here(Auth),
        Here(Store),
        Wire::Standing(Service::Sessions),
        "open or revoke a session, remove an account",
    ),
    line(Here(Auth), Here(Store), Wire::Later("routes"), "the set of forwards"),
    line(Here(Imap), Here(Store), Wire::PerLogin("mailbox"), "this account's mailboxes"),
    line(Here(Pop3), Here(Store), Wire::PerLogin("mailbox"), "this account's mailboxes"),
    line(
        Here(Mx),
        Here(Store),
        Wire::Standing(Service::Deliver),
        "append to accounts and forwards; never read, never relay",
    ),
    line(Here(Lmtp), Here(Store), Wire::Standing(Service::Deliver), "the same"),
    line(Here(Submission), Here(Store), Wire::PerLogin("submit"), "send as this account, to anywhere"),
    line(
        Here(Submission),
        Here(Store),
        Wire::Standing(Service::Outcome),
        "was this transaction stored, when its submit session ended with the store; one bit to who knows its id",
    ),
    line(PICKUP, Here(Store), Wire::PerLogin("submit"), "send as this local uid, to anywhere"),
    line(RELAY, Here(Store), Wire::Later("queue"), "lease what is due, read its body, report an outcome"),
    line(
        Here(Mx),
        Here(Keys),
        Wire::Standing(Service::Handshake),
        "sign a handshake with its listeners' certificates",
    ),
    line(Here(Submission), Here(Keys), Wire::Standing(Service::Handshake), "the same"),
    line(Here(Lmtp), Here(Keys), Wire::Standing(Service::Handshake), "the same"),
    line(Here(Imap), Here(Keys), Wire::Standing(Service::Handshake), "the same"),
    line(Here(Pop3), Here(Keys), Wire::Standing(Service::Handshake), "the same"),
    line(
        Here(Auth),
        Here(Keys),
        Wire::Later("signers"),
        "open a DKIM signing descriptor for an account's domains",
    ),
    line(RELAY, Here(Keys), Wire::Later("dkim"), "the host's own domain, for its reports"),
    line(Here(Mx), RESOLVER, Wire::Later("dns, sts"), "typed look-ups"),
    line(RELAY, RESOLVER, Wire::Later("dns, sts"), "typed look-ups"),
    line(CLI, Here(Master), Wire::Admin, "status, stop: fixed-size requests"),
    line(
        CLI,
        Here(Auth),
        Wire::Admin,
        "accounts, domains, aliases; handed on by the master with a permission",
    ),
    line(CLI, Here(Store), Wire::Admin, "what waits in the queue; later check, backup, undelete"),
    line(CLI, Here(Keys), Wire::Later("admin"), "certificates, DKIM keys"),
];

/// The channels the master makes: client, server, service.
pub fn standing() -> impl Iterator<Item = (Role, Role, Service)> {
    PEERS.iter().filter_map(|line| match (line.client, line.server, line.wire) {
        (Here(client), Here(server), Wire::Standing(service)) => Some((client, server, service)),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Waiting goes one way: who serves somebody never waits for one that waits for it.
    #[test]
    fn nobody_waits_in_a_circle() {
        let rank = |role| match role {
            Mx | Imap | Pop3 | Submission | Lmtp => 0,
            Auth => 1,
            Keys | Store => 2,
            Master => 3,
        };
        for (client, server, service) in standing() {
            assert!(rank(client) < rank(server), "{client} waits for {server} over {service:?}");
        }
    }

    #[test]
    fn what_must_not_exist_does_not() {
        let exists = |client, server| standing().any(|(c, s, _)| c == client && s == server);
        for reader in [Imap, Pop3] {
            assert!(!exists(reader, Store), "a mailbox only ever comes by login");
        }
        let readers = [Mx, Imap, Pop3, Submission, Lmtp];
        for (one, other) in readers.iter().flat_map(|one| readers.map(|other| (*one, other))) {
            assert!(!exists(one, other), "{one} talks to {other}");
        }
        assert!(!exists(Store, Auth) && !exists(Keys, Auth));
        let asks = |role, wanted| standing().any(|(client, _, service)| client == role && service == wanted);
        assert!(!asks(Mx, Service::Login) && !asks(Lmtp, Service::Login), "no AUTH on 25, and none in LMTP");
        assert!(!asks(Submission, Service::Deliver), "what it sends is held to an account's addresses");
        for role in readers {
            assert_eq!(asks(role, Service::Outcome), role == Submission, "{role}");
        }
    }
}
