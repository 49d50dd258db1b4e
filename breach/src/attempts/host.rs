//! What the host shows of itself and of other processes: /proc, terminals, System V queues, its name.

use ipc::role::Layer;
use nix::libc;

use super::{HERE, done, open, path};
use crate::order::{Handed, Scene};
use crate::raw::{Arg, Failed, NULL, call};
use crate::table::{Attempt, KILLED, attempt, errno};

pub(super) const ATTEMPTS: &[Attempt] = &[
    attempt(
        "read-masters-memory",
        "open /proc/MASTER/mem",
        read_masters_memory,
        &[
            KILLED.readers(),
            errno(Layer::Root, libc::ENOENT),
            errno(Layer::Uid, libc::EACCES),
            errno(Layer::UserNamespace, libc::EACCES),
            errno(Layer::Capabilities, libc::EACCES).as_root(),
            errno(Layer::Landlock, libc::EACCES),
        ],
    ),
    attempt(
        "read-environment",
        "read /proc/VICTIM/environ",
        read_environment,
        &[
            KILLED.readers(),
            errno(Layer::Root, libc::ENOENT),
            errno(Layer::Uid, libc::EACCES),
            errno(Layer::UserNamespace, libc::EACCES),
            errno(Layer::Capabilities, libc::EACCES).as_root(),
            errno(Layer::Landlock, libc::EACCES),
        ],
    ),
    attempt(
        "write-own-memory",
        "open /proc/self/mem for writing, which passes over the protection of pages",
        write_own_memory,
        &[
            KILLED.readers(),
            errno(Layer::Root, libc::ENOENT),
            errno(Layer::Uid, libc::EACCES),
            errno(Layer::NotDumpable, libc::EACCES).as_user(),
            errno(Layer::Landlock, libc::EACCES),
        ],
    ),
    attempt(
        "read-twins-memory",
        "open /proc/TWIN/mem of another process of the role",
        read_twins_memory,
        &[
            KILLED.readers(),
            errno(Layer::Root, libc::ENOENT),
            errno(Layer::Uid, libc::EACCES),
            errno(Layer::UserNamespace, libc::EACCES),
            errno(Layer::NotDumpable, libc::EACCES).as_user(),
            errno(Layer::Landlock, libc::EACCES),
        ],
    )
    .on_a_twin(),
    attempt(
        "open-terminal",
        "make a pseudo-terminal",
        open_terminal,
        &[KILLED.readers(), errno(Layer::Root, libc::ENOENT), errno(Layer::Landlock, libc::EACCES)],
    ),
    attempt(
        "message-queue",
        "find a System V message queue of the host",
        message_queue,
        &[KILLED, errno(Layer::IpcUtsNamespaces, libc::ENOENT)],
    ),
    attempt(
        "host-name",
        "set the host name (to what it is)",
        host_name,
        &[
            KILLED,
            errno(Layer::Uid, libc::EPERM),
            errno(Layer::UserNamespace, libc::EPERM),
            errno(Layer::Capabilities, libc::EPERM),
        ],
    )
    .takes_root(),
    attempt("kernel-log", "read the kernel's log", kernel_log, &[KILLED]).takes_root(),
    attempt(
        "clock",
        "set the clock (by nothing)",
        clock,
        &[
            KILLED,
            errno(Layer::Uid, libc::EPERM),
            errno(Layer::UserNamespace, libc::EPERM),
            errno(Layer::Capabilities, libc::EPERM),
        ],
    )
    .takes_root(),
];

fn read_masters_memory(scene: &Scene, _: &Handed) -> Result<(), Failed> {
    done(open(HERE, &path(&["/proc/", &scene.master.to_string(), "/mem"])?, libc::O_RDONLY))
}

fn read_environment(scene: &Scene, _: &Handed) -> Result<(), Failed> {
    read(&path(&["/proc/", &scene.victim.to_string(), "/environ"])?)
}

fn write_own_memory(_: &Scene, _: &Handed) -> Result<(), Failed> {
    done(open(HERE, c"/proc/self/mem", libc::O_RDWR))
}

fn read_twins_memory(scene: &Scene, _: &Handed) -> Result<(), Failed> {
    done(open(HERE, &path(&["/proc/", &scene.twin.to_string(), "/mem"])?, libc::O_RDONLY))
}

fn read(name: &std::ffi::CStr) -> Result<(), Failed> {
    let file = open(HERE, name, libc::O_RDONLY)?;
    done(call(libc::SYS_read, &mut [Arg::Int(file), Arg::Out(&mut [0; 64]), Arg::Int(64)]))
}

fn open_terminal(_: &Scene, _: &Handed) -> Result<(), Failed> {
    done(open(HERE, c"/dev/ptmx", libc::O_RDWR | libc::O_NOCTTY))
}

fn message_queue(scene: &Scene, _: &Handed) -> Result<(), Failed> {
    done(call(libc::SYS_msgget, &mut [Arg::Int(scene.queue.into()), Arg::Int(0)]))
}

fn host_name(_: &Scene, _: &Handed) -> Result<(), Failed> {
    const FIELD: usize = 65;
    let mut names = [0; FIELD * 6];
    call(libc::SYS_uname, &mut [Arg::Out(&mut names)])?;
    // struct utsname: the system's name, then the host's
    let name = names.get(FIELD..).unwrap_or_default().split(|byte| *byte == 0).next().unwrap_or_default();
    let length = i64::try_from(name.len()).unwrap_or_default();
    done(call(libc::SYS_sethostname, &mut [Arg::In(name), Arg::Int(length)]))
}

fn kernel_log(_: &Scene, _: &Handed) -> Result<(), Failed> {
    const READ_ALL: i64 = 3;
    done(call(libc::SYS_syslog, &mut [Arg::Int(READ_ALL), Arg::Out(&mut [0; 64]), Arg::Int(64)]))
}

fn clock(_: &Scene, _: &Handed) -> Result<(), Failed> {
    // adjtime(3) by 0: struct timex, whose first word is what is asked
    const OFFSET_SINGLE_SHOT: u16 = 0x8001;
    let mut request = [0; 256];
    for (byte, value) in request.iter_mut().zip(OFFSET_SINGLE_SHOT.to_le_bytes()) {
        *byte = value;
    }
    done(call(libc::SYS_adjtimex, &mut [Arg::Out(&mut request), NULL]))
}
