//! The life of the role: its keys first, then its readers.

use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use ipc::control::{Control, Event};
use ipc::exit::{Exit, Failure};
use ipc::peers::Service;
use ipc::role::Instance;
use ipc::service::control::{Hello, ReloadRefusal};
use ipc::service::handshake::PATIENCE;
use ipc::slice::{KeysConfig, RoleConfig};
use sandbox::startup::{self, Started};
use tokio::task::AbortHandle;
use tokio::time::MissedTickBehavior;

use crate::identity::KeyPair;
use crate::key_files::Unfit;
use crate::service::Keyring;
use crate::{key_files, self_signed};

/// The role's own directory: its root, in which it stands.
const DIRECTORY: &str = ".";
/// How often it is seen whether ticket keys are over.
const TURN: Duration = Duration::from_secs(60);

/// From here on a panic ends the role: one that is caught with the task it was in would leave a reader without
/// signatures, and nobody to notice.
///
/// # Errors
/// Never; there are no threads to be made.
pub fn prepare(_hello: &Hello) -> io::Result<()> {
    startup::abort_on_panic();
    Ok(())
}

/// Serves until the master says to end. That a key is of no use shows before it says `Ready`.
///
/// # Errors
/// [`Exit::Config`] with the file's name when certificate or key is of no use; when the master is gone.
pub async fn serve(started: Started<()>) -> Result<(), Failure> {
    let Started { config, descriptors, control, .. } = started;
    let RoleConfig::Keys(config) = config else {
        return Err(Failure::new(Exit::Software, "the slice of another role"));
    };
    let pairs = load(&config, descriptors, Path::new(DIRECTORY)).map_err(|unfit| unfit.failure)?;
    answer(control, Rc::new(Keyring::new(pairs))).await
}

/// The certificates with their keys that the slice says; the one for clients that ask for no name first.
///
/// # Errors
/// As [`serve`].
pub fn load(config: &KeysConfig, descriptors: Vec<OwnedFd>, own: &Path) -> Result<Vec<KeyPair>, Unfit> {
    if config.certificates.is_empty() {
        let made = self_signed::load_or_make(own, &config.hostname);
        return match made {
            Ok(pair) => Ok(vec![pair]),
            Err(failure) => Err(Unfit { failure, refusal: ReloadRefusal::System }),
        };
    }
    key_files::load_all(descriptors, &config.certificates)
}

/// Answers the readers the master wires to this role.
///
/// # Errors
/// When the master is gone or out of phase.
pub async fn answer(mut control: Control, mut keyring: Rc<Keyring>) -> Result<(), Failure> {
    let mut prepared = None;
    let mut readers: HashMap<Instance, AbortHandle> = HashMap::new();
    let mut turns = tokio::time::interval(TURN);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let event = tokio::select! {
            event = control.next() => event?,
            _ = turns.tick() => {
                keyring.turn().map_err(|error| Failure::system("randomness", error))?;
                continue;
            }
        };
        match event {
            Event::Peer { service: Service::Handshake, peer, serves: true, socket } => {
                let task = tokio::task::spawn_local(attend(Rc::clone(&keyring), peer, socket));
                if let Some(old) = readers.insert(peer, task.abort_handle()) {
                    // what it is signing is finished: the reader may be in a handshake
                    tokio::task::spawn_local(async move {
                        tokio::time::sleep(PATIENCE).await;
                        old.abort();
                    });
                }
            }
            Event::Serve => control.ready().await?,
            Event::Prepare { config: RoleConfig::Keys(config), descriptors } => {
                let loaded = load(&config, descriptors, Path::new(DIRECTORY));
                let answer = loaded.as_ref().map(drop).map_err(|unfit| {
                    tracing::error!("the new certificates are not taken: {unfit}");
                    unfit.refusal
                });
                prepared = loaded.ok();
                control.answer(answer).await?;
            }
            Event::Commit => {
                if let Some(pairs) = prepared.take() {
                    // the master wires the readers anew, and they ask for the certificates
                    keyring = Rc::new(keyring.with(pairs));
                }
            }
            Event::Abort => prepared = None,
            Event::Drain { .. } => return control.drained().await,
            Event::Prepare { .. }
            | Event::Peer { .. }
            | Event::Listener { .. }
            | Event::Unlisten { .. }
            | Event::Retire
            | Event::Admin { .. } => {
                return Err(Failure::new(Exit::Software, "the master handed over what is not for this role"));
            }
        }
    }
}

async fn attend(keyring: Rc<Keyring>, reader: Instance, socket: OwnedFd) {
    use crate::service::Ended;
    match keyring.serve(reader, socket).await {
        Ended::Channel(ipc::channel::ChannelError::Gone) => tracing::debug!(%reader, "gone"),
        why => tracing::error!(%reader, %why, "a reader lost its channel"),
    }
}
