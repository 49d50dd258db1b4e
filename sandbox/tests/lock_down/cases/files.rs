//! Files: the root, the role's own directory, nothing else.

use ipc::role::{Layer, Role};
use nix::libc::SIGSYS;

use super::{alone, of, said};
use crate::Starter;
use crate::cell::REFUSED;
use crate::started::Cell;

pub(super) fn a_reader_sees_no_file(starter: Starter) {
    for attempt in ["stat=/", "stat=/etc/passwd", "read-dir=/"] {
        assert_eq!(Cell::full(starter, Role::Imap).run(attempt).end, Err(SIGSYS), "{attempt}");
    }
    let without = Cell::full(starter, Role::Imap).without(Layer::Seccomp);
    assert_eq!(said(&without.run("stat=/etc/passwd")), "No such file or directory (os error 2)");
    assert_eq!(said(&without.run("read-dir=/")), "Permission denied (os error 13)");
}

pub(super) fn own_files_can_be_worked_with(starter: Starter) {
    for role in [Role::Store, Role::Auth, Role::Keys] {
        let cell = Cell::full(starter, role);
        let done = cell.run("own-files=");
        assert_eq!(said(&done), "ok", "{role}: {done:?}");
        assert!(cell.root().join("a-directory").is_dir(), "{role}");
    }
}

pub(super) fn auth_keeps_a_database(starter: Starter) {
    let cell = Cell::full(starter, Role::Auth);
    for attempt in ["database=/accounts", "database=accounts"] {
        let done = cell.run(attempt);
        assert_eq!(said(&done), "ok", "{attempt}: {done:?}");
    }
    assert!(cell.root().join("accounts").is_file());
}

pub(super) fn own_files_under_landlock_alone(starter: Starter) {
    let cell = Cell::with(starter, Role::Store, of(&[Layer::Landlock]));
    assert_eq!(said(&cell.run(&format!("own-files={}", cell.root().display()))), "ok");
    assert_eq!(said(&cell.run("read-dir=/etc")), "Permission denied (os error 13)");
}

pub(super) fn the_root_is_all_there_is(starter: Starter) {
    let cell = Cell::with(starter, Role::Store, alone(starter, Layer::Root));
    assert_eq!(said(&cell.run("stat=/")), "ok");
    for path in ["/etc", "/proc/self", "/../etc", "root", "../../etc"] {
        assert_eq!(
            said(&cell.run(&format!("stat={path}"))),
            "No such file or directory (os error 2)",
            "{path}"
        );
    }
}

pub(super) fn an_empty_root_cannot_be_filled(starter: Starter) {
    let cell = Cell::with(starter, Role::Imap, alone(starter, Layer::Root));
    assert_eq!(said(&cell.run("own-files=")), "Read-only file system (os error 30)");
}

pub(super) fn a_root_that_is_not_there_is_an_error(starter: Starter) {
    let cell = Cell::with(starter, Role::Store, alone(starter, Layer::Root)).after("no-root");
    let refused = cell.run("nothing");
    let why = "layer root cannot be had: open(root): No such file or directory (os error 2)";
    assert_eq!(refused.lines, [format!("{REFUSED}{why}")]);
}

pub(super) fn a_root_is_mounted_with_as_little_as_it_needs(starter: Starter) {
    let flags = |role| said(&Cell::with(starter, role, alone(starter, Layer::Root)).run("mount-flags"));
    assert_eq!(flags(Role::Store), "nosuid,nodev,noexec");
    assert_eq!(flags(Role::Imap), "nosuid,nodev,noexec,ro");
}
