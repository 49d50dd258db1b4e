//! The two steps of a lock-down, in the order that docs/adr/0003 gives the reasons for.

use std::path::Path;

use ipc::role::{Layer, Layers};

use crate::capabilities::{self, Kept};
use crate::error::{Error, Refusal};
use crate::plan::{Plan, Progress};
use crate::process::Parent;
use crate::root::RootDir;
use crate::seccomp::FilterContext;
use crate::table::{LockDown, Network, RootKind, lock_down};
use crate::{identity, landlock_rules, limits, namespaces, process, seccomp};

/// A process that is locked down but for its limits and system calls: now is the time to make threads and runtime.
#[derive(Debug)]
#[must_use = "without `seal` the process keeps every system call"]
pub struct Entered {
    line: LockDown,
    progress: Progress,
    max_open_files: u64,
    journal: bool,
}

/// Takes from this process all that has to go before its first thread is made: ids, namespaces, the host's files,
/// capabilities, and whatever Landlock forbids.
///
/// # Errors
/// A layer in `plan.apply` cannot be had and is not in `plan.may_miss`; there is more than one thread; or the
/// master ended meanwhile. The process is half locked down then, and should end.
pub fn enter(plan: &Plan) -> Result<Entered, Error> {
    let line = lock_down(plan.role);
    if line.root == RootKind::Host {
        return Err(Error::NoCompartment(plan.role));
    }
    process::single_threaded()?;
    let parent = Parent::note();
    let mut progress = Progress::new(plan.apply, plan.may_miss);

    become_nobody(plan, &line, &mut progress)?;
    progress.put_on(Layer::NotDumpable, process::not_dumpable)?;
    parent.still_there()?;
    progress.put_on(Layer::NoNewPrivs, process::no_new_privs)?;
    confine(plan, &line, &mut progress)?;

    let (max_open_files, journal) = (plan.max_open_files, plan.journal.is_some());
    Ok(Entered { line, progress, max_open_files, journal })
}

impl Entered {
    /// The layers that are on by now.
    #[must_use]
    pub fn on(&self) -> Layers {
        self.progress.on()
    }

    /// Sets the resource limits and, on every thread, the system-call filter; returns the layers that are on.
    ///
    /// Threads must have been made by now, and the runtime built: neither can be done afterwards.
    ///
    /// # Errors
    /// One of the two cannot be had and is not waived.
    pub fn seal(mut self) -> Result<Layers, Error> {
        let LockDown { root, .. } = self.line;
        self.progress.put_on(Layer::Rlimits, || limits::set(root, self.max_open_files))?;
        let privileges_are_fixed = process::has_no_new_privs();
        let context = FilterContext { pid: std::process::id(), journal: self.journal };
        self.progress.put_on(Layer::Seccomp, || seccomp::put_on(&self.line, context))?;
        if privileges_are_fixed || self.progress.on().has(Layer::Seccomp) {
            self.progress.found(Layer::NoNewPrivs);
        }
        Ok(self.progress.on())
    }
}

/// From the starter's ids, namespaces and capabilities to none that mean anything outside.
fn become_nobody(plan: &Plan, line: &LockDown, progress: &mut Progress) -> Result<(), Error> {
    let found = if progress.wants(Layer::Root) { Some(RootDir::find(&plan.root_dir)) } else { None };
    let kept = hold_capabilities(plan, progress)?;
    progress.put_on(Layer::Uid, || identity::take(plan.ids))?;
    kept.raise().map_err(outside_layers)?;

    progress.put_on(Layer::UserNamespace, namespaces::user)?;
    if line.network == Network::Empty {
        progress.put_on(Layer::NetNamespace, namespaces::network)?;
    }
    progress.put_on(Layer::IpcUtsNamespaces, namespaces::ipc_and_uts)?;
    if let Some(root) = found {
        progress.put_on(Layer::Root, || root?.become_root(line.root, plan.journal.as_deref()))?;
    }

    progress.put_on(Layer::Capabilities, capabilities::drop_all)?;
    if progress.on().has(Layer::Capabilities) { Ok(()) } else { kept.release().map_err(outside_layers) }
}

/// Capabilities are carried over the change of uid only for layers that are made by them afterwards.
fn hold_capabilities(plan: &Plan, progress: &Progress) -> Result<Kept, Error> {
    let made_by_them = [Layer::NetNamespace, Layer::IpcUtsNamespaces, Layer::Root, Layer::Capabilities];
    let changes_uid = progress.wants(Layer::Uid) && plan.ids.is_some();
    if changes_uid && made_by_them.into_iter().any(|layer| progress.wants(layer)) {
        Kept::hold().map_err(outside_layers)
    } else {
        Ok(Kept::nothing())
    }
}

fn confine(plan: &Plan, line: &LockDown, progress: &mut Progress) -> Result<(), Error> {
    let base = if progress.on().has(Layer::Root) { Path::new("/") } else { plan.root_dir.as_path() };
    // a waived Landlock is still put on as far as the kernel knows it
    let partial = progress.may_miss(Layer::Landlock);
    progress.put_on(Layer::Landlock, || landlock_rules::restrict(line, base, partial))
}

fn outside_layers(refusal: Refusal) -> Error {
    match refusal {
        Refusal::Call { call, errno } => Error::Call { call, errno },
        refusal => Error::Missing { layer: Layer::Capabilities, refusal },
    }
}
