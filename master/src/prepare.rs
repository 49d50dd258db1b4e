//! Everything that takes privileges the master then gives up: configuration, certificates, directories, ports.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use ipc::exit::{Exit, Failure};
use ipc::role::{Instance, Layer, Layers, Role};
use ipc::service::control::{Hello, LockdownOrder, Log};

use crate::admin::Sockets;
use crate::candidate::Candidate;
use crate::config::{self, Config};
use crate::dirs::Directories;
use crate::identity::Identities;
use crate::listening::Listening;
use crate::supervise::Seats;
use crate::{bind, files, journal, open_files};

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
    pub listening: Listening,
    /// The log of all.
    pub log: Log,
    /// What is to be said when there is a log: what could not be as the configuration says.
    pub notes: Vec<String>,
    path: PathBuf,
    certificates: Vec<File>,
    programs: BTreeMap<Role, PathBuf>,
    directories: Directories,
    files_limit: u64,
    /// What each role that is never replaced was started with.
    open_files: BTreeMap<Role, u64>,
}

impl Prepared {
    /// Reads the configuration and makes, opens and binds what it says. Call it before anything else is opened: the
    /// sockets that systemd passes are taken first.
    ///
    /// # Errors
    /// Whatever of it cannot be had: nothing was started then.
    pub fn from_file(path: &Path) -> Result<Self, Failure> {
        let passed = bind::passed::take()?;
        let path = std::path::absolute(path).map_err(|error| Failure::system("the configuration", error))?;
        let mut config = config::load(&path)?;
        let certificates = files::open(&config.tls)?;
        let identities = Identities::settle(&config)?;
        let programs = programs()?;
        let journal = journal::is_there();
        let directories = Directories::prepare(&config, &identities, journal)?;
        let files_limit = open_files::raise(open_files::wanted(&config));
        let notes = open_files::fit(&mut config, files_limit)?;
        let listening = Listening::start(&config, passed)?;
        let sockets = Sockets::bind(&config.run_dir)?;
        let log = Log { journal, level: config.log };
        let given = |role| (role, open_files::given(&config, role, files_limit));
        let open_files = Role::STARTED.into_iter().map(given).collect();
        Ok(Prepared {
            config,
            identities,
            sockets,
            listening,
            log,
            notes,
            path,
            certificates,
            programs,
            directories,
            files_limit,
            open_files,
        })
    }

    /// How many processes each role has.
    #[must_use]
    pub fn seats(&self) -> Seats {
        self.listening.seats(&self.config)
    }

    /// Reads the configuration again, and makes, opens and binds what it says anew. Nothing of it is in force.
    ///
    /// # Errors
    /// What is wrong with it, or takes a restart.
    pub fn candidate(&self) -> Result<Candidate, Failure> {
        let (text, mut config) = config::load_with_text(&self.path)?;
        config::reloadable(&self.path, &text, &self.config, &config)?;
        let notes = open_files::fit(&mut config, self.files_limit)?;
        for role in Role::STARTED.into_iter().filter(|role| !role.is_reader()) {
            let (needed, has) = (config.max_open_files(role), self.open_files.get(&role).copied());
            if has.is_some_and(|has| needed > has) {
                let why = format!(
                    "{}: for so many connections and workers {role} needs {needed} open files; it was started for fewer, \
                     and takes a restart",
                    self.path.display()
                );
                return Err(Failure::new(Exit::Config, why));
            }
        }
        let certificates = files::open(&config.tls)?;
        let change = self.listening.prepare(&config)?;
        Ok(Candidate { config, certificates, change, notes })
    }

    /// The candidate is in force. Returns the roles whose processes were made for fewer connections.
    pub fn adopt(&mut self, candidate: Candidate) -> Vec<Role> {
        let Candidate { config, certificates, change, notes } = candidate;
        notes.iter().for_each(|note| tracing::warn!("{note}"));
        let files = |config: &Config, role| open_files::given(config, role, self.files_limit);
        let outgrown = Role::STARTED
            .into_iter()
            .filter(|role| role.is_reader() && files(&config, *role) > files(&self.config, *role))
            .collect();
        if let Err(failure) = self.listening.adopt(change) {
            tracing::error!("{failure}");
        }
        self.log.level = config.log;
        self.certificates = certificates;
        self.config = config;
        ipc::log::set_level(self.log.level);
        outgrown
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
        let descriptors = files::copies(&self.certificates, &config)?;
        let hello = Hello { instance, lockdown: self.lockdown(role), log: self.log, config };
        Ok((hello, descriptors))
    }

    fn lockdown(&self, role: Role) -> LockdownOrder {
        LockdownOrder {
            apply: Layers::all(),
            may_miss: self.config.waived,
            ids: self.identities.own(role),
            root: self.directories.root(role).display().to_string(),
            max_open_files: open_files::given(&self.config, role, self.files_limit),
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
        sandbox::MasterDuties { namespaces, ports: sandbox::LaterPorts::Privileged }
    }
}

fn programs() -> Result<BTreeMap<Role, PathBuf>, Failure> {
    let find = |role: Role| {
        let path = ipc::program::find(role.program()).map_err(|why| Failure::new(Exit::OsError, why))?;
        Ok((role, path))
    };
    Role::STARTED.into_iter().map(find).collect()
}
