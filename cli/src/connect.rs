//! The way to a running suite: the sockets in its run directory.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipc::channel::ChannelError;
use ipc::exit::{Exit, Failure};
use ipc::rpc::{Procedure, call_blocking_for};
use ipc::service::admin::{
    AUTH_SOCKET, AuthAdmin, AuthReply, AuthRequest, MASTER_SOCKET, MasterAdmin, MasterReply, MasterRequest,
    STORE_SOCKET, StoreAdmin, StoreReply, StoreRequest,
};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use crate::master;

/// How long an answer is waited for: an import has many passwords to hash.
const PATIENCE: Duration = Duration::from_secs(600);

/// A running instance, named by its configuration.
#[derive(Debug)]
pub(crate) struct Suite {
    config: Option<PathBuf>,
}

impl Suite {
    /// The instance with that configuration; without one, the host's.
    pub(crate) fn of(config: Option<PathBuf>) -> Self {
        Suite { config }
    }

    /// Its configuration, when it is not the host's.
    pub(crate) fn config(&self) -> Option<&Path> {
        self.config.as_deref()
    }

    /// A connection to `auth`.
    ///
    /// # Errors
    /// The suite does not run, or this user may not administer it.
    pub(crate) fn auth(&self) -> Result<Auth, Failure> {
        Ok(Auth(connect(&master::run_dir(self.config())?.join(AUTH_SOCKET))?))
    }

    /// A connection to `store`.
    ///
    /// # Errors
    /// As [`Suite::auth`].
    pub(crate) fn store(&self) -> Result<Store, Failure> {
        Ok(Store(connect(&master::run_dir(self.config())?.join(STORE_SOCKET))?))
    }

    /// A connection to the master.
    ///
    /// # Errors
    /// As [`Suite::auth`].
    pub(crate) fn master(&self) -> Result<Master, Failure> {
        Ok(Master(connect(&master::run_dir(self.config())?.join(MASTER_SOCKET))?))
    }
}

/// A connection to `auth`.
#[derive(Debug)]
pub(crate) struct Auth(OwnedFd);

impl Auth {
    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// The connection ended: what was asked may have been done.
    pub(crate) fn ask(&self, request: AuthRequest) -> Result<AuthReply, Failure> {
        self.ask_for(request).map(|(reply, _)| reply)
    }

    /// The same, with the descriptor that comes with the answer.
    ///
    /// # Errors
    /// As [`Auth::ask`].
    pub(crate) fn ask_for(&self, request: AuthRequest) -> Result<(AuthReply, Vec<OwnedFd>), Failure> {
        call::<AuthAdmin>(&self.0, request)
    }
}

/// A connection to `store`.
#[derive(Debug)]
pub(crate) struct Store(OwnedFd);

impl Store {
    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// The connection ended.
    pub(crate) fn ask(&self, request: StoreRequest) -> Result<StoreReply, Failure> {
        call::<StoreAdmin>(&self.0, request).map(|(reply, _)| reply)
    }
}

/// A connection to the master.
#[derive(Debug)]
pub(crate) struct Master(OwnedFd);

impl Master {
    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// The connection ended.
    pub(crate) fn ask(&self, request: MasterRequest) -> Result<MasterReply, Failure> {
        call::<MasterAdmin>(&self.0, request).map(|(reply, _)| reply)
    }

    /// Waits, as long as it takes, until the master has gone.
    pub(crate) fn wait_for_end(self) {
        let _ = rustix::net::sockopt::set_socket_timeout(&self.0, rustix::net::sockopt::Timeout::Recv, None);
        while let Ok(_packet) = ipc::socket::receive(std::os::fd::AsFd::as_fd(&self.0)) {}
    }
}

fn connect(path: &Path) -> Result<OwnedFd, Failure> {
    let connected = || -> Result<OwnedFd, Errno> {
        let socket =
            rustix::net::socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        rustix::net::connect(&socket, &SocketAddrUnix::new(path)?)?;
        let timeout = rustix::net::sockopt::Timeout::Recv;
        rustix::net::sockopt::set_socket_timeout(&socket, timeout, Some(PATIENCE))?;
        Ok(socket)
    };
    connected().map_err(|errno| match errno {
        Errno::NOENT | Errno::CONNREFUSED => Failure::new(
            Exit::Unavailable,
            format!("the suite does not run (nobody listens at {})", path.display()),
        ),
        Errno::ACCESS | Errno::PERM => Failure::new(
            Exit::NoPermission,
            format!("{}: only root, or the user who started the suite, may administer it", path.display()),
        ),
        errno => Failure::new(Exit::OsError, format!("{}: {errno}", path.display())),
    })
}

fn call<P: Procedure>(socket: &OwnedFd, request: P::Request) -> Result<(P::Reply, Vec<OwnedFd>), Failure> {
    call_blocking_for::<P>(socket, request).map_err(|error| match error {
        ChannelError::Gone => Failure::new(
            Exit::Unavailable,
            "the connection was closed without an answer: the suite starts, stops, or does not admit this user",
        ),
        ChannelError::Io(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
            Failure::new(Exit::TempFail, format!("no answer within {PATIENCE:?}; it may still be done"))
        }
        error => Failure::new(Exit::Unavailable, error.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suite_that_does_not_run_is_unavailable() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.sock");
        assert_eq!(connect(&path).unwrap_err().exit, Exit::Unavailable);
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert_ne!(connect(&path).unwrap_err().exit, Exit::Ok);
    }

    #[test]
    fn a_server_that_hangs_up_is_unavailable() {
        let (ours, theirs) = ipc::socket::pair().unwrap();
        drop(theirs);
        assert_eq!(Master(ours).ask(MasterRequest::Status).unwrap_err().exit, Exit::Unavailable);
    }
}
