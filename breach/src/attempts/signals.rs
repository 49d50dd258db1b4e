//! Signals to others. What is sent is SIGURG, which harms nobody that does not ask for it.

use ipc::role::Layer;
use nix::libc;

use super::done;
use crate::order::{Handed, Scene};
use crate::raw::{Arg, Failed, NULL, call};
use crate::table::{Attempt, KILLED, attempt, errno};

pub(super) const ATTEMPTS: &[Attempt] = &[
    attempt(
        "signal-master",
        "signal the master",
        signal_master,
        &[KILLED, errno(Layer::Uid, libc::EPERM), errno(Layer::Landlock, libc::EPERM)],
    ),
    attempt(
        "signal-other",
        "signal a process of the master's user",
        signal_other,
        &[KILLED, errno(Layer::Uid, libc::EPERM), errno(Layer::Landlock, libc::EPERM)],
    ),
    attempt(
        "signal-sibling",
        "signal a process of its own uid",
        signal_sibling,
        &[
            KILLED,
            errno(Layer::UserNamespace, libc::EPERM).as_root(),
            errno(Layer::Capabilities, libc::EPERM).as_root(),
            errno(Layer::Landlock, libc::EPERM),
        ],
    ),
    attempt(
        "signal-thread",
        "signal a thread of another process",
        signal_thread,
        &[
            KILLED,
            errno(Layer::UserNamespace, libc::EPERM).as_root(),
            errno(Layer::Capabilities, libc::EPERM).as_root(),
            errno(Layer::Landlock, libc::EPERM),
        ],
    ),
    attempt(
        "signal-by-descriptor",
        "signal another process by a process descriptor",
        signal_by_descriptor,
        &[
            KILLED,
            errno(Layer::UserNamespace, libc::EPERM).as_root(),
            errno(Layer::Capabilities, libc::EPERM).as_root(),
            errno(Layer::Landlock, libc::EPERM),
        ],
    ),
    attempt(
        "set-priority",
        "change the priority of another process",
        set_priority,
        &[
            KILLED,
            errno(Layer::UserNamespace, libc::EPERM).as_root(),
            errno(Layer::Capabilities, libc::EPERM).as_root(),
        ],
    ),
    attempt(
        "limit-other",
        "change a limit of another process",
        limit_other,
        &[KILLED, errno(Layer::Uid, libc::EPERM)],
    ),
];

const HARMLESS: i64 = libc::SIGURG as i64;

fn signal_master(scene: &Scene, _: &Handed) -> Result<(), Failed> {
    kill(scene.master)
}

fn signal_other(scene: &Scene, _: &Handed) -> Result<(), Failed> {
    kill(scene.victim)
}

fn signal_sibling(scene: &Scene, _: &Handed) -> Result<(), Failed> {
    kill(scene.sibling)
}

fn kill(process: i32) -> Result<(), Failed> {
    done(call(libc::SYS_kill, &mut [Arg::Int(process.into()), Arg::Int(HARMLESS)]))
}

fn signal_thread(scene: &Scene, _: &Handed) -> Result<(), Failed> {
    let (process, thread) = (Arg::Int(scene.sibling.into()), Arg::Int(scene.sibling.into()));
    done(call(libc::SYS_tgkill, &mut [process, thread, Arg::Int(HARMLESS)]))
}

fn signal_by_descriptor(scene: &Scene, _: &Handed) -> Result<(), Failed> {
    let process = call(libc::SYS_pidfd_open, &mut [Arg::Int(scene.sibling.into())])?;
    done(call(libc::SYS_pidfd_send_signal, &mut [Arg::Int(process), Arg::Int(HARMLESS), NULL, NULL]))
}

fn set_priority(scene: &Scene, _: &Handed) -> Result<(), Failed> {
    let which = Arg::Int(i64::from(libc::PRIO_PROCESS));
    done(call(libc::SYS_setpriority, &mut [which, Arg::Int(scene.sibling.into()), Arg::Int(19)]))
}

fn limit_other(scene: &Scene, _: &Handed) -> Result<(), Failed> {
    let limit = Arg::Int(i64::from(libc::RLIMIT_CORE));
    let process = Arg::Int(scene.victim.into());
    done(call(libc::SYS_prlimit64, &mut [process, limit, Arg::In(&[0; 16]), NULL]))
}
