//! The lock-down of every role: one table of what each is left with, and the mechanisms that take the rest away.
//!
//! [`lock_down`] is the table. A role puts its lock-down on in two steps, because threads and the runtime have to
//! be made between them: [`enter`] does everything that must come before the first thread (ids, namespaces, root,
//! capabilities, Landlock), [`Entered::seal`] does what must come after the last one (limits, seccomp).
//! The master, which is no role of this kind, gives up what it no longer needs by [`restrict_master`].

mod capabilities;
mod enter;
mod error;
mod identity;
mod landlock_rules;
mod limits;
mod master;
mod namespaces;
mod plan;
mod process;
mod root;
mod seccomp;
pub mod startup;
mod syscalls;
mod table;

pub use enter::{Entered, enter};
pub use error::{Error, Refusal};
pub use master::{LaterPorts, MasterDuties, NamespacesBy, Privileges, master_capabilities, restrict_master};
pub use plan::{Ids, Plan};
pub use rustix::thread::CapabilitySet;
pub use seccomp::{FilterContext, filter_program};
pub use syscalls::Group;
pub use table::{LockDown, Network, RootKind, lock_down};
