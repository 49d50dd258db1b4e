//! What is true in all states of a session, and how much of its connection's allowance is used up.

use std::net::IpAddr;
use std::sync::Arc;

use ipc::mail::Senders;

use super::limits::{
    BAD_COMMANDS, CHUNK, COMMAND_LINE, COMMANDS, IDLE_COMMANDS, LOGIN_LINE, LOGINS, REFUSED_RECIPIENTS,
};
use super::received::Security;
use super::reply::{Reply, Status};
use super::{Service, Settings};

/// The part of a session that no command changes, but for the counts.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) settings: Arc<Settings>,
    pub(super) peer: IpAddr,
    pub(super) security: Security,
    pub(super) identity: Identity,
    counts: Counts,
}

impl Context {
    pub(super) fn new(settings: Arc<Settings>, peer: IpAddr) -> Self {
        Context {
            settings,
            peer,
            security: Security::Plain,
            identity: Identity::Unknown,
            counts: Counts::default(),
        }
    }

    /// What this listener's sessions are for.
    pub(super) fn service(&self) -> Service {
        self.settings.service
    }

    /// Octets of a line with its CRLF.
    pub(super) fn line(&self) -> usize {
        match self.service() {
            Service::Mx | Service::Lmtp => COMMAND_LINE,
            Service::Submission => LOGIN_LINE,
        }
    }

    /// The number of a new transaction, if there may be another one.
    pub(super) fn next_transaction(&mut self) -> Option<u32> {
        let next = self.counts.transactions.checked_add(1)?;
        (next <= self.settings.max_transactions).then(|| {
            self.counts.transactions = next;
            next
        })
    }

    /// Counts a command of any kind.
    pub(super) fn command(&mut self) {
        self.counts.commands = self.counts.commands.saturating_add(1);
    }

    /// Counts a command that has no effect.
    pub(super) fn idle_command(&mut self) {
        self.counts.idle_commands = self.counts.idle_commands.saturating_add(1);
    }

    /// Counts a recipient that was refused for good.
    pub(super) fn refused_recipient(&mut self) {
        self.counts.refused_recipients = self.counts.refused_recipients.saturating_add(1);
        self.counts.offences = self.counts.offences.saturating_add(1);
    }

    /// Counts a login that failed.
    pub(super) fn failed_login(&mut self) {
        self.counts.failed_logins = self.counts.failed_logins.saturating_add(1);
    }

    /// Counts a command that a sane client doesn't send.
    pub(super) fn bad_command(&mut self) {
        self.counts.bad_commands = self.counts.bad_commands.saturating_add(1);
        self.counts.offences = self.counts.offences.saturating_add(1);
    }

    /// What went wrong by a stranger's doing since this was asked last. Who has logged in is none; and who speaks LMTP is a
    /// mail server that passes on what strangers do.
    pub(super) fn take_offences(&mut self) -> u32 {
        let offences = std::mem::take(&mut self.counts.offences);
        match (self.service(), &self.identity) {
            (Service::Mx, _) | (Service::Submission, Identity::Unknown) => offences,
            (Service::Submission, Identity::Account { .. }) | (Service::Lmtp, _) => 0,
        }
    }

    /// A chunk of a message comes. Whoever sends a large one in pieces has to say so often; but not octet by octet.
    pub(super) fn chunk_comes(&mut self, octets: u64) {
        if octets >= CHUNK {
            self.counts.commands = 0;
        }
    }

    /// Mail makes up for commands that had no effect.
    pub(super) fn mail_arrived(&mut self) {
        self.counts.idle_commands = 0;
        self.counts.commands = 0;
    }

    /// A 421, RFC 5321 section 4.2.3.
    pub(super) fn goodbye(&self, status: Status, text: &str) -> Reply {
        Reply::new(421, status, format!("{} {text}, closing connection", self.settings.hostname))
    }

    /// The farewell to a client that has got too much of something.
    pub(super) fn exceeded(&self) -> Option<Reply> {
        let counts = &self.counts;
        let text = if counts.bad_commands >= BAD_COMMANDS {
            "Too many errors"
        } else if counts.idle_commands >= IDLE_COMMANDS || counts.commands >= COMMANDS {
            "Too many commands without mail"
        } else if counts.refused_recipients >= REFUSED_RECIPIENTS && self.service() != Service::Lmtp {
            "Too many refused recipients"
        } else if counts.failed_logins >= LOGINS {
            "Too many failed logins"
        } else {
            return None;
        };
        Some(self.goodbye((4, 7, 0), text))
    }
}

/// Who the client is.
#[derive(Debug)]
pub(super) enum Identity {
    /// Anybody: nobody has logged in.
    Unknown,
    /// An account.
    Account {
        /// Whom it may send as.
        senders: Senders,
    },
}

#[derive(Debug, Default)]
struct Counts {
    transactions: u32,
    bad_commands: u32,
    idle_commands: u32,
    commands: u32,
    refused_recipients: u32,
    failed_logins: u32,
    offences: u32,
}
