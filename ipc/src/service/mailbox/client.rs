//! A session's end of its channel to the store: one request at a time, bodies under credits.

use std::os::fd::OwnedFd;

use super::{MailboxReply, MailboxRequest, PATIENCE, Refusal};
use crate::channel::{self, ChannelError, Receiver, Sender};
use crate::frame::{Frame, FrameError};
use crate::mail::TransactionId;
use crate::service::upload::Credits;

/// The session's end of the channel.
#[derive(Debug)]
pub struct MailboxClient {
    sender: Sender<MailboxRequest>,
    receiver: Receiver<MailboxReply>,
    dirty: bool,
    /// Bytes of the body under way that have not come yet.
    owed: u32,
    append: Credits,
    refused: Option<Refusal>,
}

impl MailboxClient {
    /// Takes the descriptor that came with a login.
    ///
    /// # Errors
    /// When it is unfit.
    pub fn start(socket: OwnedFd) -> std::io::Result<Self> {
        let (sender, receiver) = channel::open(socket)?;
        Ok(MailboxClient {
            sender,
            receiver,
            dirty: false,
            owed: 0,
            append: Credits::default(),
            refused: None,
        })
    }

    /// Asks one thing that is answered by one frame.
    ///
    /// # Errors
    /// When the store is gone, out of form, or takes longer than [`PATIENCE`]; the session has then ended.
    pub async fn call(&mut self, request: &MailboxRequest) -> Result<MailboxReply, ChannelError> {
        self.sender.send(request, &[]).await?;
        self.reply().await
    }

    /// The next frame of an answer (for [`MailboxReply::Flagged`] and [`MailboxReply::Copied`] with `more`).
    ///
    /// # Errors
    /// As [`MailboxClient::call`].
    pub async fn reply(&mut self) -> Result<MailboxReply, ChannelError> {
        let waiting = async {
            loop {
                match self.receiver.receive().await? {
                    Frame::Message(MailboxReply::Dirty, _) => self.dirty = true,
                    Frame::Message(MailboxReply::Body { length }, _) => {
                        self.owed = length;
                        return Ok(MailboxReply::Body { length });
                    }
                    Frame::Message(reply @ (MailboxReply::Selected { .. } | MailboxReply::Gone), _) => {
                        // What came before was news of another mailbox.
                        self.dirty = false;
                        return Ok(reply);
                    }
                    Frame::Message(reply, _) => return Ok(reply),
                    Frame::Chunk { .. } => return Err(FrameError::Chunk.into()),
                }
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.unwrap_or(Err(ChannelError::Unread))
    }

    /// The next piece of the body that [`MailboxReply::Body`] announced; empty at its end.
    ///
    /// # Errors
    /// As [`MailboxClient::call`].
    pub async fn body_chunk(&mut self) -> Result<Vec<u8>, ChannelError> {
        if self.owed == 0 {
            return Ok(Vec::new());
        }
        let waiting = async {
            loop {
                match self.receiver.receive().await? {
                    Frame::Message(MailboxReply::Dirty, _) => self.dirty = true,
                    Frame::Chunk { stream: 0, bytes } => return Ok(bytes),
                    Frame::Message(..) | Frame::Chunk { .. } => return Err(FrameError::Chunk.into()),
                }
            }
        };
        let bytes: Vec<u8> =
            tokio::time::timeout(PATIENCE, waiting).await.unwrap_or(Err(ChannelError::Unread))?;
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.owed = self.owed.checked_sub(length).ok_or(FrameError::Chunk)?;
        if self.owed > 0 {
            self.sender.send(&MailboxRequest::Credit { chunks: 1 }, &[]).await?;
        }
        Ok(bytes)
    }

    /// Begins to append a message.
    ///
    /// # Errors
    /// As [`MailboxClient::call`].
    pub async fn append(&mut self, transaction: TransactionId) -> Result<(), ChannelError> {
        self.append = Credits::default();
        self.refused = None;
        self.sender.send(&MailboxRequest::Append { transaction }, &[]).await
    }

    /// Sends a piece of it, waiting for credits. Pieces after a refusal are swallowed.
    ///
    /// # Errors
    /// As [`MailboxClient::call`].
    pub async fn append_chunk(&mut self, bytes: &[u8]) -> Result<(), ChannelError> {
        for piece in bytes.chunks(crate::socket::CHUNK_MAX) {
            while self.refused.is_none() && !self.append.try_take() {
                match self.reply().await? {
                    MailboxReply::Credit { chunks } if self.append.give(chunks) => {}
                    MailboxReply::Refused(why) => self.refused = Some(why),
                    _ => return Err(FrameError::Chunk.into()),
                }
            }
            if self.refused.is_none() {
                self.sender.chunk(0, piece).await?;
            }
        }
        Ok(())
    }

    /// Ends an append with [`MailboxRequest::Commit`] or [`MailboxRequest::Abort`].
    ///
    /// # Errors
    /// As [`MailboxClient::call`].
    pub async fn finish_append(&mut self, end: &MailboxRequest) -> Result<MailboxReply, ChannelError> {
        if let Some(why) = self.refused.take() {
            return Ok(MailboxReply::Refused(why));
        }
        self.sender.send(end, &[]).await?;
        loop {
            match self.reply().await? {
                MailboxReply::Credit { .. } => {}
                reply => return Ok(reply),
            }
        }
    }

    /// Returns when the selected mailbox has changes, or the store is gone. Cancel safe; to be called only while no
    /// request is under way.
    ///
    /// # Errors
    /// When the store is gone, or says something unasked.
    pub async fn changed(&mut self) -> Result<(), ChannelError> {
        if !self.dirty {
            match self.receiver.receive().await? {
                Frame::Message(MailboxReply::Dirty, _) => self.dirty = true,
                Frame::Message(..) | Frame::Chunk { .. } => return Err(FrameError::Chunk.into()),
            }
        }
        Ok(())
    }

    /// Returns when the store is gone, or says something unasked; changes are only noted. Cancel safe, and to be called when
    /// [`MailboxClient::changed`] may be.
    pub async fn ended(&mut self) -> ChannelError {
        loop {
            match self.receiver.receive().await {
                Ok(Frame::Message(MailboxReply::Dirty, _)) => self.dirty = true,
                Ok(Frame::Message(..) | Frame::Chunk { .. }) => return FrameError::Chunk.into(),
                Err(error) => return error,
            }
        }
    }

    /// Takes the dirty bit; to be followed by [`MailboxRequest::Changes`].
    pub fn take_dirty(&mut self) -> bool {
        std::mem::take(&mut self.dirty)
    }
}
