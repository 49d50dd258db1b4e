//! The sockets of the `bulkhead` command: accepted here, where credentials can be read. What is for the master it
//! answers itself; what is for `auth` or `store` is handed on unread.

use std::cell::Cell;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ipc::exit::{Exit, Failure};
use ipc::role::Role;
use ipc::rpc::{self, Responder};
use ipc::service::admin::{
    AUTH_SOCKET, MASTER_SOCKET, MasterAdmin, MasterReply, MasterRequest, STORE_SOCKET,
};
use ipc::service::control::Permission;
use rustix::fs::{CWD, Mode};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use tokio::io::unix::AsyncFd;
use tokio::sync::{Semaphore, mpsc};

/// Connections to the master open at once.
const CONNECTIONS: usize = 8;
/// How long one may last.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long nothing is accepted after the system refused.
const PAUSE: Duration = Duration::from_millis(100);

/// What an administrator asks of the master's main loop.
pub enum Asked {
    /// How everybody is.
    Status(Responder<MasterAdmin>),
    /// To stop.
    Stop,
    /// To read the configuration again.
    Reload(Responder<MasterAdmin>),
    /// A connection for that role.
    Role(Role, Permission, OwnedFd),
}

/// The listening sockets; their files are removed when this is dropped.
#[derive(Debug)]
pub struct Sockets {
    master: Listening,
    auth: Listening,
    store: Listening,
}

/// One of them.
#[derive(Debug)]
struct Listening {
    socket: Option<OwnedFd>,
    path: PathBuf,
}

impl Drop for Listening {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Sockets {
    /// Makes them in the run directory, which this process has for itself.
    ///
    /// # Errors
    /// When one cannot be made there.
    pub fn bind(run_dir: &Path) -> Result<Self, Failure> {
        let at = |name| listen(run_dir.join(name));
        Ok(Sockets { master: at(MASTER_SOCKET)?, auth: at(AUTH_SOCKET)?, store: at(STORE_SOCKET)? })
    }

    /// Accepts on all of them, from now on. Within a local set.
    ///
    /// # Errors
    /// When a descriptor cannot be registered.
    pub fn serve(&mut self, asked: &mpsc::Sender<Asked>) -> io::Result<()> {
        let permits = Arc::new(Semaphore::new(CONNECTIONS));
        let to_master = asked.clone();
        accept(self.master.socket.take(), move |_, connection| {
            // one too many is closed
            let Ok(permit) = Arc::clone(&permits).try_acquire_owned() else { return };
            let asked = to_master.clone();
            tokio::task::spawn_local(async move {
                answer(connection, asked).await;
                drop(permit);
            });
        })?;
        for (role, listening) in [(Role::Auth, &mut self.auth), (Role::Store, &mut self.store)] {
            let asked = asked.clone();
            accept(listening.socket.take(), move |permission, connection| {
                let _ = asked.try_send(Asked::Role(role, permission, connection));
            })?;
        }
        Ok(())
    }
}

/// What a connection may do, from the uid at its other end.
#[must_use]
pub fn permission(peer: u32, own: u32) -> Option<Permission> {
    (peer == 0 || peer == own).then_some(Permission::Full)
}

fn listen(path: PathBuf) -> Result<Listening, Failure> {
    let bound = || -> Result<OwnedFd, Errno> {
        // left behind by a master that was killed: the lock on the directory says that it is gone
        match rustix::fs::unlink(&path) {
            Err(Errno::NOENT) | Ok(()) => {}
            Err(error) => return Err(error),
        }
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
        rustix::net::bind(&socket, &SocketAddrUnix::new(&path)?)?;
        rustix::fs::chmodat(CWD, &path, Mode::RUSR | Mode::WUSR, rustix::fs::AtFlags::empty())?;
        rustix::net::listen(&socket, 64)?;
        Ok(socket)
    };
    match bound() {
        Ok(socket) => Ok(Listening { socket: Some(socket), path }),
        Err(Errno::NAMETOOLONG) => Err(Failure::new(
            Exit::Config,
            format!("{} is too long for a socket's name; choose a shorter run_dir", path.display()),
        )),
        Err(error) => {
            Err(Failure::new(Exit::CannotCreate, format!("cannot make {}: {error}", path.display())))
        }
    }
}

/// Calls `each` with every connection that is permitted; closes the others.
fn accept(listening: Option<OwnedFd>, mut each: impl FnMut(Permission, OwnedFd) + 'static) -> io::Result<()> {
    let Some(socket) = listening else { return Ok(()) };
    #[expect(deprecated, reason = "unsound for types that may lie about their descriptor; an OwnedFd cannot")]
    let socket = AsyncFd::new(socket)?;
    let own = nix::unistd::geteuid().as_raw();
    tokio::task::spawn_local(async move {
        loop {
            let Ok(mut ready) = socket.readable().await else { return };
            match ready.try_io(|socket| Ok(rustix::net::accept_with(socket, SocketFlags::CLOEXEC)?)) {
                Ok(Ok(connection)) => match rustix::net::sockopt::socket_peercred(&connection) {
                    Ok(peer) => match permission(peer.uid.as_raw(), own) {
                        Some(permission) => each(permission, connection),
                        None => {
                            tracing::warn!(uid = peer.uid.as_raw(), "an administrator's socket was tried")
                        }
                    },
                    Err(error) => tracing::warn!(%error, "an administrator without credentials"),
                },
                Ok(Err(error)) => {
                    tracing::warn!(%error, "an administrator's connection");
                    tokio::time::sleep(PAUSE).await;
                }
                Err(_would_block) => {}
            }
        }
    });
    Ok(())
}

/// Answers one administrator, in a bounded time; but who asked for the end, or for what takes its time and has a bound
/// of its own, is kept until it comes.
async fn answer(connection: OwnedFd, asked: mpsc::Sender<Asked>) {
    let waits = Cell::new(false);
    let served = rpc::serve::<MasterAdmin>(connection, 4, |request, responder| match request {
        MasterRequest::Status => {
            // dropped, and so refused by the end of the connection, when the main loop is overrun
            let _ = asked.try_send(Asked::Status(responder));
        }
        MasterRequest::Reload => {
            waits.set(true);
            let _ = asked.try_send(Asked::Reload(responder));
        }
        MasterRequest::Stop if asked.try_send(Asked::Stop).is_ok() => {
            waits.set(true);
            responder.reply(MasterReply::Stopping, Vec::new());
        }
        MasterRequest::Stop => responder.reply(MasterReply::Refused, Vec::new()),
    });
    tokio::pin!(served);
    if tokio::time::timeout(PATIENCE, &mut served).await.is_err() && waits.get() {
        let _ = served.await;
    }
}

#[cfg(test)]
mod tests;
