//! The service `login`: is this the password; if so, a session of the account, of the kind that the channel's role has.
//!
//! Unknown user and wrong password are one: the same work in the same queue, the same answer. An account whose hash was
//! imported with other costs than our own takes another time until its password is set anew. Who guesses is answered later
//! and later, and then not heard ([`crate::guessing`]): neither a wrong nor a right password.

mod opening;

use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ipc::channel::ChannelError;
use ipc::rpc::{self, Responder};
use ipc::service::login::{IN_FLIGHT, LOGIN_MAX, Login, LoginReply, LoginRequest, PASSWORD_MAX};
use tokio::sync::{Notify, Semaphore};

use crate::address::{of_login, shortened};
use crate::auth::Auth;
use crate::credentials::{Subject, Verdict};
use crate::database::{Account, DatabaseError};
use crate::guessing::{Consequence, Guess};
use crate::outstanding::Outstanding;

pub use opening::Session;
use opening::{Welcome, open};

/// Sessions that are on their way through us to one worker. Each is a descriptor of ours until the worker has read its
/// reply, and we have 64 for each worker: without them the store's next session would not arrive, nor any after it.
const SESSIONS_IN_HAND: usize = 48;

/// Why a worker is served no longer.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    /// The channel ended.
    #[error(transparent)]
    Channel(#[from] ChannelError),
    /// It asked what an honest worker does not.
    #[error("a login larger than any")]
    Oversized,
}

/// Serves one worker until it goes, or asks with more bytes than a login has.
///
/// # Errors
/// Why it ended.
pub async fn serve(auth: Rc<Auth>, session: Session, socket: OwnedFd) -> Result<(), Ended> {
    let outstanding = Outstanding::new(IN_FLIGHT, auth.gauge.clone());
    let worker = Worker { auth, session, doors: Arc::new(Semaphore::new(SESSIONS_IN_HAND)) };
    let oversized = Notify::new();
    let serving = rpc::serve::<Login>(socket, IN_FLIGHT, |request, responder| {
        if request.login.len() > LOGIN_MAX || request.password.0.len() > PASSWORD_MAX {
            return oversized.notify_one();
        }
        begin(&worker, &outstanding, request, responder);
    });
    tokio::select! {
        ended = serving => Ok(ended?),
        () = oversized.notified() => Err(Ended::Oversized),
    }
}

/// One worker's channel.
#[derive(Clone)]
struct Worker {
    auth: Rc<Auth>,
    session: Session,
    doors: Arc<Semaphore>,
}

fn begin(worker: &Worker, outstanding: &Outstanding, request: LoginRequest, responder: Responder<Login>) {
    let Some(question) = outstanding.begin() else {
        record(&request.login, request.remote, &Outcome::PutOff("too many logins at once"));
        return responder.reply(LoginReply::Unavailable, Vec::new());
    };
    let worker = worker.clone();
    tokio::task::spawn_local(async move {
        let outcome = outcome(&worker, &request).await;
        record(&request.login, request.remote, &outcome);
        match outcome {
            Outcome::Welcome(Welcome { account, senders, channel, door }) => {
                let reply = LoginReply::Welcome { account: account.id, senders };
                responder.reply_holding(reply, channel, Box::new(door));
            }
            Outcome::Denied(delay) => {
                late(&worker.auth, delay).await;
                responder.reply(LoginReply::Denied, Vec::new());
            }
            Outcome::Blocked(seconds) => responder.reply(LoginReply::Blocked { seconds }, Vec::new()),
            Outcome::PutOff(_) => responder.reply(LoginReply::Unavailable, Vec::new()),
        }
        drop(question);
    });
}

/// How a login went.
#[derive(Debug)]
enum Outcome {
    Welcome(Welcome),
    /// The answer comes so much later.
    Denied(Duration),
    /// Not heard, for so many seconds more.
    Blocked(u32),
    PutOff(&'static str),
}

async fn outcome(worker: &Worker, request: &LoginRequest) -> Outcome {
    let (auth, LoginRequest { login, password, remote }) = (&worker.auth, request);
    let blocked = || auth.guessing.borrow().blocked(*remote, Instant::now()).map(Outcome::Blocked);
    // Before anything is looked up or hashed: whoever is not heard costs nothing.
    if let Some(outcome) = blocked() {
        return outcome;
    }
    let address = of_login(login, &auth.domain);
    let account = match find(auth, address.as_deref()) {
        Ok(account) => account,
        Err(outcome) => return outcome,
    };
    let subject = match &account {
        Some(account) => Subject::Account(account),
        None => Subject::Nobody(address.as_deref().unwrap_or(login)),
    };
    let place = auth.guessing.borrow().place(account.as_ref().map(|account| account.id), *remote);
    let verdict = auth.credentials.check(subject, password, place).await;
    // Who guesses over many connections at once gets no more answers than who does one after the other.
    if verdict != Verdict::Busy
        && let Some(outcome) = blocked()
    {
        return outcome;
    }
    match (verdict, &account, &address) {
        (Verdict::Right, Some(account), Some(address)) => {
            auth.guessing.borrow_mut().succeeded(account.id, *remote);
            open(worker, address, account.clone()).await
        }
        (Verdict::Right | Verdict::Wrong, account, _) => {
            let fingerprint = auth.credentials.fingerprint(subject, password);
            let account = account.as_ref().map(|account| account.id);
            wrong(auth, &Guess { remote: *remote, login, account, fingerprint })
        }
        (Verdict::Busy, ..) => Outcome::PutOff("too many passwords are being checked"),
    }
}

/// Counts a wrong password.
fn wrong(auth: &Auth, guess: &Guess<'_>) -> Outcome {
    let Consequence { delay, block } = auth.guessing.borrow_mut().failed(guess, Instant::now());
    if let Some((network, seconds)) = block {
        tracing::warn!(%network, seconds, "too many wrong passwords: logins are not heard from there");
    }
    Outcome::Denied(delay)
}

/// Keeps an answer back, if there is a place for one more: who guesses must not use up those of who does not.
async fn late(auth: &Auth, delay: Duration) {
    if !delay.is_zero()
        && let Ok(_place) = auth.late.try_acquire()
    {
        tokio::time::sleep(delay).await;
    }
}

fn find(auth: &Auth, address: Option<&str>) -> Result<Option<Account>, Outcome> {
    let Some(address) = address else { return Ok(None) };
    auth.database.account(address).map_err(|error| unreadable(&error))
}

fn unreadable(error: &DatabaseError) -> Outcome {
    tracing::error!(%error, "login");
    Outcome::PutOff("the account database cannot be read")
}

/// The record that bans can be made from: where from, as whom, and how it went. The name is shortened and escaped.
fn record(login: &str, remote: IpAddr, outcome: &Outcome) {
    let login = shortened(login);
    // a ban names the IPv4 address, however it arrived
    let remote = remote.to_canonical();
    match outcome {
        Outcome::Welcome(Welcome { account, .. }) => {
            tracing::info!(%remote, ?login, account = account.id.0, "logged in");
        }
        Outcome::Denied(_) => tracing::warn!(%remote, ?login, "login denied"),
        // That it began was said: a flood of these must not displace the other records.
        Outcome::Blocked(seconds) => tracing::debug!(%remote, ?login, seconds, "login not heard"),
        Outcome::PutOff(why) => tracing::warn!(%remote, ?login, why, "login put off"),
    }
}
