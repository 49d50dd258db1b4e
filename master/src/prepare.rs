//! Everything that takes privileges the master then gives up: configuration, certificates, directories, ports.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use ipc::exit::{Exit, Failure};
use ipc::role::{Instance, Layer, Layers, Role};
use ipc::service::control::{Hello, LockdownOrder, Log};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::admin::Sockets;
use crate::bind::{self, Bound};
use crate::config::{self, Config};
use crate::dirs::Directories;
use crate::files;
use crate::identity::Identities;
use crate::journal;

/// What an instance runs with, from its start to its end.
#[derive(Debug)]
pub struct Prepared {
    /// What the administrator wants.
    pub config: Config,
    /// Who the roles are.
    pub identities: Identities,
    /// The sockets of the `bulkhead` command.
    pub sockets: Sockets,
    /// The listening sockets.
    pub bound: Vec<Bound>,
    /// The log of all.
    pub log: Log,
    certificates: Vec<File>,
    programs: BTreeMap<Role, PathBuf>,
    directories: Directories,
    files_limit: u64,
}

impl Prepared {
    /// Reads the configuration and makes, opens and binds what it says.
    ///
    /// # Errors
    /// Whatever of it cannot be had: nothing was started then.
    pub fn from_file(path: &Path) -> Result<Self, Failure> {
        let config = config::load(path)?;
        let certificates = files::open(&config.tls)?;
        let identities = Identities::settle(&config)?;
        let programs = programs()?;
        let journal = journal::is_there();
        let directories = Directories::prepare(&config, &identities, journal)?;
        let files_limit = raise_files_limit();
        let bound = bind::all(&config)?;
        let sockets = Sockets::bind(&config.run_dir)?;
        let log = Log { journal, level: config.log };
        Ok(Prepared {
            config,
            identities,
            sockets,
            bound,
            log,
            certificates,
            programs,
            directories,
            files_limit,
        })
    }

    /// Every process there is to be, servers first.
    #[must_use]
    pub fn instances(&self) -> Vec<Instance> {
        let listens = |role: &Role| !role.is_reader() || self.bound.iter().any(|b| b.instance.role == *role);
        let of = |role| (0..self.config.workers(role)).map(move |worker| Instance { role, worker });
        Role::STARTED.into_iter().filter(listens).flat_map(of).collect()
    }

    /// The program that plays a role.
    #[must_use]
    pub fn program(&self, role: Role) -> Option<&Path> {
        self.programs.get(&role).map(PathBuf::as_path)
    }

    /// What a process is told first, and the descriptors that come with it.
    ///
    /// # Errors
    /// The master is no such process; or a file cannot be gone back to the beginning of.
    pub fn hello(&self, instance: Instance) -> std::io::Result<(Hello, Vec<std::os::fd::OwnedFd>)> {
        let role = instance.role;
        let config = self.config.slice(role).ok_or(std::io::ErrorKind::InvalidInput)?;
        let mut descriptors = Vec::new();
        if !config.descriptors().is_empty() {
            for file in &self.certificates {
                // who has the descriptor moves our offset, too
                rustix::fs::seek(file, rustix::fs::SeekFrom::Start(0))?;
                descriptors.push(file.try_clone()?.into());
            }
        }
        let hello = Hello { instance, lockdown: self.lockdown(role), log: self.log, config };
        Ok((hello, descriptors))
    }

    /// The addresses that are listened on, each once, as `service address`.
    #[must_use]
    pub fn addresses(&self) -> Vec<String> {
        let first = self.bound.iter().filter(|bound| bound.instance.worker == 0);
        first
            .map(|bound| {
                let tls = if bound.listener.implicit_tls { "s" } else { "" };
                format!("{}{tls} {}", bound.instance.role, bound.listener.address)
            })
            .collect()
    }

    fn lockdown(&self, role: Role) -> LockdownOrder {
        let wanted = self.config.max_open_files(role);
        if wanted > self.files_limit {
            tracing::warn!(
                "{role} may want {wanted} open files, and the limit of this process is {}",
                self.files_limit
            );
        }
        LockdownOrder {
            apply: Layers::all(),
            may_miss: self.config.waived,
            ids: self.identities.own(role),
            root: self.directories.root(role).display().to_string(),
            max_open_files: wanted.min(self.files_limit),
        }
    }

    /// What the master must keep for its roles' sake.
    #[must_use]
    pub fn duties(&self) -> sandbox::MasterDuties {
        let namespaces = if self.config.waived.has(Layer::UserNamespace) {
            sandbox::NamespacesBy::Root
        } else {
            sandbox::NamespacesBy::UserNamespaces
        };
        sandbox::MasterDuties { namespaces, ports: sandbox::LaterPorts::None }
    }
}

fn programs() -> Result<BTreeMap<Role, PathBuf>, Failure> {
    let find = |role: Role| {
        let path = ipc::program::find(role.program()).map_err(|why| Failure::new(Exit::OsError, why))?;
        Ok((role, path))
    };
    Role::STARTED.into_iter().map(find).collect()
}

/// As many open files as this process may have: it holds the listeners and channels of all, and a role's limit cannot
/// be above it. Returns that limit.
fn raise_files_limit() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    limit.maximum.unwrap_or(u64::MAX)
}
