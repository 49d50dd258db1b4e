//! The store's services, one file each, on the runtime's one thread.

mod body;
mod budget;
mod deliver;
mod mailbox;
mod registry;
mod sessions;

use std::path::Path;
use std::rc::Rc;

use ipc::control::{Control, Event, Gauge};
use ipc::exit::{Exit, Failure};
use ipc::peers::Service;
use ipc::slice::{RoleConfig, StoreConfig};
use sandbox::startup::Started;
use std::sync::Arc;

use crate::engine::{Engine, Threads};
use budget::Budget;
use registry::Registry;

/// The log's directory, in the store's own root.
const LOG: &str = "log";
/// The most bytes of bodies on their way out, all sessions together.
const DOWNLOAD_MEMORY: u64 = 256 << 20;

/// What every service works with.
pub(crate) struct Store {
    engine: Engine,
    registry: Registry,
    uploads: Budget,
    downloads: Budget,
    max_message_size: u64,
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
    let store = open(&config, &control, prepared).await?;
    loop {
        match control.next().await? {
            Event::Serve => control.ready().await?,
            Event::Peer { service, peer, serves: true, socket } => store.connect(service, peer, socket),
            Event::Drain { .. } => {
                // Readers are drained before the store is: what is still here has lost its client.
                store.registry.end_all();
                control.drained().await?;
                return Ok(());
            }
            Event::Peer { serves: false, .. } | Event::Listener { .. } | Event::Admin { .. } => {
                return Err(Failure::new(Exit::Software, "the master handed the store what it has no use for"));
            }
        }
    }
}

async fn open(config: &StoreConfig, control: &Control, threads: Threads) -> Result<Rc<Store>, Failure> {
    let directory = Path::new(LOG);
    if let Err(error) = std::fs::create_dir(directory)
        && error.kind() != std::io::ErrorKind::AlreadyExists
    {
        return Err(Failure::new(Exit::CannotCreate, format!("the log's directory: {error}")));
    }
    let (engine, notices) = Engine::open(directory, threads).await?;
    let store = Rc::new(Store {
        engine,
        registry: Registry::default(),
        uploads: Budget::new(config.upload_memory),
        downloads: Budget::new(DOWNLOAD_MEMORY),
        max_message_size: config.max_message_size,
        gauge: control.gauge(),
    });
    tokio::task::spawn_local(registry::forward(Rc::clone(&store), notices));
    Ok(store)
}

impl Store {
    /// Serves a channel that the master made, in a task of its own. Its end is the client's, or the end of its nonsense.
    fn connect(self: &Rc<Self>, service: Service, peer: ipc::Instance, socket: std::os::fd::OwnedFd) {
        let store = Rc::clone(self);
        tokio::task::spawn_local(async move {
            let ended = match service {
                Service::Sessions => sessions::serve(store, socket).await,
                Service::Deliver => deliver::serve(store, socket).await,
                Service::Login | Service::Directory | Service::Handshake => return,
            };
            match ended {
                Ok(()) | Err(ipc::channel::ChannelError::Gone) => tracing::debug!(%peer, ?service, "channel closed"),
                Err(error) => tracing::warn!(%peer, ?service, %error, "channel ended"),
            }
        });
    }
}
