//! What outlives a command: what the session knows of its client.

use std::sync::Arc;
use std::time::Duration;

use super::Shares;
use super::limits::{BAD_COMMANDS, COMMANDS_BEFORE_LOGIN, LOGINS};

/// What the configuration says.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Our name in the greeting.
    pub hostname: String,
    /// How long a client that has logged in may be silent (RFC 1939 section 3).
    pub idle: Duration,
    /// What the maildrops of each account hold, over all sessions that share it.
    pub shares: Shares,
}

/// Can anyone on the way read along?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// They can: no password is taken until STLS.
    Plain,
    /// They cannot.
    Tls,
}

/// How a command went, for the count of those that go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Good,
    /// It was wrong, or named what is not there.
    Bad,
}

#[derive(Debug)]
pub(super) struct Context {
    pub(super) settings: Arc<Settings>,
    pub(super) security: Security,
    failed_logins: u32,
    before_login: u32,
    bad_in_a_row: u32,
    offences: u32,
}

impl Context {
    pub(super) fn new(settings: Arc<Settings>, security: Security) -> Self {
        Context { settings, security, failed_logins: 0, before_login: 0, bad_in_a_row: 0, offences: 0 }
    }

    /// Counts a command that was read before the login.
    pub(super) fn before_login(&mut self) {
        self.before_login = self.before_login.saturating_add(1);
    }

    /// Counts a command.
    pub(super) fn judged(&mut self, verdict: Verdict) {
        self.bad_in_a_row = match verdict {
            Verdict::Good => 0,
            Verdict::Bad => self.bad_in_a_row.saturating_add(1),
        };
    }

    /// What a stranger said is no command.
    pub(super) fn no_command(&mut self) {
        self.offences = self.offences.saturating_add(1);
    }

    /// How often that was so since this was asked last.
    pub(super) fn take_offences(&mut self) -> u32 {
        std::mem::take(&mut self.offences)
    }

    /// The password was wrong.
    pub(super) fn login_failed(&mut self) {
        self.failed_logins = self.failed_logins.saturating_add(1);
    }

    /// Has the client gone too far? It is told nothing more then: it would take a word too many for the reply to what it
    /// sends next.
    pub(super) fn exceeded(&self) -> bool {
        self.failed_logins >= LOGINS
            || self.before_login >= COMMANDS_BEFORE_LOGIN
            || self.bad_in_a_row >= BAD_COMMANDS
    }

    /// Somebody is logged in: what was before does not count.
    pub(super) fn logged_in(&mut self) {
        (self.before_login, self.failed_logins, self.bad_in_a_row) = (0, 0, 0);
    }
}
