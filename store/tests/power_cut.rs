//! Crashes: kills, and power cuts. Nothing acknowledged is lost or doubled, and a store that were careless would be noticed.
//!
//! The power cuts take root, two file systems (packages xfsprogs, e2fsprogs) and three loop devices.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test: what fails here is the test")]

#[path = "crash/check.rs"]
mod check;
mod common;
#[path = "crash/disk.rs"]
mod disk;
#[path = "common/load.rs"]
mod load;
#[path = "crash/mail.rs"]
mod mail;
#[path = "crash/victim.rs"]
mod victim;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use disk::Disk;
use victim::{Build, Victim, program};

const CUTS: usize = 10;
const KILLS: u64 = 20;

/// Loop devices are few: one disk at a time.
fn turn() -> Option<MutexGuard<'static, ()>> {
    static TURN: Mutex<()> = Mutex::new(());
    if !rustix::process::geteuid().is_root() {
        eprintln!("NOT RUN: the power can only be cut by root, which may mount the disk it is cut from");
        return None;
    }
    Some(TURN.lock().unwrap_or_else(PoisonError::into_inner))
}

fn wait_a_random_while(most: u64) {
    let random = getrandom::u64().unwrap() % most;
    std::thread::sleep(Duration::from_millis(random));
}

/// Cuts the power a few times while the victim delivers; what was wrong each time, or how many messages there were.
fn cut(build: Build) -> Vec<Result<usize, String>> {
    let program = program(build);
    let disk = Disk::new();
    let store = disk.path().join("store");
    std::fs::create_dir(&store).unwrap();
    rustix::fs::syncfs(std::fs::File::open(disk.path()).unwrap()).unwrap();
    let mut victim = Victim::start(&program, &store, 0);
    let mut found = Vec::new();
    for _ in 0..CUTS {
        wait_a_random_while(900);
        victim.assert_alive();
        let acknowledged = victim.acknowledged();
        let clone = disk.cut();
        victim.pause();
        found.push(check::check(&clone.path().join("store"), &acknowledged));
        victim.resume();
    }
    let acknowledged = victim.kill();
    assert!(acknowledged.len() > 100, "only {} deliveries: nothing was tried", acknowledged.len());
    found
}

#[test]
fn a_power_cut_loses_nothing_that_was_acknowledged() {
    let Some(_turn) = turn() else { return };
    let found = cut(Build::Durable);
    assert!(found.iter().all(Result::is_ok), "{found:#?}");
}

/// The negative control: the same test has to fail for a store that leaves the fdatasync out.
#[test]
fn a_store_without_fdatasync_is_found_out() {
    let Some(_turn) = turn() else { return };
    let found = cut(Build::Careless);
    let lost = found.iter().filter(|found| found.as_ref().is_err_and(|wrong| wrong.contains("lost"))).count();
    assert!(lost > 0, "{CUTS} power cuts lost nothing of a store that never syncs: {found:#?}");
}

#[test]
fn a_killed_store_has_everything_it_acknowledged() {
    let program = program(Build::Durable);
    let place = tempfile::tempdir().unwrap();
    let mut acknowledged = Vec::new();
    for kill in 0..KILLS {
        let victim = Victim::start(&program, place.path(), kill * 1_000_000);
        wait_a_random_while(300);
        acknowledged.extend(victim.kill());
        if let Err(wrong) = check::check(place.path(), &acknowledged) {
            panic!("after kill {kill}: {wrong}");
        }
    }
    assert!(acknowledged.len() > 100, "only {} deliveries: nothing was tried", acknowledged.len());
}
