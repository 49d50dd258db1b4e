//! Parts of the kernel that no role needs, and where its faults have mostly been.

use ipc::role::Layer;
use nix::libc;

use super::done;
use crate::order::{Handed, Scene};
use crate::raw::{Arg, Failed, NULL, call, text};
use crate::table::{Attempt, KILLED, attempt, errno};

pub(super) const ATTEMPTS: &[Attempt] = &[
    attempt("io-uring", "set an io_uring up", io_uring, &[KILLED]).unless(&[libc::ENOSYS, libc::EPERM]),
    attempt("bpf", "make a BPF map", bpf, &[KILLED]).takes_root().unless(&[libc::ENOSYS]),
    attempt(
        "perf-event",
        "count events of the processor",
        perf_event,
        &[
            KILLED,
            errno(Layer::Uid, libc::EACCES),
            errno(Layer::UserNamespace, libc::EACCES),
            errno(Layer::Capabilities, libc::EACCES),
        ],
    )
    .takes_root()
    .unless(&[libc::ENOSYS, libc::ENOENT, libc::EOPNOTSUPP]),
    attempt("add-key", "put a key into a kernel keyring", add_key, &[KILLED]).unless(&[libc::ENOSYS]),
    attempt("keyring", "ask for the session's keyring", keyring, &[KILLED]).unless(&[libc::ENOSYS]),
    attempt("personality", "make all readable memory executable", personality, &[KILLED]),
    attempt("inotify", "watch files", |_, _| done(call(libc::SYS_inotify_init1, &mut [NULL])), &[KILLED]),
    attempt("timer", "make a timer that sends signals", timer, &[KILLED]),
    attempt("poll", "poll", poll, &[KILLED]),
    #[cfg(target_arch = "x86_64")]
    attempt("descriptor-table", "read the local descriptor table", descriptor_table, &[KILLED])
        .unless(&[libc::ENOSYS]),
];

fn io_uring(_: &Scene, _: &Handed) -> Result<(), Failed> {
    done(call(libc::SYS_io_uring_setup, &mut [Arg::Int(1), Arg::Out(&mut [0; 120])]))
}

fn bpf(_: &Scene, _: &Handed) -> Result<(), Failed> {
    // union bpf_attr of BPF_MAP_CREATE: an array of one, with keys and values of four bytes
    const MAP_CREATE: i64 = 0;
    const ARRAY: u32 = 2;
    let mut request: Vec<u8> = [ARRAY, 4, 4, 1].into_iter().flat_map(u32::to_ne_bytes).collect();
    request.resize(72, 0);
    done(call(libc::SYS_bpf, &mut [Arg::Int(MAP_CREATE), Arg::In(&request), Arg::Int(72)]))
}

fn perf_event(_: &Scene, _: &Handed) -> Result<(), Failed> {
    // struct perf_event_attr of the first version: the software clock of this process
    const SOFTWARE: u32 = 1;
    const SIZE: u32 = 64;
    let mut request: Vec<u8> = [SOFTWARE, SIZE].into_iter().flat_map(u32::to_ne_bytes).collect();
    request.resize(64, 0);
    let any = Arg::Int(-1);
    done(call(libc::SYS_perf_event_open, &mut [Arg::In(&request), NULL, any, Arg::Int(-1), NULL]))
}

/// `KEY_SPEC_PROCESS_KEYRING`
const PROCESS_KEYRING: i64 = -2;

fn add_key(_: &Scene, _: &Handed) -> Result<(), Failed> {
    let (kind, name) = (text(c"user"), text(c"bulkhead"));
    done(call(libc::SYS_add_key, &mut [kind, name, Arg::In(b"x"), Arg::Int(1), Arg::Int(PROCESS_KEYRING)]))
}

fn keyring(_: &Scene, _: &Handed) -> Result<(), Failed> {
    const GET_KEYRING_ID: i64 = 0;
    done(call(libc::SYS_keyctl, &mut [Arg::Int(GET_KEYRING_ID), Arg::Int(PROCESS_KEYRING), Arg::Int(1)]))
}

fn personality(_: &Scene, _: &Handed) -> Result<(), Failed> {
    done(call(libc::SYS_personality, &mut [Arg::Int(libc::READ_IMPLIES_EXEC.into())]))
}

fn timer(_: &Scene, _: &Handed) -> Result<(), Failed> {
    done(call(
        libc::SYS_timer_create,
        &mut [Arg::Int(libc::CLOCK_MONOTONIC.into()), NULL, Arg::Out(&mut [0; 8])],
    ))
}

fn poll(_: &Scene, _: &Handed) -> Result<(), Failed> {
    done(call(libc::SYS_ppoll, &mut [NULL, NULL, Arg::In(&[0; 16])]))
}

#[cfg(target_arch = "x86_64")]
fn descriptor_table(_: &Scene, _: &Handed) -> Result<(), Failed> {
    done(call(libc::SYS_modify_ldt, &mut [NULL, Arg::Out(&mut [0; 64]), Arg::Int(64)]))
}
