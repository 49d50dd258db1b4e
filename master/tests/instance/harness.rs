//! Starts a master on a directory of its own, with the fake role in the place of every program.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::{Duration, Instant};

use ipc::role::Role;
use ipc::rpc::call_blocking;
use ipc::service::admin::{
    AUTH_SOCKET, AuthAdmin, AuthReply, AuthRequest, MASTER_SOCKET, MasterAdmin, MasterReply, MasterRequest,
    ProcessStatus,
};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use rustix::process::{Pid, Signal, kill_process};

/// How long a start may take on a busy machine.
const START: Duration = Duration::from_secs(20);

/// A running instance; killed when dropped.
pub(crate) struct Instance {
    dir: tempfile::TempDir,
    child: Child,
    stderr: Option<ChildStderr>,
    ready: String,
}

/// Who runs an instance.
#[derive(Clone, Copy)]
pub(crate) enum User {
    /// Who runs the tests.
    Whoever,
    /// That one; only root can say so.
    Ordinary(u32),
}

/// What became of a start.
pub(crate) enum Started {
    /// It is ready.
    Running(Instance),
    /// It ended, with that status, and what it said on standard error.
    Ended(Option<i32>, String),
}

impl Instance {
    /// Starts one that has to come up.
    pub(crate) fn start(hostname: &str) -> Self {
        match Self::try_start(hostname, "") {
            Started::Running(instance) => instance,
            Started::Ended(status, said) => panic!("ended with {status:?}: {said}"),
        }
    }

    /// Starts one, with more lines at the end of its configuration.
    pub(crate) fn try_start(hostname: &str, more: &str) -> Started {
        Self::begin(hostname, more, User::Whoever, |_, _| {})
    }

    /// Starts one as that user, after its command was adjusted; the path is the instance's directory.
    pub(crate) fn begin(
        hostname: &str,
        more: &str,
        user: User,
        adjust: impl FnOnce(&mut Command, &Path),
    ) -> Started {
        let dir = tempfile::tempdir().expect("a directory");
        install(dir.path());
        configure(dir.path(), hostname, more, user);
        let mut command = command(dir.path());
        if let User::Ordinary(uid) = user {
            std::os::unix::fs::chown(dir.path(), Some(uid), Some(uid)).expect("chown");
            command.uid(uid).gid(uid);
        }
        adjust(&mut command, dir.path());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a master");
        let mut ready = String::new();
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout"));
        let asked = Instant::now();
        stdout.read_line(&mut ready).expect("a line");
        assert!(asked.elapsed() < START, "slow start");
        let mut stderr = child.stderr.take();
        if ready.is_empty() {
            let status = child.wait().expect("an end");
            return Started::Ended(status.code(), text(stderr.as_mut()));
        }
        assert!(ready.starts_with(&format!("bulkhead: ready (pid {}) ", child.id())), "{ready}");
        Started::Running(Instance { dir, child, stderr, ready })
    }

    /// Changes the text of its configuration.
    pub(crate) fn reconfigure(&self, from: &str, to: &str) {
        let path = self.dir.path().join("bulkhead.toml");
        let text = fs::read_to_string(&path).expect("the configuration");
        assert!(text.contains(from), "{text}");
        fs::write(path, text.replace(from, to)).expect("the configuration is written");
    }

    /// A second master with the same configuration: how it ended, and what it said.
    pub(crate) fn again(&self) -> (Option<i32>, String) {
        let output = command(self.dir.path()).output().expect("a master");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    pub(crate) fn run_dir(&self) -> PathBuf {
        self.dir.path().join("run")
    }

    pub(crate) fn status(&self) -> Vec<ProcessStatus> {
        match self.ask(MasterRequest::Status) {
            MasterReply::Status(status) => status.processes,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn ask(&self, request: MasterRequest) -> MasterReply {
        call_blocking::<MasterAdmin>(self.socket(MASTER_SOCKET), request).expect("an answer")
    }

    pub(crate) fn ask_auth(&self, request: AuthRequest) -> AuthReply {
        call_blocking::<AuthAdmin>(self.socket(AUTH_SOCKET), request).expect("an answer")
    }

    /// The address of a service by its name in the ready line.
    pub(crate) fn address(&self, service: &str) -> SocketAddr {
        let mut words = self.ready.split_whitespace().skip_while(|word| *word != service);
        words.nth(1).expect("an address").parse().expect("an address")
    }

    /// Connects to a service by its name in the ready line.
    pub(crate) fn connect(&self, service: &str) -> TcpStream {
        TcpStream::connect(self.address(service)).expect("no connection is refused")
    }

    /// What a service says first.
    pub(crate) fn says(&self, service: &str) -> String {
        let mut line = String::new();
        BufReader::new(self.connect(service)).read_line(&mut line).expect("a greeting");
        line
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("a signal");
    }

    /// Waits for the end: the status, and what was said on standard error.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let said = text(self.stderr.as_mut());
        (self.child.wait().expect("an end").code(), said)
    }

    fn socket(&self, name: &str) -> OwnedFd {
        let socket =
            rustix::net::socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
                .expect("a socket");
        let address = SocketAddrUnix::new(self.run_dir().join(name)).expect("an address");
        rustix::net::connect(&socket, &address).expect("the suite is there");
        ipc::socket::set_receive_timeout(&socket, Duration::from_secs(15)).expect("a time-out");
        socket
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What an address says first to who connects.
pub(crate) fn says(address: SocketAddr) -> std::io::Result<String> {
    let mut line = String::new();
    BufReader::new(TcpStream::connect(address)?).read_line(&mut line)?;
    Ok(line)
}

/// An address of this host that nobody has.
pub(crate) fn free() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("an address")
}

/// Whether something comes true in that time.
pub(crate) fn within(time: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let asked = Instant::now();
    while asked.elapsed() < time {
        if holds() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    holds()
}

/// kill -9
pub(crate) fn kill(pid: u32) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a pid");
    kill_process(pid, Signal::KILL).expect("a process to kill");
}

fn text(stderr: Option<&mut ChildStderr>) -> String {
    let mut said = String::new();
    stderr.expect("standard error").read_to_string(&mut said).expect("text");
    said
}

fn command(dir: &Path) -> Command {
    let mut command = Command::new(dir.join("bin/bulkhead-master"));
    command.arg("run").arg("--config").arg(dir.join("bulkhead.toml")).env_remove("NOTIFY_SOCKET");
    command
}

/// The master, and the fake role under the name of every role.
fn install(dir: &Path) {
    let bin = dir.join("bin");
    fs::create_dir(&bin).expect("a directory");
    let fake = std::env::current_exe()
        .ok()
        .and_then(|exe| Some(exe.parent()?.parent()?.join("examples/fake_role")))
        .expect("the fake role");
    fs::copy(env!("CARGO_BIN_EXE_bulkhead-master"), bin.join("bulkhead-master")).expect("a copy");
    for role in Role::STARTED {
        fs::copy(&fake, bin.join(role.program())).expect("a copy");
    }
    fs::set_permissions(dir, fs::Permissions::from_mode(0o755)).expect("a mode");
}

fn configure(dir: &Path, hostname: &str, more: &str, user: User) {
    let here = dir.display();
    let is_root = matches!(user, User::Whoever) && rustix::process::geteuid().is_root();
    let ids = if is_root { "uid_base = 61000" } else { "waive = [\"uid\"]" };
    let mut text = format!(
        "hostname = \"{hostname}\"\ndomain = \"example.org\"\nstate_dir = \"{here}/state\"\nrun_dir = \"{here}/run\"\n{ids}\n"
    );
    if more.is_empty() {
        text.push_str(
            "[mx]\nlisten = [\"127.0.0.1:0\"]\nworkers = 2\n[imap]\nlisten_tls = [\"127.0.0.1:0\"]\nworkers = 1\n\
             [pop3]\nlisten = [\"127.0.0.1:0\"]\nlisten_tls = [\"127.0.0.1:0\"]\nworkers = 1\n",
        );
    }
    if hostname == "files.example" {
        fs::write(dir.join("c.pem"), "the chain").expect("a file");
        fs::write(dir.join("k.pem"), "the key").expect("a file");
        text.push_str(&format!("[tls]\ncertificate = \"{here}/c.pem\"\nkey = \"{here}/k.pem\"\n"));
    }
    text.push_str(more);
    let path = dir.join("bulkhead.toml");
    fs::write(&path, text).expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("a mode");
}
