//! How a program of the suite ends, in the words of sysexits.h.

use std::fmt;
use std::process::ExitCode;

/// An exit status with a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// As asked.
    Ok = 0,
    /// The command line is wrong.
    Usage = 64,
    /// The input is wrong.
    DataError = 65,
    /// A file to be read is not there.
    NoInput = 66,
    /// The named account, domain or alias is not there.
    NoUser = 67,
    /// The suite does not run, or something it needs is away.
    Unavailable = 69,
    /// Our own mistake.
    Software = 70,
    /// The system refused (a port, a layer of the lock-down, a process).
    OsError = 71,
    /// A file could not be made.
    CannotCreate = 73,
    /// Reading or writing failed.
    IoError = 74,
    /// For now; try again.
    TempFail = 75,
    /// Not permitted.
    NoPermission = 77,
    /// The configuration (or a certificate or key it names) is wrong.
    Config = 78,
}

impl Exit {
    const ALL: [Exit; 13] = [
        Exit::Ok,
        Exit::Usage,
        Exit::DataError,
        Exit::NoInput,
        Exit::NoUser,
        Exit::Unavailable,
        Exit::Software,
        Exit::OsError,
        Exit::CannotCreate,
        Exit::IoError,
        Exit::TempFail,
        Exit::NoPermission,
        Exit::Config,
    ];

    /// What a status means, when it is one of these.
    #[must_use]
    pub fn from_status(status: u8) -> Option<Self> {
        Exit::ALL.into_iter().find(|exit| *exit as u8 == status)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// Why a program ends before its time: the status, and a sentence for the log.
#[derive(Debug)]
pub struct Failure {
    /// The exit status.
    pub exit: Exit,
    /// What went wrong, and what to do about it.
    pub message: String,
}

impl Failure {
    /// With that status and that sentence.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Failure { exit, message: message.into() }
    }

    /// What the system refused.
    pub fn system(what: &str, error: impl fmt::Display) -> Self {
        Failure::new(Exit::OsError, format!("{what}: {error}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
