//! A whole suite of one's own: directories, ports, a configuration, accounts; started, looked at, stopped.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

/// Who runs the suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum User {
    /// Root, with a uid for each role.
    Root,
    /// An ordinary user, with every layer but that.
    Ordinary,
}

impl User {
    /// Those that can be tried here: both as root, else oneself.
    #[must_use]
    pub fn here() -> Vec<User> {
        if is_root() { vec![User::Root, User::Ordinary] } else { vec![User::Ordinary] }
    }
}

/// Are we root?
#[must_use]
pub fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|about| std::os::unix::fs::MetadataExt::uid(&about) == 0)
}

/// The uid that plays the ordinary user when the tests run as root.
pub const ORDINARY_UID: u32 = 64_999;
/// The first uid of the roles when the tests run as root.
pub const UID_BASE: u32 = 64_100;
/// How long a suite may take to be ready, or to stop.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running suite. It is stopped when dropped.
pub struct Suite {
    /// Its directory: programs, configuration, state, log.
    pub directory: tempfile::TempDir,
    /// The port of SMTP.
    pub smtp: u16,
    /// The port of IMAP with STARTTLS.
    pub imap: u16,
    /// The port of IMAP over TLS.
    pub imaps: u16,
    /// The port of POP3 with STLS.
    pub pop3: u16,
    /// The port of POP3 over TLS.
    pub pop3s: u16,
    /// The port of submission with STARTTLS.
    pub submission: u16,
    /// The port of submission over TLS.
    pub submissions: u16,
    /// The port of LMTP.
    pub lmtp: u16,
    user: User,
    master: Option<Child>,
}

/// Additions to the configuration.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'a> {
    /// Lines before the first table.
    pub top: &'a str,
    /// Lines of `[mx]`.
    pub mx: &'a str,
    /// Lines of `[imap]`.
    pub imap: &'a str,
    /// Lines of `[pop3]`.
    pub pop3: &'a str,
    /// Further tables.
    pub tables: &'a str,
}

impl Suite {
    /// Makes the directory and the configuration, and starts it.
    #[must_use]
    pub fn start(user: User, options: Options<'_>) -> Suite {
        let mut suite = Suite::prepare(user, options);
        suite.run();
        suite
    }

    /// Makes the directory and the configuration.
    #[must_use]
    pub fn prepare(user: User, options: Options<'_>) -> Suite {
        let directory = tempfile::Builder::new().prefix("bulkhead-test-").tempdir().expect("a directory");
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).expect("chmod");
        copy_programs(&directory.path().join("bin"));
        let [smtp, imap, imaps, pop3, pop3s, submission, submissions, lmtp] = [(); 8].map(|()| free_port());
        let suite = Suite {
            directory,
            smtp,
            imap,
            imaps,
            pop3,
            pop3s,
            submission,
            submissions,
            lmtp,
            user,
            master: None,
        };
        let root = suite.directory.path().display();
        let who = match user {
            User::Root => format!("uid_base = {UID_BASE}"),
            User::Ordinary => "waive = [\"uid\"]".to_owned(),
        };
        let Options { top, mx, imap: imap_lines, pop3: pop3_lines, tables } = options;
        let text = format!(
            "hostname = \"mail.example.org\"\ndomain = \"example.org\"\nstate_dir = \"{root}/state\"\n\
             run_dir = \"{root}/run\"\n{who}\n{top}\n\n[mx]\nlisten = [\"127.0.0.1:{smtp}\"]\nworkers = 2\n{mx}\n\n\
             [imap]\nlisten = [\"127.0.0.1:{imap}\"]\nlisten_tls = [\"127.0.0.1:{imaps}\"]\nworkers = 2\n{imap_lines}\n\n\
             [pop3]\nlisten = [\"127.0.0.1:{pop3}\"]\nlisten_tls = [\"127.0.0.1:{pop3s}\"]\nworkers = 2\n{pop3_lines}\n\n\
             [submission]\nlisten = [\"127.0.0.1:{submission}\"]\nlisten_tls = [\"127.0.0.1:{submissions}\"]\n\
             workers = 1\n\n[lmtp]\nlisten = [\"127.0.0.1:{lmtp}\"]\nworkers = 1\n\n{tables}\n"
        );
        fs::write(suite.config(), text).expect("the configuration is written");
        if user == User::Ordinary && is_root() {
            let status = Command::new("chown")
                .arg(format!("{ORDINARY_UID}:{ORDINARY_UID}"))
                .args([suite.directory.path(), &suite.config()])
                .status();
            assert!(status.expect("chown runs").success());
        }
        suite
    }

    /// Takes one of its programs from another directory, before it is started.
    pub fn replace_program(&self, program: &str, from: &Path) {
        let place = self.directory.path().join("bin").join(program);
        // it is a link to the one that all tests have
        fs::remove_file(&place).expect("it is there");
        let from = from.join(program);
        if let Err(error) = fs::copy(&from, place) {
            panic!("{}: {error}: build it first: make test-programs", from.display());
        }
    }

    /// Starts it, and waits until it is ready.
    pub fn run(&mut self) {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.log_file()).expect("a log file");
        let mut command = self.command("bulkhead");
        command.arg("run").arg("--config").arg(self.config()).stdout(Stdio::piped()).stderr(log);
        let mut master = command.spawn().expect("bulkhead starts");
        let mut ready = String::new();
        let stdout = master.stdout.take().expect("its standard output");
        BufReader::new(stdout).read_line(&mut ready).expect("a line");
        self.master = Some(master);
        assert!(ready.starts_with("bulkhead: ready"), "not ready: {ready:?}\n{}", self.log());
    }

    /// Ends it with SIGTERM.
    pub fn stop(&mut self) -> ExitStatus {
        let mut master = self.master.take().expect("it runs");
        signal(master.id(), "TERM");
        let asked = Instant::now();
        loop {
            match master.try_wait().expect("wait") {
                Some(status) => return status,
                None if asked.elapsed() > PATIENCE => {
                    let _ = master.kill();
                    panic!("the suite does not stop\n{}", self.log());
                }
                None => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }

    /// One of its programs, run by its user.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        let path = self.directory.path().join("bin").join(program);
        if self.user == User::Ordinary && is_root() {
            let id = ORDINARY_UID.to_string();
            let mut command = Command::new("setpriv");
            command.args(["--reuid", &id, "--regid", &id, "--clear-groups", "--"]).arg(path);
            command
        } else {
            Command::new(path)
        }
    }

    /// `bulkhead ARGUMENTS --config …`, with that on its standard input.
    #[must_use]
    pub fn bulkhead(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command("bulkhead");
        command.args(arguments).arg("--config").arg(self.config());
        run_with_input(command, input)
    }

    /// Makes accounts, in one call.
    pub fn import(&self, accounts: &[(&str, &str)]) {
        let text: String =
            accounts.iter().map(|(address, password)| format!("{address}:{password}\n")).collect();
        let output = self.bulkhead(&["account", "import", "-"], &text);
        assert!(output.status.success(), "{}{}", text_of(&output), self.log());
    }

    /// The processes that `bulkhead status --json` shows.
    #[must_use]
    pub fn status(&self) -> serde_json::Value {
        self.whole_status()["processes"].take()
    }

    /// How often the configuration in force was read.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.whole_status()["configuration"]["generation"].as_u64().expect("a number")
    }

    /// Changes the text of the configuration.
    pub fn reconfigure(&self, change: impl FnOnce(String) -> String) {
        let text = fs::read_to_string(self.config()).expect("the configuration");
        fs::write(self.config(), change(text)).expect("the configuration is written");
    }

    fn whole_status(&self) -> serde_json::Value {
        let output = self.bulkhead(&["status", "--json"], "");
        assert!(output.status.success(), "{}", text_of(&output));
        serde_json::from_slice(&output.stdout).expect("status is JSON")
    }

    /// The processes of a role.
    #[must_use]
    pub fn pids(&self, role: &str) -> Vec<u32> {
        let status = self.status();
        let rows = status.as_array().expect("rows").iter();
        rows.filter(|row| row["role"] == role)
            .filter_map(|row| row["pid"].as_u64())
            .map(|pid| u32::try_from(pid).expect("a pid"))
            .collect()
    }

    /// The master's process.
    #[must_use]
    pub fn master_pid(&self) -> u32 {
        self.master.as_ref().expect("it runs").id()
    }

    /// Its configuration file.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.directory.path().join("bulkhead.toml")
    }

    /// The socket of LMTP.
    #[must_use]
    pub fn lmtp_socket(&self) -> PathBuf {
        self.directory.path().join("run/lmtp.sock")
    }

    /// All it has logged.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn log_file(&self) -> PathBuf {
        self.directory.path().join("log")
    }
}

impl Drop for Suite {
    fn drop(&mut self) {
        if let Some(mut master) = self.master.take() {
            signal(master.id(), "TERM");
            let asked = Instant::now();
            while asked.elapsed() < Duration::from_secs(5) && matches!(master.try_wait(), Ok(None)) {
                std::thread::sleep(Duration::from_millis(20));
            }
            let _ = master.kill();
            let _ = master.wait();
        }
    }
}

/// Where the programs are that were built.
#[must_use]
pub fn programs() -> PathBuf {
    std::env::var_os("BULKHEAD_BIN_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").join("target/debug"),
        PathBuf::from,
    )
}

/// The programs of a suite.
pub const PROGRAMS: [&str; 8] = [
    "bulkhead",
    "bulkhead-master",
    "bulkhead-smtp",
    "bulkhead-imap",
    "bulkhead-pop3",
    "bulkhead-auth",
    "bulkhead-keys",
    "bulkhead-store",
];

fn copy_programs(to: &Path) {
    fs::create_dir(to).expect("a directory");
    for program in PROGRAMS {
        let from = programs().join(program);
        // Another test process may have a program of this directory running: a hard link needs no copy.
        let linked = fs::hard_link(&from, to.join(program)).is_ok();
        if !linked && let Err(error) = fs::copy(&from, to.join(program)) {
            panic!("{}: {error}: build it first: make test-programs", from.display());
        }
    }
}

/// A port that nobody has, and that this process gives out once; below those the system gives to clients.
#[must_use]
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(std::process::id() % 10_000).expect("a remainder");
    loop {
        let port = 12_000 + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % 18_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Sends a signal to one process.
pub fn signal(pid: u32, name: &str) {
    let status = Command::new("kill").args(["-s", name, &pid.to_string()]).stderr(Stdio::null()).status();
    assert!(status.is_ok(), "kill runs");
}

/// Runs a command with that on its standard input.
#[must_use]
pub fn run_with_input(mut command: Command, input: &str) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    // It may end without reading.
    let _ = child.stdin.take().expect("its standard input").write_all(input.as_bytes());
    child.wait_with_output().expect("it ends")
}

/// What a command said.
#[must_use]
pub fn text_of(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
