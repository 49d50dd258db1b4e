//! The uid and gid of each role.

use std::collections::BTreeMap;

use ipc::exit::{Exit, Failure};
use ipc::role::{Layer, Role};
use nix::unistd::{User, geteuid};

use crate::config::{Config, IdSource};

/// A uid and a gid.
pub type Ids = (u32, u32);

/// The ids of every role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identities {
    /// Of their own: the master is root.
    Own(BTreeMap<Role, Ids>),
    /// All share those of the master, an ordinary user.
    Shared(Ids),
}

impl Identities {
    /// What the configuration means for whoever runs this process.
    ///
    /// # Errors
    /// A user is missing; or this is not root and the configuration does not waive `uid`.
    pub fn settle(config: &Config) -> Result<Self, Failure> {
        if !geteuid().is_root() {
            if !config.waived.has(Layer::Uid) {
                return Err(wrong(
                    "only root can give the roles uids of their own; to run as an ordinary user, write waive = [\"uid\"]",
                ));
            }
            return Ok(Identities::Shared((geteuid().as_raw(), nix::unistd::getegid().as_raw())));
        }
        Role::STARTED
            .into_iter()
            .filter(|role| config.has(*role))
            .map(|role| Ok((role, own(config.ids, role)?)))
            .collect::<Result<_, _>>()
            .map(Self::Own)
    }

    /// What a role takes on; none where it keeps the master's.
    #[must_use]
    pub fn own(&self, role: Role) -> Option<Ids> {
        match self {
            Identities::Own(ids) => ids.get(&role).copied(),
            Identities::Shared(_) => None,
        }
    }

    /// The uid a role runs under, as the host sees it.
    #[must_use]
    pub fn uid(&self, role: Role) -> Option<u32> {
        match self {
            Identities::Own(ids) => ids.get(&role).map(|(uid, _)| *uid),
            Identities::Shared((uid, _)) => Some(*uid),
        }
    }
}

fn own(source: IdSource, role: Role) -> Result<Ids, Failure> {
    match source {
        IdSource::Base(base) => {
            let id = base.saturating_add(offset(role));
            Ok((id, id))
        }
        IdSource::Users => {
            let name = format!("bulkhead-{role}");
            match User::from_name(&name) {
                Ok(Some(user)) if user.uid.is_root() => {
                    Err(wrong(&format!("the user {name} is root; it needs a uid of its own")))
                }
                Ok(Some(user)) => Ok((user.uid.as_raw(), user.gid.as_raw())),
                Ok(None) => Err(wrong(&format!(
                    "there is no user {name}: add it (useradd --system {name}), or set uid_base, and every role \
                     gets a uid from there without one"
                ))),
                Err(error) => Err(Failure::system(&format!("looking up the user {name}"), error)),
            }
        }
    }
}

/// A number for ever: a private instance's files belong to base + this.
const fn offset(role: Role) -> u32 {
    match role {
        Role::Master => 0,
        Role::Mx => 1,
        Role::Imap => 2,
        Role::Auth => 3,
        Role::Keys => 4,
        Role::Store => 5,
        Role::Pop3 => 6,
        Role::Submission => 7,
        Role::Lmtp => 8,
    }
}

fn wrong(message: &str) -> Failure {
    Failure::new(Exit::Config, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_from_a_base_are_distinct_and_never_the_base() {
        let mut ids: Vec<u32> =
            Role::STARTED.iter().map(|r| own(IdSource::Base(5000), *r).unwrap().0).collect();
        ids.sort_unstable();
        assert_eq!(ids, [5001, 5002, 5003, 5004, 5005, 5006, 5007, 5008]);
    }

    #[test]
    fn missing_users_are_named_with_both_ways_out() {
        let Err(failure) = own(IdSource::Users, Role::Mx) else { return };
        assert_eq!(failure.exit, Exit::Config);
        assert!(failure.message.contains("bulkhead-mx") && failure.message.contains("uid_base"));
    }

    #[test]
    fn an_ordinary_user_has_none_to_give() {
        let ids = Identities::Shared((1000, 1000));
        assert_eq!((ids.own(Role::Mx), ids.uid(Role::Mx)), (None, Some(1000)));
        let ids = Identities::Own(BTreeMap::from([(Role::Mx, (7, 8))]));
        assert_eq!(
            (ids.own(Role::Mx), ids.uid(Role::Mx), ids.uid(Role::Imap)),
            (Some((7, 8)), Some(7), None)
        );
    }
}
