//! The attempts: what is tried, who could do it were there no lock-down, and what stops it.

use ipc::role::{Layer, Layers, Role};
use nix::libc;

use crate::attempts;
use crate::order::{Handed, Scene};

/// One thing that a hijacked role would try.
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    /// Its name, for the table and for orders.
    pub name: &'static str,
    /// What is tried, in a line.
    pub what: &'static str,
    /// Which roles try it. For the others it is their work.
    pub roles: Roles,
    /// Who could do it without the lock-down.
    pub possible_for: PossibleFor,
    /// The errnos by which a kernel says that it was built or told to be without this altogether.
    pub absent: &'static [i32],
    /// Whether a second process of the role, locked down alike, is what is attacked.
    pub needs_twin: bool,
    /// The layers that stop it, each on its own. The first one that is on decides how it is stopped in full lock-down.
    pub stopped: &'static [Stop],
    pub(crate) make: fn(&Scene, &Handed) -> Result<(), i32>,
}

/// Some roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Roles {
    /// All that are started.
    All,
    /// Those that parse what comes from outside; their root is empty.
    Readers,
    /// Those with a directory of their own.
    Keepers,
}

impl Roles {
    /// Is the role one of them?
    #[must_use]
    pub const fn has(self, role: Role) -> bool {
        match self {
            Roles::All => true,
            Roles::Readers => role.is_reader(),
            Roles::Keepers => !role.is_reader(),
        }
    }
}

/// Who can do a thing when nothing is locked down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PossibleFor {
    /// Everybody.
    Anyone,
    /// Root: for others the kernel refuses it anyway.
    Root,
    /// Root, and whoever is in a user namespace of his own.
    RootOfNamespace,
    /// Whoever has a uid of his own, by a program of root's; only root can make such a program.
    ByProgram,
}

impl PossibleFor {
    /// The layers under which it is seen to succeed; `None` where it cannot.
    #[must_use]
    pub fn control(self, starter: Starter) -> Option<Layers> {
        match (self, starter) {
            (PossibleFor::Anyone, _) | (PossibleFor::Root | PossibleFor::RootOfNamespace, Starter::Root) => {
                Some(Layers::NONE)
            }
            (PossibleFor::RootOfNamespace, Starter::User) => Some(Layers::NONE.with(Layer::UserNamespace)),
            (PossibleFor::ByProgram, Starter::Root) => Some(Layers::NONE.with(Layer::Uid)),
            (PossibleFor::Root | PossibleFor::ByProgram, Starter::User) => None,
        }
    }
}

/// Who starts the suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Starter {
    /// Root: each role has a uid of its own.
    Root,
    /// Somebody else: all are the same uid.
    User,
}

/// How something is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// With that errno.
    Errno(i32),
    /// The process is ended by that signal.
    Signal(i32),
    /// It becomes another program, which ends with that status, unsuccessful.
    Exit(i32),
}

/// A layer that stops an attempt on its own.
#[derive(Clone, Copy, Debug)]
pub struct Stop {
    /// Which.
    pub layer: Layer,
    /// How.
    pub how: How,
    roles: Roles,
    starter: Option<Starter>,
}

impl Stop {
    /// Does the layer stop it in this role?
    #[must_use]
    pub fn holds(&self, role: Role, starter: Starter) -> bool {
        let has_layer = starter == Starter::Root || self.layer != Layer::Uid;
        has_layer && self.roles.has(role) && self.starter.is_none_or(|only| only == starter)
    }

    pub(crate) const fn readers(self) -> Self {
        Stop { roles: Roles::Readers, ..self }
    }

    pub(crate) const fn keepers(self) -> Self {
        Stop { roles: Roles::Keepers, ..self }
    }

    /// Only where root starts the suite.
    pub(crate) const fn as_root(self) -> Self {
        Stop { starter: Some(Starter::Root), ..self }
    }

    /// Only where an ordinary user does.
    pub(crate) const fn as_user(self) -> Self {
        Stop { starter: Some(Starter::User), ..self }
    }
}

/// The layer answers with the errno.
pub(crate) const fn errno(layer: Layer, errno: i32) -> Stop {
    Stop { layer, how: How::Errno(errno), roles: Roles::All, starter: None }
}

/// The layer lets a program be executed, which then fails.
pub(crate) const fn fails(layer: Layer, status: i32) -> Stop {
    Stop { layer, how: How::Exit(status), roles: Roles::All, starter: None }
}

/// The layer ends the process by the signal.
pub(crate) const fn signal(layer: Layer, signal: i32) -> Stop {
    Stop { layer, how: How::Signal(signal), roles: Roles::All, starter: None }
}

/// The system-call filter ends the process.
pub(crate) const KILLED: Stop =
    Stop { layer: Layer::Seccomp, how: How::Signal(libc::SIGSYS), roles: Roles::All, starter: None };

/// An attempt of every role that anyone can make.
pub(crate) const fn attempt(
    name: &'static str,
    what: &'static str,
    make: fn(&Scene, &Handed) -> Result<(), i32>,
    stopped: &'static [Stop],
) -> Attempt {
    let (roles, possible_for) = (Roles::All, PossibleFor::Anyone);
    Attempt { name, what, roles, possible_for, absent: &[], needs_twin: false, stopped, make }
}

impl Attempt {
    pub(crate) const fn by_readers(self) -> Self {
        Attempt { roles: Roles::Readers, ..self }
    }

    pub(crate) const fn takes_namespace(self) -> Self {
        Attempt { possible_for: PossibleFor::RootOfNamespace, ..self }
    }

    pub(crate) const fn by_program(self) -> Self {
        Attempt { possible_for: PossibleFor::ByProgram, ..self }
    }

    pub(crate) const fn takes_root(self) -> Self {
        Attempt { possible_for: PossibleFor::Root, ..self }
    }

    pub(crate) const fn unless(self, absent: &'static [i32]) -> Self {
        Attempt { absent, ..self }
    }

    pub(crate) const fn on_a_twin(self) -> Self {
        Attempt { needs_twin: true, ..self }
    }

    /// The layers that stop it in this role, the one that comes first in full lock-down first.
    pub fn stops(&self, role: Role, starter: Starter) -> impl Iterator<Item = &'static Stop> {
        self.stopped.iter().filter(move |stop| stop.holds(role, starter))
    }
}

/// Every attempt, in the order of the concerns.
pub fn all() -> impl Iterator<Item = &'static Attempt> {
    attempts::ALL.iter().copied().flatten()
}

/// The attempt of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Attempt> {
    all().find(|attempt| attempt.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = all().map(|attempt| attempt.name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn nothing_is_left_allowed() {
        for attempt in all() {
            for role in Role::STARTED.into_iter().filter(|role| attempt.roles.has(*role)) {
                for starter in [Starter::Root, Starter::User] {
                    assert!(attempt.stops(role, starter).next().is_some(), "{} in {role}", attempt.name);
                }
            }
        }
    }

    #[test]
    fn no_layer_is_claimed_twice() {
        for attempt in all() {
            for role in Role::STARTED {
                for starter in [Starter::Root, Starter::User] {
                    let mut layers: Vec<_> = attempt.stops(role, starter).map(|stop| stop.layer).collect();
                    let count = layers.len();
                    layers.sort_unstable();
                    layers.dedup();
                    assert_eq!(layers.len(), count, "{} in {role}", attempt.name);
                }
            }
        }
    }
}
