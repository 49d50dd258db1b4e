//! The boundary tests, and `docs/breach-matrix.md`.
//!
//! Run as root they try everything as root and, in a second process, as an ordinary user; run by an ordinary user they
//! try what there is for one, and say what they did not. Arguments select attempts by part of their name.
//! `--discover` prints what every layer alone does to an attempt, for whoever adds one to the table.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use breach::table::{Starter, all};
use bulkhead_tests::boundary::programs::{Programs, dumped_filters};
use bulkhead_tests::boundary::stage::Stage;
use bulkhead_tests::boundary::{USER_ID, alone, channels, every_layer, judge, matrix};
use ipc::role::{Layer, Role};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// The first argument of the process that is an ordinary user; the second is where the programs are.
const AS_USER: &str = "--as-user";
/// Prints what each layer does alone, instead of comparing it with the table.
const DISCOVER: &str = "--discover";

fn main() -> ExitCode {
    // an attempt that is stopped by a signal leaves no core file behind
    let (_, hard) = getrlimit(Resource::RLIMIT_CORE).expect("a limit");
    setrlimit(Resource::RLIMIT_CORE, 0, hard).expect("a limit");
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let run = Run {
        wanted: arguments.iter().filter(|one| !one.starts_with(['-', '/'])).cloned().collect(),
        discover: arguments.iter().any(|one| one == DISCOVER),
        bless: std::env::var_os("BULKHEAD_BLESS").is_some(),
    };
    let failed = match arguments.as_slice() {
        [first, directory, ..] if first == AS_USER => {
            let (found, failures) = run.tables(Starter::User, Programs::copied_to(Path::new(directory)));
            print!("{}{BETWEEN}{}", found.attempts, found.channels);
            report(&failures)
        }
        _ => run.everything(&arguments),
    };
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

struct Run {
    wanted: Vec<String>,
    discover: bool,
    bless: bool,
}

impl Run {
    fn everything(&self, arguments: &[String]) -> bool {
        let directory = tempfile::Builder::new().prefix("bulkhead-programs-").tempdir().expect("a directory");
        let programs = Programs::copy_to(directory.path());
        let mut failures = filters_are_the_same(&programs);
        let mut sections = Vec::new();
        let channels = if nix::unistd::geteuid().is_root() {
            let (as_root, more) = self.tables(Starter::Root, programs);
            failures.extend(more);
            let (as_user, failed) = as_user(directory.path(), arguments);
            failures.extend(failed.then(|| "the attempts as an ordinary user failed, see above".to_owned()));
            if as_root.channels != as_user.channels {
                failures.push("the channels differ between root and an ordinary user".into());
            }
            sections.push((matrix::heading(Starter::Root), as_root.attempts));
            sections.push((matrix::heading(Starter::User), as_user.attempts));
            as_root.channels
        } else {
            println!("boundary: started by root ... NOT RUN, needs root");
            let (found, more) = self.tables(Starter::User, programs);
            failures.extend(more);
            sections.push((matrix::heading(Starter::User), found.attempts));
            found.channels
        };
        sections.push((matrix::CHANNELS, channels));
        if self.wanted.is_empty() && !self.discover {
            failures.extend(self.compare(&sections, failures.is_empty()));
        }
        report(&failures)
    }

    fn tables(&self, starter: Starter, programs: Programs) -> (Found, Vec<String>) {
        let stage = Stage::set(starter, programs.clone());
        if self.discover {
            self.print_discoveries(&stage);
            return (Found::default(), Vec::new());
        }
        let (findings, mut failures) = judge::judge(&stage, |name| self.wants(name));
        eprintln!(
            "boundary: {} attempts started by {starter:?} ... {} failed",
            findings.len(),
            failures.len()
        );
        if !failures.is_empty() {
            // whoever cannot be locked down as the table says has no channels to be tried
            failures.push(format!("the channels, started by {starter:?}: not run, because attempts failed"));
            return (Found::default(), failures);
        }
        let (rows, more) = channels::judge(starter, &programs, |name| self.wants(name));
        eprintln!("boundary: {} on channels started by {starter:?} ... {} failed", rows.len(), more.len());
        failures.extend(more);
        (Found { attempts: matrix::table(starter, &findings), channels: matrix::channels(&rows) }, failures)
    }

    fn wants(&self, name: &str) -> bool {
        self.wanted.is_empty() || self.wanted.iter().any(|part| name.contains(part.as_str()))
    }

    fn print_discoveries(&self, stage: &Stage) {
        let starter = stage.starter;
        for attempt in all().filter(|attempt| self.wants(attempt.name)) {
            for role in [Role::Mx, Role::Store].into_iter().filter(|role| attempt.roles.has(*role)) {
                let control = attempt.possible_for.control(starter);
                let control = control.map_or("impossible".to_owned(), |layers| {
                    judge::make(stage, attempt, role, layers).to_string()
                });
                let full = judge::make(stage, attempt, role, every_layer(starter));
                let layers =
                    Layer::ALL.into_iter().filter(|layer| starter == Starter::Root || *layer != Layer::Uid);
                let found: Vec<_> = layers
                    .map(|layer| (layer, judge::make(stage, attempt, role, alone(attempt, starter, layer))))
                    .filter(|(_, made)| *made != judge::Outcome::Allowed)
                    .map(|(layer, made)| format!("{layer} {made}"))
                    .collect();
                let name = attempt.name;
                eprintln!(
                    "{starter:?} {name} {role} off: {control}; full: {full}; alone: {}",
                    found.join(", ")
                );
            }
        }
    }

    /// The committed file against what was found; an ordinary user has found but a part of it.
    fn compare(&self, sections: &[(&str, String)], all_held: bool) -> Option<String> {
        let file: PathBuf = matrix::file();
        let tables: Vec<_> = sections.iter().map(|(_, text)| text.as_str()).collect();
        let whole = format!("{}{}", matrix::HEAD, tables.join("\n"));
        let complete = sections.len() == 3;
        if self.bless && complete && all_held {
            std::fs::write(&file, whole).expect("the matrix is written");
            return None;
        }
        let committed = std::fs::read_to_string(&file).unwrap_or_default();
        let same = if complete {
            committed == whole
        } else {
            sections.iter().all(|(heading, text)| matrix::section(&committed, heading) == text.trim_end())
        };
        (!same).then(|| format!("{} is not what was found; BULKHEAD_BLESS=1 writes it anew", file.display()))
    }
}

/// What was found by one who starts it.
#[derive(Default)]
struct Found {
    attempts: String,
    channels: String,
}

/// Stands between the two where one process prints them for another.
const BETWEEN: char = '\x0c';

/// The same, as an ordinary user, in a process of its own; and whether anything failed.
fn as_user(directory: &Path, arguments: &[String]) -> (Found, bool) {
    use std::os::unix::process::CommandExt;
    let program = directory.join("boundary");
    std::fs::copy(std::env::current_exe().expect("a path"), &program).expect("a copy");
    let output = Command::new(program)
        .arg(AS_USER)
        .arg(directory)
        .args(arguments)
        .current_dir("/")
        .uid(USER_ID)
        .gid(USER_ID)
        .stderr(std::process::Stdio::inherit())
        .output()
        .expect("it starts");
    let text = String::from_utf8(output.stdout).expect("text");
    let found = text
        .split_once(BETWEEN)
        .map(|(attempts, channels)| Found { attempts: attempts.to_owned(), channels: channels.to_owned() });
    (found.unwrap_or_default(), !output.status.success())
}

/// The hostile code is all that the feature changes: the filters are those of the ordinary program, and of the released
/// one where `BULKHEAD_RELEASE_BIN_DIR` says where that is.
fn filters_are_the_same(programs: &Programs) -> Vec<String> {
    let differs = |role: &Role| {
        let hostile = dumped_filters(&programs.hostile(*role));
        let real = dumped_filters(&programs.real(*role));
        let released = programs.released(*role).map(|program| dumped_filters(&program));
        hostile.is_empty() || hostile != real || released.is_some_and(|released| hostile != released)
    };
    Role::STARTED
        .into_iter()
        .filter(differs)
        .map(|role| format!("{role}: the hostile program's filter is not the ordinary one's"))
        .collect()
}

fn report(failures: &[String]) -> bool {
    for failure in failures {
        eprintln!("boundary: FAILED {failure}");
    }
    !failures.is_empty()
}
