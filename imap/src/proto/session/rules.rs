//! The table of commands: where each is allowed, and whether other sessions' changes are told with its completion.
//!
//! RFC 3501 section 7.4.1: "An EXPUNGE response MUST NOT be sent when no command is in progress, nor while responding to
//! a FETCH, STORE, or SEARCH command. […] Note: UID FETCH, UID STORE, and UID SEARCH are different commands".

use super::context::State;
use crate::proto::ask::Look;
use crate::proto::parse::{By, Command, Original};

/// A line of the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    pub(super) allowed: Allowed,
    pub(super) news: News,
}

/// In which states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Allowed {
    Always,
    /// Not authenticated only.
    Before,
    /// Authenticated or selected.
    After,
    /// Selected only.
    Selected,
}

/// Are changes of the selected mailbox, expunged messages among them, told before the tagged response?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// They are not: sequence numbers must not move here, or the command sees to it, or leaves the mailbox.
    Untold,
    /// When the store has said that there are some.
    Known,
    /// All there are at this moment: the client asks for them, or the command has just made some.
    Fresh,
}

const ANYWHERE: Rule = Rule { allowed: Allowed::Always, news: News::Known };
const POLL: Rule = Rule { allowed: Allowed::Always, news: News::Fresh };
const LOGIN: Rule = Rule { allowed: Allowed::Before, news: News::Untold };
const MAILBOXES: Rule = Rule { allowed: Allowed::After, news: News::Known };
const SELECT: Rule = Rule { allowed: Allowed::After, news: News::Untold };
const IDLE: Rule = Rule { allowed: Allowed::After, news: News::Fresh };
const BY_SEQUENCE: Rule = Rule { allowed: Allowed::Selected, news: News::Untold };
const BY_UID: Rule = Rule { allowed: Allowed::Selected, news: News::Known };
const EXPUNGE: Rule = Rule { allowed: Allowed::Selected, news: News::Fresh };
const LEAVE: Rule = Rule { allowed: Allowed::Selected, news: News::Untold };
/// APPEND, which is no [`Command`]: what arrived is told if it arrived in the selected mailbox.
pub(super) const APPEND: Rule = Rule { allowed: Allowed::After, news: News::Fresh };

pub(super) fn of(command: &Command) -> Rule {
    match command {
        Command::Noop => POLL,
        Command::Capability | Command::Id(_) => ANYWHERE,
        Command::Logout => Rule { allowed: Allowed::Always, news: News::Untold },
        Command::StartTls | Command::Authenticate { .. } | Command::Login { .. } => LOGIN,
        Command::Select(_) | Command::Examine(_) => SELECT,
        Command::Create { .. }
        | Command::Delete(_)
        | Command::Rename { .. }
        | Command::Subscribe(_)
        | Command::Unsubscribe(_)
        | Command::List { .. }
        | Command::Lsub { .. }
        | Command::Status { .. }
        | Command::Namespace
        | Command::Enable(_) => MAILBOXES,
        Command::Idle => IDLE,
        Command::Check
        | Command::Expunge
        | Command::UidExpunge(_)
        | Command::Copy { original: Original::Leaves, .. } => EXPUNGE,
        Command::Close | Command::Unselect => LEAVE,
        Command::Search { by, .. }
        | Command::Fetch { by, .. }
        | Command::Store { by, .. }
        | Command::Copy { by, original: Original::Stays, .. } => match by {
            By::Sequence => BY_SEQUENCE,
            By::Uid => BY_UID,
        },
    }
}

impl Allowed {
    pub(super) fn holds(self, state: &State) -> bool {
        match state {
            State::Greeting | State::Securing | State::Logout => false,
            State::NotAuthenticated => matches!(self, Allowed::Always | Allowed::Before),
            State::Authenticated => matches!(self, Allowed::Always | Allowed::After),
            State::Selected(_) => self != Allowed::Before,
        }
    }
}

impl News {
    pub(super) fn look(self) -> Option<Look> {
        match self {
            News::Untold => None,
            News::Known => Some(Look::IfDirty),
            News::Fresh => Some(Look::Always),
        }
    }
}
