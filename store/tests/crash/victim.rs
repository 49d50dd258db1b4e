//! The process that is killed, and what it acknowledged before.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use rustix::process::{Pid, Signal};

const EXAMPLE: &str = "deliver_without_end";

/// Which build of the victim.
#[derive(Clone, Copy)]
pub(crate) enum Build {
    /// As it is shipped.
    Durable,
    /// Without fdatasync: what the tests have to notice.
    Careless,
}

/// A process that delivers.
pub(crate) struct Victim {
    child: Child,
    acknowledged: Arc<Mutex<Vec<u64>>>,
    reading: Option<std::thread::JoinHandle<()>>,
}

impl Victim {
    pub(crate) fn start(program: &Path, directory: &Path, first: u64) -> Self {
        let mut child = Command::new(program)
            .arg(directory)
            .arg(first.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let acknowledged = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&acknowledged);
        let reading = std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                heard.lock().unwrap().push(line.parse().unwrap());
            }
        });
        Victim { child, acknowledged, reading: Some(reading) }
    }

    /// All that it has acknowledged by now.
    pub(crate) fn acknowledged(&self) -> Vec<u64> {
        self.acknowledged.lock().unwrap().clone()
    }

    pub(crate) fn assert_alive(&mut self) {
        assert!(self.child.try_wait().unwrap().is_none(), "the victim ended by itself");
    }

    /// Halts it while what it left is looked at.
    pub(crate) fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub(crate) fn resume(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        rustix::process::kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Kills it; all that it ever acknowledged.
    pub(crate) fn kill(mut self) -> Vec<u64> {
        self.assert_alive();
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.reading.take().unwrap().join().unwrap();
        self.acknowledged()
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The victim's program, built if need be. `BULKHEAD_CARELESS_VICTIM` names a careless one that was built before.
pub(crate) fn program(build: Build) -> PathBuf {
    if let (Build::Careless, Some(path)) = (build, std::env::var_os("BULKHEAD_CARELESS_VICTIM")) {
        return path.into();
    }
    // The test's program is in `deps`, the examples beside that.
    let tests = std::env::current_exe().unwrap();
    let profile = tests.ancestors().nth(2).unwrap();
    let (target, more): (PathBuf, &[&str]) = match build {
        Build::Durable => (profile.parent().unwrap().into(), &[]),
        Build::Careless => {
            (profile.parent().unwrap().join("no-fdatasync"), &["--features", "unsafe-no-fdatasync"])
        }
    };
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--quiet", "--package", env!("CARGO_PKG_NAME"), "--example", EXAMPLE])
        .args(more)
        .arg("--target-dir")
        .arg(&target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status();
    assert!(
        built.is_ok_and(|status| status.success()),
        "the crash tests need the example {EXAMPLE}, and it could not be built ({more:?})"
    );
    target.join("debug").join("examples").join(EXAMPLE)
}
