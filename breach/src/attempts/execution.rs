//! Becoming another program. Where it succeeds the process ends with status 0, and gives no answer.

use std::ffi::CStr;

use ipc::role::Layer;
use nix::libc;

use super::{done, number, path};
use crate::order::{Handed, Scene};
use crate::raw::{Arg, Failed, NULL, address, call, text};
use crate::table::{Attempt, KILLED, attempt, errno, fails};

pub(super) const ATTEMPTS: &[Attempt] = &[
    attempt(
        "execute",
        "execute /bin/true",
        execute,
        &[KILLED, errno(Layer::Root, libc::ENOENT), errno(Layer::Landlock, libc::EACCES)],
    ),
    attempt(
        "execute-itself",
        "execute its own program by /proc/self/exe",
        execute_itself,
        &[KILLED, errno(Layer::Root, libc::ENOENT), errno(Layer::Landlock, libc::EACCES)],
    ),
    attempt(
        "execute-descriptor",
        "execute a program by a descriptor that was left open",
        execute_descriptor,
        &[KILLED, errno(Layer::Root, libc::ENOENT), errno(Layer::Landlock, libc::EACCES)],
    ),
    attempt(
        "set-user-id",
        "read what is root's by a program with root's set-user-id bit",
        set_user_id,
        &[
            KILLED,
            fails(Layer::UserNamespace, 1),
            errno(Layer::Root, libc::ENOENT),
            fails(Layer::NoNewPrivs, 1),
            errno(Layer::Landlock, libc::EACCES),
        ],
    )
    .by_program(),
];

fn execute(_: &Scene, _: &Handed) -> Result<(), Failed> {
    execute_path(&path(&["/bin/true"])?)
}

fn execute_itself(_: &Scene, _: &Handed) -> Result<(), Failed> {
    execute_path(c"/proc/self/exe")
}

fn execute_path(name: &CStr) -> Result<(), Failed> {
    let arguments = Arguments::new(&[c"program", c"--dump-filter"]);
    done(call(libc::SYS_execve, &mut [text(name), Arg::In(&arguments.list), Arg::In(&arguments.none)]))
}

fn set_user_id(scene: &Scene, _: &Handed) -> Result<(), Failed> {
    let (program, secret) = (path(&[&scene.set_user_id])?, path(&[&scene.outside, "/secret"])?);
    let arguments = Arguments::new(&[c"test", c"-r", &secret]);
    done(call(libc::SYS_execve, &mut [text(&program), Arg::In(&arguments.list), Arg::In(&arguments.none)]))
}

fn execute_descriptor(_: &Scene, handed: &Handed) -> Result<(), Failed> {
    let arguments = Arguments::new(&[c"program", c"--dump-filter"]);
    let program = Arg::Int(number(&handed.program));
    let flags = Arg::Int(libc::AT_EMPTY_PATH.into());
    let (list, environment) = (Arg::In(&arguments.list), Arg::In(&arguments.none));
    done(call(libc::SYS_execveat, &mut [program, text(c""), list, environment, flags, NULL]))
}

/// A list of pointers as `execve` takes it. With `--dump-filter` a role's program prints its filters, and ends.
struct Arguments {
    list: Vec<u8>,
    none: [u8; 8],
}

impl Arguments {
    fn new(texts: &[&CStr]) -> Self {
        let texts = texts.iter().map(|text| address(text.to_bytes_with_nul()));
        let list = texts.chain([0]).flat_map(i64::to_ne_bytes).collect();
        Arguments { list, none: [0; 8] }
    }
}
