//! Becoming another program. Where it succeeds the process ends with status 0, and gives no answer.

use ipc::role::Layer;
use nix::libc::{self, EACCES, ENOENT};

use super::{done, number, path};
use crate::order::{Handed, Scene};
use crate::raw::{Arg, Failed, NULL, address, call, text};
use crate::table::{Attempt, KILLED, attempt, errno};

pub(super) const ATTEMPTS: &[Attempt] = &[
    attempt("execute", "execute /bin/true", execute, &[
        KILLED,
        errno(Layer::Root, ENOENT),
        errno(Layer::Landlock, EACCES),
    ]),
    attempt("execute-itself", "execute its own program by /proc/self/exe", execute_itself, &[
        KILLED,
        errno(Layer::Root, ENOENT),
        errno(Layer::Landlock, EACCES),
    ]),
    attempt("execute-descriptor", "execute a program by a descriptor that was left open", execute_descriptor, &[
        KILLED,
    ]),
];

fn execute(_: &Scene, _: &Handed) -> Result<(), Failed> {
    execute_path(&path(&["/bin/true"])?)
}

fn execute_itself(_: &Scene, _: &Handed) -> Result<(), Failed> {
    execute_path(c"/proc/self/exe")
}

fn execute_path(name: &std::ffi::CStr) -> Result<(), Failed> {
    let arguments = Arguments::new();
    done(call(libc::SYS_execve, &mut [text(name), Arg::In(&arguments.list), Arg::In(&arguments.none)]))
}

fn execute_descriptor(_: &Scene, handed: &Handed) -> Result<(), Failed> {
    let arguments = Arguments::new();
    let program = Arg::Int(number(&handed.program));
    let flags = Arg::Int(libc::AT_EMPTY_PATH.into());
    let (list, environment) = (Arg::In(&arguments.list), Arg::In(&arguments.none));
    done(call(libc::SYS_execveat, &mut [program, text(c""), list, environment, flags, NULL]))
}

/// A list of pointers as `execve` takes it: a role's program then prints its filters, and ends.
struct Arguments {
    list: Vec<u8>,
    none: [u8; 8],
}

impl Arguments {
    fn new() -> Self {
        let texts = [c"program", c"--dump-filter"].map(|text| address(text.to_bytes_with_nul()));
        let list = texts.into_iter().chain([0]).flat_map(i64::to_ne_bytes).collect();
        Arguments { list, none: [0; 8] }
    }
}
