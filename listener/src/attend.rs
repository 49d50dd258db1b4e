//! One connection, from its arrival to its end.

use std::future::pending;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use ipc::budget;
use ipc::control::Gauge;
use ipc::service::control::Endpoint;
use rustix::net::SendFlags;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::accept::Arrival;
use crate::connection::{Connection, ConnectionId};
use crate::drive::{CLOSE_PATIENCE, Ended, Transport, drive};
use crate::gate::{Custom, Gate, Guest, Refusal};
use crate::helpers::Helpers;
use crate::proxy::{self, Header};
use crate::serve::Reader;
use crate::session::Farewell;
use crate::stream::Stream;
use crate::tls::{Tls, TlsError};

/// How long an answer is waited for on behalf of a guest who was told to go.
const ANSWER_PATIENCE: Duration = Duration::from_secs(30);

/// What connections are attended with.
pub(crate) struct Host<R> {
    pub(crate) reader: Rc<R>,
    pub(crate) gate: Rc<Gate>,
    pub(crate) tls: Rc<Tls>,
    pub(crate) helpers: Helpers,
    pub(crate) drain: watch::Receiver<bool>,
}

impl<R: Reader> Host<R> {
    /// Lets somebody in, or sends him away; the rest is a task of the local set.
    pub(crate) fn welcome(self, arrival: Arrival, gauge: &Arc<Gauge>) {
        let Arrival { stream, peer, listener } = arrival;
        let guest = self.gate.enter();
        let remote = match listener.address {
            Endpoint::Tcp(_) => Some(peer.ip()),
            Endpoint::Unix => None,
        };
        let by_proxy = remote.is_some_and(|remote| self.gate.is_proxy(remote));
        if !by_proxy && let Err(why) = guest.admit(remote) {
            return self.refuse(&stream, peer, why, listener.implicit_tls);
        }
        let (Ok(id), Ok(local)) = (ConnectionId::random(), stream.local_addr()) else { return };
        let (tls, helpers) = (None, self.helpers.clone());
        let connection = Connection { id, peer, local, tls, helpers, guest };
        let entered = gauge.enter();
        tokio::task::spawn_local(async move {
            if by_proxy {
                self.proxied(stream, connection, listener.implicit_tls).await;
            } else {
                self.attend(stream, connection, listener.implicit_tls).await;
            }
            drop(entered);
        });
    }

    /// The address is the one that the proxy says, from here on and for everything.
    async fn proxied(self, mut stream: Stream, connection: Connection, implicit_tls: bool) {
        let (proxy, id) = (connection.peer, connection.id);
        let received = tokio::select! {
            received = proxy::receive(&mut stream) => received,
            () = raised(self.drain.clone()) => return,
        };
        let (peer, local) = match received {
            Ok(Header::Proxied { source, destination }) => (source, destination),
            Ok(Header::Local) => (proxy, connection.local),
            Err(error) => return tracing::warn!(%id, %proxy, %error, "a proxy's connection is closed"),
        };
        // its own connections are nobody's share
        let remote = (peer != proxy).then(|| peer.ip());
        match connection.guest.admit(remote) {
            Ok(()) => {
                tracing::debug!(%id, %proxy, %peer, "by proxy");
                self.attend(stream, Connection { peer, local, ..connection }, implicit_tls).await;
            }
            Err(why) => self.refuse(&stream, peer, why, implicit_tls),
        }
    }

    fn refuse(&self, stream: &Stream, peer: SocketAddr, why: Refusal, implicit_tls: bool) {
        tracing::info!(%peer, %why, "a connection is refused");
        if !implicit_tls {
            // Past the runtime, which does not know yet that it can be written to. It fits into the empty send
            // buffer, or it is not worth waiting for.
            let _ = rustix::net::send(stream, self.reader.busy(), SendFlags::NOSIGNAL);
        }
    }

    async fn attend(self, stream: Stream, connection: Connection, implicit_tls: bool) {
        let Connection { id, peer, local, .. } = connection;
        tracing::debug!(%id, %peer, %local, "connection");
        let guest = connection.guest.clone();
        let custom = self.reader.custom();
        let ended = tokio::select! {
            biased;
            ended = self.converse(stream, connection, implicit_tls) => ended,
            why = outstayed(&guest, custom) => Ended::Farewell(why),
        };
        match ended {
            Ended::Panicked | Ended::Tls(TlsError::Panicked(_)) => {
                tracing::error!(%id, %peer, "a session ended by a panic");
            }
            Ended::Tls(TlsError::KeysAway) => tracing::warn!(%id, %peer, "no TLS: keys is away"),
            why => tracing::debug!(%id, %peer, %why, "connection ended"),
        }
    }

    async fn converse(self, stream: Stream, connection: Connection, implicit_tls: bool) -> Ended {
        let guest = connection.guest.clone();
        if !implicit_tls {
            let (session, backend) = self.reader.open(&connection);
            let transport = Transport::Plain(stream);
            return drive(transport, &self.tls, session, backend, (&guest, self.drain)).await;
        }
        let secured = tokio::select! {
            secured = self.tls.accept(stream) => secured,
            () = raised(self.drain.clone()) => return Ended::Farewell(Farewell::Draining),
            why = guest.sent_away() => return Ended::Farewell(why),
        };
        let (stream, info) = match secured {
            Ok(secured) => secured,
            Err(error) => return error.into(),
        };
        let (session, backend) = self.reader.open(&Connection { tls: Some(info), ..connection });
        drive(Transport::Tls(stream), &self.tls, session, backend, (&guest, self.drain)).await
    }
}

/// Returns when a guest who was told to go has had the time for it. Whoever does not log in is told so.
async fn outstayed(guest: &Guest, custom: Custom) -> Farewell {
    let overdue = async {
        if custom == Custom::LogIn {
            sleep(budget::LOGIN).await;
            if !guest.is_logged_in() {
                guest.send_away(Farewell::Idle);
            }
        }
        pending::<()>().await;
    };
    let why = tokio::select! {
        () = overdue => Farewell::Idle,
        why = guest.sent_away() => why,
    };
    sleep(CLOSE_PATIENCE).await;
    if custom == Custom::Anonymous {
        // A server that does not hear that its message was stored sends it again. Logins are another matter: many
        // wait for those at once, and each would keep a place.
        answered(guest).await;
    }
    why
}

/// Returns when nobody is asked on the guest's behalf any more, or has been for [`ANSWER_PATIENCE`].
async fn answered(guest: &Guest) {
    let answered = async {
        while guest.is_asking() {
            sleep(CLOSE_PATIENCE).await;
        }
    };
    let _ = timeout(ANSWER_PATIENCE, answered).await;
}

async fn raised(mut flag: watch::Receiver<bool>) {
    if flag.wait_for(|raised| *raised).await.is_err() {
        pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::time::Instant;

    use super::*;

    /// How long somebody stays who is told to go while an answer takes that long.
    async fn stays(custom: Custom, takes: Duration) -> Duration {
        let guest = Guest::alone(Ipv4Addr::LOCALHOST.into()).unwrap();
        let started = Instant::now();
        guest.send_away(Farewell::Unavailable);
        let stayed = async {
            outstayed(&guest, custom).await;
            started.elapsed()
        };
        tokio::join!(stayed, guest.asking(sleep(takes))).0
    }

    #[tokio::test(start_paused = true)]
    async fn what_becomes_of_a_message_is_waited_for_but_not_for_ever() {
        let (none, some, much) = (Duration::ZERO, CLOSE_PATIENCE * 2, Duration::from_secs(3600));
        assert_eq!(stays(Custom::Anonymous, none).await, CLOSE_PATIENCE);
        assert!(stays(Custom::Anonymous, some).await >= some);
        assert_eq!(stays(Custom::Anonymous, much).await, CLOSE_PATIENCE + ANSWER_PATIENCE);
        assert_eq!(stays(Custom::LogIn, some).await, CLOSE_PATIENCE);
    }
}
