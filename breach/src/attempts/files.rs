//! Files that are not the role's: opened, listed, written, by every way there is to name them.

use ipc::role::Layer;
use nix::libc;

use super::{HERE, done, open, path};
use crate::order::{Handed, Scene};
use crate::raw::{Arg, Failed, NULL, call, text};
use crate::table::{Attempt, KILLED, attempt, errno, signal};

pub(super) const ATTEMPTS: &[Attempt] = &[
    attempt(
        "open-by-path",
        "open /etc/passwd",
        open_by_path,
        &[KILLED.readers(), errno(Layer::Root, libc::ENOENT), errno(Layer::Landlock, libc::EACCES)],
    ),
    attempt(
        "open-upwards",
        "open ../../../../../../../../etc/passwd",
        open_upwards,
        &[KILLED.readers(), errno(Layer::Root, libc::ENOENT), errno(Layer::Landlock, libc::EACCES)],
    ),
    attempt(
        "open-by-proc",
        "open /proc/self/root/etc/passwd",
        open_by_proc,
        &[KILLED.readers(), errno(Layer::Root, libc::ENOENT), errno(Layer::Landlock, libc::EACCES)],
    ),
    attempt(
        "open-anothers",
        "open a file that is the master's alone",
        open_anothers,
        &[
            KILLED.readers(),
            errno(Layer::Root, libc::ENOENT),
            errno(Layer::Uid, libc::EACCES),
            errno(Layer::Landlock, libc::EACCES),
        ],
    ),
    attempt(
        "stat",
        "ask for the size and dates of /etc/passwd",
        stat,
        &[KILLED.readers(), errno(Layer::Root, libc::ENOENT)],
    ),
    attempt("stat-root", "ask what / is", stat_root, &[KILLED]).by_readers(),
    attempt(
        "list",
        "list /etc",
        list,
        &[KILLED.readers(), errno(Layer::Root, libc::ENOENT), errno(Layer::Landlock, libc::EACCES)],
    ),
    attempt("list-root", "list /", list_root, &[KILLED, errno(Layer::Landlock, libc::EACCES)]).by_readers(),
    attempt(
        "write-beside",
        "make a file in the directory beside its own",
        write_beside,
        &[
            KILLED.readers(),
            errno(Layer::Root, libc::ENOENT),
            errno(Layer::Uid, libc::EACCES),
            errno(Layer::Landlock, libc::EACCES),
            signal(Layer::Rlimits, libc::SIGXFSZ).readers().as_user(),
        ],
    ),
    attempt(
        "write-by-path",
        "make a file in a directory of the master",
        write_by_path,
        &[
            KILLED.readers(),
            errno(Layer::Root, libc::ENOENT),
            errno(Layer::Uid, libc::EACCES),
            errno(Layer::Landlock, libc::EACCES),
            signal(Layer::Rlimits, libc::SIGXFSZ).readers().as_user(),
        ],
    ),
    attempt(
        "write-by-proc",
        "the same by /proc/self/root",
        write_by_proc,
        &[
            KILLED.readers(),
            errno(Layer::Root, libc::ENOENT),
            errno(Layer::Uid, libc::EACCES),
            errno(Layer::Landlock, libc::EACCES),
            signal(Layer::Rlimits, libc::SIGXFSZ).readers().as_user(),
        ],
    ),
    attempt(
        "link",
        "take another's file over by a hard link",
        link,
        &[
            KILLED,
            errno(Layer::Uid, libc::EACCES),
            errno(Layer::Root, libc::ENOENT),
            errno(Layer::Landlock, libc::EACCES),
        ],
    ),
    attempt(
        "rename",
        "move a file of another here",
        rename,
        &[
            KILLED.readers(),
            errno(Layer::Root, libc::ENOENT),
            errno(Layer::Uid, libc::EACCES),
            errno(Layer::Landlock, libc::EACCES),
        ],
    ),
];

fn open_by_path(_: &Scene, _: &Handed) -> Result<(), Failed> {
    done(open(HERE, c"/etc/passwd", libc::O_RDONLY))
}

fn open_upwards(_: &Scene, _: &Handed) -> Result<(), Failed> {
    done(open(HERE, c"../../../../../../../../etc/passwd", libc::O_RDONLY))
}

fn open_by_proc(_: &Scene, _: &Handed) -> Result<(), Failed> {
    done(open(HERE, c"/proc/self/root/etc/passwd", libc::O_RDONLY))
}

fn open_anothers(scene: &Scene, _: &Handed) -> Result<(), Failed> {
    done(open(HERE, &path(&[&scene.outside, "/secret"])?, libc::O_RDONLY))
}

fn stat(_: &Scene, _: &Handed) -> Result<(), Failed> {
    stat_of(c"/etc/passwd")
}

fn stat_root(_: &Scene, _: &Handed) -> Result<(), Failed> {
    stat_of(c"/")
}

fn stat_of(name: &std::ffi::CStr) -> Result<(), Failed> {
    let mut stat = [0; 512];
    done(call(libc::SYS_newfstatat, &mut [Arg::Int(HERE), text(name), Arg::Out(&mut stat), NULL]))
}

fn list(_: &Scene, _: &Handed) -> Result<(), Failed> {
    list_of(c"/etc")
}

fn list_root(_: &Scene, _: &Handed) -> Result<(), Failed> {
    list_of(c"/")
}

fn list_of(name: &std::ffi::CStr) -> Result<(), Failed> {
    let directory = open(HERE, name, libc::O_RDONLY | libc::O_DIRECTORY)?;
    let mut entries = [0; 4096];
    let length = i64::try_from(entries.len()).unwrap_or_default();
    done(call(libc::SYS_getdents64, &mut [Arg::Int(directory), Arg::Out(&mut entries), Arg::Int(length)]))
}

fn write_beside(_: &Scene, _: &Handed) -> Result<(), Failed> {
    make(&path(&["../outside/spoil"])?)
}

fn write_by_path(scene: &Scene, _: &Handed) -> Result<(), Failed> {
    make(&path(&[&scene.outside, "/spoil"])?)
}

fn write_by_proc(scene: &Scene, _: &Handed) -> Result<(), Failed> {
    make(&path(&["/proc/self/root", &scene.outside, "/spoil"])?)
}

fn make(name: &std::ffi::CStr) -> Result<(), Failed> {
    let file = open(HERE, name, libc::O_WRONLY | libc::O_CREAT)?;
    done(call(libc::SYS_write, &mut [Arg::Int(file), Arg::In(b"spoilt"), Arg::Int(6)]))
}

fn link(scene: &Scene, _: &Handed) -> Result<(), Failed> {
    let secret = path(&[&scene.outside, "/secret"])?;
    let name = path(&["../outside/link-", &std::process::id().to_string()])?;
    done(call(libc::SYS_linkat, &mut [Arg::Int(HERE), text(&secret), Arg::Int(HERE), text(&name), NULL]))
}

fn rename(scene: &Scene, _: &Handed) -> Result<(), Failed> {
    // to the name it has, which changes nothing where it succeeds
    let secret = path(&[&scene.outside, "/secret"])?;
    done(call(libc::SYS_renameat, &mut [Arg::Int(HERE), text(&secret), Arg::Int(HERE), text(&secret)]))
}
