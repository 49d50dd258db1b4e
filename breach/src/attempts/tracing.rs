//! Looking into other processes, and reaching through them.

use ipc::role::Layer;
use nix::libc;

use super::done;
use crate::order::{Handed, Scene};
use crate::raw::{Arg, Failed, NULL, address, call};
use crate::table::{Attempt, KILLED, attempt, errno};

pub(super) const ATTEMPTS: &[Attempt] = &[
    attempt(
        "trace-other",
        "ptrace a process of the master's user",
        trace_other,
        &[
            KILLED,
            errno(Layer::Uid, libc::EPERM),
            errno(Layer::UserNamespace, libc::EPERM),
            errno(Layer::Capabilities, libc::EPERM).as_root(),
            errno(Layer::Landlock, libc::EPERM),
        ],
    ),
    attempt(
        "trace-twin",
        "ptrace another process of the role",
        trace_twin,
        &[
            KILLED,
            errno(Layer::Uid, libc::EPERM),
            errno(Layer::UserNamespace, libc::EPERM),
            errno(Layer::NotDumpable, libc::EPERM).as_user(),
            errno(Layer::Landlock, libc::EPERM),
        ],
    )
    .on_a_twin(),
    attempt(
        "read-other",
        "process_vm_readv from a process of the master's user",
        read_other,
        &[
            KILLED,
            errno(Layer::Uid, libc::EPERM),
            errno(Layer::UserNamespace, libc::EPERM),
            errno(Layer::Capabilities, libc::EPERM).as_root(),
            errno(Layer::Landlock, libc::EPERM),
        ],
    ),
    attempt(
        "read-twin",
        "process_vm_readv from another process of the role",
        read_twin,
        &[
            KILLED,
            errno(Layer::Uid, libc::EPERM),
            errno(Layer::UserNamespace, libc::EPERM),
            errno(Layer::NotDumpable, libc::EPERM).as_user(),
            errno(Layer::Landlock, libc::EPERM),
        ],
    )
    .on_a_twin(),
    attempt(
        "take-descriptor",
        "pidfd_getfd from a process of the master's user",
        take_descriptor,
        &[
            KILLED,
            errno(Layer::Uid, libc::EPERM),
            errno(Layer::UserNamespace, libc::EPERM),
            errno(Layer::Capabilities, libc::EPERM).as_root(),
            errno(Layer::Landlock, libc::EPERM),
        ],
    ),
    attempt(
        "take-twins-descriptor",
        "pidfd_getfd from another process of the role",
        take_twins_descriptor,
        &[
            KILLED,
            errno(Layer::Uid, libc::EPERM),
            errno(Layer::UserNamespace, libc::EPERM),
            errno(Layer::NotDumpable, libc::EPERM).as_user(),
            errno(Layer::Landlock, libc::EPERM),
        ],
    )
    .on_a_twin(),
];

fn trace_other(scene: &Scene, _: &Handed) -> Result<(), Failed> {
    trace(scene.victim)
}

fn trace_twin(scene: &Scene, _: &Handed) -> Result<(), Failed> {
    trace(scene.twin)
}

/// Seized, it is let go when this process ends.
fn trace(process: i32) -> Result<(), Failed> {
    const SEIZE: i64 = 0x4206;
    done(call(libc::SYS_ptrace, &mut [Arg::Int(SEIZE), Arg::Int(process.into()), NULL, NULL]))
}

fn read_other(scene: &Scene, _: &Handed) -> Result<(), Failed> {
    read(scene.victim)
}

fn read_twin(scene: &Scene, _: &Handed) -> Result<(), Failed> {
    read(scene.twin)
}

fn read(process: i32) -> Result<(), Failed> {
    let mut here = [0; 16];
    let ours = vector(address(&here), 16);
    // an address that is not there: libc::EFAULT is said by a kernel that would have read
    let theirs = vector(4096, 16);
    let vectors = [Arg::In(&ours), Arg::Int(1), Arg::In(&theirs), Arg::Int(1)];
    let [local, locals, remote, remotes] = vectors;
    let result = call(
        libc::SYS_process_vm_readv,
        &mut [Arg::Int(process.into()), local, locals, remote, remotes, NULL],
    );
    std::hint::black_box(&mut here);
    match result {
        Err(libc::EFAULT) => Ok(()),
        other => done(other),
    }
}

/// struct iovec
fn vector(base: i64, length: i64) -> Vec<u8> {
    [base.to_ne_bytes(), length.to_ne_bytes()].concat()
}

fn take_descriptor(scene: &Scene, _: &Handed) -> Result<(), Failed> {
    take(scene.victim)
}

fn take_twins_descriptor(scene: &Scene, _: &Handed) -> Result<(), Failed> {
    take(scene.twin)
}

fn take(process: i32) -> Result<(), Failed> {
    let process = call(libc::SYS_pidfd_open, &mut [Arg::Int(process.into())])?;
    done(call(libc::SYS_pidfd_getfd, &mut [Arg::Int(process), NULL, NULL]))
}
