//! A role's end of its control channel.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use crate::channel::{self, Blocking, ChannelError, Receiver, Sender};
use crate::exit::{Exit, Failure};
use crate::frame::Frame;
use crate::peers::Service;
use crate::role::{Instance, Layers};
use crate::service::control::{
    Hello, Listener, LogLevel, Permission, Preparation, ReloadRefusal, ToMaster, ToRole,
};
use crate::slice::RoleConfig;

/// How a role was greeted.
#[derive(Debug)]
pub struct Greeting {
    /// The control channel, to be gone on with by [`Control::locked`].
    pub channel: Blocking<ToMaster, ToRole>,
    /// What it is to be.
    pub hello: Hello,
    /// What came with it.
    pub descriptors: Vec<OwnedFd>,
}

/// Reads the first frame from the socket a role is started with, which is its standard input.
///
/// # Errors
/// When this process was not started by the master.
pub fn greet() -> Result<Greeting, Failure> {
    let not_ours = |why: &dyn std::fmt::Display| {
        Failure::new(Exit::Usage, format!("this program is started by bulkhead-master, not by hand ({why})"))
    };
    let socket = std::io::stdin().as_fd().try_clone_to_owned().map_err(|error| not_ours(&error))?;
    let channel = Blocking::new(socket);
    match channel.receive() {
        Ok(Frame::Message(ToRole::Hello(hello), descriptors)) => {
            Ok(Greeting { channel, hello: *hello, descriptors })
        }
        Ok(_) => Err(not_ours(&"the first frame is no Hello")),
        Err(error) => Err(not_ours(&error)),
    }
}

/// How many sessions a role has: counted where they are served, told to the master when it asks.
#[derive(Debug, Default)]
pub struct Gauge {
    open: AtomicU32,
    served: AtomicU64,
}

impl Gauge {
    /// A session began; it ends when the guard is dropped.
    #[must_use]
    pub fn enter(self: &Arc<Self>) -> Entered {
        self.open.fetch_add(1, Ordering::Relaxed);
        self.served.fetch_add(1, Ordering::Relaxed);
        Entered { gauge: Arc::clone(self) }
    }

    /// Open now.
    #[must_use]
    pub fn open(&self) -> u32 {
        self.open.load(Ordering::Relaxed)
    }
}

/// An open session.
#[derive(Debug)]
pub struct Entered {
    gauge: Arc<Gauge>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.gauge.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What the master wants of a running role.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "taken apart as soon as it is made; there is one at a time")]
pub enum Event {
    /// A channel to a peer; it replaces the one to the same peer and service.
    Peer {
        /// What it speaks.
        service: Service,
        /// Who is there.
        peer: Instance,
        /// Whether we answer on it.
        serves: bool,
        /// Our end.
        socket: OwnedFd,
    },
    /// A listening socket.
    Listener {
        /// How its connections begin.
        listener: Listener,
        /// The socket.
        socket: OwnedFd,
    },
    /// Everything for the start is there.
    Serve,
    /// An administrator's connection.
    Admin {
        /// What it may do.
        permission: Permission,
        /// The connection.
        socket: OwnedFd,
    },
    /// A new slice of the configuration, to be looked at but not yet used: [`Control::answer`] is due.
    Prepare {
        /// The slice.
        config: RoleConfig,
        /// The descriptors that came with it, as [`RoleConfig::descriptors`] says.
        descriptors: Vec<OwnedFd>,
    },
    /// The slice that was prepared is in force.
    Commit,
    /// The slice that was prepared is to be forgotten.
    Abort,
    /// Accept what has come in on that listener, then close it.
    Unlisten {
        /// As it was handed over.
        listener: Listener,
    },
    /// Stop accepting, let the sessions go on, and say [`Control::drained`] when the last has ended.
    Retire,
    /// Finish within that time, say so, and end.
    Drain {
        /// At the most.
        within: Duration,
    },
}

/// The channel while the role runs.
#[derive(Debug)]
pub struct Control {
    sender: Sender<ToMaster>,
    receiver: Receiver<ToRole>,
    gauge: Arc<Gauge>,
    /// What a reload would set, from `Prepare` on.
    level: Option<LogLevel>,
}

impl Control {
    /// Goes on asynchronously with the channel that [`greet`] used, saying that the lock-down is complete.
    ///
    /// # Errors
    /// When the descriptor is unfit, or the master is gone.
    pub async fn locked(channel: Blocking<ToMaster, ToRole>, layers: Layers) -> Result<Self, Failure> {
        let (sender, receiver) = channel::open(channel.into_socket())
            .map_err(|error| Failure::system("control channel", error))?;
        let control = Control { sender, receiver, gauge: Arc::default(), level: None };
        control.say(ToMaster::Locked(layers)).await?;
        Ok(control)
    }

    /// The role's session count.
    #[must_use]
    pub fn gauge(&self) -> Arc<Gauge> {
        Arc::clone(&self.gauge)
    }

    /// What says that a channel is missed.
    #[must_use]
    pub fn plea(&self, service: Service) -> Plea {
        Plea { sender: self.sender.clone(), service }
    }

    /// What comes next. Pings are answered here. Cancel safe.
    ///
    /// # Errors
    /// When the master is gone or out of form: the role ends.
    pub async fn next(&mut self) -> Result<Event, Failure> {
        loop {
            let frame = self.receiver.receive().await.map_err(lost)?;
            let Frame::Message(message, descriptors) = frame else { return Err(out_of_phase()) };
            // `frame::read` has checked that exactly the declared descriptors came.
            let message = match message {
                ToRole::Prepare(preparation) => {
                    let Preparation { level, config } = *preparation;
                    self.level = Some(level);
                    return Ok(Event::Prepare { config, descriptors });
                }
                other => other,
            };
            let mut descriptors = descriptors.into_iter();
            let event = match (message, descriptors.next()) {
                (ToRole::Peer { service, peer, serves }, Some(socket)) => {
                    Event::Peer { service, peer, serves, socket }
                }
                (ToRole::Listener { listener }, Some(socket)) => Event::Listener { listener, socket },
                (ToRole::Admin { permission }, Some(socket)) => Event::Admin { permission, socket },
                (ToRole::Serve, None) => Event::Serve,
                (ToRole::Commit, None) => {
                    let level = self.level.take().ok_or_else(out_of_phase)?;
                    crate::log::set_level(level);
                    Event::Commit
                }
                (ToRole::Abort, None) => {
                    self.level = None;
                    Event::Abort
                }
                (ToRole::Unlisten { listener }, None) => Event::Unlisten { listener },
                (ToRole::Retire, None) => Event::Retire,
                (ToRole::Drain { within }, None) => {
                    Event::Drain { within: Duration::from_millis(within.into()) }
                }
                (ToRole::Ping, None) => {
                    let sessions = self.gauge.open();
                    let served = self.gauge.served.load(Ordering::Relaxed);
                    self.say(ToMaster::Alive { sessions, served }).await?;
                    continue;
                }
                _ => return Err(out_of_phase()),
            };
            return Ok(event);
        }
    }

    /// Says that the role serves.
    ///
    /// # Errors
    /// When the master is gone.
    pub async fn ready(&self) -> Result<(), Failure> {
        self.say(ToMaster::Ready).await
    }

    /// Answers [`Event::Prepare`]: whether the role can go on with the new slice.
    ///
    /// # Errors
    /// When the master is gone.
    pub async fn answer(&self, prepared: Result<(), ReloadRefusal>) -> Result<(), Failure> {
        self.say(prepared.map_or_else(ToMaster::Refused, |()| ToMaster::Prepared)).await
    }

    /// Says that nothing is under way any more.
    ///
    /// # Errors
    /// When the master is gone.
    pub async fn drained(&self) -> Result<(), Failure> {
        self.say(ToMaster::Drained).await
    }

    async fn say(&self, message: ToMaster) -> Result<(), Failure> {
        self.sender.send(&message, &[]).await.map_err(lost)
    }
}

/// Asks the master for a channel that this role should have.
#[derive(Clone, Debug)]
pub struct Plea {
    sender: Sender<ToMaster>,
    service: Service,
}

impl Plea {
    /// How long a role is without a channel until it asks: a server that was started anew is wired by itself.
    pub const AFTER: Duration = Duration::from_secs(2);

    /// Asks. The master answers with a channel, if the server is there, and not too often.
    pub fn make(&self) {
        let plea = self.clone();
        tokio::task::spawn_local(async move {
            tracing::warn!(service = ?plea.service, "there is no channel for it: asking for one");
            // A master that is gone is noticed elsewhere.
            let _ = plea.sender.send(&ToMaster::Unwired(plea.service), &[]).await;
        });
    }
}

fn lost(error: ChannelError) -> Failure {
    Failure::new(Exit::Unavailable, format!("the master: {error}"))
}

fn out_of_phase() -> Failure {
    Failure::new(Exit::Software, "the master said something out of phase")
}
