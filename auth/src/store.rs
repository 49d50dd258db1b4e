//! What the store is owed: to be told of every account, and to remove the mail of those that are gone. Whatever cuts that
//! off, it is taken up again: at the next start, when a store comes, and every now and then.

mod creation;
mod knowledge;
mod removal;

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use ipc::mail::AccountId;
use ipc::rpc::{Client, Link};
use ipc::service::sessions::Sessions;
use tokio::sync::Notify;

use crate::auth::Auth;
use crate::database::DatabaseError;

pub use creation::create;
pub use knowledge::{Knowledge, give_up_lost, learn};
pub use removal::{remove, revoke};

/// How long after a failure it is tried again.
const PAUSE: Duration = Duration::from_secs(30);

/// Why something is still owed.
#[derive(Debug, thiserror::Error)]
pub enum Owed {
    /// The store is away, or does not say that it is done.
    #[error("the store cannot do it now")]
    Store,
    /// Our side of it could not be read or written.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// The store as this role sees it.
#[derive(Default)]
pub struct Store {
    /// The channel to it.
    pub sessions: Link<Client<Sessions>>,
    told: Cell<Told>,
    knowledge: Cell<Knowledge>,
    owed: Notify,
}

/// Which accounts a store was told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Told {
    /// Counts the channels: each may lead to a store that knows less (from a backup) than the one before.
    channel: u64,
    /// All accounts up to this one.
    up_to: AccountId,
}

impl Default for Told {
    fn default() -> Self {
        Told { channel: 0, up_to: AccountId(0) }
    }
}

impl Store {
    /// A channel to a store takes the place of the one before.
    pub fn replace(&self, client: Client<Sessions>) {
        let channel = self.told.get().channel.wrapping_add(1);
        self.told.set(Told { channel, ..Told::default() });
        self.sessions.replace(client);
        self.owe();
    }

    /// Do we know every account it has?
    #[must_use]
    pub fn knowledge(&self) -> Knowledge {
        self.knowledge.get()
    }

    /// Something could not be done at once: it is to be done later.
    pub fn owe(&self) {
        self.owed.notify_one();
    }
}

/// Gives the store what it is owed for as long as the role runs.
pub async fn settle_all(auth: Rc<Auth>) {
    loop {
        match settle(&auth).await {
            Ok(()) => auth.store.owed.notified().await,
            Err(error) => {
                tracing::warn!(%error, "accounts are left to be made or removed in the store");
                // a new store is a reason not to wait
                let _ = tokio::time::timeout(PAUSE, auth.store.owed.notified()).await;
            }
        }
    }
}

async fn settle(auth: &Auth) -> Result<(), Owed> {
    for account in auth.database.removals()? {
        remove(auth, account).await?;
    }
    learn(auth).await?;
    create(auth).await
}
