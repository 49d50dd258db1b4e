//! Processes, threads, signals, and how a role ends.

use std::process::Stdio;

use ipc::role::{Layer, Layers, Role};
use nix::libc::{SIGABRT, SIGKILL, SIGSYS};

use super::{of, said};
use crate::Starter::{self, Root};
use crate::cell::REFUSED;
use crate::started::{Cell, outcome, status_once_locked};

pub(super) fn signals_are_stopped(starter: Starter) {
    let under = |layers| Cell::with(starter, Role::Imap, layers).run("signal");
    let refused = "EPERM: Operation not permitted";
    // the ordinary user's cell, started by root, could not signal its parent anyhow
    if starter == Root {
        assert_eq!(said(&under(Layers::NONE)), "ok");
    }
    assert_eq!(said(&under(of(&[Layer::Landlock]))), refused);
    assert_eq!(under(of(&[Layer::Seccomp])).end, Err(SIGSYS));
}

pub(super) fn new_processes_are_stopped(starter: Starter) {
    let under = |layers| Cell::with(starter, Role::Imap, layers);
    assert_eq!(said(&under(Layers::NONE).run("exec")), "ok");
    assert_eq!(under(of(&[Layer::Seccomp])).run("exec").end, Err(SIGSYS));
    // the limit does not hold for root itself
    let limited = if starter == Root {
        under(of(&[Layer::Uid, Layer::Rlimits])).own_ids()
    } else {
        under(of(&[Layer::Rlimits]))
    };
    assert_eq!(said(&limited.run("exec")), "Resource temporarily unavailable (os error 11)");
}

pub(super) fn forbidden_calls_kill(starter: Starter) {
    for role in Role::STARTED {
        for attempt in
            ["exec", "new-thread", "memfd", "setuid", "connect=127.0.0.1:1", "signal", "stream-pair"]
        {
            assert_eq!(Cell::full(starter, role).run(attempt).end, Err(SIGSYS), "{role}: {attempt}");
        }
    }
}

pub(super) fn the_filter_is_on_every_thread(starter: Starter) {
    let cell = Cell::full(starter, Role::Imap);
    assert_eq!(said(&cell.run("thread-works")), "ok 4194304");
    assert_eq!(cell.run("thread-stat").end, Err(SIGSYS));
}

pub(super) fn a_panic_and_an_abort_are_what_they_are(starter: Starter) {
    let cell = Cell::full(starter, Role::Imap);
    let panicked = cell.run("panic");
    assert_eq!(panicked.end, Ok(101));
    assert!(panicked.complaint.contains("on purpose"), "{panicked:?}");
    assert_eq!(cell.run("abort").end, Err(SIGABRT));
}

pub(super) fn a_role_dies_with_its_master(starter: Starter) {
    let cell = Cell::full(starter, Role::Imap);
    // the signal comes when the thread ends that started the process
    let child = std::thread::scope(|scope| {
        let master = scope.spawn(|| {
            let mut child = cell.start("wait", Stdio::piped(), Stdio::piped());
            let _locked = status_once_locked(&mut child);
            child
        });
        master.join().expect("it is locked down")
    });
    assert_eq!(outcome(child).end, Err(SIGKILL));
}

pub(super) fn a_second_thread_is_an_error(starter: Starter) {
    let refused = Cell::full(starter, Role::Imap).after("thread").run("nothing");
    let why = "a role must be locked down before its first thread is made, and it has 2";
    assert_eq!(refused.lines, [format!("{REFUSED}{why}")]);
}
