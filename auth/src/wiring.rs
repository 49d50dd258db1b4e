//! The role's channels: who is served, and over which the store is asked.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;

use ipc::channel::ChannelError;
use ipc::exit::{Exit, Failure};
use ipc::peers::{self, Service};
use ipc::role::{Instance, Role};
use ipc::rpc::Client;
use ipc::service::control::Permission;
use tokio::sync::Semaphore;
use tokio::task::{AbortHandle, spawn_local};

use crate::auth::Auth;
use crate::{admin, directory, login};

/// Connections of administrators at once.
const ADMINS_MAX: usize = 32;

/// The present channels.
pub struct Wiring {
    auth: Rc<Auth>,
    served: HashMap<(Service, Instance), AbortHandle>,
    admins: Arc<Semaphore>,
}

impl Wiring {
    /// None yet.
    #[must_use]
    pub fn new(auth: Rc<Auth>) -> Self {
        Wiring { auth, served: HashMap::new(), admins: Arc::new(Semaphore::new(ADMINS_MAX)) }
    }

    /// Takes a channel to a peer, in place of an older one to the same peer.
    ///
    /// # Errors
    /// When the table of peers has no such channel: then the master is not what it should be.
    pub fn peer(
        &mut self,
        service: Service,
        peer: Instance,
        serves: bool,
        socket: OwnedFd,
    ) -> Result<(), Failure> {
        let (client, server) = if serves { (peer.role, Role::Auth) } else { (Role::Auth, peer.role) };
        if !peers::standing().any(|line| line == (client, server, service)) {
            return Err(unexpected(service, peer));
        }
        let auth = Rc::clone(&self.auth);
        let task = match service {
            Service::Login => {
                let session = login::Session::of(peer.role);
                spawn_local(async move { ended(peer, service, login::serve(auth, session, socket).await) })
            }
            Service::Directory => spawn_local(async move {
                let outcome = directory::serve(auth, socket).await.map_err(login::Ended::from);
                ended(peer, service, outcome);
            }),
            Service::Sessions => return self.store(socket),
            Service::Deliver | Service::Handshake | Service::Outcome => {
                return Err(unexpected(service, peer));
            }
        };
        if let Some(older) = self.served.insert((service, peer), task.abort_handle()) {
            older.abort();
        }
        Ok(())
    }

    /// Serves an administrator.
    pub fn admin(&self, permission: Permission, socket: OwnedFd) {
        let Permission::Full = permission;
        let Ok(permit) = Arc::clone(&self.admins).try_acquire_owned() else {
            return tracing::warn!("too many connections of administrators");
        };
        let auth = Rc::clone(&self.auth);
        spawn_local(async move {
            if let Err(error) = admin::serve(auth, socket).await {
                tracing::debug!(%error, "an administrator's connection ended");
            }
            drop(permit);
        });
    }

    fn store(&self, socket: OwnedFd) -> Result<(), Failure> {
        let client = Client::start(socket).map_err(|error| Failure::system("the store's channel", error))?;
        self.auth.store.replace(client);
        Ok(())
    }
}

fn ended(peer: Instance, service: Service, outcome: Result<(), login::Ended>) {
    match outcome {
        // workers come and go
        Ok(()) | Err(login::Ended::Channel(ChannelError::Gone)) => {
            tracing::debug!(%peer, ?service, "channel closed")
        }
        Err(error) => tracing::warn!(%peer, ?service, %error, "channel ended"),
    }
}

fn unexpected(service: Service, peer: Instance) -> Failure {
    Failure::new(Exit::Software, format!("no channel of {service:?} with {peer} is in the table"))
}
