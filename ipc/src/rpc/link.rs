//! The client of a service, whichever server stands behind it.

use std::os::fd::OwnedFd;
use std::sync::OnceLock;
use std::time::Duration;

use tokio::sync::watch;

use super::{Client, Procedure};
use crate::channel::ChannelError;
use crate::control::Plea;

/// The present client of a service, replaced by the master whenever the server was restarted.
#[derive(Debug)]
pub struct Link<C> {
    current: watch::Sender<Option<C>>,
    plea: OnceLock<Plea>,
}

impl<C> Default for Link<C> {
    fn default() -> Self {
        Link { current: watch::Sender::new(None), plea: OnceLock::new() }
    }
}

impl<C: Clone> Link<C> {
    /// What is asked for a channel when there has been none for [`Plea::AFTER`].
    pub fn on_starving(&self, plea: Plea) {
        let _ = self.plea.set(plea);
    }

    /// A new channel stands.
    pub fn replace(&self, client: C) {
        self.current.send_replace(Some(client));
    }

    /// The present client, if it passes `usable`; else the next one that comes within `patience`.
    pub async fn get(&self, patience: Duration, usable: impl Fn(&C) -> bool) -> Option<C> {
        let mut changes = self.current.subscribe();
        let found = async {
            let usable = |client: &Option<C>| client.as_ref().is_some_and(&usable);
            if let Ok(found) = tokio::time::timeout(Plea::AFTER, changes.wait_for(usable)).await {
                return found.ok()?.clone();
            }
            if let Some(plea) = self.plea.get() {
                plea.make();
            }
            changes.wait_for(usable).await.ok()?.clone()
        };
        tokio::time::timeout(patience, found).await.ok()?
    }
}

impl<P: Procedure> Link<Client<P>> {
    /// Asks the present server, waiting up to `patience` for one to be there.
    ///
    /// # Errors
    /// [`ChannelError::Gone`] when there is none, or it went before it replied.
    pub async fn call(
        &self,
        patience: Duration,
        request: P::Request,
    ) -> Result<(P::Reply, Vec<OwnedFd>), ChannelError> {
        let client = self.get(patience, |client| !client.is_gone()).await.ok_or(ChannelError::Gone)?;
        client.call(request).await
    }

    /// The same for a request that may be asked twice: when the server goes before it has replied, the next one is
    /// asked, all within `patience`.
    ///
    /// # Errors
    /// [`ChannelError::Gone`] when no server replied in time.
    pub async fn insist(
        &self,
        patience: Duration,
        request: P::Request,
    ) -> Result<(P::Reply, Vec<OwnedFd>), ChannelError>
    where
        P::Request: Clone,
    {
        let attempts = async {
            loop {
                match self.call(patience, request.clone()).await {
                    // The reading task learns of the end a moment later; until then the link still names the old one.
                    Err(ChannelError::Gone) => tokio::time::sleep(Duration::from_millis(20)).await,
                    done => return done,
                }
            }
        };
        tokio::time::timeout(patience, attempts).await.unwrap_or(Err(ChannelError::Gone))
    }
}
