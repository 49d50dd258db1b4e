//! A role's program, started as the master starts it.

use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use breach::order::{self, Answer, Order};
use ipc::channel::Blocking;
use ipc::frame::Frame;
use ipc::peers::Service;
use ipc::role::{Instance, Layers, Role};
use ipc::service::control::{Hello, LockdownOrder, Log, LogLevel, Permission, ToMaster, ToRole};
use ipc::slice::{
    AuthConfig, Blocks, ImapConfig, KeysConfig, Limits, LmtpConfig, MxConfig, Networks, Pop3Config,
    RoleConfig, StoreConfig, SubmissionConfig,
};
use ipc::socket;

/// How long a process may take for one step.
const PATIENCE: Duration = Duration::from_secs(20);

/// How to start it.
#[derive(Clone, Debug)]
pub struct Start {
    /// Its program.
    pub program: PathBuf,
    /// What it plays.
    pub instance: Instance,
    /// The layers to put on.
    pub apply: Layers,
    /// The uid and gid of its own.
    pub id: Option<u32>,
    /// The directory that becomes its root.
    pub root: PathBuf,
}

/// A running role. It is killed when dropped.
#[derive(Debug)]
pub struct RoleProcess {
    child: Child,
    control: Blocking<ToRole, ToMaster>,
    /// The layers it said are on.
    pub layers: Layers,
}

/// How a process that was given an order took it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It answered.
    Answered(Answer),
    /// It ended first.
    Ended(ExitStatus),
}

impl RoleProcess {
    /// Starts it, and waits until it is locked down.
    ///
    /// # Errors
    /// What it said on standard error when it ended instead.
    pub fn start(start: &Start) -> Result<Self, String> {
        let (ours, theirs) = socket::pair().map_err(|error| error.to_string())?;
        socket::set_receive_timeout(&ours, PATIENCE).map_err(|error| error.to_string())?;
        let mut child = Command::new(&start.program)
            .env_clear()
            .current_dir("/")
            .stdin(theirs)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", start.program.display()))?;
        let control = Blocking::new(ours);
        let locked =
            control.send(&ToRole::Hello(Box::new(hello(start))), &[]).and_then(|()| control.receive());
        match locked {
            Ok(Frame::Message(ToMaster::Locked(layers), _)) => Ok(RoleProcess { child, control, layers }),
            other => {
                let _gone = child.kill();
                let status = child.wait().map_err(|error| error.to_string())?;
                Err(format!("{} ended ({status}, {other:?}): {}", start.instance, complaint(&mut child)))
            }
        }
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.child.id().cast_signed()
    }

    /// Says that it may serve, and waits until it does.
    ///
    /// # Panics
    /// It does not.
    pub fn serve(&mut self) {
        self.tell(&ToRole::Serve, &[]);
        match self.control.receive() {
            Ok(Frame::Message(ToMaster::Ready, _)) => {}
            other => {
                let _gone = self.child.kill();
                panic!("it is not ready: {other:?}; {}", complaint(&mut self.child));
            }
        }
    }

    /// Hands it one end of a channel.
    pub fn peer(&self, service: Service, peer: Instance, serves: bool, socket: impl AsFd) {
        self.tell(&ToRole::Peer { service, peer, serves }, &[socket.as_fd()]);
    }

    /// An administrator's connection to it.
    #[must_use]
    pub fn admin(&self) -> OwnedFd {
        let (ours, theirs) = socket::pair().expect("a pair");
        self.tell(&ToRole::Admin { permission: Permission::Full }, &[theirs.as_fd()]);
        socket::set_receive_timeout(&ours, PATIENCE).expect("a time limit");
        ours
    }

    /// Gives a hostile role an order, over a connection of [`RoleProcess::admin`].
    pub fn order(&mut self, admin: &OwnedFd, order: &Order, descriptors: &[BorrowedFd<'_>]) -> Taken {
        let answer = order::send(admin, order, descriptors).and_then(|()| order::receive(admin));
        match answer {
            Ok((answer, _)) => Taken::Answered(answer),
            Err(_) => Taken::Ended(self.end()),
        }
    }

    /// Is the process there?
    pub fn lives(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// What it said on standard error; ends it.
    pub fn complaint(mut self) -> String {
        let _gone = self.child.kill();
        complaint(&mut self.child)
    }

    /// Waits for its end, which it was about to come to; one that goes on is killed.
    fn end(&mut self) -> ExitStatus {
        for _ in 0..200 {
            if let Ok(Some(status)) = self.child.try_wait() {
                return status;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _gone = self.child.kill();
        self.child.wait().unwrap_or_else(|_| ExitStatus::from_raw(0))
    }

    fn tell(&self, message: &ToRole, descriptors: &[BorrowedFd<'_>]) {
        // one that has ended is noticed where its answer is waited for
        let _gone = self.control.send(message, descriptors);
    }
}

impl Drop for RoleProcess {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

fn complaint(child: &mut Child) -> String {
    let mut text = String::new();
    if let Some(mut pipe) = child.stderr.take() {
        let _unread = pipe.read_to_string(&mut text);
    }
    text
}

fn hello(start: &Start) -> Hello {
    Hello {
        instance: start.instance,
        lockdown: LockdownOrder {
            apply: start.apply,
            may_miss: Layers::NONE,
            ids: start.id.map(|id| (id, id)),
            root: text(&start.root),
            max_open_files: 256,
        },
        log: Log { journal: false, level: LogLevel::Warn },
        config: config(start.instance.role),
    }
}

fn config(role: Role) -> RoleConfig {
    let (hostname, max_message_size) = ("mail.example.org".to_owned(), 1 << 20);
    let limits = Limits::of(16, 16);
    match role {
        Role::Mx => RoleConfig::Mx(MxConfig { hostname, max_message_size, max_recipients: 100, limits }),
        Role::Imap => RoleConfig::Imap(ImapConfig { hostname, max_message_size, idle_minutes: 30, limits }),
        Role::Pop3 => RoleConfig::Pop3(Pop3Config { hostname, idle_minutes: 10, limits }),
        Role::Submission => RoleConfig::Submission(SubmissionConfig {
            hostname,
            max_message_size,
            max_recipients: 100,
            limits,
        }),
        Role::Lmtp => {
            RoleConfig::Lmtp(LmtpConfig { hostname, max_message_size, max_recipients: 100, limits })
        }
        Role::Auth => RoleConfig::Auth(AuthConfig {
            domain: "example.org".into(),
            blocks: Blocks { after: 0, seconds: 0 },
            never_block: Networks::NONE,
        }),
        Role::Keys => RoleConfig::Keys(KeysConfig { hostname, certificates: Vec::new() }),
        Role::Store => RoleConfig::Store(StoreConfig {
            max_message_size,
            upload_memory: 64 << 20,
            recipients_per_hour: 900,
        }),
        Role::Master => panic!("the master starts itself"),
    }
}

fn text(path: &Path) -> String {
    path.to_str().expect("a path in UTF-8").to_owned()
}
