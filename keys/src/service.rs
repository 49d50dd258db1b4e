//! The service `handshake`: one channel for each reader.

use std::cell::RefCell;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Instant;

use ipc::channel::ChannelError;
use ipc::role::Instance;
use ipc::rpc::{self, Responder};
use ipc::service::handshake::{Handshake, HandshakeReply, HandshakeRequest, IN_FLIGHT, INPUT_MAX};
use tokio::sync::mpsc;

use crate::identity::{KeyPair, Refusal};
use crate::ticket_keys::TicketKeys;

/// How many refusals a reader may collect before it loses its channel. One that is itself never gets any.
pub const REFUSALS_MAX: u32 = 16;

/// Everything the service holds.
#[derive(Debug)]
pub struct Keyring {
    identities: Vec<KeyPair>,
    tickets: Rc<RefCell<TicketKeys>>,
}

/// Why a reader's channel ended.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    /// It is gone, or out of form.
    #[error(transparent)]
    Channel(#[from] ChannelError),
    /// It asked for too much that is refused.
    #[error("{REFUSALS_MAX} requests were refused")]
    Refused,
}

impl Keyring {
    /// With those identities, the preferred first.
    #[must_use]
    pub fn new(identities: Vec<KeyPair>) -> Self {
        Keyring { identities, tickets: Rc::default() }
    }

    /// With other identities, and the same ticket keys. Readers that are served go on with what they were shown, until
    /// they are wired anew.
    #[must_use]
    pub fn with(&self, identities: Vec<KeyPair>) -> Self {
        Keyring { identities, tickets: Rc::clone(&self.tickets) }
    }

    /// Answers a reader until it goes, or is sent away. Between two answers the others have their turn: a reader that
    /// asks without pause slows down nobody else's handshakes but by one signature.
    pub async fn serve(&self, reader: Instance, socket: OwnedFd) -> Ended {
        // Its bound is that of the calls in flight.
        let (queue, waiting) = mpsc::unbounded_channel();
        let receive = rpc::serve::<Handshake>(socket, IN_FLIGHT, |request, responder| {
            let _ = queue.send((request, responder));
        });
        tokio::select! {
            biased;
            () = self.answer_all(reader, waiting) => Ended::Refused,
            ended = receive => ended.err().unwrap_or(ChannelError::Gone).into(),
        }
    }

    /// Forgets ticket keys whose time is over.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn turn(&self) -> Result<(), getrandom::Error> {
        self.tickets.borrow_mut().turn(Instant::now())
    }

    async fn answer_all(
        &self,
        reader: Instance,
        mut waiting: mpsc::UnboundedReceiver<(HandshakeRequest, Responder<Handshake>)>,
    ) {
        let mut refusals = 0u32;
        while let Some((request, responder)) = waiting.recv().await {
            let reply = self.answer(reader, request).unwrap_or_else(|refusal| {
                refusals = refusals.saturating_add(1);
                tracing::warn!(%reader, %refusal, refusals, "refused to sign");
                HandshakeReply::Refused
            });
            responder.reply(reply, Vec::new());
            if refusals >= REFUSALS_MAX {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    fn answer(&self, reader: Instance, request: HandshakeRequest) -> Result<HandshakeReply, Refusal> {
        match request {
            HandshakeRequest::Identity(number) => {
                let identity = self.identities.get(usize::from(number)).map(KeyPair::public);
                Ok(HandshakeReply::Identity(identity))
            }
            HandshakeRequest::Sign { identity, scheme, input } => {
                if input.len() > INPUT_MAX {
                    return Err(Refusal::Form);
                }
                let key = self.identities.get(usize::from(identity)).ok_or(Refusal::UnknownIdentity)?;
                Ok(HandshakeReply::Signature(key.sign(scheme, &input)?))
            }
            HandshakeRequest::TicketKeys => {
                self.tickets.borrow_mut().of(reader.role, Instant::now()).map_err(|_| Refusal::Failed)
            }
        }
    }
}
