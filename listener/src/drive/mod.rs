//! Drives a [`Session`] with its [`Backend`] over a stream: the only code that reads, writes, waits and secures.

mod pace;
mod transport;
mod unwind;

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::time::Duration;

use ipc::budget;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use crate::gate::Guest;
use crate::session::{Backend, Farewell, Input, Session, Step};
use crate::tls::{Tls, TlsError};
use pace::Pace;
pub use transport::Transport;

/// The most bytes that are read ahead of what the session has consumed.
pub const INPUT_MAX: usize = budget::SESSION_INPUT;
/// Bytes of output that are sent before a question is asked, rather than kept.
pub const OUTPUT_MAX: usize = budget::SESSION_OUTPUT;
/// How long the peer may read nothing of what it is sent.
pub const WRITE_PATIENCE: Duration = Duration::from_secs(60);
/// How long a connection may take to be closed when all is said.
pub const CLOSE_PATIENCE: Duration = Duration::from_secs(3);
/// How long a session may be busy before others have their turn.
const TURN: Duration = budget::TURN;

/// How a connection ended.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    /// The session closed it.
    #[error("closed")]
    Closed,
    /// The peer closed it.
    #[error("the peer left")]
    PeerLeft,
    /// We sent it away.
    #[error("sent away: {0:?}")]
    Farewell(Farewell),
    /// The peer did not read.
    #[error("the peer does not read")]
    Unread,
    /// STARTTLS failed.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The connection broke.
    #[error(transparent)]
    Broken(#[from] io::Error),
    /// A mistake of ours: the session panicked.
    #[error("the session panicked")]
    Panicked,
}

/// Runs a session until its connection has ended. When `drain` becomes true, or the guest is sent away, the session says
/// good-bye as soon as it waits for input.
pub async fn drive<IO, S, B>(
    transport: Transport<IO>,
    tls: &Tls,
    session: S,
    backend: B,
    (guest, drain): (&Guest, watch::Receiver<bool>),
) -> Ended
where
    IO: AsyncRead + AsyncWrite + Unpin,
    S: Session,
    B: Backend<Ask = S::Ask, Answer = S::Answer>,
{
    let driver = Driver {
        transport,
        tls,
        session,
        backend,
        guest,
        drain,
        input: Input::default(),
        output: Vec::new(),
        heard: Instant::now(),
        pace: Pace::default(),
    };
    unwind::caught(driver.run()).await.unwrap_or(Ended::Panicked)
}

struct Driver<'a, IO, S, B> {
    transport: Transport<IO>,
    tls: &'a Tls,
    session: S,
    backend: B,
    guest: &'a Guest,
    drain: watch::Receiver<bool>,
    input: Input,
    output: Vec<u8>,
    /// When the peer last said something the session could use, put off by the time that went by on our side.
    heard: Instant,
    pace: Pace,
}

/// What a waiting session was woken by.
enum Woken {
    Read(io::Result<usize>),
    News,
    Silence,
    SentAway(Farewell),
    Draining,
}

impl<IO, S, B> Driver<'_, IO, S, B>
where
    IO: AsyncRead + AsyncWrite + Unpin,
    S: Session,
    B: Backend<Ask = S::Ask, Answer = S::Answer>,
{
    async fn run(mut self) -> Ended {
        let Err(ended) = self.converse().await;
        match ended {
            Ended::Closed | Ended::Farewell(_) => {
                if let Err(unsaid) = self.send().await {
                    return unsaid;
                }
                // The session's memory is not needed for this.
                let Driver { mut transport, .. } = self;
                let _ = timeout(CLOSE_PATIENCE, async {
                    if transport.shut().await.is_ok() {
                        transport.linger().await;
                    }
                })
                .await;
            }
            Ended::PeerLeft => {
                let _ = timeout(CLOSE_PATIENCE, self.transport.shut()).await;
            }
            Ended::Unread | Ended::Tls(_) | Ended::Broken(_) | Ended::Panicked => {}
        }
        ended
    }

    async fn converse(&mut self) -> Result<Infallible, Ended> {
        let mut turn = std::time::Instant::now();
        loop {
            let step = self.step();
            self.pay().await;
            match step {
                Step::Read => {
                    self.send().await?;
                    self.wait().await?;
                }
                Step::Flush => {
                    self.send().await?;
                    tokio::task::yield_now().await;
                }
                Step::Ask(ask) => self.ask(ask).await?,
                Step::StartTls => self.start_tls().await?,
                Step::Close => return Err(Ended::Closed),
            }
            if turn.elapsed() > TURN {
                tokio::task::yield_now().await;
                turn = std::time::Instant::now();
            }
        }
    }

    fn step(&mut self) -> Step<S::Ask> {
        let before = self.input.bytes().len();
        let step = self.session.step(&mut self.input, &mut self.output);
        if self.input.bytes().len() < before {
            self.heard = Instant::now();
        }
        step
    }

    /// Whoever does much wrong waits for the reply to it.
    async fn pay(&mut self) {
        let offences = self.session.take_offences();
        if offences > 0 {
            let started = Instant::now();
            self.guest.wait(self.guest.offended(offences)).await;
            self.lost(started.elapsed());
        }
    }

    /// So much time went by on our side: the peer has it in addition.
    fn lost(&mut self, by: Duration) {
        self.heard += by;
        self.pace.put_off(by);
    }

    async fn ask(&mut self, ask: S::Ask) -> Result<(), Ended> {
        if self.output.len() > OUTPUT_MAX {
            self.send().await?;
        }
        let asked = Instant::now();
        let answer = self.guest.asking(self.backend.perform(ask)).await;
        self.lost(asked.elapsed());
        self.session.answered(answer, &mut self.output);
        Ok(())
    }

    /// Waits until there is something for the session to do.
    async fn wait(&mut self) -> Result<(), Ended> {
        let room = INPUT_MAX.saturating_sub(self.input.bytes().len());
        if room == 0 {
            return Err(self.farewell(Farewell::Overlong));
        }
        let too_slow = self.pace.deadline(self.session.transferring(), Instant::now());
        let deadline = self.heard.checked_add(self.session.patience()).into_iter().chain(too_slow).min();
        let wants_notice = self.session.wants_notice();
        let Driver { transport, backend, guest, drain, input, .. } = self;
        let woken = tokio::select! {
            biased;
            () = raised(drain) => Woken::Draining,
            why = guest.sent_away() => Woken::SentAway(why),
            read = transport.read(input, room) => Woken::Read(read),
            () = backend.notified(), if wants_notice => Woken::News,
            () = past(deadline) => Woken::Silence,
        };
        match woken {
            Woken::Read(Ok(0)) => Err(Ended::PeerLeft),
            Woken::Read(read) => Ok(read.map(|_| ())?),
            Woken::News => {
                self.session.noticed();
                Ok(())
            }
            Woken::Silence => Err(self.farewell(Farewell::Idle)),
            Woken::SentAway(why) => Err(self.farewell(why)),
            Woken::Draining => Err(self.farewell(Farewell::Draining)),
        }
    }

    fn farewell(&mut self, why: Farewell) -> Ended {
        self.session.farewell(why, &mut self.output);
        Ended::Farewell(why)
    }

    /// Sends all output. An idle session keeps no memory for it.
    async fn send(&mut self) -> Result<(), Ended> {
        if self.output.is_empty() {
            return Ok(());
        }
        let started = Instant::now();
        let output = std::mem::take(&mut self.output);
        let mut rest = output.as_slice();
        while !rest.is_empty() {
            let written = timeout(WRITE_PATIENCE, self.transport.write(rest)).await;
            match written.map_err(|_| Ended::Unread)?? {
                0 => return Err(Ended::PeerLeft),
                count => rest = rest.get(count..).unwrap_or_default(),
            }
        }
        timeout(WRITE_PATIENCE, self.transport.flush()).await.map_err(|_| Ended::Unread)??;
        self.lost(started.elapsed());
        Ok(())
    }

    /// RFC 3207 section 4.2, RFC 9051 section 6.2.1: what the peer sent in plain behind its STARTTLS was perhaps not sent
    /// by the peer. What was read is thrown away here; what was not yet read has to be a ClientHello.
    async fn start_tls(&mut self) -> Result<(), Ended> {
        self.send().await?;
        self.input = Input::default();
        let io = match std::mem::replace(&mut self.transport, Transport::Lost) {
            Transport::Plain(io) => io,
            // A session that asks for TLS within TLS is wrong; it has no connection any more.
            Transport::Tls(_) | Transport::Lost => {
                return Err(Ended::Broken(io::Error::other("TLS within TLS")));
            }
        };
        let secured = tokio::select! {
            biased;
            () = raised(&mut self.drain) => return Err(Ended::Farewell(Farewell::Draining)),
            why = self.guest.sent_away() => return Err(Ended::Farewell(why)),
            secured = self.tls.accept(io) => secured,
        };
        let (stream, info) = secured?;
        self.transport = Transport::Tls(stream);
        self.heard = Instant::now();
        self.session.secured_with(&info);
        Ok(())
    }
}

/// Returns when the flag is raised, at once when it is already.
async fn raised(flag: &mut watch::Receiver<bool>) {
    if flag.wait_for(|raised| *raised).await.is_err() {
        // Whoever could raise it is gone.
        pending::<()>().await;
    }
}

async fn past(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => pending().await,
    }
}

#[cfg(test)]
mod tests;
