//! Does what the supervisor has decided.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use ipc::exit::Exit;
use ipc::role::{Instance, Role};
use ipc::service::control::{Permission, ToRole};
use tokio::sync::mpsc;

use crate::forward::Forwarder;
use crate::notify::Notifier;
use crate::prepare::Prepared;
use crate::reload::Reload;
use crate::spawn::{Reported, Running, spawn};
use crate::supervise::{Action, Ending, Supervisor};
use crate::wire::Wire;

/// A process that was started, and what it is to be told first.
type Begun = (u32, ToRole, Vec<OwnedFd>);

/// The processes that are there.
#[derive(Debug)]
pub struct Roles {
    pub(crate) prepared: Prepared,
    running: BTreeMap<Instance, (u64, Running)>,
    pub(crate) reload: Reload,
    /// The configuration in force: how often it was read, and since when.
    pub(crate) generation: (u32, Instant),
    reports: mpsc::Sender<Reported>,
}

impl Roles {
    /// None yet.
    #[must_use]
    pub fn new(prepared: Prepared, reports: mpsc::Sender<Reported>) -> Self {
        let generation = (1, Instant::now());
        Roles { prepared, running: BTreeMap::new(), reload: Reload::None, generation, reports }
    }

    /// Does one thing; what follows from it is added to `queue`. Some exit: the suite ends.
    pub fn perform(
        &mut self,
        action: Action,
        supervisor: &mut Supervisor,
        outputs: (&Forwarder, &mut Notifier),
        queue: &mut Vec<Action>,
    ) -> Option<Exit> {
        let (forwarder, notifier) = outputs;
        match action {
            Action::Spawn(instance, incarnation) => match self.start(instance, incarnation, forwarder) {
                Ok((pid, hello, descriptors)) => {
                    supervisor.spawned(instance, pid);
                    self.tell(instance, hello, descriptors, supervisor, queue);
                }
                Err(error) => {
                    tracing::error!("{instance} cannot be started: {error}");
                    queue.extend(supervisor.ended(instance, incarnation, Ending::Unborn, Instant::now()));
                }
            },
            Action::Wire(wire) => self.connect(wire, supervisor, queue),
            Action::Listeners(instance, seat) => self.hand_listeners(instance, seat, supervisor, queue),
            Action::Prepare(instance) => self.prepare(instance, supervisor, queue),
            Action::Commit(instance, seat) => {
                self.tell(instance, ToRole::Commit, Vec::new(), supervisor, queue);
                self.hand_listeners(instance, seat, supervisor, queue);
            }
            Action::Abort(instance) => self.tell(instance, ToRole::Abort, Vec::new(), supervisor, queue),
            Action::Settle(outcome) => self.settle(outcome, supervisor, queue),
            Action::Retire(instance) => self.tell(instance, ToRole::Retire, Vec::new(), supervisor, queue),
            Action::Serve(instance) => self.tell(instance, ToRole::Serve, Vec::new(), supervisor, queue),
            Action::Ping(instance) => self.tell(instance, ToRole::Ping, Vec::new(), supervisor, queue),
            Action::Drain(instance, within) => {
                let within = u32::try_from(within.as_millis()).unwrap_or(u32::MAX);
                self.tell(instance, ToRole::Drain { within }, Vec::new(), supervisor, queue);
            }
            Action::Kill(instance, reason) => {
                if let Some((_, running)) = self.running.get(&instance) {
                    tracing::warn!("{instance}[{}] is killed: {reason}", running.pid);
                    running.kill();
                }
            }
            Action::AllReady => self.announce(notifier),
            Action::End(exit) => return Some(exit),
        }
        None
    }

    /// Hands an administrator's connection to the role that serves it; closes it when that is away.
    pub fn hand_on(
        &mut self,
        role: Role,
        permission: Permission,
        connection: OwnedFd,
        supervisor: &mut Supervisor,
        queue: &mut Vec<Action>,
    ) {
        let server = Instance { role, worker: 0 };
        if supervisor.is_ready(server) {
            self.tell(server, ToRole::Admin { permission }, vec![connection], supervisor, queue);
        }
    }

    /// A process has ended: nothing is said to it any more.
    pub fn forget(&mut self, instance: Instance, incarnation: u64) {
        if self.running.get(&instance).is_some_and(|(present, _)| *present == incarnation) {
            self.running.remove(&instance);
        }
    }

    /// Kills whoever is left.
    pub fn kill_all(&self) {
        self.running.values().for_each(|(_, running)| running.kill());
    }

    /// Is nobody left?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// The uid of a role as the host sees it.
    #[must_use]
    pub fn uid(&self, role: Role) -> Option<u32> {
        self.prepared.identities.uid(role)
    }

    fn start(&mut self, instance: Instance, incarnation: u64, forwarder: &Forwarder) -> io::Result<Begun> {
        let (hello, descriptors) = self.prepared.hello(instance)?;
        let program = self.prepared.program(instance.role).ok_or(io::ErrorKind::NotFound)?;
        let stderr = forwarder.pipe()?;
        let running = spawn(program, stderr, (instance, incarnation), self.reports.clone())?;
        let pid = running.pid;
        tracing::debug!("{instance}[{pid}] is started");
        self.running.insert(instance, (incarnation, running));
        Ok((pid, ToRole::Hello(Box::new(hello)), descriptors))
    }

    fn connect(&mut self, wire: Wire, supervisor: &mut Supervisor, queue: &mut Vec<Action>) {
        let Wire { client, server, service } = wire;
        match ipc::socket::pair() {
            Ok((asks, answers)) => {
                let to_client = ToRole::Peer { service, peer: server, serves: false };
                self.tell(client, to_client, vec![asks], supervisor, queue);
                let to_server = ToRole::Peer { service, peer: client, serves: true };
                self.tell(server, to_server, vec![answers], supervisor, queue);
            }
            Err(error) => {
                // without it the younger would wait for ever; started again, it is wired again
                tracing::error!("no channel from {client} to {server}: {error}");
                self.lose(client, supervisor, queue);
                self.lose(server, supervisor, queue);
            }
        }
    }

    /// Hands a reader the sockets of its seat that it does not have, and has it close those that are no more.
    fn hand_listeners(
        &mut self,
        instance: Instance,
        seat: u16,
        supervisor: &mut Supervisor,
        queue: &mut Vec<Action>,
    ) {
        let seats = self.prepared.seats().get(&instance.role).copied().unwrap_or(0);
        let Some((_, running)) = self.running.get_mut(&instance) else { return };
        let wanted = self.prepared.listening.of_seat(instance.role, seat, seats);
        let mut messages = Vec::new();
        for (id, listener) in std::mem::take(&mut running.listens) {
            if self.prepared.listening.has(id) {
                running.listens.insert(id, listener);
            } else {
                messages.push((ToRole::Unlisten { listener }, Vec::new()));
            }
        }
        for bound in wanted {
            if running.listens.contains_key(&bound.id) {
                continue;
            }
            match bound.socket.try_clone() {
                Ok(copy) => {
                    running.listens.insert(bound.id, bound.listener);
                    messages.push((ToRole::Listener { listener: bound.listener }, vec![copy]));
                }
                Err(error) => {
                    tracing::error!("no listeners for {instance}: {error}");
                    return self.lose(instance, supervisor, queue);
                }
            }
        }
        for (message, descriptors) in messages {
            self.tell(instance, message, descriptors, supervisor, queue);
        }
    }

    /// Says something to a process; one that leaves too much unread is given up.
    pub(crate) fn tell(
        &mut self,
        instance: Instance,
        message: ToRole,
        descriptors: Vec<OwnedFd>,
        supervisor: &mut Supervisor,
        queue: &mut Vec<Action>,
    ) {
        let Some((_, running)) = self.running.get(&instance) else { return };
        if let Err(error) = running.outbox.push(message, descriptors) {
            tracing::debug!(%instance, %error, "control channel");
            self.lose(instance, supervisor, queue);
        }
    }

    pub(crate) fn lose(&mut self, instance: Instance, supervisor: &mut Supervisor, queue: &mut Vec<Action>) {
        if let Some((incarnation, _)) = self.running.get(&instance) {
            queue.extend(supervisor.broken(instance, *incarnation));
        }
    }

    /// The one line on standard output that says that the suite serves.
    fn announce(&self, notifier: &mut Notifier) {
        let addresses = self.prepared.listening.addresses().join(" ");
        let line = format!("bulkhead: ready (pid {}) {addresses}\n", std::process::id());
        let mut stdout = io::stdout().lock();
        if let Err(error) = stdout.write_all(line.as_bytes()).and_then(|()| stdout.flush()) {
            tracing::warn!(%error, "standard output");
        }
        notifier.ready();
        tracing::info!("ready: {addresses}");
    }
}

/// How long killed processes are waited for at the end.
pub const REAPING: Duration = Duration::from_secs(5);
