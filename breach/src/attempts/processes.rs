//! More processes and threads.

use ipc::role::Layer;
use nix::libc;

use super::done;
use crate::order::{Handed, Scene};
use crate::raw::{Arg, Failed, NULL, call};
use crate::table::{Attempt, KILLED, attempt, errno};

pub(super) const ATTEMPTS: &[Attempt] = &[
    #[cfg(target_arch = "x86_64")]
    attempt(
        "fork",
        "fork",
        |_, _| child(call(libc::SYS_fork, &mut [])),
        &[KILLED, errno(Layer::Rlimits, libc::EAGAIN)],
    ),
    #[cfg(target_arch = "x86_64")]
    attempt(
        "vfork",
        "vfork",
        |_, _| done(crate::raw::vfork()),
        &[KILLED, errno(Layer::Rlimits, libc::EAGAIN)],
    ),
    attempt("clone", "make a process by clone", clone, &[KILLED, errno(Layer::Rlimits, libc::EAGAIN)]),
    attempt("clone3", "make a process by clone3", clone3, &[KILLED, errno(Layer::Rlimits, libc::EAGAIN)]),
    attempt(
        "clone-namespace",
        "make a process in namespaces of its own",
        clone_namespace,
        &[KILLED, errno(Layer::UserNamespace, libc::EPERM), errno(Layer::Rlimits, libc::EAGAIN)],
    ),
    attempt("thread", "make a thread", thread, &[KILLED, errno(Layer::Rlimits, libc::EAGAIN)]),
];

fn clone(_: &Scene, _: &Handed) -> Result<(), Failed> {
    child(call(libc::SYS_clone, &mut [Arg::Int(libc::SIGCHLD.into())]))
}

fn clone_namespace(_: &Scene, _: &Handed) -> Result<(), Failed> {
    let flags = libc::SIGCHLD | libc::CLONE_NEWUSER | libc::CLONE_NEWPID;
    child(call(libc::SYS_clone, &mut [Arg::Int(flags.into())]))
}

fn clone3(_: &Scene, _: &Handed) -> Result<(), Failed> {
    // struct clone_args of the first version: eight words, of which the fifth is the signal at its end
    let mut request = [0; 64];
    if let Some(signal) = request.get_mut(32) {
        *signal = u8::try_from(libc::SIGCHLD).unwrap_or_default();
    }
    child(call(libc::SYS_clone3, &mut [Arg::In(&request), Arg::Int(64)]))
}

/// The parent goes on; the child ends at once.
fn child(made: Result<i64, Failed>) -> Result<(), Failed> {
    if made == Ok(0) {
        done(call(libc::SYS_exit_group, &mut [NULL]))?;
    }
    done(made)
}

fn thread(_: &Scene, _: &Handed) -> Result<(), Failed> {
    match std::thread::Builder::new().spawn(|| ()) {
        Ok(thread) => thread.join().map_err(|_panic| libc::ECANCELED),
        Err(error) => Err(error.raw_os_error().unwrap_or_default()),
    }
}
