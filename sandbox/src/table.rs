//! The lock-down table: what each role is left with, one line a role, and why.

use ipc::role::Role;

use crate::syscalls::{self, Group};

/// What a role is left with.
#[derive(Clone, Copy, Debug)]
pub struct LockDown {
    /// What it sees as `/`.
    pub root: RootKind,
    /// Which network it is in.
    pub network: Network,
    /// The system calls it is left with; [`Group::reason`] says why for each group.
    pub syscalls: &'static [&'static Group],
    /// Why this much and no less.
    pub reason: &'static str,
}

/// What a role sees as `/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RootKind {
    /// The host's: the master only.
    Host,
    /// An empty directory, mounted read-only; no file may grow.
    Empty,
    /// The role's own directory.
    Own,
}

/// Which network a role is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// An empty one: only descriptors it was handed lead out.
    Empty,
    /// The host's.
    Host,
}

/// The line of a role. Exhaustive on purpose: a new role does not compile without one.
#[must_use]
pub const fn lock_down(role: Role) -> LockDown {
    match role {
        Role::Master => LockDown {
            root: RootKind::Host,
            network: Network::Host,
            syscalls: &[],
            reason: "starts the others, so it cannot have less than they need to lock themselves down; it reads \
                     nothing from outside, and keeps only the capabilities of `master_capabilities`",
        },
        Role::Mx | Role::Imap | Role::Pop3 | Role::Submission | Role::Lmtp => LockDown {
            root: RootKind::Empty,
            network: Network::Empty,
            syscalls: READER,
            reason: "parses what anyone on the network sends: it has connections, channels and memory, nothing else",
        },
        Role::Auth => LockDown {
            root: RootKind::Own,
            network: Network::Empty,
            syscalls: AUTH,
            reason: "keeps the account database in its directory, and answers on channels",
        },
        Role::Keys => LockDown {
            root: RootKind::Own,
            network: Network::Empty,
            syscalls: KEYS,
            reason: "keeps the keys it made in its directory, reads the administrator's from descriptors, and \
                     answers on channels",
        },
        Role::Store => LockDown {
            root: RootKind::Own,
            network: Network::Empty,
            syscalls: STORE,
            reason: "keeps all mail in its directory, answers on channels, and makes the session channels",
        },
    }
}

const READER: &[&Group] = &[
    &syscalls::MEMORY,
    &syscalls::THREADS,
    &syscalls::TIME,
    &syscalls::ENDING,
    &syscalls::RANDOM,
    &syscalls::EVENTS,
    &syscalls::STREAMS,
    &syscalls::CHANNELS,
    &syscalls::CLIENTS,
];

const AUTH: &[&Group] = &[
    &syscalls::MEMORY,
    &syscalls::THREADS,
    &syscalls::TIME,
    &syscalls::ENDING,
    &syscalls::RANDOM,
    &syscalls::EVENTS,
    &syscalls::STREAMS,
    &syscalls::CHANNELS,
    &syscalls::READ_FILES,
    &syscalls::WRITE_FILES,
    &syscalls::DATABASE,
];

const KEYS: &[&Group] = &[
    &syscalls::MEMORY,
    &syscalls::THREADS,
    &syscalls::TIME,
    &syscalls::ENDING,
    &syscalls::RANDOM,
    &syscalls::EVENTS,
    &syscalls::STREAMS,
    &syscalls::CHANNELS,
    &syscalls::READ_FILES,
    &syscalls::WRITE_FILES,
];

const STORE: &[&Group] = &[
    &syscalls::MEMORY,
    &syscalls::THREADS,
    &syscalls::TIME,
    &syscalls::ENDING,
    &syscalls::RANDOM,
    &syscalls::EVENTS,
    &syscalls::STREAMS,
    &syscalls::CHANNELS,
    &syscalls::READ_FILES,
    &syscalls::WRITE_FILES,
    &syscalls::SEGMENTS,
    &syscalls::SESSION_PAIRS,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_have_no_file_calls_and_an_empty_root() {
        for role in Role::STARTED.into_iter().filter(|role| role.is_reader()) {
            let line = lock_down(role);
            assert_eq!(line.root, RootKind::Empty, "{role}");
            assert_eq!(line.network, Network::Empty, "{role}");
            assert!(!line.syscalls.iter().any(|group| group.name.contains("file")), "{role}");
        }
    }

    #[test]
    fn only_the_store_makes_session_pairs() {
        for role in Role::STARTED {
            let makes =
                lock_down(role).syscalls.iter().any(|group| group.name == syscalls::SESSION_PAIRS.name);
            assert_eq!(makes, role == Role::Store, "{role}");
        }
    }
}
