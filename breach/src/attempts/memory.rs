//! Memory that can be executed, shared, or watched.

use ipc::role::Layer;
use nix::libc;

use super::done;
use crate::order::{Handed, Scene};
use crate::raw::{Arg, Failed, NULL, call, text};
use crate::table::{Attempt, KILLED, attempt, errno};

pub(super) const ATTEMPTS: &[Attempt] = &[
    attempt("map-executable", "map memory that is writable and executable", map_executable, &[KILLED]),
    attempt("make-executable", "make written memory executable", make_executable, &[KILLED]),
    attempt("make-executable-by-key", "the same by pkey_mprotect", make_executable_by_key, &[KILLED]),
    attempt("map-shared", "map shared memory", map_shared, &[KILLED]),
    attempt("memory-file", "make a file in memory", memory_file, &[KILLED]),
    attempt("secret-memory", "make memory that the kernel cannot see", secret_memory, &[KILLED])
        .unless(&[libc::ENOSYS]),
    attempt("userfaultfd", "have page faults told", user_faults, &[KILLED])
        .unless(&[libc::ENOSYS, libc::EPERM]),
    attempt("lock-memory", "lock memory", lock_memory, &[KILLED, errno(Layer::Rlimits, libc::EPERM)]),
];

const PAGE: i64 = 4096;
const ALL: i64 = (libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC) as i64;
const WRITABLE: i64 = (libc::PROT_READ | libc::PROT_WRITE) as i64;
const ANONYMOUS: i64 = (libc::MAP_ANONYMOUS | libc::MAP_PRIVATE) as i64;

fn map_executable(_: &Scene, _: &Handed) -> Result<(), Failed> {
    done(map(ALL, ANONYMOUS))
}

fn make_executable(_: &Scene, _: &Handed) -> Result<(), Failed> {
    let page = map(WRITABLE, ANONYMOUS)?;
    done(call(libc::SYS_mprotect, &mut [Arg::Int(page), Arg::Int(PAGE), Arg::Int(ALL)]))
}

fn make_executable_by_key(_: &Scene, _: &Handed) -> Result<(), Failed> {
    let page = map(WRITABLE, ANONYMOUS)?;
    done(call(libc::SYS_pkey_mprotect, &mut [Arg::Int(page), Arg::Int(PAGE), Arg::Int(ALL), Arg::Int(-1)]))
}

fn map_shared(_: &Scene, _: &Handed) -> Result<(), Failed> {
    done(map(WRITABLE, i64::from(libc::MAP_ANONYMOUS | libc::MAP_SHARED)))
}

fn map(protection: i64, kind: i64) -> Result<i64, Failed> {
    let none = Arg::Int(-1);
    call(libc::SYS_mmap, &mut [NULL, Arg::Int(PAGE), Arg::Int(protection), Arg::Int(kind), none, NULL])
}

fn memory_file(_: &Scene, _: &Handed) -> Result<(), Failed> {
    done(call(libc::SYS_memfd_create, &mut [text(c"x"), NULL]))
}

fn secret_memory(_: &Scene, _: &Handed) -> Result<(), Failed> {
    done(call(libc::SYS_memfd_secret, &mut [NULL]))
}

fn user_faults(_: &Scene, _: &Handed) -> Result<(), Failed> {
    const USER_MODE_ONLY: i64 = 1;
    done(call(libc::SYS_userfaultfd, &mut [Arg::Int(USER_MODE_ONLY)]))
}

fn lock_memory(_: &Scene, _: &Handed) -> Result<(), Failed> {
    let page = map(WRITABLE, ANONYMOUS)?;
    done(call(libc::SYS_mlock, &mut [Arg::Int(page), Arg::Int(PAGE)]))
}
