//! What a hostile role does instead of serving.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use ipc::codec;
use ipc::control::Event;
use ipc::exit::Failure;
use ipc::peers::Service;
use ipc::service::control::Hello;
use nix::libc;
use sandbox::startup::Started;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::order::{self, Answer, Handed, Held, Order, Speech};
use crate::raw::{Arg, call};
use crate::{speak, table};

/// The most bytes of an order from the network.
const ORDER_MAX: u64 = codec::MESSAGE_MAX as u64;

/// Makes no threads: what is tried here is tried by the main one.
///
/// # Errors
/// None.
pub fn prepare(_hello: &Hello) -> io::Result<()> {
    Ok(())
}

/// Takes orders over each connection the master hands on as an administrator's, until the master is gone.
///
/// # Errors
/// The master is gone, or out of form.
pub async fn serve(started: Started<()>) -> Result<(), Failure> {
    let mut control = started.control;
    let mut channels = Channels::default();
    loop {
        match control.next().await? {
            Event::Peer { service, socket, .. } => {
                channels.peers.insert(service, socket);
            }
            Event::Listener { socket, .. } => {
                tokio::task::spawn_local(listen(socket));
            }
            Event::Admin { socket, .. } => obey(&socket, &mut channels),
            Event::Serve => control.ready().await?,
            Event::Prepare { .. } => control.answer(Ok(())).await?,
            Event::Commit | Event::Abort | Event::Unlisten { .. } => {}
            Event::Retire | Event::Drain { .. } => return control.drained().await,
        }
    }
}

/// Takes orders from the network, as a hijacked reader does: one a connection, ended by its sender's end of stream.
/// This is for suites with a real master, which hands a reader's administrators to nobody.
async fn listen(socket: OwnedFd) {
    let Ok(listener) = TcpListener::from_std(socket.into()) else { return };
    while let Ok((mut connection, _)) = listener.accept().await {
        let mut order = Vec::new();
        let read = (&mut connection).take(ORDER_MAX).read_to_end(&mut order).await;
        let (Ok(_), Ok(order)) = (read, codec::decode(&order)) else { continue };
        let answer = carry_out(order, Vec::new(), &mut Channels::default());
        if let Ok(answer) = codec::encode(&answer) {
            let _gone = connection.write_all(&answer).await;
        }
    }
}

/// What the master has handed over, and what came by it.
#[derive(Default)]
struct Channels {
    peers: HashMap<Service, OwnedFd>,
    session: Option<OwnedFd>,
}

impl Channels {
    fn held(&self, which: Held) -> Option<BorrowedFd<'_>> {
        match which {
            Held::Peer(service) => self.peers.get(&service).map(AsFd::as_fd),
            Held::Session => self.session.as_ref().map(AsFd::as_fd),
            // every role has it as its standard input
            Held::Control => Some(rustix::stdio::stdin()),
        }
    }
}

fn obey(socket: &OwnedFd, channels: &mut Channels) {
    while let Ok((order, descriptors)) = order::receive(socket) {
        let answer = carry_out(order, descriptors, channels);
        if order::send(socket, &answer, &[]).is_err() {
            return;
        }
    }
}

fn carry_out(order: Order, descriptors: Vec<OwnedFd>, channels: &mut Channels) -> Answer {
    match order {
        Order::Attempt { name, scene } => match (table::find(&name), Handed::from_packet(descriptors)) {
            (Some(attempt), Some(handed)) => said((attempt.make)(&scene, &handed)),
            _ => Answer::Unknown,
        },
        Order::Speak(speech) => speak_on(&speech, channels),
        Order::LetTrace => {
            // refused where there is no Yama, which is as well
            let _ = call(libc::SYS_prctl, &mut [Arg::Int(libc::PR_SET_PTRACER.into()), Arg::Int(-1)]);
            Answer::Done
        }
        Order::Queue { key, make } => said(queue(key, make)),
    }
}

fn speak_on(speech: &Speech, channels: &mut Channels) -> Answer {
    let Some(channel) = channels.held(speech.on) else { return Answer::Unknown };
    let (heard, session) = speak::speak(channel, speech);
    if session.is_some() {
        channels.session = session;
    }
    Answer::Heard(heard)
}

fn queue(key: i32, make: bool) -> Result<(), i32> {
    let flags = if make { libc::IPC_CREAT | 0o666 } else { 0 };
    let id = call(libc::SYS_msgget, &mut [Arg::Int(key.into()), Arg::Int(flags.into())])?;
    if !make {
        call(libc::SYS_msgctl, &mut [Arg::Int(id), Arg::Int(libc::IPC_RMID.into())])?;
    }
    Ok(())
}

fn said(result: Result<(), i32>) -> Answer {
    match result {
        Ok(()) => Answer::Done,
        Err(errno) => Answer::Errno(errno),
    }
}
