//! The processes of a suite under test: started in a control group of their own, their CPU time and memory added up, ended
//! by pid.
//!
//! The group is the unified hierarchy's (cgroup v2), which counts what children used that have ended. Where there is none,
//! the tree of processes is walked and `/proc/PID/stat` added up, with the children that were waited for.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::failure::{Failure, Result, at};

mod tree;

/// What the names of our control groups begin with; the pid of the run follows.
const PREFIX: &str = "bulkhead-bench-";
/// How long a suite may take to end by itself.
const PATIENCE: Duration = Duration::from_secs(15);

/// A suite's processes. They are ended when it is dropped.
#[derive(Debug)]
pub struct Group {
    counted: Counted,
    programs: Vec<Program>,
    children: Vec<Child>,
}

/// What was started in a group.
#[derive(Clone, Debug)]
struct Program {
    path: PathBuf,
    arguments: Vec<String>,
    /// Where its output goes.
    log: PathBuf,
}

#[derive(Debug)]
enum Counted {
    /// By the kernel: the directory of the control group.
    ControlGroup(PathBuf),
    /// By us: those who descend from these.
    Tree,
}

impl Group {
    /// A new, empty one.
    ///
    /// # Errors
    /// When the control group cannot be made although the kernel has them.
    pub fn new(name: &str) -> Result<Self> {
        let counted = match hierarchy() {
            Some(root) => {
                let directory = root.join(format!("{PREFIX}{}-{name}", std::process::id()));
                fs::create_dir(&directory).map_err(at(&directory))?;
                Counted::ControlGroup(directory)
            }
            None => Counted::Tree,
        };
        Ok(Group { counted, programs: Vec::new(), children: Vec::new() })
    }

    /// Starts a program in it; it has to stay in the foreground. What it prints goes to `log`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(&mut self, program: &Path, arguments: &[&str], log: &Path) -> Result<()> {
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let program = Program { path: program.to_owned(), arguments, log: log.to_owned() };
        self.programs.push(program.clone());
        self.launch(&program)
    }

    /// Ends all of it, and starts the same programs anew.
    ///
    /// # Errors
    /// When one cannot be started.
    pub fn restart(&mut self) -> Result<()> {
        self.halt();
        let programs = self.programs.clone();
        programs.iter().try_for_each(|program| self.launch(program))
    }

    fn launch(&mut self, program: &Program) -> Result<()> {
        let log = &program.log;
        let output = fs::OpenOptions::new().create(true).append(true).open(log).map_err(at(log))?;
        let joined = match &self.counted {
            Counted::ControlGroup(directory) => directory.join("cgroup.procs"),
            Counted::Tree => PathBuf::from("/dev/null"),
        };
        let mut command = Command::new("/bin/sh");
        // The shell joins the group, and becomes the program: not a moment of it goes uncounted.
        command.args(["-c", "echo $$ >\"$0\" && ulimit -n \"$(ulimit -H -n)\" && exec \"$@\""]);
        command.arg(joined).arg(&program.path).args(&program.arguments).stdin(Stdio::null());
        command.stdout(output.try_clone().map_err(at(log))?).stderr(output);
        let child = command.spawn().map_err(|error| Failure::Program {
            program: program.path.display().to_string(),
            said: error.to_string(),
        })?;
        self.children.push(child);
        Ok(())
    }

    /// CPU time used so far, of user and system, by those who have ended too.
    ///
    /// # Errors
    /// When the kernel does not say.
    pub fn cpu(&self) -> Result<Duration> {
        match &self.counted {
            Counted::ControlGroup(directory) => {
                let path = directory.join("cpu.stat");
                let text = fs::read_to_string(&path).map_err(at(&path))?;
                let used = text.lines().find_map(|line| line.strip_prefix("usage_usec "));
                let micros = used.and_then(|used| used.parse().ok());
                micros
                    .map(Duration::from_micros)
                    .ok_or_else(|| Failure::Machine(format!("{}: no usage_usec", path.display())))
            }
            Counted::Tree => Ok(tree::cpu(&self.pids())),
        }
    }

    /// Memory in bytes, what is shared divided among those who share it (PSS).
    #[must_use]
    pub fn memory(&self) -> u64 {
        self.pids().into_iter().filter_map(tree::pss).sum()
    }

    /// Its processes.
    #[must_use]
    pub fn pids(&self) -> BTreeSet<u32> {
        match &self.counted {
            Counted::ControlGroup(directory) => members(directory),
            Counted::Tree => tree::descendants(self.children.iter().map(Child::id)),
        }
    }

    /// Asks those that were started to end, waits, and kills what is left.
    fn halt(&mut self) {
        let known = self.pids();
        for child in &self.children {
            signal(child.id(), "TERM");
        }
        let asked = Instant::now();
        while asked.elapsed() < PATIENCE {
            self.children.retain_mut(|child| matches!(child.try_wait(), Ok(None)));
            if self.children.is_empty() {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        // Those of a tree may have lost their parent, so that they cannot be found any more: they were noted before.
        let left = match &self.counted {
            Counted::ControlGroup(directory) => members(directory),
            Counted::Tree => known.into_iter().filter(|pid| tree::lives(*pid)).collect(),
        };
        left.iter().for_each(|pid| signal(*pid, "KILL"));
        for mut child in self.children.drain(..) {
            let _ = child.wait();
        }
        // What was killed is gone a moment later, and its ports and files with it.
        let killed = Instant::now();
        while left.iter().any(|pid| tree::lives(*pid)) && killed.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.halt();
        if let Counted::ControlGroup(directory) = &self.counted {
            remove(directory);
        }
    }
}

/// Ends what a run left behind that was killed: groups with the pid of a run that is no more.
pub fn sweep() {
    let Some(entries) = hierarchy().and_then(|root| fs::read_dir(root).ok()) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let owner =
            name.to_str().and_then(|name| name.strip_prefix(PREFIX)).and_then(|rest| rest.split('-').next());
        if let Some(owner) = owner.and_then(|pid| pid.parse().ok())
            && !tree::lives(owner)
        {
            members(&entry.path()).into_iter().for_each(|pid| signal(pid, "KILL"));
            remove(&entry.path());
        }
    }
}

/// Where the unified hierarchy is mounted.
fn hierarchy() -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
    let mut lines = mounts.lines().map(|line| line.split_whitespace());
    lines.find_map(|mut fields| {
        let place = fields.nth(1)?;
        (fields.next()? == "cgroup2").then(|| PathBuf::from(place))
    })
}

fn members(directory: &Path) -> BTreeSet<u32> {
    let text = fs::read_to_string(directory.join("cgroup.procs")).unwrap_or_default();
    text.lines().filter_map(|line| line.parse().ok()).collect()
}

/// A group can be removed when the last process is gone for good, a moment after it was killed.
fn remove(directory: &Path) {
    for _ in 0..100 {
        if fs::remove_dir(directory).is_ok() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn signal(pid: u32, name: &str) {
    let _ = Command::new("kill").args(["-s", name, &pid.to_string()]).stderr(Stdio::null()).status();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_what_it_started() {
        // Without a control group, so that it runs for anybody.
        let mut group = Group { counted: Counted::Tree, programs: Vec::new(), children: Vec::new() };
        let script = ["-c", "sleep 100 & while :; do :; done"];
        group.start(Path::new("/bin/sh"), &script, Path::new("/dev/null")).expect("a shell");
        let begun = Instant::now();
        while group.pids().len() < 2 || group.cpu().expect("cpu").is_zero() {
            assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", group.pids());
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(group.memory() > 4096, "a shell has memory");
        let first = group.pids();
        group.restart().expect("it starts again");
        assert!(first.into_iter().all(|pid| !tree::lives(pid)));
        let pids = group.pids();
        assert!(!pids.is_empty());
        drop(group);
        assert!(begun.elapsed() < Duration::from_secs(60));
        assert!(pids.into_iter().all(|pid| !tree::lives(pid)));
    }
}
