//! How many files a process may have open: as many as the configured connections need, or as many connections as there
//! may be files.

use ipc::exit::{Exit, Failure};
use ipc::role::Role;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::{Config, Door};

/// Raises this process's limit as far as it goes, and beyond that to `wanted` where this process may. The roles'
/// limits cannot be above it. Returns it.
#[must_use]
pub fn raise(wanted: u64) -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let hard = limit.maximum.unwrap_or(u64::MAX);
    let higher = hard.max(wanted);
    for most in [higher, hard] {
        if setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum: Some(most) }).is_ok() {
            return most;
        }
    }
    limit.current.unwrap_or(hard)
}

/// The most that any role needs.
#[must_use]
pub fn wanted(config: &Config) -> u64 {
    Role::STARTED.into_iter().map(|role| config.max_open_files(role)).max().unwrap_or(0)
}

/// What a process of the role is given. One that is never replaced gets twice what it needs, so that a reload can raise
/// the others' limits.
#[must_use]
pub fn given(config: &Config, role: Role, limit: u64) -> u64 {
    let needed = config.max_open_files(role);
    let room = if role.is_reader() { needed } else { needed.saturating_mul(2) };
    room.min(limit)
}

/// Lowers `max_connections` until every role can have the files it needs, and says so, a sentence each.
///
/// # Errors
/// Not even one connection would fit.
pub fn fit(config: &mut Config, limit: u64) -> Result<Vec<String>, Failure> {
    let readers = || Role::STARTED.into_iter().filter(|role| role.is_reader());
    let mut lowered = Vec::new();
    for role in readers() {
        lowered.extend(scale(config, role, &[role], limit)?);
    }
    let holders: Vec<Role> = readers().filter(|role| config.has(*role)).collect();
    for role in Role::STARTED.into_iter().filter(|role| !role.is_reader()) {
        lowered.extend(scale(config, role, &holders, limit)?);
    }
    Ok(lowered)
}

/// Lowers the connections of `readers` by the share that `role` has too much.
fn scale(config: &mut Config, role: Role, readers: &[Role], limit: u64) -> Result<Vec<String>, Failure> {
    let needed = config.max_open_files(role);
    if needed <= limit || (role.is_reader() && !config.has(role)) {
        return Ok(Vec::new());
    }
    let mut none = config.clone();
    for reader in readers {
        set(&mut none, *reader, 0);
    }
    let fixed = none.max_open_files(role);
    let too_few = || {
        Failure::new(
            Exit::OsError,
            format!(
                "{role} needs more than {fixed} open files, and this process may have {limit}: raise its limit \
                 (LimitNOFILE= of a unit, ulimit -n), or lower the numbers of workers"
            ),
        )
    };
    let room = limit.checked_sub(fixed).filter(|room| *room > 0).ok_or_else(too_few)?;
    let asked = needed.saturating_sub(fixed).max(1);
    let mut lowered = Vec::new();
    for reader in readers {
        let before = config.door(*reader).map_or(0, |door| door.limits.connections);
        let share = u128::from(before).saturating_mul(room.into()).checked_div(asked.into()).unwrap_or(0);
        let after = u32::try_from(share).unwrap_or(before);
        if after == 0 {
            return Err(too_few());
        }
        // only what counts for the role
        let saved = config.max_open_files(role);
        set(config, *reader, after);
        if config.max_open_files(role) < saved {
            lowered.push(format!(
                "{reader}: max_connections is lowered from {before} to {after}, for {role} may have {limit} open files \
                 (LimitNOFILE= of a unit, ulimit -n)"
            ));
        } else {
            set(config, *reader, before);
        }
    }
    Ok(lowered)
}

fn set(config: &mut Config, reader: Role, connections: u32) {
    if let Some(Door { limits, .. }) = config.door_mut(reader) {
        limits.connections = connections;
        limits.connections_per_address = limits.connections_per_address.min(connections.max(1));
        limits.connections_per_network = limits.connections_per_network.min(connections.max(1));
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn config(more: &str) -> Config {
        let text = format!("hostname = \"h.example\"\ndomain = \"example.org\"\n{more}");
        crate::config::parse(Path::new("t.toml"), &text).unwrap()
    }

    #[test]
    fn what_fits_stays() {
        let mut config = config("[mx]\nworkers = 2\n[imap]\nworkers = 2\n");
        let before = format!("{config:?}");
        let enough = wanted(&config);
        assert!(fit(&mut config, enough).unwrap().is_empty());
        assert_eq!(format!("{config:?}"), before);
    }

    #[test]
    fn connections_are_lowered_until_it_fits_and_that_is_said() {
        let mut config = config("[mx]\nworkers = 2\n[imap]\nworkers = 2\nmax_connections = 100000\n");
        let said = fit(&mut config, 4096).unwrap();
        assert!(
            said.iter().any(|line| line.starts_with("imap: max_connections is lowered from 100000 to ")),
            "{said:?}"
        );
        for role in Role::STARTED {
            assert!(config.max_open_files(role) <= 4096, "{role}");
        }
        assert_eq!(config.mx.door.limits.connections, 1000, "mx has nothing of the store's");
        assert!(config.imap.door.limits.connections > 100);
    }

    #[test]
    fn too_few_for_anybody_is_an_error() {
        let failure = fit(&mut config(""), 200).unwrap_err();
        assert_eq!(failure.exit, Exit::OsError);
        assert!(failure.message.contains("LimitNOFILE="), "{failure}");
    }

    #[test]
    fn servers_have_room_for_a_reload() {
        let config = config("");
        assert_eq!(given(&config, Role::Store, u64::MAX), config.max_open_files(Role::Store) * 2);
        assert_eq!(given(&config, Role::Mx, u64::MAX), config.max_open_files(Role::Mx));
        assert_eq!(given(&config, Role::Store, 100), 100);
    }
}
