//! Starting one process of a role, and hearing how it ends.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use ipc::channel::{self, ChannelError, Outbox, Receiver};
use ipc::frame::Frame;
use ipc::role::Instance;
use ipc::service::control::{Listener, ToMaster, ToRole};
use rustix::process::{Pid, PidfdFlags, Signal};
use tokio::io::unix::AsyncFd;
use tokio::sync::mpsc;

use crate::supervise::Ending;

/// Frames that may wait for a role that does not read: its channels to all peers, and more.
const OUTBOX: usize = 2048;

/// How long a process may live on without its control channel.
const ENDING: Duration = Duration::from_secs(1);

/// A process that was started.
#[derive(Debug)]
pub struct Running {
    /// Its process id.
    pub pid: u32,
    /// What is said to it, without ever waiting for it.
    pub outbox: Outbox<ToRole>,
    /// The listening sockets it was handed, by their numbers.
    pub listens: BTreeMap<u64, Listener>,
    pidfd: Arc<OwnedFd>,
}

/// What a process did.
#[derive(Debug)]
pub enum Report {
    /// It said something.
    Said(ToMaster),
    /// Its channel ended, or what came on it was no message.
    Broken,
    /// It has ended.
    Ended(Ending),
}

/// A report, and whose it is.
pub type Reported = (Instance, u64, Report);

/// Starts the program with one end of a new control channel as its standard input, an empty environment, nothing as
/// its standard output, and `stderr`. Call it on the main thread: the role is killed when the thread that started it
/// ends. What the process does is reported.
///
/// # Errors
/// When the system refuses.
pub fn spawn(
    program: &Path,
    stderr: OwnedFd,
    (instance, incarnation): (Instance, u64),
    reports: mpsc::Sender<Reported>,
) -> io::Result<Running> {
    let (ours, theirs) = ipc::socket::pair()?;
    let (sender, receiver) = channel::open::<ToRole, ToMaster>(ours)?;
    let child = Command::new(program)
        .env_clear()
        .current_dir("/")
        // an interrupt from the terminal is for the master, which drains the roles in order
        .process_group(0)
        .stdin(Stdio::from(theirs))
        .stdout(Stdio::null())
        .stderr(Stdio::from(stderr))
        .spawn()?;
    let pid = child.id();
    let pidfd = match watch_of(&child) {
        Ok(pidfd) => pidfd,
        Err(error) => {
            discard(child);
            return Err(error);
        }
    };
    let kill = Arc::clone(pidfd.get_ref());
    tokio::task::spawn_local(report(child, pidfd, receiver, (instance, incarnation), reports));
    Ok(Running { pid, outbox: Outbox::start(sender, OUTBOX), listens: BTreeMap::new(), pidfd: kill })
}

impl Running {
    /// Kills it. By descriptor: another process that got its number meanwhile is safe.
    pub fn kill(&self) {
        if let Err(error) = rustix::process::pidfd_send_signal(self.pidfd.as_fd(), Signal::KILL)
            && error != rustix::io::Errno::SRCH
        {
            tracing::error!(pid = self.pid, %error, "a process cannot be killed");
        }
    }
}

fn watch_of(child: &Child) -> io::Result<AsyncFd<Arc<OwnedFd>>> {
    let pid = Pid::from_child(child);
    let pidfd = rustix::process::pidfd_open(pid, PidfdFlags::empty())?;
    #[expect(deprecated, reason = "unsound for types that may lie about their descriptor; an OwnedFd cannot")]
    AsyncFd::new(Arc::new(pidfd))
}

fn discard(mut child: Child) {
    let _ = child.kill();
    let _ = child.wait();
}

async fn report(
    mut child: Child,
    pidfd: AsyncFd<Arc<OwnedFd>>,
    mut receiver: Receiver<ToMaster>,
    (instance, incarnation): (Instance, u64),
    reports: mpsc::Sender<Reported>,
) {
    let say = |report| reports.send((instance, incarnation, report));
    let ending = loop {
        let said = tokio::select! {
            biased;
            frame = receiver.receive() => frame,
            ended = pidfd.readable() => match ended {
                Ok(_) => break reap(&mut child),
                Err(_) => return discard(child),
            },
        };
        let said = match said {
            Ok(Frame::Message(message, _)) => Report::Said(message),
            // its channel ends with a process: that is to be told as its end
            Err(ChannelError::Gone) if ends_soon(&pidfd).await => break reap(&mut child),
            Ok(Frame::Chunk { .. }) | Err(_) => Report::Broken,
        };
        let broken = matches!(said, Report::Broken);
        if say(said).await.is_err() {
            return discard(child);
        }
        if broken {
            match pidfd.readable().await {
                Ok(_) => break reap(&mut child),
                Err(_) => return discard(child),
            }
        }
    };
    let _ = say(Report::Ended(ending)).await;
}

/// Whether the process ends within the time between the end of its channel and its own.
async fn ends_soon(pidfd: &AsyncFd<Arc<OwnedFd>>) -> bool {
    matches!(tokio::time::timeout(ENDING, pidfd.readable()).await, Ok(Ok(_)))
}

fn reap(child: &mut Child) -> Ending {
    match child.wait() {
        Ok(status) => match (status.code(), status.signal()) {
            (Some(status), _) => Ending::Status(status),
            (None, Some(signal)) => Ending::Signal(signal),
            (None, None) => Ending::Status(-1),
        },
        Err(error) => {
            tracing::error!(%error, "a process that ended has no status");
            Ending::Status(-1)
        }
    }
}
