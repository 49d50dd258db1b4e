//! TLS 1.2 and 1.3 with a private key that is in another process.

mod handshake;
mod identities;
mod remote_key;
mod stream;
mod tickets;

use std::cell::{Cell, OnceCell, RefCell};
use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use ipc::budget;
use ipc::channel::{self, ChannelError};
use ipc::control::Plea;
use ipc::frame::Frame;
use ipc::rpc::{Answer, Call};
use ipc::service::handshake::{Handshake, HandshakeClient, HandshakeReply, HandshakeRequest, Identity};
use rustls::server::NoServerSessionStorage;
use rustls::{ServerConfig, ServerConnection};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::helpers::{Helpers, Panicked};
use crate::session::TlsInfo;
use identities::Identities;
use remote_key::UnfitIdentity;
pub use stream::TlsStream;
use tickets::Tickets;

/// How long a handshake waits for `keys` to be there again.
pub const KEYS_PATIENCE: Duration = Duration::from_secs(5);
/// How long a handshake may take.
pub const HANDSHAKE_PATIENCE: Duration = budget::HANDSHAKE;
/// Until ticket keys are asked for again, when the answer did not come in time.
const RETRY: Duration = Duration::from_secs(30);
/// How often a `keys` that does not answer is looked at.
const SILENCE: Duration = Duration::from_millis(100);

/// Why there is no TLS on a connection.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// `keys` is away.
    #[error("no certificate: keys is away")]
    KeysAway,
    /// The peer took too long.
    #[error("the handshake took too long")]
    Late,
    /// The handshake failed.
    #[error("handshake: {0}")]
    Handshake(io::Error),
    /// The peer sent more than any handshake has.
    #[error("a handshake of more than {} bytes", budget::HANDSHAKE_BYTES)]
    Overlong,
    /// A mistake of ours.
    #[error("the handshake: {0}")]
    Panicked(#[from] Panicked),
}

/// A worker's TLS: what `keys` told of its certificates, and the channel to it. When the master wires the worker to a
/// new `keys`, or anew to one that has other certificates, connections that stand go on, and new ones use that.
#[derive(Debug)]
pub struct Tls {
    helpers: Helpers,
    tickets: Arc<Tickets>,
    material: watch::Sender<Option<Material>>,
    keeper: RefCell<Option<AbortHandle>>,
    plea: OnceCell<Plea>,
    /// When it was looked whether `keys` is silent, and what was seen: not by each of a thousand that wait.
    looked: Cell<Option<(Instant, bool)>>,
}

#[derive(Clone)]
struct Material {
    config: Arc<ServerConfig>,
    client: Arc<HandshakeClient>,
}

impl std::fmt::Debug for Material {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Material").field("client", &self.client).finish_non_exhaustive()
    }
}

impl Tls {
    /// Without a channel yet. Handshakes are the helpers' work.
    #[must_use]
    pub fn new(helpers: Helpers) -> Rc<Self> {
        Rc::new(Tls {
            helpers,
            tickets: Arc::default(),
            material: watch::Sender::new(None),
            keeper: RefCell::default(),
            plea: OnceCell::new(),
            looked: Cell::new(None),
        })
    }

    /// What is asked for a channel when there has been none for [`Plea::AFTER`].
    pub fn on_starving(&self, plea: Plea) {
        let _ = self.plea.set(plea);
    }

    /// The master has wired this worker to `keys`. A task of the local set asks for certificates and ticket keys, and
    /// for new ticket keys whenever it is time.
    pub fn set_channel(self: &Rc<Self>, socket: OwnedFd) {
        let this = Rc::clone(self);
        let task = tokio::task::spawn_local(async move {
            match this.load(socket).await {
                Ok((fresh_for, client)) => this.keep_fresh(fresh_for, client).await,
                Err(error) => tracing::error!(%error, "keys gives no certificate"),
            }
        });
        if let Some(old) = self.keeper.borrow_mut().replace(task.abort_handle()) {
            old.abort();
        }
    }

    /// Returns when there are certificates.
    pub async fn obtained(&self) {
        // The sender is in `self`, so the wait can only end with a value.
        let _ = self.material.subscribe().wait_for(Option::is_some).await;
    }

    /// Returns when a handshake would find a `keys` that answers; waits up to [`KEYS_PATIENCE`] for it.
    ///
    /// # Errors
    /// [`TlsError::KeysAway`].
    pub async fn available(&self) -> Result<(), TlsError> {
        self.present().await.map(drop)
    }

    /// Negotiates TLS as the server.
    ///
    /// # Errors
    /// When `keys` is away, or the peer does not come to terms within [`HANDSHAKE_PATIENCE`].
    pub async fn accept<IO>(&self, io: IO) -> Result<(Box<TlsStream<IO>>, TlsInfo), TlsError>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let Material { config, .. } = self.present().await?;
        // Its state is large; it is gone when the handshake is done.
        let negotiation = Box::pin(handshake::negotiate(io, config, &self.helpers));
        let stream = timeout(HANDSHAKE_PATIENCE, negotiation).await.map_err(|_| TlsError::Late)??;
        let info = info(stream.tls());
        Ok((Box::new(stream), info))
    }

    /// What new connections are accepted with.
    async fn present(&self) -> Result<Material, TlsError> {
        let found = timeout(KEYS_PATIENCE, async {
            loop {
                self.forget_the_gone();
                let found = self.found().await?;
                // a handshake that `keys` does not sign would end anyway; this one may yet see it wake up
                if !self.is_silent(&found.client) {
                    return Some(found);
                }
                sleep(SILENCE).await;
            }
        });
        found.await.ok().flatten().ok_or(TlsError::KeysAway)
    }

    fn forget_the_gone(&self) {
        self.material.send_if_modified(|material| {
            let gone = material.as_ref().is_some_and(|material| material.client.is_gone());
            if gone {
                *material = None;
            }
            gone
        });
    }

    async fn found(&self) -> Option<Material> {
        let mut changes = self.material.subscribe();
        if let Ok(found) = timeout(Plea::AFTER, changes.wait_for(Option::is_some)).await {
            return found.ok()?.clone();
        }
        if let Some(plea) = self.plea.get() {
            plea.make();
        }
        changes.wait_for(Option::is_some).await.ok()?.clone()
    }

    fn is_silent(&self, client: &HandshakeClient) -> bool {
        match self.looked.get() {
            Some((when, true)) if when.elapsed() < SILENCE / 2 => true,
            _ => {
                let silent = client.is_silent();
                self.looked.set(Some((Instant::now(), silent)));
                silent
            }
        }
    }

    async fn load(&self, socket: OwnedFd) -> Result<(Duration, Arc<HandshakeClient>), LoadError> {
        // Asked asynchronously, for a `keys` that has just been started may take its time; then the channel becomes
        // the blocking one that signatures need.
        let (identities, ticket_keys) = ask(&socket).await?;
        rustix::io::ioctl_fionbio(&socket, false).map_err(io::Error::from)?;
        let client = Arc::new(HandshakeClient::new(socket)?);
        let identities = Identities::new(identities, &client)?;
        let fresh_for = self.tickets.hold(ticket_keys).ok_or(LoadError::Reply)?;
        let config = Arc::new(config(identities, Arc::clone(&self.tickets))?);
        self.looked.set(None);
        self.material.send_replace(Some(Material { config, client: Arc::clone(&client) }));
        Ok((fresh_for, client))
    }

    async fn keep_fresh(&self, mut fresh_for: Duration, client: Arc<HandshakeClient>) {
        loop {
            sleep(fresh_for).await;
            let asked = Arc::clone(&client);
            let reply = self.helpers.run(move || asked.call(HandshakeRequest::TicketKeys)).await;
            fresh_for = match reply {
                Ok(Ok(reply)) => self.tickets.hold(reply).unwrap_or(RETRY),
                Ok(Err(ChannelError::Unread)) => RETRY,
                // The next channel brings its own. Until then no tickets are given: these are stale.
                Ok(Err(_)) | Err(Panicked) => return,
            };
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum LoadError {
    #[error(transparent)]
    Channel(#[from] ChannelError),
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("another answer than asked for")]
    Reply,
    #[error(transparent)]
    Identity(#[from] UnfitIdentity),
    #[error(transparent)]
    Tls(#[from] rustls::Error),
}

fn config(identities: Identities, tickets: Arc<Tickets>) -> Result<ServerConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(identities));
    config.ticketer = tickets;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 1;
    config.max_early_data_size = 0;
    Ok(config)
}

/// The certificates, one after the other, and the ticket keys.
async fn ask(socket: &OwnedFd) -> Result<(Vec<Identity>, HandshakeReply), LoadError> {
    let (sender, mut receiver) = channel::open::<Call<Handshake>, Answer<Handshake>>(socket.try_clone()?)?;
    let mut next = 0..=u32::MAX;
    let mut ask = async |request| -> Result<HandshakeReply, LoadError> {
        let id = next.next().ok_or(LoadError::Reply)?;
        sender.send(&Call::new(id, request), &[]).await?;
        match receiver.receive().await? {
            Frame::Message(answer, _) if answer.id() == id => Ok(answer.into_reply()),
            _ => Err(LoadError::Reply),
        }
    };
    let mut identities = Vec::new();
    for number in (0..=u16::MAX).take(budget::CERTIFICATES) {
        match ask(HandshakeRequest::Identity(number)).await? {
            HandshakeReply::Identity(Some(identity)) => identities.push(identity),
            HandshakeReply::Identity(None) => break,
            _ => return Err(LoadError::Reply),
        }
    }
    Ok((identities, ask(HandshakeRequest::TicketKeys).await?))
}

fn info(connection: &ServerConnection) -> TlsInfo {
    let version = match connection.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_3) => "TLS1.3",
        _ => "TLS1.2",
    };
    let suite =
        connection.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str()).unwrap_or_default();
    // rustls marks the suites of TLS 1.3 in their names, the registry does not.
    let cipher = match suite.strip_prefix("TLS13_") {
        Some(rest) => format!("TLS_{rest}"),
        None => suite.to_owned(),
    };
    TlsInfo { version, cipher }
}
