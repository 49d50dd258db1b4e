//! What the supervisor can decide, and its reasons.

use std::time::Duration;

use ipc::exit::Exit;
use ipc::role::Instance;

use super::No;
use crate::wire::Wire;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Start that process, and say hello to it.
    Spawn(Instance, u64),
    /// Make that channel.
    Wire(Wire),
    /// Hand that reader the listening sockets of that seat.
    Listeners(Instance, u16),
    /// Tell it to serve.
    Serve(Instance),
    /// Ask whether it lives.
    Ping(Instance),
    /// Ask whether it can go on with the new configuration.
    Prepare(Instance),
    /// Tell it that the new configuration is in force, and hand it what it now has to listen on, as that seat's.
    Commit(Instance, u16),
    /// Tell it that the new configuration is not to be.
    Abort(Instance),
    /// Everybody was asked: can the suite go on with the new configuration?
    Settle(Result<(), No>),
    /// Tell it to accept nothing more, and to end when its sessions have.
    Retire(Instance),
    /// Tell it to finish in that time.
    Drain(Instance, Duration),
    /// Kill it.
    Kill(Instance, Reason),
    /// All serve, for the first time.
    AllReady,
    /// End the suite.
    End(Exit),
}

/// Why a process is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The lock-down took too long.
    #[error("it did not lock itself down in time")]
    Locking,
    /// It did not come to serve.
    #[error("it did not come to serve in time")]
    Starting,
    /// It does not answer.
    #[error("it does not answer")]
    Silent,
    /// It did not finish.
    #[error("it did not finish in time")]
    Draining,
    /// It was being started with a configuration that is no longer in force.
    #[error("it was being started with the configuration of before")]
    Outdated,
    /// It said something that it may not say now.
    #[error("it said something out of phase")]
    OutOfPhase,
    /// It said what is no message, or its channel ended.
    #[error("its control channel ended")]
    Channel,
}

/// How a process has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With that exit status.
    Status(i32),
    /// By that signal.
    Signal(i32),
    /// It could not be started.
    Unborn,
}

impl std::fmt::Display for Ending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Ending::Status(status) => write!(f, "ended with status {status}"),
            Ending::Signal(31) => f.write_str("was ended by signal 31: a system call that it does not have"),
            Ending::Signal(signal) => write!(f, "was ended by signal {signal}"),
            Ending::Unborn => f.write_str("could not be started"),
        }
    }
}
