//! What the master gives up once it has bound its ports. It is locked down least: what it takes from itself, the
//! roles it starts cannot use to lock themselves down.

use ipc::role::Layer;
use nix::sys::prctl;
use nix::unistd::geteuid;
use rustix::thread::CapabilitySet;

use crate::capabilities;
use crate::error::{Error, Refusal};

/// What the master still has to do after it was restricted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MasterDuties {
    /// How the roles get their namespaces.
    pub namespaces: NamespacesBy,
    /// Whether a reload may bind ports.
    pub ports: LaterPorts,
}

/// How the roles get their namespaces and root.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NamespacesBy {
    /// By user namespaces: in its own, each role has the capabilities for the rest.
    #[default]
    UserNamespaces,
    /// By root's capabilities, where user namespaces are refused.
    Root,
}

/// Whether ports below 1024 are bound after the start. Listening sockets are kept when a role is restarted, so only
/// a reload with new addresses needs it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LaterPorts {
    /// None.
    #[default]
    None,
    /// Any.
    Privileged,
}

/// What the master runs with from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privileges {
    /// As root, with no more than these capabilities.
    Root(CapabilitySet),
    /// As an ordinary user.
    Ordinary,
}

/// The capabilities a master running as root needs for its duties; all others go.
///
/// - `SETUID`, `SETGID`: a role is started as root and takes its own ids.
/// - `KILL`: roles run under other uids, and have to be told to end.
/// - `SYS_ADMIN`, `SETPCAP`: only without user namespaces; a role makes its namespaces, and empties its bounding
///   set, by what it inherits from the master.
/// - `NET_BIND_SERVICE`: only when ports are bound later on.
///
/// Not among them: `CHOWN`, `FOWNER` and `DAC_OVERRIDE` (directories are made before), `SYS_CHROOT` (the root is
/// pivoted), `SYS_PTRACE`, `SYS_RESOURCE`. Certificates that a reload opens have to be readable to root as their
/// owner or by their mode.
#[must_use]
pub fn master_capabilities(duties: MasterDuties) -> CapabilitySet {
    let mut needed = CapabilitySet::SETUID | CapabilitySet::SETGID | CapabilitySet::KILL;
    match duties.namespaces {
        NamespacesBy::UserNamespaces => {}
        NamespacesBy::Root => needed |= CapabilitySet::SYS_ADMIN | CapabilitySet::SETPCAP,
    }
    match duties.ports {
        LaterPorts::None => {}
        LaterPorts::Privileged => needed |= CapabilitySet::NET_BIND_SERVICE,
    }
    needed
}

/// Takes from the master what it needs no more. Call it after binding, before the first thread is made.
///
/// As root: every capability but [`master_capabilities`] leaves every set, the bounding set with them (unless the
/// unit that runs it took `SETPCAP` away, and so fixed the bounding set itself). As an ordinary user: whatever it
/// was given to bind its ports with. Always: not dumpable, so that no process of the same uid can look into it.
/// `no_new_privs` is left to whoever starts the master (the systemd unit sets it): the roles come up with it and without.
///
/// # Errors
/// A call was refused, which none of them is to a process that has what it claims to have.
pub fn restrict_master(duties: MasterDuties) -> Result<Privileges, Error> {
    let missing = |layer| move |refusal| Error::Missing { layer, refusal };
    let kept = master_capabilities(duties);
    let privileges = if geteuid().is_root() {
        capabilities::restrict(kept).map_err(missing(Layer::Capabilities))?;
        Privileges::Root(kept)
    } else {
        capabilities::restrict(kept & CapabilitySet::NET_BIND_SERVICE)
            .map_err(missing(Layer::Capabilities))?;
        Privileges::Ordinary
    };
    prctl::set_dumpable(false)
        .map_err(Refusal::nix("prctl(PR_SET_DUMPABLE)"))
        .map_err(missing(Layer::NotDumpable))?;
    Ok(privileges)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_namespaces_spare_the_master_its_strongest_capability() {
        let kept = master_capabilities(MasterDuties::default());
        assert_eq!(kept, CapabilitySet::SETUID | CapabilitySet::SETGID | CapabilitySet::KILL);
        let without = MasterDuties { namespaces: NamespacesBy::Root, ..MasterDuties::default() };
        assert!(master_capabilities(without).contains(CapabilitySet::SYS_ADMIN));
    }

    #[test]
    fn ports_are_bound_later_only_when_asked_for() {
        let later = MasterDuties { ports: LaterPorts::Privileged, ..MasterDuties::default() };
        assert!(master_capabilities(later).contains(CapabilitySet::NET_BIND_SERVICE));
    }
}
