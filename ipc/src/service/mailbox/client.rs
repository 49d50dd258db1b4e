//! A session's end of its channel to the store: one request at a time, bodies under credits; what is foreseen is asked
//! before its time.

use std::os::fd::OwnedFd;

use super::ahead::{Ahead, Foreseen, Known, Place};
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
    /// That body, when it was read ahead.
    held: Vec<u8>,
    ahead: Ahead,
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
            held: Vec::new(),
            ahead: Ahead::default(),
            append: Credits::default(),
            refused: None,
        })
    }

    /// Asks one thing that is answered by one frame.
    ///
    /// # Errors
    /// When the store is gone, out of form, or takes longer than [`PATIENCE`]; the session has then ended.
    pub async fn call(&mut self, request: &MailboxRequest) -> Result<MailboxReply, ChannelError> {
        match self.ahead.go_to(request) {
            Place::Foreseen => {
                self.go_ahead().await?;
                self.foreseen(request).await
            }
            Place::Nowhere => {
                self.sender.send(request, &[]).await?;
                self.reply().await
            }
        }
    }

    /// Says what will be asked soon, in this order, so that the answers can be on their way by then. To be called while nothing
    /// is under way. What is not asked after all costs time, and nothing else; anything but structures and bodies that is
    /// asked meanwhile ends it.
    ///
    /// # Errors
    /// As [`MailboxClient::call`].
    pub async fn foresee(&mut self, soon: impl IntoIterator<Item = Foreseen>) -> Result<(), ChannelError> {
        if self.owed > 0 {
            return Ok(());
        }
        self.ahead.plan(soon);
        self.go_ahead().await
    }

    /// What was foreseen will not be asked, and what came of it is let go of.
    pub fn forget(&mut self) {
        self.ahead.forget();
    }

    async fn go_ahead(&mut self) -> Result<(), ChannelError> {
        for due in self.ahead.due() {
            self.sender.send(&due.request(), &[]).await?;
        }
        Ok(())
    }

    async fn foreseen(&mut self, request: &MailboxRequest) -> Result<MailboxReply, ChannelError> {
        if let Some(known) = self.ahead.take(request) {
            return Ok(self.known(known));
        }
        let waiting = async {
            loop {
                let frame = self.receiver.receive().await?;
                self.aside(frame)?;
                if let Some(known) = self.ahead.take(request) {
                    return Ok::<_, ChannelError>(known);
                }
            }
        };
        let known = tokio::time::timeout(PATIENCE, waiting).await.unwrap_or(Err(ChannelError::Unread))?;
        Ok(self.known(known))
    }

    fn known(&mut self, known: Known) -> MailboxReply {
        match known {
            Known::Reply(reply) => reply,
            Known::Body(body) => {
                let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
                (self.held, self.owed) = (body, length);
                MailboxReply::Body { length }
            }
        }
    }

    /// Takes a frame that does not belong to the request under way.
    fn aside(&mut self, frame: Frame<MailboxReply>) -> Result<(), FrameError> {
        match frame {
            Frame::Message(MailboxReply::Dirty, _) => self.dirty = true,
            frame => self.ahead.arrived(frame)?,
        }
        Ok(())
    }

    /// The next frame that belongs to the request under way.
    async fn next(&mut self) -> Result<Frame<MailboxReply>, ChannelError> {
        loop {
            match self.receiver.receive().await? {
                frame if self.ahead.waits() => self.aside(frame)?,
                frame @ Frame::Message(MailboxReply::Dirty, _) => self.aside(frame)?,
                frame => return Ok(frame),
            }
        }
    }

    /// The next frame of an answer (for [`MailboxReply::Flagged`] and [`MailboxReply::Copied`] with `more`).
    ///
    /// # Errors
    /// As [`MailboxClient::call`].
    pub async fn reply(&mut self) -> Result<MailboxReply, ChannelError> {
        let frame = tokio::time::timeout(PATIENCE, self.next()).await.unwrap_or(Err(ChannelError::Unread))?;
        let Frame::Message(reply, _) = frame else { return Err(FrameError::Chunk.into()) };
        match &reply {
            MailboxReply::Body { length } => self.owed = *length,
            // What came before was news of another mailbox.
            MailboxReply::Selected { .. } | MailboxReply::Gone => self.dirty = false,
            _ => {}
        }
        Ok(reply)
    }

    /// The next piece of the body that [`MailboxReply::Body`] announced; empty at its end.
    ///
    /// # Errors
    /// As [`MailboxClient::call`].
    pub async fn body_chunk(&mut self) -> Result<Vec<u8>, ChannelError> {
        if self.owed == 0 {
            return Ok(Vec::new());
        }
        if !self.held.is_empty() {
            self.owed = 0;
            return Ok(std::mem::take(&mut self.held));
        }
        let frame = tokio::time::timeout(PATIENCE, self.next()).await.unwrap_or(Err(ChannelError::Unread))?;
        let Frame::Chunk { stream: 0, bytes } = frame else { return Err(FrameError::Chunk.into()) };
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
        self.forget();
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
        while !self.dirty {
            let frame = self.receiver.receive().await?;
            self.aside(frame)?;
        }
        Ok(())
    }

    /// Returns when the store is gone, or says something unasked; changes are only noted. Cancel safe, and to be called when
    /// [`MailboxClient::changed`] may be.
    pub async fn ended(&mut self) -> ChannelError {
        loop {
            let frame = match self.receiver.receive().await {
                Ok(frame) => frame,
                Err(error) => return error,
            };
            if let Err(error) = self.aside(frame) {
                return error.into();
            }
        }
    }

    /// Takes the dirty bit; to be followed by [`MailboxRequest::Changes`].
    pub fn take_dirty(&mut self) -> bool {
        std::mem::take(&mut self.dirty)
    }
}
