//! Each attempt in each role: with the lock-down off, in full lock-down, and under each layer that is said to stop it.

use std::os::unix::process::ExitStatusExt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use breach::order::{Answer, Order};
use breach::table::{Attempt, How, all};
use ipc::role::{Layer, Layers, Role};
use nix::errno::Errno;
use nix::sys::signal::Signal;

use super::process::{RoleProcess, Taken};
use super::stage::Stage;
use super::{alone, every_layer};

/// What came of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It succeeded.
    Allowed,
    /// It was stopped.
    Stopped(How),
    /// It could not be made, because a layer is missing or something broke; why.
    NotRun(String),
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Outcome::Allowed => f.write_str("allowed"),
            Outcome::Stopped(how) => f.write_str(&name(*how)),
            Outcome::NotRun(why) => write!(f, "not run: {}", why.trim_end()),
        }
    }
}

/// The name of an errno or a signal.
#[must_use]
pub fn name(how: How) -> String {
    match how {
        How::Errno(errno) => format!("{:?}", Errno::from_raw(errno)),
        How::Signal(signal) => {
            Signal::try_from(signal).map_or_else(|_| signal.to_string(), |signal| signal.as_str().to_owned())
        }
        How::Exit(status) => format!("exit {status}"),
    }
}

/// What was found out about one attempt in one role.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The attempt's name.
    pub attempt: &'static str,
    /// The role.
    pub role: Role,
    /// How full lock-down stops it.
    pub full: Outcome,
    /// The layers that stop it alone, each tried.
    pub layers: Vec<Layer>,
}

/// Tries every claim about the attempts whose names `wanted` admits. The second is what turned out otherwise.
pub fn judge(stage: &Stage, wanted: impl Fn(&str) -> bool) -> (Vec<Finding>, Vec<String>) {
    let cases: Vec<(&Attempt, Role)> = all()
        .filter(|attempt| wanted(attempt.name))
        .flat_map(|attempt| Role::STARTED.map(|role| (attempt, role)))
        .filter(|(attempt, role)| attempt.roles.has(*role))
        .collect();
    let (next, judged) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    // most of the time of a case is waiting for a process to start
    let threads = 2 * std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((attempt, role)) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let one = Case { stage, attempt, role: *role }.judge();
                    judged.lock().expect("no case panics").push(one);
                }
            });
        }
    });
    let (findings, failures): (Vec<_>, Vec<_>) =
        judged.into_inner().expect("no case panics").into_iter().unzip();
    (findings, failures.into_iter().flatten().collect())
}

/// One attempt in one role.
struct Case<'a> {
    stage: &'a Stage,
    attempt: &'static Attempt,
    role: Role,
}

impl Case<'_> {
    fn judge(&self) -> (Finding, Vec<String>) {
        let starter = self.stage.starter;
        let mut failures = Vec::new();
        let control = self.control(&mut failures);
        let mut stops = self.attempt.stops(self.role, starter).peekable();
        let expected = stops.peek().map(|stop| Outcome::Stopped(stop.how));
        let full = self.make(every_layer(starter));
        if Some(&full) != expected.as_ref() {
            failures.push(self.say("full lock-down", &full, expected.as_ref()));
        }
        let mut layers = Vec::new();
        for stop in stops.filter(|stop| control || stop.layer == Layer::Seccomp) {
            let (made, expected) =
                (self.make(alone(self.attempt, starter, stop.layer)), Outcome::Stopped(stop.how));
            if made == expected {
                layers.push(stop.layer);
            } else {
                failures.push(self.say(&format!("{} alone", stop.layer), &made, Some(&expected)));
            }
        }
        layers.sort_unstable();
        (Finding { attempt: self.attempt.name, role: self.role, full, layers }, failures)
    }

    /// Without lock-down it must succeed: else it shows nothing that it is stopped with one. `false` where this kernel, or
    /// this user, cannot do it at all.
    fn control(&self, failures: &mut Vec<String>) -> bool {
        let Some(layers) = self.attempt.possible_for.control(self.stage.starter) else { return false };
        let made = self.make(layers);
        match &made {
            Outcome::Allowed => true,
            Outcome::Stopped(How::Errno(errno)) if self.attempt.absent.contains(errno) => false,
            Outcome::Stopped(_) | Outcome::NotRun(_) => {
                failures.push(self.say("no lock-down", &made, Some(&Outcome::Allowed)));
                false
            }
        }
    }

    fn say(&self, under: &str, made: &Outcome, expected: Option<&Outcome>) -> String {
        let expected = expected.map_or("to be stopped".to_owned(), ToString::to_string);
        let Case { attempt, role, stage } = self;
        format!(
            "{} in {role}, started by {:?}, under {under}: {made}, not {expected}",
            attempt.name, stage.starter
        )
    }

    fn make(&self, apply: Layers) -> Outcome {
        make(self.stage, self.attempt, self.role, apply)
    }
}

/// Makes one attempt in a process of its own under those layers.
#[must_use]
pub fn make(stage: &Stage, attempt: &Attempt, role: Role, apply: Layers) -> Outcome {
    let start = stage.start(role, apply);
    let twin = if attempt.needs_twin { Some(RoleProcess::start(&start)) } else { None };
    let twin = match twin.transpose() {
        Ok(twin) => twin,
        Err(why) => return Outcome::NotRun(why),
    };
    let mut process = match RoleProcess::start(&start) {
        Ok(process) => process,
        Err(why) => return Outcome::NotRun(why),
    };
    if process.layers != with_companions(apply) {
        return Outcome::NotRun(format!("{:?} are on, not {apply:?}", process.layers));
    }
    let scene = Box::new(stage.scene(role, twin.as_ref().map_or(0, RoleProcess::pid)));
    let handed = stage.handed(role);
    let order = Order::Attempt { name: attempt.name.to_owned(), scene };
    let admin = process.admin();
    match process.order(&admin, &order, &handed.as_fds()) {
        Taken::Answered(Answer::Done) => Outcome::Allowed,
        Taken::Answered(Answer::Errno(errno)) => Outcome::Stopped(How::Errno(errno)),
        Taken::Answered(other) => Outcome::NotRun(format!("{other:?}")),
        Taken::Ended(status) => match (status.signal(), status.code()) {
            // it became another program, which ended well
            (None, Some(0)) => Outcome::Allowed,
            (None, Some(1)) => Outcome::Stopped(How::Exit(1)),
            (Some(signal), _) => Outcome::Stopped(How::Signal(signal)),
            _ => Outcome::NotRun(format!("{status}: {}", process.complaint())),
        },
    }
}

/// Landlock and seccomp bring `no_new_privs` along.
fn with_companions(apply: Layers) -> Layers {
    let brings = apply.has(Layer::Landlock) || apply.has(Layer::Seccomp);
    if brings { apply.with(Layer::NoNewPrivs) } else { apply }
}
