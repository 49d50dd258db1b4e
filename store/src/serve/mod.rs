//! The store's services, one file each, on the runtime's one thread.

mod admin;
mod body;
mod budget;
mod deliver;
mod in_flight;
mod mailbox;
mod outcome;
mod rates;
mod registry;
mod sessions;
mod streams;
mod submit;

use std::cell::Cell;
use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use ipc::control::{Event, Gauge};
use ipc::exit::{Exit, Failure};
use ipc::peers::Service;
use ipc::role::Instance;
use ipc::service::control::{Permission, ReloadRefusal};
use ipc::slice::{RoleConfig, StoreConfig};
use sandbox::startup::Started;
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;

use crate::engine::{Engine, Threads};
use budget::Budget;
use in_flight::InFlight;
use rates::Rates;
use registry::Registry;

/// The log's directory, in the store's own root.
const LOG: &str = "log";
/// The most bytes of bodies on their way out, all sessions together.
const DOWNLOAD_MEMORY: u64 = 256 << 20;

/// Connections of administrators at once.
const ADMINS_MAX: usize = 32;

/// What of the configuration can change while the store runs.
#[derive(Clone, Copy)]
struct Settings {
    max_message_size: u64,
    recipients_per_hour: u32,
}

/// What every service works with.
pub(crate) struct Store {
    engine: Engine,
    registry: Registry,
    uploads: Budget,
    /// What all sessions of users may take of it.
    appends: Rc<Budget>,
    downloads: Budget,
    in_flight: InFlight,
    rates: Rates,
    admins: Arc<Semaphore>,
    max_message_size: Cell<u64>,
    upload_memory: u64,
    gauge: Arc<Gauge>,
}

/// Serves until the master says to end.
///
/// # Errors
/// When the log cannot be opened, or the master is gone.
pub async fn serve(started: Started<Threads>) -> Result<(), Failure> {
    let Started { config: RoleConfig::Store(config), mut control, prepared, .. } = started else {
        return Err(Failure::new(Exit::Software, "not the store's configuration"));
    };
    let store = open(Path::new(LOG), &config, control.gauge(), prepared).await?;
    // One channel for each peer and service: a peer that asks for channels again and again does not collect them.
    let mut channels: HashMap<(Service, Instance), AbortHandle> = HashMap::new();
    // of a configuration that is not yet in force
    let mut settings = None;
    loop {
        match control.next().await? {
            Event::Serve => control.ready().await?,
            Event::Peer { service, peer, serves: true, socket } => {
                let channel = store.connect(service, peer, socket);
                if let Some(older) = channels.insert((service, peer), channel) {
                    older.abort();
                }
            }
            Event::Drain { .. } => {
                // Readers are drained before the store is: what is still here has lost its client.
                store.registry.end_all();
                store.engine.flush().await;
                control.drained().await?;
                return Ok(());
            }
            Event::Prepare { config, .. } => {
                let prepared = store.prepare(&config);
                settings = prepared.ok();
                control.answer(prepared.map(drop)).await?;
            }
            Event::Commit => store.change(settings.take()),
            Event::Abort => settings = None,
            Event::Admin { permission: Permission::Full, socket } => store.admin(socket),
            Event::Peer { serves: false, .. }
            | Event::Listener { .. }
            | Event::Unlisten { .. }
            | Event::Retire => {
                return Err(Failure::new(
                    Exit::Software,
                    "the master handed the store what it has no use for",
                ));
            }
        }
    }
}

async fn open(
    directory: &Path,
    config: &StoreConfig,
    gauge: Arc<Gauge>,
    threads: Threads,
) -> Result<Rc<Store>, Failure> {
    make(directory)
        .map_err(|error| Failure::new(Exit::CannotCreate, format!("the log's directory: {error}")))?;
    let (engine, notices) = Engine::open(directory, threads).await?;
    let store = Rc::new(Store {
        engine,
        registry: Registry::default(),
        uploads: Budget::new(config.upload_memory),
        appends: Rc::new(Budget::new(config.upload_memory.div_euclid(4).max(config.max_message_size))),
        downloads: Budget::new(DOWNLOAD_MEMORY),
        rates: Rates::new(config.recipients_per_hour),
        admins: Arc::new(Semaphore::new(ADMINS_MAX)),
        max_message_size: Cell::new(config.max_message_size),
        upload_memory: config.upload_memory,
        in_flight: InFlight::default(),
        gauge,
    });
    tokio::task::spawn_local(registry::forward(Rc::downgrade(&store), notices));
    Ok(store)
}

/// Makes the log's directory, durably: what is synced inside a directory that a power cut takes away is lost with it.
fn make(directory: &Path) -> std::io::Result<()> {
    match std::fs::create_dir(directory) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => return Ok(()),
        made => made?,
    }
    let parent = directory.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let flags = rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::DIRECTORY | rustix::fs::OFlags::CLOEXEC;
    let parent = rustix::fs::openat(rustix::fs::CWD, parent, flags, rustix::fs::Mode::empty())?;
    Ok(rustix::fs::fsync(parent)?)
}

impl Store {
    /// Whether the store can go on with a new slice, and then what it says. The memory for messages on their way in is shared
    /// out from the start.
    fn prepare(&self, config: &RoleConfig) -> Result<Settings, ReloadRefusal> {
        let RoleConfig::Store(config) = config else { return Err(ReloadRefusal::Restart) };
        let fits = self.upload_memory.div_euclid(4).max(self.max_message_size.get());
        if config.upload_memory == self.upload_memory && config.max_message_size <= fits {
            let StoreConfig { max_message_size, recipients_per_hour, .. } = *config;
            Ok(Settings { max_message_size, recipients_per_hour })
        } else {
            Err(ReloadRefusal::Restart)
        }
    }

    fn change(&self, settings: Option<Settings>) {
        if let Some(Settings { max_message_size, recipients_per_hour }) = settings {
            self.max_message_size.set(max_message_size);
            self.rates.set(recipients_per_hour);
        }
    }

    /// Serves an administrator.
    fn admin(self: &Rc<Self>, socket: OwnedFd) {
        let Ok(permit) = Arc::clone(&self.admins).try_acquire_owned() else {
            return tracing::warn!("too many connections of administrators");
        };
        let store = Rc::clone(self);
        tokio::task::spawn_local(async move {
            if let Err(error) = admin::serve(store, socket).await {
                tracing::debug!(%error, "an administrator's connection ended");
            }
            drop(permit);
        });
    }

    /// What one worker's channel may take of the memory for messages on their way in, so that a worker gone wrong leaves
    /// some for the others; one message of the largest size at the least.
    fn channel_budget(&self) -> Rc<Budget> {
        Rc::new(Budget::new(self.upload_memory.div_euclid(2).max(self.max_message_size.get())))
    }

    /// Serves a channel that the master made, in a task of its own. Its end is the client's, or the end of its nonsense.
    fn connect(self: &Rc<Self>, service: Service, peer: Instance, socket: OwnedFd) -> AbortHandle {
        let store = Rc::clone(self);
        let task = tokio::task::spawn_local(async move {
            let ended = match service {
                Service::Sessions => sessions::serve(store, socket).await,
                Service::Deliver => deliver::serve(store, socket).await,
                Service::Outcome => outcome::serve(store, socket).await,
                Service::Login | Service::Directory | Service::Handshake => return,
            };
            match ended {
                Ok(()) | Err(ipc::channel::ChannelError::Gone) => {
                    tracing::debug!(%peer, ?service, "channel closed")
                }
                Err(error) => tracing::warn!(%peer, ?service, %error, "channel ended"),
            }
        });
        task.abort_handle()
    }
}

#[cfg(test)]
mod tests;
