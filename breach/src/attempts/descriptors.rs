//! Descriptors that a careless master left open: a way out that no path is needed for.

use ipc::role::Layer;
use nix::libc;

use super::{HERE, done, number, open};
use crate::order::{Handed, Scene};
use crate::raw::{Arg, Failed, NULL, call, text};
use crate::table::{Attempt, KILLED, attempt, errno, signal};

pub(super) const ATTEMPTS: &[Attempt] = &[
    attempt(
        "open-by-descriptor",
        "open etc/passwd beneath a descriptor of the host's root that was left open",
        open_by_descriptor,
        &[KILLED.readers(), errno(Layer::Landlock, libc::EACCES)],
    ),
    attempt(
        "leave-by-descriptor",
        "fchdir to the host's root by such a descriptor, and open etc/passwd there",
        leave_by_descriptor,
        &[KILLED, errno(Layer::Landlock, libc::EACCES)],
    ),
    attempt(
        "leave-by-chroot",
        "the same, and make it the root",
        leave_by_chroot,
        &[
            KILLED,
            errno(Layer::Uid, libc::EPERM),
            errno(Layer::Capabilities, libc::EPERM),
            errno(Layer::Landlock, libc::EACCES),
        ],
    )
    .takes_namespace(),
    attempt(
        "open-by-handle",
        "open /etc/passwd by its file handle",
        open_by_handle,
        &[
            KILLED,
            errno(Layer::Uid, libc::EPERM),
            errno(Layer::UserNamespace, libc::EPERM),
            errno(Layer::Capabilities, libc::EPERM),
            errno(Layer::Landlock, libc::EACCES),
        ],
    )
    .takes_root(),
    attempt(
        "write-by-descriptor",
        "write to a file outside whose descriptor was left open",
        write_by_descriptor,
        &[signal(Layer::Rlimits, libc::SIGXFSZ)],
    )
    .by_readers(),
    attempt("map-file", "map a file that was left open", map_file, &[KILLED]),
    attempt("copy-from-file", "sendfile from a file that was left open", copy_from_file, &[KILLED]),
    attempt("own-signals", "have a descriptor send its signals to another role", own_signals, &[KILLED]),
    attempt("attach-filter", "attach a packet filter to its own socket", attach_filter, &[KILLED]),
];

fn open_by_descriptor(_: &Scene, handed: &Handed) -> Result<(), Failed> {
    done(open(number(&handed.host_root), c"etc/passwd", libc::O_RDONLY))
}

fn leave_by_descriptor(_: &Scene, handed: &Handed) -> Result<(), Failed> {
    call(libc::SYS_fchdir, &mut [Arg::Int(number(&handed.host_root))])?;
    done(open(HERE, c"etc/passwd", libc::O_RDONLY))
}

fn leave_by_chroot(_: &Scene, handed: &Handed) -> Result<(), Failed> {
    call(libc::SYS_fchdir, &mut [Arg::Int(number(&handed.host_root))])?;
    call(libc::SYS_chroot, &mut [text(c".")])?;
    done(open(HERE, c"/etc/passwd", libc::O_RDONLY))
}

fn open_by_handle(_: &Scene, handed: &Handed) -> Result<(), Failed> {
    const BYTES: u8 = 128;
    let root = number(&handed.host_root);
    // struct file_handle: how many bytes it has room for, then the type, then the bytes
    let mut handle = [0; 8 + BYTES as usize];
    if let Some(room) = handle.first_mut() {
        *room = BYTES;
    }
    let mut mount = [0; 4];
    call(
        libc::SYS_name_to_handle_at,
        &mut [Arg::Int(root), text(c"etc/passwd"), Arg::Out(&mut handle), Arg::Out(&mut mount), NULL],
    )?;
    done(call(
        libc::SYS_open_by_handle_at,
        &mut [Arg::Int(root), Arg::In(&handle), Arg::Int(libc::O_RDONLY.into())],
    ))
}

fn write_by_descriptor(_: &Scene, handed: &Handed) -> Result<(), Failed> {
    done(call(libc::SYS_write, &mut [Arg::Int(number(&handed.file)), Arg::In(b"spoilt"), Arg::Int(6)]))
}

fn map_file(_: &Scene, handed: &Handed) -> Result<(), Failed> {
    let (length, protection, kind) = (Arg::Int(4096), libc::PROT_READ, libc::MAP_PRIVATE);
    let file = Arg::Int(number(&handed.program));
    done(call(
        libc::SYS_mmap,
        &mut [NULL, length, Arg::Int(protection.into()), Arg::Int(kind.into()), file, NULL],
    ))
}

fn copy_from_file(_: &Scene, handed: &Handed) -> Result<(), Failed> {
    let from = Arg::Int(number(&handed.program));
    // nothing, to the log: what is asked is whether it may be tried
    done(call(libc::SYS_sendfile, &mut [Arg::Int(libc::STDERR_FILENO.into()), from, NULL, NULL]))
}

fn own_signals(scene: &Scene, handed: &Handed) -> Result<(), Failed> {
    let owner =
        [Arg::Int(number(&handed.file)), Arg::Int(libc::F_SETOWN.into()), Arg::Int(scene.victim.into())];
    done(call(libc::SYS_fcntl, &mut { owner }))
}

fn attach_filter(_: &Scene, _: &Handed) -> Result<(), Failed> {
    // standard input is the control channel; to detach what is not there is refused by its own errno
    let option = [Arg::Int(0), Arg::Int(libc::SOL_SOCKET.into()), Arg::Int(libc::SO_LOCK_FILTER.into())];
    let [socket, level, option] = option;
    done(call(libc::SYS_setsockopt, &mut [socket, level, option, Arg::In(&[0; 4]), Arg::Int(4)]))
}
