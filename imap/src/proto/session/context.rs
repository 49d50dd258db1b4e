//! What outlives a command: where the session stands, and how often its client failed.

use std::time::Duration;

use ipc::mail::AccountId;

use crate::proto::parse::{CommandReader, Limits};
use crate::proto::response::Condition;
use crate::proto::view::{Share, Shares, View};

/// What the configuration says.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Our name in the greeting.
    pub hostname: String,
    /// The largest message that can be appended, octets.
    pub max_message_size: u64,
    /// How long a client that has logged in may be silent (RFC 3501 section 5.4).
    pub idle: Duration,
    /// What the views of each account hold, in all sessions with these settings.
    pub shares: Shares,
}

/// Can anyone on the way read along?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// They can: no password is taken (RFC 3501 section 6.2.3, LOGINDISABLED).
    Plain,
    /// They cannot.
    Tls,
}

/// RFC 3501 section 3.
#[derive(Debug)]
pub(super) enum State {
    /// Before the greeting.
    Greeting,
    NotAuthenticated,
    /// Between the OK to STARTTLS and the end of the handshake.
    Securing,
    Authenticated,
    Selected(Box<View>),
    Logout,
}

/// How long a client may take to log in.
const LOGIN_PATIENCE: Duration = Duration::from_secs(60);
/// Logins that may fail.
const LOGINS: u32 = 3;
/// Commands before a login.
const COMMANDS_BEFORE_LOGIN: u32 = 100;
/// Commands in a row that were BAD.
const BAD_COMMANDS: u32 = 20;

#[derive(Debug)]
pub(super) struct Context {
    pub(super) settings: std::sync::Arc<Settings>,
    pub(super) security: Security,
    pub(super) state: State,
    pub(super) reader: CommandReader,
    account: Option<AccountId>,
    failed_logins: u32,
    /// Why the session ends with the command, if it does.
    sent_away: Option<&'static str>,
    before_login: u32,
    bad_in_a_row: u32,
    offences: u32,
}

impl Context {
    pub(super) fn new(settings: std::sync::Arc<Settings>, security: Security) -> Self {
        Context {
            settings,
            security,
            state: State::Greeting,
            reader: CommandReader::new(Limits::before_login()),
            account: None,
            failed_logins: 0,
            sent_away: None,
            before_login: 0,
            bad_in_a_row: 0,
            offences: 0,
        }
    }

    /// The password was right.
    pub(super) fn logged_in(&mut self, account: AccountId) {
        self.account = Some(account);
        self.reader.set_limits(Limits::after_login(self.settings.max_message_size));
        self.state = State::Authenticated;
    }

    /// TLS stands, and nothing is left of what was said in plain.
    pub(super) fn secured(&mut self) {
        self.security = Security::Tls;
        self.state = State::NotAuthenticated;
        self.reader = CommandReader::new(Limits::before_login());
    }

    /// The password was wrong.
    pub(super) fn login_failed(&mut self) {
        self.failed_logins = self.failed_logins.saturating_add(1);
    }

    /// The session ends when the command is answered.
    pub(super) fn sent_away(&mut self, why: &'static str) {
        self.sent_away = Some(why);
    }

    /// What came is no command. Who has logged in does not mean harm by that.
    pub(super) fn no_command(&mut self) {
        if matches!(self.state, State::NotAuthenticated) {
            self.offences = self.offences.saturating_add(1);
        }
    }

    /// What strangers said that is no command, since this was asked last.
    pub(super) fn take_offences(&mut self) -> u32 {
        std::mem::take(&mut self.offences)
    }

    /// Counts a command. Why the session is to be closed, if it is.
    pub(super) fn completed(&mut self, condition: Condition) -> Option<&'static str> {
        self.bad_in_a_row = match condition {
            Condition::Bad => self.bad_in_a_row.saturating_add(1),
            Condition::Ok | Condition::No => 0,
        };
        if matches!(self.state, State::NotAuthenticated) {
            self.before_login = self.before_login.saturating_add(1);
        }
        if self.sent_away.is_some() {
            self.sent_away
        } else if self.failed_logins >= LOGINS {
            Some("Too many failed logins.")
        } else if self.bad_in_a_row >= BAD_COMMANDS {
            Some("Too many bad commands.")
        } else if matches!(self.state, State::NotAuthenticated) && self.before_login >= COMMANDS_BEFORE_LOGIN
        {
            Some("Too many commands without a login.")
        } else {
            None
        }
    }

    pub(super) fn patience(&self) -> Duration {
        match self.state {
            State::Authenticated | State::Selected(_) => self.settings.idle,
            State::Greeting | State::NotAuthenticated | State::Securing | State::Logout => LOGIN_PATIENCE,
        }
    }

    /// Between commands nothing is told, but that the store is gone is learnt.
    pub(super) fn listens(&self) -> bool {
        matches!(self.state, State::Authenticated | State::Selected(_))
    }

    /// The account's share of the memory for views, for one more of them.
    pub(super) fn share(&self) -> Result<Share, super::Fault> {
        let account = self.account.ok_or(super::Fault::OutOfPhase)?;
        Ok(self.settings.shares.of(account))
    }

    /// The view of the selected mailbox.
    pub(super) fn view(&mut self) -> Result<&mut View, super::Fault> {
        match &mut self.state {
            State::Selected(view) => Ok(view),
            _ => Err(super::Fault::OutOfPhase),
        }
    }
}
