//! What a session, a channel, a process may use at most: one table, [`BUDGETS`].
//!
//! The bounds between compartments and of what every reader has in common are defined here, or where their service is
//! and named here. Those of one protocol's grammar (the length of a line, of a literal, of a sequence set) stand with
//! its parser.

use std::time::Duration;

use crate::service::{
    admin, deliver, directory, handshake, login, mailbox, outcome, sessions, submit, upload,
};
use crate::{codec, log, socket};

/// Threads of a reader beside the one that serves.
pub const HELPERS: usize = 2;
/// The stack of a helper, bytes; of address space, touched pages only are memory.
pub const HELPER_STACK: usize = 1024 * 1024;
/// Pieces of work that wait for a helper.
pub const HELPER_QUEUE: usize = 64;
/// How long one session may keep the thread that serves.
pub const TURN: Duration = Duration::from_millis(2);
/// Bytes one session may go through in a turn; more is for a helper.
pub const TURN_BYTES: usize = 256 * 1024;

/// Bytes read ahead of what a session has consumed.
pub const SESSION_INPUT: usize = 64 * 1024;
/// Bytes of replies that are kept before they are sent.
pub const SESSION_OUTPUT: usize = 64 * 1024;
/// Bytes of plaintext, and of TLS records, that wait in a connection for its peer to read; each.
pub const TLS_BUFFER: usize = 32 * 1024;
/// Bytes a peer may send until its TLS handshake is done. A ClientHello has 2 KiB with post-quantum key shares.
pub const HANDSHAKE_BYTES: usize = 16 * 1024;
/// How long a TLS handshake may take.
pub const HANDSHAKE: Duration = Duration::from_secs(30);
/// How long a connection may be without a login, where there are logins.
pub const LOGIN: Duration = Duration::from_secs(120);

/// How long a peer may take to begin with something large (a message), and to send of it what is too little.
pub const TRANSFER_START: Duration = Duration::from_secs(300);
/// How fast it has to be from then on, bytes a second in the mean.
pub const TRANSFER_RATE: usize = 1024;
/// How long it may take at the most.
pub const TRANSFER: Duration = Duration::from_secs(4 * 60 * 60);

/// Bytes of a PROXY protocol header, version 1 with its CRLF (its specification says 107).
pub const PROXY_V1: usize = 107;
/// Bytes of a PROXY protocol header, version 2 with its TLVs.
pub const PROXY_V2: usize = 4096;
/// How long a proxy may take to send it.
pub const PROXY: Duration = Duration::from_secs(5);
/// Networks in one list: those of proxies, for each section, and those that are never refused.
pub const NETWORKS: usize = 32;

/// Addresses and networks whose offences a worker remembers.
pub const OFFENDERS: usize = 8192;
/// The longest a reply to an offence is delayed.
pub const TARPIT: Duration = Duration::from_secs(20);
/// The longest an address is refused.
pub const BLOCK: Duration = Duration::from_secs(24 * 60 * 60);

/// Certificates of a host.
pub const CERTIFICATES: usize = 64;
/// Names of one certificate that a handshake can ask for.
pub const CERTIFICATE_NAMES: usize = 100;

/// What a bound is a bound of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// One connection, one session.
    Session,
    /// One channel between two processes.
    Channel,
    /// One process.
    Process,
}

/// A bound's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Most {
    /// Bytes.
    Bytes(usize),
    /// So many of them.
    Count(usize),
    /// That long.
    Time(Duration),
}

/// One bound.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// What it is called where it is used.
    pub name: &'static str,
    /// Whose bound it is.
    pub of: Of,
    /// How much.
    pub most: Most,
    /// Why there is one, why this much, and what happens to who wants more.
    pub reason: &'static str,
}

const fn bytes(of: Of, name: &'static str, most: usize, reason: &'static str) -> Budget {
    Budget { name, of, most: Most::Bytes(most), reason }
}

const fn count(of: Of, name: &'static str, most: usize, reason: &'static str) -> Budget {
    Budget { name, of, most: Most::Count(most), reason }
}

const fn time(of: Of, name: &'static str, most: Duration, reason: &'static str) -> Budget {
    Budget { name, of, most: Most::Time(most), reason }
}

use Of::{Channel, Process, Session};

/// Every bound, sessions first.
pub const BUDGETS: &[Budget] = &[
    bytes(Session, "SESSION_INPUT", SESSION_INPUT, "a peer that sends what is never a command is sent away"),
    bytes(
        Session,
        "SESSION_OUTPUT",
        SESSION_OUTPUT,
        "a peer that does not read is waited for, not kept in mind",
    ),
    bytes(Session, "TLS_BUFFER", TLS_BUFFER, "two records each way; the writer waits"),
    bytes(
        Session,
        "HANDSHAKE_BYTES",
        HANDSHAKE_BYTES,
        "a ClientHello without end, from many, fills no memory",
    ),
    time(Session, "HANDSHAKE", HANDSHAKE, "a slow network manages it, a half-open connection ends"),
    time(Session, "LOGIN", LOGIN, "whoever never logs in leaves the place to who does"),
    time(Session, "TRANSFER_START", TRANSFER_START, "RFC 5321 section 4.5.3.2: a message may begin slowly"),
    bytes(
        Session,
        "TRANSFER_RATE",
        TRANSFER_RATE,
        "a second: the slowest telephone line is faster, and who means to be slow holds a message for weeks",
    ),
    time(Session, "TRANSFER", TRANSFER, "the largest message over a slow line"),
    bytes(Session, "PROXY_V1", PROXY_V1, "the protocol's own bound; a longer one ends the connection"),
    bytes(
        Session,
        "PROXY_V2",
        PROXY_V2,
        "room for a client certificate's names; a longer one ends the connection",
    ),
    time(Session, "PROXY", PROXY, "a proxy sends it with the first packet"),
    time(Session, "TARPIT", TARPIT, "a program that guesses slows down; a person waits that long once"),
    time(Session, "TURN", TURN, "a hundred busy sessions still answer within a fifth of a second"),
    bytes(Session, "TURN_BYTES", TURN_BYTES, "as much as is gone through in a turn"),
    bytes(Session, "login::LOGIN_MAX", login::LOGIN_MAX, "RFC 5321 section 4.5.3.1: 64 + 1 + 255"),
    bytes(Session, "login::PASSWORD_MAX", login::PASSWORD_MAX, "hashing has to take the same time for all"),
    time(
        Session,
        "login::PATIENCE",
        login::PATIENCE,
        "`auth` may be starting; then the client is told to come back",
    ),
    count(
        Session,
        "deliver::TARGETS_MAX",
        deliver::TARGETS_MAX,
        "recipients of a transaction, aliases expanded",
    ),
    count(
        Session,
        "submit::STREAMS_MAX",
        submit::STREAMS_MAX,
        "one message, and the last ones' late commits",
    ),
    count(Session, "submit::TARGETS_MAX", submit::TARGETS_MAX, "as for deliveries"),
    count(Session, "submit::REMOTE_MAX", submit::REMOTE_MAX, "the rest is refused at RCPT and sent again"),
    bytes(
        Session,
        "submit::ENVELOPE_MAX",
        submit::ENVELOPE_MAX,
        "RFC 5321 section 4.5.3.1.8: a hundred at least",
    ),
    bytes(Session, "submit::ADDRESS_PART_MAX", submit::ADDRESS_PART_MAX, "RFC 5321 section 4.5.3.1.2"),
    bytes(Session, "submit::ORCPT_MAX", submit::ORCPT_MAX, "RFC 3461 section 4.2"),
    bytes(Session, "submit::ENVID_MAX", submit::ENVID_MAX, "RFC 3461 section 4.4"),
    bytes(
        Session,
        "upload::STRUCTURE_MAX",
        upload::STRUCTURE_MAX,
        "what a reader says of a message's structure",
    ),
    bytes(Channel, "codec::MESSAGE_MAX", codec::MESSAGE_MAX, "larger things travel as chunks or pages"),
    bytes(Channel, "socket::CHUNK_MAX", socket::CHUNK_MAX, "fits the socket's buffer; four are on their way"),
    count(
        Channel,
        "socket::DESCRIPTORS_MAX",
        socket::DESCRIPTORS_MAX,
        "a file and a key for each certificate",
    ),
    count(
        Channel,
        "handshake::IN_FLIGHT",
        handshake::IN_FLIGHT,
        "a reader asks once for each helper; more ends it",
    ),
    bytes(Channel, "handshake::INPUT_MAX", handshake::INPUT_MAX, "a TLS 1.2 key exchange is the longest"),
    time(
        Channel,
        "handshake::PATIENCE",
        handshake::PATIENCE,
        "then `keys` counts as silent, and nobody waits for it",
    ),
    count(Channel, "login::IN_FLIGHT", login::IN_FLIGHT, "as many as have a connection to one worker"),
    count(Channel, "directory::IN_FLIGHT", directory::IN_FLIGHT, "the same; one more ends the channel"),
    count(Channel, "outcome::IN_FLIGHT", outcome::IN_FLIGHT, "the same; one more ends the channel"),
    count(Channel, "sessions::IN_FLIGHT", sessions::IN_FLIGHT, "the logins of all workers"),
    count(Channel, "sessions::CREATE_MAX", sessions::CREATE_MAX, "accounts named in one message"),
    count(Channel, "admin::IN_FLIGHT", admin::IN_FLIGHT, "one administrator's command at a time, and more"),
    bytes(
        Channel,
        "admin::WHY_MAX",
        admin::WHY_MAX,
        "every mistake of a configuration, a line each; cut there",
    ),
    count(Channel, "admin::ROWS_MAX", admin::ROWS_MAX, "a page of a list fits one message"),
    count(Channel, "deliver::STREAMS_MAX", deliver::STREAMS_MAX, "messages of one worker on their way in"),
    count(Session, "mailbox::KEYWORDS_MAX", mailbox::KEYWORDS_MAX, "a bit each of a message's row"),
    bytes(
        Session,
        "mailbox::KEYWORD_LENGTH_MAX",
        mailbox::KEYWORD_LENGTH_MAX,
        "a longer one ends the session",
    ),
    bytes(Session, "mailbox::NAME_MAX", mailbox::NAME_MAX, "of a mailbox, hierarchy included"),
    count(Session, "mailbox::LEVELS_MAX", mailbox::LEVELS_MAX, "of hierarchy in a name"),
    count(Session, "mailbox::MAILBOXES_MAX", mailbox::MAILBOXES_MAX, "of one account"),
    count(Session, "mailbox::SUBSCRIPTIONS_MAX", mailbox::SUBSCRIPTIONS_MAX, "of one account"),
    count(Session, "mailbox::COPY_MAX", mailbox::COPY_MAX, "messages of one COPY or MOVE"),
    count(Session, "mailbox::PLANNED_MAX", mailbox::PLANNED_MAX, "questions that are foreseen"),
    count(Session, "mailbox::AHEAD", mailbox::AHEAD, "of them, asked before their answers are wanted"),
    bytes(
        Session,
        "mailbox::AHEAD_BYTES",
        mailbox::AHEAD_BYTES,
        "of their answers: about what a socket holds",
    ),
    count(Channel, "mailbox::ROWS_MAX", mailbox::ROWS_MAX, "messages asked about at once"),
    count(Channel, "mailbox::RANGES_MAX", mailbox::RANGES_MAX, "ranges of UIDs in one request"),
    time(
        Channel,
        "mailbox::PATIENCE",
        mailbox::PATIENCE,
        "a store that is silent for longer is as good as gone",
    ),
    time(Channel, "deliver::PATIENCE", deliver::PATIENCE, "a store may be starting; then 451"),
    time(Channel, "sessions::PATIENCE", sessions::PATIENCE, "the same, for a login"),
    time(Channel, "outcome::PATIENCE", outcome::PATIENCE, "a store may be starting; then 451"),
    time(Channel, "directory::PATIENCE", directory::PATIENCE, "the same, for `auth`"),
    count(
        Process,
        "HELPERS",
        HELPERS,
        "one waits for a signature, the other works; more than two cores share them",
    ),
    bytes(Process, "HELPER_STACK", HELPER_STACK, "TLS and ring use a tenth of it"),
    count(
        Process,
        "HELPER_QUEUE",
        HELPER_QUEUE,
        "the rest wait where they cost nothing but their connection",
    ),
    count(
        Process,
        "OFFENDERS",
        OFFENDERS,
        "about a megabyte; the one longest without an offence is forgotten",
    ),
    time(Process, "BLOCK", BLOCK, "an address gets another owner some day"),
    count(Process, "NETWORKS", NETWORKS, "a list that each new connection is held against"),
    count(Process, "CERTIFICATES", CERTIFICATES, "two descriptors each in the first message to `keys`"),
    count(Process, "CERTIFICATE_NAMES", CERTIFICATE_NAMES, "what public authorities put into one at most"),
    bytes(Process, "log::RECORD_MAX", log::RECORD_MAX, "fits a datagram to the journal; cut there"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_budget_is_named_once_is_not_nothing_and_has_a_reason() {
        let mut names: Vec<_> = BUDGETS.iter().map(|budget| budget.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), BUDGETS.len());
        for budget in BUDGETS {
            let nothing = match budget.most {
                Most::Bytes(most) | Most::Count(most) => most == 0,
                Most::Time(most) => most.is_zero(),
            };
            assert!(!nothing && budget.reason.len() > 10, "{budget:?}");
        }
    }

    /// Every bound of a service is in the table: a constant of that shape which is not is a bound nobody counts with.
    #[test]
    fn the_bounds_of_the_services_are_in_it() {
        let services = concat!(env!("CARGO_MANIFEST_DIR"), "/src/service");
        for entry in std::fs::read_dir(services).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                continue;
            }
            let service = path.file_stem().unwrap().to_str().unwrap().to_owned();
            for line in std::fs::read_to_string(&path).unwrap().lines() {
                let Some((name, kind)) =
                    line.strip_prefix("pub const ").and_then(|rest| rest.split_once(": "))
                else {
                    continue;
                };
                let counts = kind.starts_with("usize") || kind.starts_with("Duration");
                let bounds = ["IN_FLIGHT", "PATIENCE"].contains(&name) || name.ends_with("_MAX");
                if !(counts && bounds) {
                    continue;
                }
                let full = format!("{service}::{name}");
                assert!(BUDGETS.iter().any(|budget| budget.name == full), "{full} is missing");
            }
        }
    }

    const _ONE_FITS_INTO_THE_OTHER: () = {
        assert!(socket::DESCRIPTORS_MAX >= CERTIFICATES * 2);
        assert!(handshake::IN_FLIGHT > HELPERS);
        assert!(HANDSHAKE_BYTES < SESSION_INPUT && PROXY_V1 < PROXY_V2);
        assert!(handshake::PATIENCE.as_secs() < HANDSHAKE.as_secs() && HANDSHAKE.as_secs() < LOGIN.as_secs());
    };
}
