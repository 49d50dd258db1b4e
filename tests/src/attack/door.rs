//! The ports, and how a session on each is spoken to.

use crate::suite::Suite;

/// A port of the suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// 25
    Smtp,
    /// 143
    Imap,
    /// 993
    Imaps,
    /// 110
    Pop3,
    /// 995
    Pop3s,
    /// 587
    Submission,
    /// 465
    Submissions,
}

impl Door {
    /// All of them.
    pub const ALL: [Door; 7] =
        [Door::Smtp, Door::Imap, Door::Imaps, Door::Pop3, Door::Pop3s, Door::Submission, Door::Submissions];

    /// The port it has in that suite.
    #[must_use]
    pub fn port(self, suite: &Suite) -> u16 {
        match self {
            Door::Smtp => suite.smtp,
            Door::Imap => suite.imap,
            Door::Imaps => suite.imaps,
            Door::Pop3 => suite.pop3,
            Door::Pop3s => suite.pop3s,
            Door::Submission => suite.submission,
            Door::Submissions => suite.submissions,
        }
    }

    /// Does TLS begin with the first byte?
    #[must_use]
    pub fn implicit_tls(self) -> bool {
        matches!(self, Door::Imaps | Door::Pop3s | Door::Submissions)
    }

    /// The role behind it.
    #[must_use]
    pub fn role(self) -> &'static str {
        match self {
            Door::Smtp => "mx",
            Door::Imap | Door::Imaps => "imap",
            Door::Pop3 | Door::Pop3s => "pop3",
            Door::Submission | Door::Submissions => "submission",
        }
    }

    /// The command that begins TLS in a session, and how its reply begins.
    #[must_use]
    pub fn starttls(self) -> Option<(&'static str, &'static str)> {
        match self {
            Door::Smtp | Door::Submission => Some(("STARTTLS", "220 ")),
            Door::Imap => Some(("t STARTTLS", "t OK")),
            Door::Pop3 => Some(("STLS", "+OK")),
            Door::Imaps | Door::Pop3s | Door::Submissions => None,
        }
    }

    /// How a greeting begins.
    #[must_use]
    pub fn greeting(self) -> &'static str {
        match self {
            Door::Smtp | Door::Submission | Door::Submissions => "220 ",
            Door::Imap | Door::Imaps => "* OK ",
            Door::Pop3 | Door::Pop3s => "+OK",
        }
    }

    /// A command without effect, and how the last line of its reply begins.
    #[must_use]
    pub fn noop(self) -> (&'static str, &'static str) {
        match self {
            Door::Smtp | Door::Submission | Door::Submissions => ("NOOP", "250 "),
            Door::Imap | Door::Imaps => ("n NOOP", "n OK"),
            Door::Pop3 | Door::Pop3s => ("NOOP", "+OK"),
        }
    }
}
