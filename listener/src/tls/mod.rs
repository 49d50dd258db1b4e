//! TLS 1.2 and 1.3 with a private key that is in another process.

mod remote_key;
mod tickets;

use std::cell::{OnceCell, RefCell};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use ipc::channel::{self, ChannelError};
use ipc::control::Plea;
use ipc::frame::Frame;
use ipc::rpc::{Answer, Call};
use ipc::service::handshake::{Handshake, HandshakeClient, HandshakeReply, HandshakeRequest};
use rustls::ServerConfig;
use rustls::server::NoServerSessionStorage;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::session::TlsInfo;
use remote_key::{RemoteIdentities, UnfitIdentity};
use tickets::Tickets;

/// How long a handshake waits for `keys` to be there again.
pub const KEYS_PATIENCE: Duration = Duration::from_secs(5);
/// How long a handshake may take.
pub const HANDSHAKE_PATIENCE: Duration = Duration::from_secs(30);
/// Plaintext, and TLS records, that may wait in a connection for its peer to read, bytes each.
const BUFFER_MAX: usize = 32 * 1024;
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
}

/// A worker's TLS: what `keys` told of its certificates, and the channel to it. When the master wires the worker to a
/// new `keys`, connections that stand go on, and new ones use that.
#[derive(Debug, Default)]
pub struct Tls {
    client: Arc<HandshakeClient>,
    tickets: Arc<Tickets>,
    material: watch::Sender<Option<Material>>,
    keeper: RefCell<Option<AbortHandle>>,
    plea: OnceCell<Plea>,
}

#[derive(Clone)]
struct Material {
    config: Arc<ServerConfig>,
    /// The same channel as the client's, to see whether the other end is there.
    channel: Arc<OwnedFd>,
}

impl std::fmt::Debug for Material {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Material").field("channel", &self.channel).finish_non_exhaustive()
    }
}

impl Tls {
    /// Without a channel yet.
    #[must_use]
    pub fn new() -> Rc<Self> {
        Rc::default()
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
                Ok(fresh_for) => this.keep_fresh(fresh_for).await,
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

    /// What new connections are accepted with; waits up to [`KEYS_PATIENCE`] for `keys` to be there and to answer.
    ///
    /// # Errors
    /// [`TlsError::KeysAway`].
    pub async fn acceptor(&self) -> Result<TlsAcceptor, TlsError> {
        self.material.send_if_modified(|material| {
            let gone = material.as_ref().is_some_and(|material| has_gone(&material.channel));
            if gone {
                *material = None;
            }
            gone
        });
        let mut changes = self.material.subscribe();
        let found = timeout(KEYS_PATIENCE, async {
            // a handshake that `keys` does not sign would end anyway; this one may yet see it wake up
            while self.client.is_silent() {
                sleep(SILENCE).await;
            }
            if let Ok(found) = timeout(Plea::AFTER, changes.wait_for(Option::is_some)).await {
                return found.map(|material| material.clone());
            }
            if let Some(plea) = self.plea.get() {
                plea.make();
            }
            changes.wait_for(Option::is_some).await.map(|material| material.clone())
        })
        .await;
        let found = found.ok().and_then(Result::ok).flatten();
        found.map(|material| TlsAcceptor::from(material.config)).ok_or(TlsError::KeysAway)
    }

    /// Negotiates TLS as the server.
    ///
    /// # Errors
    /// When `keys` is away, or the peer does not come to terms within [`HANDSHAKE_PATIENCE`].
    pub async fn accept<IO>(&self, io: IO) -> Result<(Box<TlsStream<IO>>, TlsInfo), TlsError>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let acceptor = self.acceptor().await?;
        // Its state is large; it is gone when the handshake is done.
        let handshake = Box::pin(acceptor.accept_with(io, |tls| tls.set_buffer_limit(Some(BUFFER_MAX))));
        let stream = timeout(HANDSHAKE_PATIENCE, handshake).await;
        let stream = stream.map_err(|_| TlsError::Late)?.map_err(TlsError::Handshake)?;
        let info = info(&stream);
        Ok((Box::new(stream), info))
    }

    async fn load(&self, socket: OwnedFd) -> Result<Duration, LoadError> {
        // Asked asynchronously, for a `keys` that has just been started may take its time; then the channel becomes
        // the blocking one that signatures need.
        let [identities, ticket_keys] =
            ask(&socket, [HandshakeRequest::Identities, HandshakeRequest::TicketKeys]).await?;
        let HandshakeReply::Identities(identities) = identities else { return Err(LoadError::Reply) };
        let identities = RemoteIdentities::new(identities, &self.client)?;
        let fresh_for = self.tickets.hold(ticket_keys).ok_or(LoadError::Reply)?;
        let config = config(identities, Arc::clone(&self.tickets))?;
        rustix::io::ioctl_fionbio(&socket, false).map_err(io::Error::from)?;
        let channel = Arc::new(socket.try_clone()?);
        self.client.replace(socket)?;
        self.material.send_replace(Some(Material { config: Arc::new(config), channel }));
        Ok(fresh_for)
    }

    async fn keep_fresh(&self, mut fresh_for: Duration) {
        loop {
            sleep(fresh_for).await;
            // Blocks for the time of a signature.
            fresh_for = match self.client.call(HandshakeRequest::TicketKeys) {
                Ok(reply) => self.tickets.hold(reply).unwrap_or(RETRY),
                Err(ChannelError::Unread) => RETRY,
                // The next channel brings its own. Until then no tickets are given: these are stale.
                Err(_) => return,
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

fn config(identities: RemoteIdentities, tickets: Arc<Tickets>) -> Result<ServerConfig, rustls::Error> {
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

/// Asks one question after the other.
async fn ask<const N: usize>(
    socket: &OwnedFd,
    requests: [HandshakeRequest; N],
) -> Result<[HandshakeReply; N], LoadError> {
    let (sender, mut receiver) = channel::open::<Call<Handshake>, Answer<Handshake>>(socket.try_clone()?)?;
    let mut replies = Vec::with_capacity(N);
    for (id, request) in (0..).zip(requests) {
        sender.send(&Call::new(id, request), &[]).await?;
        match receiver.receive().await? {
            Frame::Message(answer, _) if answer.id() == id => replies.push(answer.into_reply()),
            _ => return Err(LoadError::Reply),
        }
    }
    replies.try_into().map_err(|_| LoadError::Reply)
}

/// Has the other end been closed? (A late answer that lies there means no.)
fn has_gone(channel: &OwnedFd) -> bool {
    use rustix::net::{RecvFlags, recv};
    let mut probe = [0u8; 1];
    match recv(channel.as_fd(), &mut probe, RecvFlags::PEEK | RecvFlags::DONTWAIT) {
        Ok((_, length)) => length == 0,
        Err(error) => error != rustix::io::Errno::AGAIN,
    }
}

fn info<IO>(stream: &TlsStream<IO>) -> TlsInfo {
    let (_, connection) = stream.get_ref();
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
