//! The service `login`: is this the password; if so, a session of the account.
//!
//! Unknown user and wrong password are one: the same work in the same queue, the same answer. An account whose hash was
//! imported with other costs than our own takes another time until its password is set anew.

use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;

use ipc::channel::ChannelError;
use ipc::mail::{Password, Senders};
use ipc::rpc::{self, Responder};
use ipc::service::login::{IN_FLIGHT, LOGIN_MAX, Login, LoginReply, LoginRequest, PASSWORD_MAX};
use ipc::service::sessions::{self, SessionsReply, SessionsRequest};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::address::{of_login, shortened};
use crate::auth::Auth;
use crate::credentials::{Subject, Verdict};
use crate::database::Account;
use crate::outstanding::Outstanding;

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
pub async fn serve(auth: Rc<Auth>, socket: OwnedFd) -> Result<(), Ended> {
    let outstanding = Outstanding::new(IN_FLIGHT, auth.gauge.clone());
    let doors = Arc::new(Semaphore::new(SESSIONS_IN_HAND));
    let oversized = Notify::new();
    let serving = rpc::serve::<Login>(socket, IN_FLIGHT, |request, responder| {
        if request.login.len() > LOGIN_MAX || request.password.0.len() > PASSWORD_MAX {
            return oversized.notify_one();
        }
        begin(&auth, &outstanding, &doors, request, responder);
    });
    tokio::select! {
        ended = serving => Ok(ended?),
        () = oversized.notified() => Err(Ended::Oversized),
    }
}

fn begin(
    auth: &Rc<Auth>,
    outstanding: &Outstanding,
    doors: &Arc<Semaphore>,
    request: LoginRequest,
    responder: Responder<Login>,
) {
    let Some(question) = outstanding.begin() else {
        record(&request.login, request.remote, &Outcome::PutOff("too many logins at once"));
        return responder.reply(LoginReply::Unavailable, Vec::new());
    };
    let (auth, doors) = (Rc::clone(auth), Arc::clone(doors));
    tokio::task::spawn_local(async move {
        let outcome = outcome(&auth, doors, &request.login, &request.password).await;
        record(&request.login, request.remote, &outcome);
        match outcome {
            Outcome::Welcome(account, session, door) => {
                responder.reply_holding(LoginReply::Welcome { account: account.id, senders: Senders::default() }, session, Box::new(door));
            }
            Outcome::Denied => responder.reply(LoginReply::Denied, Vec::new()),
            Outcome::PutOff(_) => responder.reply(LoginReply::Unavailable, Vec::new()),
        }
        drop(question);
    });
}

/// How a login went.
#[derive(Debug)]
enum Outcome {
    Welcome(Account, Vec<OwnedFd>, OwnedSemaphorePermit),
    Denied,
    PutOff(&'static str),
}

async fn outcome(auth: &Auth, doors: Arc<Semaphore>, login: &str, password: &Password) -> Outcome {
    let address = of_login(login, &auth.domain);
    let account = match find(auth, address.as_deref()) {
        Ok(account) => account,
        Err(outcome) => return outcome,
    };
    let subject = match &account {
        Some(account) => Subject::Account(account),
        None => Subject::Nobody(address.as_deref().unwrap_or(login)),
    };
    match (auth.credentials.check(subject, password).await, account) {
        (Verdict::Right, Some(account)) => welcome(auth, doors, address.as_deref(), account).await,
        (Verdict::Right | Verdict::Wrong, _) => Outcome::Denied,
        (Verdict::Busy, _) => Outcome::PutOff("too many passwords are being checked"),
    }
}

/// Opens the session, if the account is still what the password was checked against.
async fn welcome(auth: &Auth, doors: Arc<Semaphore>, address: Option<&str>, account: Account) -> Outcome {
    let Ok(door) = doors.acquire_owned().await else { return Outcome::PutOff("no session is to be had") };
    match find(auth, address) {
        Ok(Some(now)) if now == account => {}
        Ok(_) => return Outcome::Denied,
        Err(outcome) => return outcome,
    }
    let request = SessionsRequest::OpenMailbox { account: account.id };
    match auth.store.sessions.insist(sessions::PATIENCE, request).await {
        Ok((SessionsReply::Opened, session)) => Outcome::Welcome(account, session, door),
        Ok((SessionsReply::Removed, _)) => Outcome::Denied,
        Ok((SessionsReply::Done | SessionsReply::Unavailable, _)) => {
            Outcome::PutOff("the store opens no session now")
        }
        Err(_) => Outcome::PutOff("the store is away"),
    }
}

fn find(auth: &Auth, address: Option<&str>) -> Result<Option<Account>, Outcome> {
    let Some(address) = address else { return Ok(None) };
    auth.database.account(address).map_err(|error| {
        tracing::error!(%error, "login");
        Outcome::PutOff("the account database cannot be read")
    })
}

/// The record that bans can be made from: where from, as whom, and how it went. The name is shortened and escaped.
fn record(login: &str, remote: IpAddr, outcome: &Outcome) {
    let login = shortened(login);
    // a ban names the IPv4 address, however it arrived
    let remote = remote.to_canonical();
    match outcome {
        Outcome::Welcome(account, ..) => tracing::info!(%remote, ?login, account = account.id.0, "logged in"),
        Outcome::Denied => tracing::warn!(%remote, ?login, "login denied"),
        Outcome::PutOff(why) => tracing::warn!(%remote, ?login, why, "login put off"),
    }
}
