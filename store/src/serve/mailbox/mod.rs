//! `mailbox`, the server: one task a session, bound to one account. Requests are answered in order.

mod append;
mod flags;
mod read;

use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

use ipc::channel::{self, ChannelError, Receiver, Sender};
use ipc::frame::{Frame, FrameError};
use ipc::mail::{AccountId, MailboxId, ModSeq};
use ipc::service::mailbox::{MailboxReply, MailboxRequest, RANGES_MAX, Refusal};

use super::Store;
use super::body::Upload;
use super::registry::Signals;
use crate::index::SessionId;

/// How long the client may leave a reply unread before it is cut off.
const PATIENCE: Duration = Duration::from_secs(30);

/// One session.
struct Session {
    store: Rc<Store>,
    account: AccountId,
    id: SessionId,
    signals: Rc<Signals>,
    sender: Sender<MailboxReply>,
    receiver: Receiver<MailboxRequest>,
    selected: Option<Selected>,
    append: Append,
}

/// The selected mailbox.
#[derive(Clone, Copy)]
struct Selected {
    mailbox: MailboxId,
    write: bool,
    /// A `Dirty` was sent, and no `Changes` asked since.
    told: bool,
}

/// An append under way.
enum Append {
    None,
    Open(Upload),
    /// Refused; chunks that were on their way are passed over until the client begins another.
    GivenUp,
}

pub(super) async fn run(store: Rc<Store>, account: AccountId, socket: OwnedFd) {
    let _entered = store.gauge.enter();
    let (id, signals) = store.registry.enter(account);
    let ended = match channel::open(socket) {
        Ok((sender, receiver)) => {
            let mut session = Session {
                store: Rc::clone(&store),
                account,
                id,
                signals,
                sender,
                receiver,
                selected: None,
                append: Append::None,
            };
            let ended = session.serve().await;
            session.unselect();
            ended
        }
        Err(error) => Err(error.into()),
    };
    store.registry.leave(account, id);
    match ended {
        Ok(()) | Err(ChannelError::Gone) => tracing::debug!(account = account.0, "mailbox session closed"),
        Err(error) => tracing::warn!(account = account.0, %error, "mailbox session ended"),
    }
}

/// A request that no correct client sends: the session is closed over it.
fn out_of_phase() -> ChannelError {
    FrameError::Chunk.into()
}

impl Session {
    async fn serve(&mut self) -> Result<(), ChannelError> {
        loop {
            let may_tell = self.selected.is_some_and(|selected| !selected.told);
            tokio::select! {
                biased;
                () = self.signals.end.notified() => return Ok(()),
                frame = self.receiver.receive() => match frame? {
                    Frame::Message(request, _) => self.request(request).await?,
                    Frame::Chunk { stream: 0, bytes } => self.append_chunk(&bytes).await?,
                    Frame::Chunk { .. } => return Err(out_of_phase()),
                },
                () = self.signals.changed.notified(), if may_tell => {
                    if let Some(selected) = &mut self.selected {
                        selected.told = true;
                    }
                    self.reply(MailboxReply::Dirty).await?;
                }
            }
        }
    }

    async fn request(&mut self, request: MailboxRequest) -> Result<(), ChannelError> {
        match request {
            MailboxRequest::List { after } => self.list(after).await,
            MailboxRequest::Status { mailbox } => self.status(mailbox).await,
            MailboxRequest::Select { mailbox, write } => self.select(mailbox, write).await,
            MailboxRequest::Unselect => {
                self.unselect();
                self.reply(MailboxReply::Done).await
            }
            MailboxRequest::Messages { after } => self.messages(after).await,
            MailboxRequest::Changes { since } => self.changes(since).await,
            MailboxRequest::Structure { uid } => self.structure(uid).await,
            MailboxRequest::Body { uid, offset, length } => self.body(uid, offset, length).await,
            MailboxRequest::Credit { .. } => Err(out_of_phase()),
            MailboxRequest::Flags { uids, change, flags, keywords } => {
                within(uids.len())?;
                self.flags(uids, change, flags, keywords).await
            }
            MailboxRequest::Expunge { uids } => {
                within(uids.as_ref().map_or(0, Vec::len))?;
                self.expunge(uids).await
            }
            MailboxRequest::Append { transaction } => self.append(transaction),
            MailboxRequest::Commit { mailbox, flags, keywords, internal_date, structure } => {
                let with = append::Ending { mailbox, flags, keywords, internal_date, structure };
                self.commit(with).await
            }
            MailboxRequest::Abort => {
                self.append = Append::None;
                self.reply(MailboxReply::Done).await
            }
        }
    }

    /// Sends a reply; this session's own task waits for its client, for a while, and nobody else does.
    async fn reply(&self, reply: MailboxReply) -> Result<(), ChannelError> {
        patiently(self.sender.send(&reply, &[])).await
    }

    async fn refuse(&self, why: Refusal) -> Result<(), ChannelError> {
        self.reply(MailboxReply::Refused(why)).await
    }

    fn selected_mailbox(&self) -> Option<MailboxId> {
        self.selected.map(|selected| selected.mailbox)
    }

    fn unselect(&mut self) {
        let Some(Selected { mailbox, .. }) = self.selected.take() else { return };
        self.signals.selected.set(None);
        if let Some(mailbox) = self.store.engine.index_mut().mailbox_mut(self.account, mailbox) {
            mailbox.views.leave(self.id);
            mailbox.forget_ghosts();
        }
    }

    /// Its user has been shown everything up to there.
    fn shown(&self, mailbox: MailboxId, until: ModSeq) {
        if let Some(mailbox) = self.store.engine.index_mut().mailbox_mut(self.account, mailbox) {
            mailbox.views.show(self.id, until);
            mailbox.forget_ghosts();
        }
    }
}

fn within(ranges: usize) -> Result<(), ChannelError> {
    if ranges > RANGES_MAX { Err(out_of_phase()) } else { Ok(()) }
}

async fn patiently<T>(sending: impl Future<Output = Result<T, ChannelError>>) -> Result<T, ChannelError> {
    tokio::time::timeout(PATIENCE, sending).await.unwrap_or(Err(ChannelError::Unread))
}
