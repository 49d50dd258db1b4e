//! The role's own directory: what it must not turn it into.

use ipc::role::Layer;
use nix::libc;

use super::{HERE, done, open, path};
use crate::order::{Handed, Scene};
use crate::raw::{Arg, Failed, NULL, call, text};
use crate::table::{Attempt, KILLED, attempt, errno};

pub(super) const ATTEMPTS: &[Attempt] = &[
    attempt(
        "make-device",
        "make a device file in the current directory",
        make_device,
        &[
            KILLED,
            errno(Layer::Uid, libc::EPERM),
            errno(Layer::UserNamespace, libc::EPERM),
            errno(Layer::Root, libc::EROFS).readers(),
            errno(Layer::Capabilities, libc::EPERM),
            errno(Layer::Landlock, libc::EACCES),
        ],
    )
    .takes_root(),
    attempt(
        "make-pipe",
        "make a named pipe in the current directory",
        make_pipe,
        &[KILLED, errno(Layer::Root, libc::EROFS).readers(), errno(Layer::Landlock, libc::EACCES)],
    ),
    attempt(
        "make-symlink",
        "make a symbolic link to /etc/passwd",
        make_symlink,
        &[KILLED, errno(Layer::Root, libc::EROFS).readers(), errno(Layer::Landlock, libc::EACCES)],
    ),
    attempt(
        "fill-root",
        "make a file in the empty root",
        fill_root,
        &[KILLED, errno(Layer::Root, libc::EROFS), errno(Layer::Landlock, libc::EACCES)],
    )
    .by_readers(),
    attempt("attribute", "set an extended attribute", attribute, &[KILLED, errno(Layer::Uid, libc::EACCES)]),
];

/// The numbers of /dev/mem.
const MEMORY_DEVICE: i64 = 0x101;

fn make_device(_: &Scene, _: &Handed) -> Result<(), Failed> {
    make_node("device", libc::S_IFCHR, MEMORY_DEVICE)
}

fn make_pipe(_: &Scene, _: &Handed) -> Result<(), Failed> {
    make_node("pipe", libc::S_IFIFO, 0)
}

fn make_node(name: &str, kind: libc::mode_t, device: i64) -> Result<(), Failed> {
    let name = own_name(name)?;
    let mode = Arg::Int(i64::from(kind | 0o600));
    call(libc::SYS_mknodat, &mut [Arg::Int(HERE), text(&name), mode, Arg::Int(device)])?;
    remove(&name)
}

fn make_symlink(_: &Scene, _: &Handed) -> Result<(), Failed> {
    let name = own_name("symlink")?;
    call(libc::SYS_symlinkat, &mut [text(c"/etc/passwd"), Arg::Int(HERE), text(&name)])?;
    remove(&name)
}

fn fill_root(_: &Scene, _: &Handed) -> Result<(), Failed> {
    let name = own_name("file")?;
    open(HERE, &name, libc::O_WRONLY | libc::O_CREAT)?;
    remove(&name)
}

fn attribute(_: &Scene, handed: &Handed) -> Result<(), Failed> {
    let descriptor = Arg::Int(super::number(&handed.file));
    done(call(
        libc::SYS_fsetxattr,
        &mut [descriptor, text(c"user.bulkhead"), Arg::In(b"x"), Arg::Int(1), NULL],
    ))
}

/// A name that no other attempt uses at the same time.
fn own_name(name: &str) -> Result<std::ffi::CString, Failed> {
    path(&[name, "-", &std::process::id().to_string()])
}

fn remove(name: &std::ffi::CStr) -> Result<(), Failed> {
    done(call(libc::SYS_unlinkat, &mut [Arg::Int(HERE), text(name), NULL]))
}
