//! The life of a reader, the same for every protocol: wired, ready when it has its certificates, accepting, drained.

use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use ipc::control::{Control, Event, Gauge};
use ipc::exit::{Exit, Failure};
use ipc::peers::Service;
use ipc::role::Instance;
use ipc::service::control::ReloadRefusal;
use ipc::slice::{Limits, RoleConfig};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::accept::{Acceptor, Arrival, Entrance};
use crate::attend::Host;
use crate::connection::Connection;
use crate::gate::{Custom, Gate};
use crate::helpers::Helpers;
use crate::session::{Backend, Session};
use crate::tls::Tls;

/// How long nobody has to come to an entrance for it to be closed.
const QUIET: Duration = Duration::from_millis(50);
/// How long one is waited for that.
const CLOSING: Duration = Duration::from_secs(2);

/// What a protocol brings along.
pub trait Reader: 'static {
    /// Its session's state.
    type Session: Session;
    /// What answers the session's questions.
    type Backend: Backend<Ask = <Self::Session as Session>::Ask, Answer = <Self::Session as Session>::Answer>;

    /// How many connections.
    fn limits(&self) -> Limits;

    /// The same with another slice of the configuration, for the sessions to come; channels and what all sessions
    /// share are those of this one.
    ///
    /// # Errors
    /// It takes a restart, as long as a protocol does not say how.
    fn reloaded(&self, _config: &RoleConfig) -> Result<Self, ReloadRefusal>
    where
        Self: Sized,
    {
        Err(ReloadRefusal::Restart)
    }

    /// Whether those who come here have accounts.
    fn custom(&self) -> Custom;

    /// What a client is told whose address has too many connections, with its line end: `421 …`, `* BYE …`.
    fn busy(&self) -> &[u8];

    /// A session for a connection, which comes after TLS where TLS comes first.
    fn open(&self, connection: &Connection) -> (Self::Session, Self::Backend);

    /// The master, for the links that ask it for a channel when they miss one.
    fn introduce(&self, control: &Control);

    /// A channel to a peer, in place of the one to the same peer and service (`handshake` is not among them).
    ///
    /// # Errors
    /// When this role asks no such service, or the channel cannot be used.
    fn wire(&self, service: Service, peer: Instance, socket: OwnedFd) -> Result<(), Failure>;
}

/// Serves until the master says to end. `Ready` is said when there are certificates.
///
/// # Errors
/// When the master is gone or out of phase, or an entrance fails.
pub async fn serve<R: Reader>(mut control: Control, reader: R, helpers: Helpers) -> Result<(), Failure> {
    reader.introduce(&control);
    let tls = Tls::new(helpers.clone());
    tls.on_starving(control.plea(Service::Handshake));
    let gate = Gate::new(reader.limits(), reader.custom());
    let mut worker = Worker {
        acceptor: Acceptor::new(Rc::clone(&gate)),
        gate,
        reader: Rc::new(reader),
        tls,
        helpers,
        entrances: Vec::new(),
        drain: watch::Sender::new(false),
        prepared: None,
    };
    match worker.start(&mut control).await? {
        Next::Serve => control.ready().await?,
        Next::Retire | Next::Drain(_) => return control.drained().await,
    }
    let end = match worker.accept(&mut control).await? {
        Next::Retire => worker.retire(&mut control).await?,
        end => Some(end),
    };
    if let Some(Next::Drain(within)) = end {
        worker.drain(&mut control, within).await?;
    }
    control.drained().await
}

struct Worker<R> {
    reader: Rc<R>,
    tls: Rc<Tls>,
    helpers: Helpers,
    gate: Rc<Gate>,
    acceptor: Acceptor,
    entrances: Vec<Entrance>,
    drain: watch::Sender<bool>,
    /// What a reload would put in the reader's place.
    prepared: Option<R>,
}

/// An event that changes the phase.
enum Next {
    Serve,
    Retire,
    Drain(Duration),
}

impl<R: Reader> Worker<R> {
    /// Until the master says to serve and there are certificates.
    async fn start(&mut self, control: &mut Control) -> Result<Next, Failure> {
        let mut wanted = false;
        loop {
            let tls = Rc::clone(&self.tls);
            let event = tokio::select! {
                event = control.next() => event?,
                () = tls.obtained(), if wanted => return Ok(Next::Serve),
            };
            match self.take(event, control).await? {
                Some(Next::Serve) => wanted = true,
                Some(end @ (Next::Retire | Next::Drain(_))) => return Ok(end),
                None => {}
            }
        }
    }

    /// Until the master says to end.
    async fn accept(&mut self, control: &mut Control) -> Result<Next, Failure> {
        let gauge = control.gauge();
        loop {
            let event = tokio::select! {
                event = control.next() => event?,
                arrival = self.acceptor.accept(&self.entrances) => {
                    let arrival = arrival.map_err(|error| Failure::system("accept", error))?;
                    self.welcome(arrival, &gauge);
                    continue;
                }
            };
            match self.take(event, control).await? {
                Some(end @ (Next::Retire | Next::Drain(_))) => return Ok(end),
                Some(Next::Serve) => return Err(out_of_phase()),
                None => {}
            }
        }
    }

    /// Until everybody has left, or the master has waited for that long enough.
    async fn retire(&mut self, control: &mut Control) -> Result<Option<Next>, Failure> {
        let entrances = std::mem::take(&mut self.entrances);
        self.empty(entrances, &control.gauge()).await;
        loop {
            tokio::select! {
                () = self.gate.empty() => return Ok(None),
                event = control.next() => {
                    if let Some(drain @ Next::Drain(_)) = self.take(event?, control).await? {
                        return Ok(Some(drain));
                    }
                }
            }
        }
    }

    /// Accepts who has come to entrances that are to be closed: who was let in by the kernel is not sent away.
    async fn empty(&self, entrances: Vec<Entrance>, gauge: &Arc<Gauge>) {
        let all = async {
            while let Ok(Ok(arrival)) = timeout(QUIET, self.acceptor.accept(&entrances)).await {
                self.welcome(arrival, gauge);
            }
        };
        let _ = timeout(CLOSING, all).await;
    }

    /// Until everybody has left, or the time is over; a shorter time may be said meanwhile.
    async fn drain(&mut self, control: &mut Control, within: Duration) -> Result<(), Failure> {
        self.entrances.clear();
        self.drain.send_replace(true);
        self.gate.hurry();
        let deadline = sleep(within);
        tokio::pin!(deadline);
        loop {
            tokio::select! {
                () = self.gate.empty() => return Ok(()),
                () = &mut deadline => {
                    tracing::warn!(sessions = control.gauge().open(), "cut off: the time to drain is over");
                    return Ok(());
                }
                // Pings are answered in there; a peer that is started anew is still of use to those who finish.
                event = control.next() => {
                    if let Some(Next::Drain(within)) = self.take(event?, control).await? {
                        let sooner = tokio::time::Instant::now() + within;
                        let sooner = sooner.min(deadline.deadline());
                        deadline.as_mut().reset(sooner);
                    }
                }
            }
        }
    }

    async fn take(&mut self, event: Event, control: &Control) -> Result<Option<Next>, Failure> {
        match event {
            Event::Peer { service: Service::Handshake, serves: false, socket, .. } => {
                self.tls.set_channel(socket)
            }
            Event::Peer { service, peer, serves: false, socket } => {
                self.reader.wire(service, peer, socket)?
            }
            Event::Listener { listener, socket } => {
                let entrance = Entrance::new(listener, socket)
                    .map_err(|error| Failure::system(&format!("listener {}", listener.address), error))?;
                self.entrances.push(entrance);
            }
            Event::Unlisten { listener } => {
                let (closed, open) =
                    self.entrances.drain(..).partition(|entrance| entrance.listener() == listener);
                self.entrances = open;
                self.empty(closed, &control.gauge()).await;
            }
            Event::Prepare { config, .. } => {
                let prepared = self.reader.reloaded(&config);
                let answer = prepared.as_ref().map(drop).map_err(|refusal| *refusal);
                self.prepared = prepared.ok();
                control.answer(answer).await?;
            }
            Event::Commit => {
                if let Some(reader) = self.prepared.take() {
                    self.gate.adopt(reader.limits());
                    self.reader = Rc::new(reader);
                }
            }
            Event::Abort => self.prepared = None,
            Event::Serve => return Ok(Some(Next::Serve)),
            Event::Retire => return Ok(Some(Next::Retire)),
            Event::Drain { within } => return Ok(Some(Next::Drain(within))),
            Event::Peer { serves: true, .. } | Event::Admin { .. } => return Err(out_of_phase()),
        }
        Ok(None)
    }

    fn welcome(&self, arrival: Arrival, gauge: &Arc<Gauge>) {
        let host = Host {
            reader: Rc::clone(&self.reader),
            gate: Rc::clone(&self.gate),
            tls: Rc::clone(&self.tls),
            helpers: self.helpers.clone(),
            drain: self.drain.subscribe(),
        };
        host.welcome(arrival, gauge);
    }
}

fn out_of_phase() -> Failure {
    Failure::new(Exit::Software, "the master said something out of phase")
}
