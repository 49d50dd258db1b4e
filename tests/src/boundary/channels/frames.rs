//! Requests in bytes, and replies in words.

use breach::order::Held;
use ipc::codec;
use ipc::frame::{self, Message, VERSION};
use ipc::peers::Service;
use ipc::role::Role;
use ipc::rpc::{Answer, Call, Procedure};
use ipc::service::deliver::DeliverReply;
use ipc::service::directory::Directory;
use ipc::service::handshake::Handshake;
use ipc::service::login::Login;
use ipc::service::mailbox::MailboxReply;
use ipc::service::outcome::Outcomes;
use ipc::service::sessions::Sessions;
use ipc::service::submit::SubmitReply;

/// The id of every call that is made here.
const ID: u32 = 7;

/// A call as it is sent.
pub(super) fn call<P: Procedure>(request: P::Request) -> Vec<u8> {
    message(&Call::<P>::new(ID, request))
}

/// A message as it is sent.
pub(super) fn message<M: Message>(message: &M) -> Vec<u8> {
    frame::message(message).expect("small enough")
}

/// A piece of a body as it is sent.
pub(super) fn chunk(stream: u32, bytes: &[u8]) -> Vec<u8> {
    [&frame::chunk_head(stream)[..], bytes].concat()
}

/// A reply on that channel as it is printed for debugging.
pub(super) fn printed(on: Held, reply: &[u8]) -> String {
    let Some(encoded) = reply.strip_prefix(&[VERSION, 0]) else {
        return format!("{} bytes of a body", reply.len());
    };
    let printed = match on {
        Held::Peer(Service::Login) => answer::<Login>(encoded),
        Held::Peer(Service::Directory) => answer::<Directory>(encoded),
        Held::Peer(Service::Handshake) => answer::<Handshake>(encoded),
        Held::Peer(Service::Outcome) => answer::<Outcomes>(encoded),
        Held::Peer(Service::Deliver) => plain::<DeliverReply>(encoded),
        Held::Session => plain::<MailboxReply>(encoded),
        Held::Control => None,
        Held::Peer(Service::Sessions) => answer::<Sessions>(encoded),
    };
    printed.unwrap_or_else(|| format!("{reply:?}"))
}

/// The same, of what that role hears there: a submission's session is not a mailbox's.
pub(super) fn heard(client: Role, on: Held, reply: &[u8]) -> String {
    let submitted = match (client, on, reply.strip_prefix(&[VERSION, 0])) {
        (Role::Submission, Held::Session, Some(encoded)) => plain::<SubmitReply>(encoded),
        _ => None,
    };
    submitted.unwrap_or_else(|| printed(on, reply))
}

/// The reply of a call, decoded.
pub(super) fn reply<P: Procedure>(reply: &[u8]) -> Option<P::Reply> {
    codec::decode::<Answer<P>>(reply.strip_prefix(&[VERSION, 0])?).ok().map(Answer::into_reply)
}

fn answer<P: Procedure>(encoded: &[u8]) -> Option<String>
where
    P::Reply: std::fmt::Debug,
{
    codec::decode::<Answer<P>>(encoded).ok().map(|answer| format!("{:?}", answer.into_reply()))
}

fn plain<M: Message + std::fmt::Debug>(encoded: &[u8]) -> Option<String> {
    codec::decode::<M>(encoded).ok().map(|message| format!("{message:?}"))
}
