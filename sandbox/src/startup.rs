//! The one way every role starts: hello, lock-down, threads, runtime, seal, `Locked`; then, and only then, it serves.

use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::ExitCode;

use ipc::control::{Control, Greeting, greet};
use ipc::exit::{Exit, Failure};
use ipc::role::{Instance, Layer, Role};
use ipc::service::control::{Hello, LockdownOrder};
use ipc::slice::RoleConfig;

use crate::{FilterContext, Ids, Plan, enter, filter_program};

/// The journal's socket, on the host and in every root it is mounted into.
pub const JOURNAL_SOCKET: &str = "/run/systemd/journal/socket";

/// A role that is locked down and may now be given something to read.
#[derive(Debug)]
pub struct Started<T> {
    /// Who it is.
    pub instance: Instance,
    /// Its slice of the configuration.
    pub config: RoleConfig,
    /// The descriptors that came with the slice, as [`RoleConfig::descriptors`] says.
    pub descriptors: Vec<OwnedFd>,
    /// The master.
    pub control: Control,
    /// What `prepare` made.
    pub prepared: T,
}

/// Runs a role's program: one of `roles`, as the master's first frame says.
///
/// `prepare` makes the threads the role will need: none can be made later. `serve` runs on the one-threaded runtime,
/// in a local set, until the role ends. The program's only argument is `--dump-filter`, which prints the seccomp
/// filters of its roles and ends.
pub fn run<T, F>(
    roles: &[Role],
    prepare: impl FnOnce(&Hello) -> io::Result<T>,
    serve: impl FnOnce(Started<T>) -> F,
) -> ExitCode
where
    F: Future<Output = Result<(), Failure>>,
{
    if std::env::args_os().nth(1).is_some_and(|argument| argument == "--dump-filter") {
        return dump(roles);
    }
    match start(roles, prepare, serve) {
        Ok(()) => Exit::Ok.into(),
        Err(failure) => {
            tracing::error!("{failure}");
            // Before the log stands, standard error is all there is.
            if !tracing::event_enabled!(tracing::Level::ERROR) {
                let _ = io::Write::write_all(&mut io::stderr(), format!("{failure}\n").as_bytes());
            }
            failure.exit.into()
        }
    }
}

/// From now on a panic ends the process (for roles that keep state which a half-done change would spoil).
pub fn abort_on_panic() {
    std::panic::set_hook(Box::new(|panic| {
        report(panic);
        std::process::abort();
    }));
}

/// Says where a panic was, and not why: its text may quote mail.
fn report(panic: &std::panic::PanicHookInfo<'_>) {
    match panic.location() {
        Some(place) => tracing::error!(file = place.file(), line = place.line(), "panic"),
        None => tracing::error!("panic"),
    }
}

fn start<T, F>(
    roles: &[Role],
    prepare: impl FnOnce(&Hello) -> io::Result<T>,
    serve: impl FnOnce(Started<T>) -> F,
) -> Result<(), Failure>
where
    F: Future<Output = Result<(), Failure>>,
{
    let Greeting { channel, hello, descriptors } = greet()?;
    let instance = hello.instance;
    if !roles.contains(&instance.role) || hello.config.role() != instance.role {
        return Err(Failure::new(Exit::Software, format!("this program does not play {instance}")));
    }
    // A full log pipe must lose a record, not stop the role.
    rustix::io::ioctl_fionbio(io::stderr(), !hello.log.journal)
        .map_err(|error| Failure::system("log pipe", error))?;
    let plan = plan(instance.role, &hello.lockdown, hello.log.journal);
    let entered = enter(&plan).map_err(|error| Failure::system("lock-down", error))?;
    // Roles name their files relative to here: it is "/" once the root is changed, and the same place without. Only
    // as the role itself: its starter, without capabilities, may not enter a directory that is not its own.
    if !entered.on().has(Layer::Root) {
        std::env::set_current_dir(&plan.root_dir)
            .map_err(|error| Failure::system("the role's directory", error))?;
    }
    ipc::log::start(hello.log, instance)?;
    std::panic::set_hook(Box::new(report));
    settle_allocator().map_err(|error| Failure::system("threads", error))?;
    let prepared = prepare(&hello).map_err(|error| Failure::system("threads", error))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::system("runtime", error))?;
    let local = tokio::task::LocalSet::new();
    let layers = entered.seal().map_err(|error| Failure::system("lock-down", error))?;
    local.block_on(&runtime, async move {
        let control = Control::locked(channel, layers).await?;
        tracing::debug!("locked down");
        serve(Started { instance, config: hello.config, descriptors, control, prepared }).await
    })
}

/// Has glibc's allocator find out now what it asks of /proc/sys/vm/overcommit_memory when the memory of a thread other than
/// the first shrinks for the first time: after the seal that open(2) is the end of the process. It is asked once and
/// remembered, here as "not strict": /proc is out of reach already.
fn settle_allocator() -> io::Result<()> {
    /// Below the size that has a mapping of its own, and together more than is kept for later: 128 KiB each.
    const BLOCK: usize = 64 * 1024;
    const BLOCKS: usize = 16;
    let blocks = || {
        let blocks: Vec<Vec<u8>> = (0..BLOCKS).map(|_| vec![1; BLOCK]).collect();
        drop(std::hint::black_box(blocks));
    };
    let thread = std::thread::Builder::new().name("allocator".to_owned()).spawn(blocks)?;
    thread.join().map_err(|_| io::Error::other("a panic"))
}

fn plan(role: Role, order: &LockdownOrder, journal: bool) -> Plan {
    Plan {
        role,
        apply: order.apply,
        may_miss: order.may_miss,
        ids: order.ids.map(|(uid, gid)| Ids { uid, gid }),
        root_dir: PathBuf::from(&order.root),
        journal: journal.then(|| PathBuf::from(JOURNAL_SOCKET)),
        max_open_files: order.max_open_files,
    }
}

fn dump(roles: &[Role]) -> ExitCode {
    for role in roles {
        for journal in [false, true] {
            let context = FilterContext { pid: 0, journal };
            let Ok(program) = filter_program(*role, context) else { return Exit::Software.into() };
            let hex: String = program.iter().map(|byte| format!("{byte:02x}")).collect();
            println!("{role} journal={journal} {hex}");
        }
    }
    Exit::Ok.into()
}
