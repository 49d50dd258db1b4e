//! `mailbox`, the server: one task a session, bound to one account. Requests are answered in order.

mod append;
mod body;
mod copy;
mod flags;
mod manage;
mod read;

use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

use ipc::channel::{self, ChannelError, Receiver, Sender};
use ipc::frame::{Frame, FrameError};
use ipc::mail::{AccountId, MailboxId, ModSeq, SystemFlags};
use ipc::service::mailbox::{MailboxReply, MailboxRequest, RANGES_MAX, Refusal};

use super::Store;
use super::body::Upload;
use super::registry::{Entered, Signals};
use crate::index::SessionId;
use crate::plan::Originals;

/// How long the client may leave a reply unread before it is cut off.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a client may take for the next piece of a body before the body is let go of, to be read again.
const GRACE: Duration = Duration::from_secs(1);
/// How long a body stays in memory while it is sent: then those who wait have their turn.
const TURN: Duration = Duration::from_secs(5);
/// How long it may take for it, or for what it has asked ahead, before it is cut off: its own peer may be on a bad line, and
/// nothing large is held for it.
const CREDIT_PATIENCE: Duration = Duration::from_secs(600);

/// For whom a session is, which bounds what it may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Somebody who has logged in.
    User,
    /// An administrator who brings mail along.
    Import,
}

/// One session.
struct Session {
    kind: Kind,
    store: Rc<Store>,
    account: AccountId,
    id: SessionId,
    signals: Rc<Signals>,
    sender: Sender<MailboxReply>,
    receiver: Receiver<MailboxRequest>,
    selected: Option<Selected>,
    append: Append,
    /// Credits for the last body that are still under way, because they were not needed.
    credits_due: u8,
}

/// The selected mailbox.
#[derive(Clone, Copy)]
struct Selected {
    mailbox: MailboxId,
    write: bool,
    /// A `Dirty` was sent, and no `Changes` asked since.
    told: bool,
    /// Up to here the client knows what there is to ask for.
    known: ModSeq,
}

/// An append under way.
enum Append {
    None,
    Open(Upload),
    /// Refused; chunks that were on their way are passed over until the client begins another.
    GivenUp,
}

pub(super) async fn run(entered: Entered, socket: OwnedFd, kind: Kind) {
    let Entered { store, account, id, signals } = &entered;
    let (account, id) = (*account, *id);
    let _counted = store.gauge.enter();
    let ended = match channel::open(socket) {
        Ok((sender, receiver)) => {
            let mut session = Session {
                kind,
                store: Rc::clone(store),
                account,
                id,
                signals: Rc::clone(signals),
                sender,
                receiver,
                selected: None,
                append: Append::None,
                credits_due: 0,
            };
            let ended = tokio::select! {
                biased;
                () = signals.end.notified() => Ok(()),
                ended = session.serve() => ended,
            };
            session.unselect();
            ended
        }
        Err(error) => Err(error.into()),
    };
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
                frame = self.receiver.receive() => match frame? {
                    Frame::Message(request, _) => self.request(request).await?,
                    Frame::Chunk { stream: 0, bytes } => self.append_chunk(&bytes).await?,
                    Frame::Chunk { .. } => return Err(out_of_phase()),
                },
                () = self.signals.changed.notified(), if may_tell => {
                    if self.has_news() {
                        if let Some(selected) = &mut self.selected {
                            selected.told = true;
                        }
                        self.reply(MailboxReply::Dirty).await?;
                    }
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
            MailboxRequest::Credit { chunks } => self.late_credit(chunks),
            MailboxRequest::Flags { uids, change, flags, keywords } => {
                within(uids.len())?;
                flags_in_form(flags)?;
                self.flags(uids, change, flags, keywords).await
            }
            MailboxRequest::Expunge { uids } => {
                within(uids.as_ref().map_or(0, Vec::len))?;
                self.expunge(uids).await
            }
            MailboxRequest::Create { name, special_use } => self.create(name, special_use).await,
            MailboxRequest::Delete { mailbox } => self.delete(mailbox).await,
            MailboxRequest::Rename { mailbox, name } => self.rename(mailbox, name).await,
            MailboxRequest::Subscribe { name, subscribed } => self.subscribe(name, subscribed).await,
            MailboxRequest::Subscriptions { after } => self.subscriptions(after.as_deref()).await,
            MailboxRequest::Copy { uids, to, remove } => {
                within(uids.len())?;
                self.copy(uids, to, if remove { Originals::Go } else { Originals::Stay }).await
            }
            MailboxRequest::Distrust { uid } => self.distrust(uid).await,
            MailboxRequest::Append { transaction } => self.append(transaction),
            MailboxRequest::Commit { mailbox, flags, keywords, internal_date, structure } => {
                flags_in_form(flags)?;
                let with = append::Ending { mailbox, uid: None, flags, keywords, internal_date, structure };
                self.commit(with).await
            }
            MailboxRequest::Import { .. } | MailboxRequest::Adopt { .. } if self.kind != Kind::Import => {
                Err(out_of_phase())
            }
            MailboxRequest::Import { mailbox, uid, flags, keywords, internal_date, structure } => {
                flags_in_form(flags)?;
                let internal_date = Some(internal_date);
                let with = append::Ending { mailbox, uid, flags, keywords, internal_date, structure };
                self.commit(with).await
            }
            MailboxRequest::Adopt { mailbox, uid_validity, uid_next } => {
                self.adopt(mailbox, uid_validity, uid_next).await
            }
            MailboxRequest::Abort => match std::mem::replace(&mut self.append, Append::None) {
                // The refusal, which crossed this on its way, is the answer.
                Append::GivenUp => Ok(()),
                Append::None | Append::Open(_) => self.reply(MailboxReply::Done).await,
            },
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

    /// Has the selected mailbox changed behind what the client knows? What it asked for itself may be among it.
    fn has_news(&self) -> bool {
        self.selected.is_some_and(|Selected { mailbox, known, .. }| {
            let index = self.store.engine.index();
            // That it was removed is news, too.
            index.mailbox(self.account, mailbox).is_none_or(|mailbox| mailbox.modseq > known)
        })
    }

    fn unselect(&mut self) {
        let Some(Selected { mailbox, .. }) = self.selected.take() else { return };
        self.signals.selected.set(None);
        self.store.engine.index_mut().leave(self.account, mailbox, self.id);
    }
}

fn within(ranges: usize) -> Result<(), ChannelError> {
    if ranges > RANGES_MAX { Err(out_of_phase()) } else { Ok(()) }
}

/// No bits that have no meaning: another reader would have to make something of them.
fn flags_in_form(flags: SystemFlags) -> Result<(), ChannelError> {
    let known = SystemFlags::NAMES.iter().fold(SystemFlags::default(), |known, (flag, _)| known.with(*flag));
    if known.has(flags) { Ok(()) } else { Err(out_of_phase()) }
}

async fn patiently<T>(sending: impl Future<Output = Result<T, ChannelError>>) -> Result<T, ChannelError> {
    tokio::time::timeout(PATIENCE, sending).await.unwrap_or(Err(ChannelError::Unread))
}
