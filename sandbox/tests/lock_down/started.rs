//! The outside of a cell: how it is started, and what became of it.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use ipc::role::{Layer, Layers, Role};
use nix::unistd::{Uid, chown, geteuid};

use crate::Starter;
use crate::cell::{self, names};

/// The ids roles get in cells that root starts.
pub(crate) const ROLE_ID: u32 = 40_001;
/// The ids of the ordinary user in cells that root starts on behalf of one.
const USER_ID: u32 = 65_533;

/// A cell to be started.
pub(crate) struct Cell {
    starter: Starter,
    before: &'static str,
    role: Role,
    apply: Layers,
    may_miss: Layers,
    own_ids: bool,
    journal: Option<PathBuf>,
    directory: tempfile::TempDir,
}

/// What became of a cell.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// What it printed, a line each.
    pub(crate) lines: Vec<String>,
    /// Its exit code, or the signal that ended it.
    pub(crate) end: Result<i32, i32>,
    /// What it said on standard error.
    pub(crate) complaint: String,
}

impl Cell {
    /// A cell of that role with every layer that its starter can have.
    pub(crate) fn full(starter: Starter, role: Role) -> Self {
        let waived = if starter == Starter::Root { Layers::NONE } else { Layers::NONE.with(Layer::Uid) };
        let own_ids = starter == Starter::Root;
        Cell { own_ids, may_miss: waived, ..Cell::with(starter, role, Layers::all()) }
    }

    /// A cell with these layers, none waived, and no ids of its own.
    pub(crate) fn with(starter: Starter, role: Role, apply: Layers) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let cell = Cell {
            starter,
            before: "-",
            role,
            apply,
            may_miss: Layers::NONE,
            own_ids: false,
            journal: None,
            directory,
        };
        fs::create_dir(cell.root()).expect("a root");
        cell
    }

    pub(crate) fn own_ids(mut self) -> Self {
        self.own_ids = true;
        self
    }

    pub(crate) fn waive(mut self, layer: Layer) -> Self {
        self.may_miss = self.may_miss.with(layer);
        self
    }

    pub(crate) fn without(mut self, layer: Layer) -> Self {
        self.apply = self.apply.without(layer);
        self
    }

    pub(crate) fn after(mut self, before: &'static str) -> Self {
        self.before = before;
        self
    }

    /// With this socket as the journal's, and the placeholder that the master makes for it.
    pub(crate) fn journal(mut self, socket: &Path) -> Self {
        let placeholder = self.root().join("run/systemd/journal/socket");
        fs::create_dir_all(placeholder.parent().expect("a parent")).expect("directories");
        fs::write(placeholder, "").expect("a placeholder");
        self.journal = Some(socket.to_path_buf());
        self
    }

    /// The directory that becomes its root.
    pub(crate) fn root(&self) -> PathBuf {
        self.directory.path().join("root")
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, attempt: &str) -> Outcome {
        outcome(self.start(attempt, Stdio::null(), Stdio::piped()))
    }

    /// Runs it under a restricted master.
    pub(crate) fn run_under_master(&self, attempt: &str) -> Outcome {
        let master = Cell::with(self.starter, Role::Master, Layers::NONE).after("master");
        self.hand_over();
        let mut command = master.command("start");
        command.arg(cell::ARGUMENT).args(self.arguments(attempt)).stdin(Stdio::null());
        outcome(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts"))
    }

    pub(crate) fn start(&self, attempt: &str, stdin: impl Into<Stdio>, stderr: impl Into<Stdio>) -> Child {
        self.hand_over();
        let mut command = self.command(attempt);
        command.stdin(stdin).stdout(Stdio::piped()).stderr(stderr).spawn().expect("it starts")
    }

    fn command(&self, attempt: &str) -> Command {
        let mut command = Command::new(PROGRAM.get().expect("a copy"));
        // away from any directory that the cell's user may not enter
        command.arg(cell::ARGUMENT).args(self.arguments(attempt)).env_clear().current_dir("/");
        if self.before == "chroot" {
            command.current_dir(self.directory.path());
        }
        if self.starter == Starter::User && geteuid().is_root() {
            command.uid(USER_ID).gid(USER_ID);
        }
        command
    }

    fn arguments(&self, attempt: &str) -> Vec<String> {
        let root = match self.before {
            "chroot" => PathBuf::from("/root"),
            "no-root" => self.directory.path().join("not-there"),
            _ => self.root(),
        };
        let ids = if self.own_ids { format!("{ROLE_ID}:{ROLE_ID}") } else { "-".into() };
        let journal = self.journal.as_ref().map_or("-".into(), |path| path.display().to_string());
        let texts = [self.before, self.role.name(), &names(self.apply), &names(self.may_miss), &ids];
        let paths = [root.display().to_string(), journal, attempt.to_owned()];
        texts.into_iter().map(str::to_owned).chain(paths).collect()
    }

    /// The directory above belongs to the starter alone, the root to the role alone.
    fn hand_over(&self) {
        if !geteuid().is_root() {
            return;
        }
        let (above, root) = match (self.starter, self.own_ids) {
            (Starter::Root, true) => (0, ROLE_ID),
            (Starter::Root, false) => (0, 0),
            (Starter::User, _) => (USER_ID, USER_ID),
        };
        give(self.directory.path(), above, 0o700);
        // an empty root is everybody's to see, as the master makes it
        let mode = if self.role.is_reader() { 0o555 } else { 0o700 };
        give(&self.root(), root, mode);
    }
}

fn give(path: &Path, id: u32, mode: u32) {
    chown(path, Some(Uid::from_raw(id)), None).expect("chown");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("chmod");
}

/// Waits for a cell, and collects what it said.
pub(crate) fn outcome(child: Child) -> Outcome {
    let output = child.wait_with_output().expect("it ends");
    Outcome {
        lines: String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect(),
        end: output.status.code().ok_or_else(|| output.status.signal().unwrap_or_default()),
        complaint: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The value of a line of `/proc/PID/status`, once the cell has said that it is locked down.
pub(crate) fn status_once_locked(child: &mut Child) -> impl Fn(&str) -> String + use<> {
    let mut said = String::new();
    let stdout = child.stdout.as_mut().expect("a pipe");
    BufReader::new(stdout).read_line(&mut said).expect("a line");
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_else(|error| {
        let mut complaint = String::new();
        let _unread = child.stderr.take().map(|mut pipe| pipe.read_to_string(&mut complaint));
        panic!("{error} after {said:?}, {complaint:?}")
    });
    move |name| {
        if name == "layers" {
            return said.trim_end().to_owned();
        }
        let value = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        value
            .unwrap_or_else(|| panic!("no {name} in {status}"))
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// Where [`copy_program`] put this program.
static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// Copies this program to where every user may execute it, for as long as the result lives.
pub(crate) fn copy_program() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("lock_down");
    fs::copy(std::env::current_exe().expect("a path"), &path).expect("a copy");
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).expect("chmod");
    PROGRAM.set(path).expect("it is copied once");
    directory
}
