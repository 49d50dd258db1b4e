//! The inside: locks itself down as the arguments say, makes one attempt, says how it went on standard output.

use std::path::PathBuf;
use std::process::ExitCode;

use bulkhead_sandbox::{Ids, MasterDuties, Plan, enter, restrict_master};
use ipc::role::{Layer, Layers, Role};
use nix::libc;

use crate::attempts;

/// The first argument of a cell.
pub(crate) const ARGUMENT: &str = "cell";

/// What a cell prints when the lock-down itself failed, before the error.
pub(crate) const REFUSED: &str = "refused: ";

/// Runs a cell; the arguments are those of [`crate::started::Cell::arguments`].
pub(crate) fn run(mut arguments: impl Iterator<Item = String>) -> ExitCode {
    let mut next = || arguments.next().expect("an argument");
    let before = next();
    let plan = Plan {
        role: role(&next()),
        apply: layers(&next()),
        may_miss: layers(&next()),
        ids: ids(&next()),
        root_dir: PathBuf::from(next()),
        journal: Some(next()).filter(|path| path != "-").map(PathBuf::from),
        max_open_files: 64,
    };
    let attempt = next();
    prepare(&before);
    if before == "master" {
        restrict_master(MasterDuties::default()).expect("the master is restricted");
        println!("{}", capabilities());
        let rest: Vec<String> = arguments.collect();
        return attempts::start_role(&attempt, &rest);
    }
    let threads = attempts::before_threads(&attempt);
    let entered = match enter(&plan) {
        Ok(entered) => entered,
        Err(error) => return refused(&error),
    };
    let threads = threads.into_threads(&attempt);
    match entered.seal() {
        Ok(on) => println!("{}", names(on)),
        Err(error) => return refused(&error),
    }
    println!("{}", attempts::make(&attempt, threads));
    ExitCode::SUCCESS
}

/// What is done to the process before it locks itself down.
fn prepare(before: &str) {
    match before {
        // in a changed root the kernel refuses user namespaces
        "chroot" => nix::unistd::chroot("/proc/self/cwd").expect("chroot"),
        "thread" => drop(std::thread::spawn(std::thread::park)),
        _ => {}
    }
}

/// The permitted, effective and bounding set of this process, as the kernel shows them.
fn capabilities() -> String {
    let status = std::fs::read_to_string("/proc/self/status").expect("a status");
    let set = |name: &str| status.lines().find_map(|line| Some(line.strip_prefix(name)?.trim().to_owned()));
    ["CapPrm:", "CapEff:", "CapBnd:"].map(|name| set(name).expect("a set")).join(" ")
}

fn refused(error: &bulkhead_sandbox::Error) -> ExitCode {
    println!("{REFUSED}{error}");
    ExitCode::FAILURE
}

pub(crate) fn role(name: &str) -> Role {
    Role::STARTED.into_iter().find(|role| role.name() == name).unwrap_or(Role::Master)
}

pub(crate) fn layers(text: &str) -> Layers {
    Layer::ALL.into_iter().filter(|layer| text.split(',').any(|name| name == layer.name())).collect()
}

pub(crate) fn names(layers: Layers) -> String {
    layers.iter().map(Layer::name).collect::<Vec<_>>().join(",")
}

fn ids(text: &str) -> Option<Ids> {
    let (uid, gid) = text.split_once(':')?;
    Some(Ids { uid: uid.parse::<libc::uid_t>().ok()?, gid: gid.parse::<libc::gid_t>().ok()? })
}
