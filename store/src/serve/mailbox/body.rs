//! A message's bytes on their way out, under credits.
//!
//! A whole body is in memory while it is sent, within the budget of all sessions together. A client that keeps the store
//! waiting loses that place: the body is let go of, and read again when the client goes on. So no slow line, and no
//! hostile reader, keeps the others from reading.

use ipc::channel::ChannelError;
use ipc::frame::Frame;
use ipc::mail::Uid;
use ipc::service::mailbox::{MailboxReply, MailboxRequest, Refusal};
use ipc::service::upload::CREDITS;
use ipc::socket::CHUNK_MAX;
use tokio::time::{Instant, timeout};

use super::{CREDIT_PATIENCE, GRACE, PATIENCE, Session, TURN, out_of_phase};
use crate::index::Message;
use crate::serve::budget::Share;

/// A body in memory, and its share of the budget.
struct Loaded {
    bytes: Vec<u8>,
    since: Instant,
    _share: Share,
}

impl Session {
    pub(super) async fn body(&mut self, uid: Uid, offset: u32, length: u32) -> Result<(), ChannelError> {
        let message = match self.message(uid) {
            Ok(message) => message,
            Err(why) => return self.reply_ahead(&MailboxReply::Refused(why)).await,
        };
        let loaded = match self.load(&message).await {
            Ok(loaded) => loaded,
            Err(why) => return self.reply_ahead(&MailboxReply::Refused(why)).await,
        };
        let end = offset.saturating_add(length).min(message.row.size);
        let length = end.saturating_sub(offset);
        tracing::debug!(id = %message.row.id, account = self.account.0, uid, bytes = length, "read");
        let mut loaded = Some(loaded);
        outlast(&mut loaded, CREDIT_PATIENCE, self.sender.send(&MailboxReply::Body { length }, &[])).await?;
        self.send_chunks(&message, loaded, to_usize(offset), to_usize(end)).await
    }

    async fn send_chunks(
        &mut self,
        message: &Message,
        mut loaded: Option<Loaded>,
        start: usize,
        end: usize,
    ) -> Result<(), ChannelError> {
        let (mut at, mut credits) = (start, CREDITS);
        while at < end {
            if credits == 0 {
                credits = outlast(&mut loaded, CREDIT_PATIENCE, self.credit()).await?;
            }
            let body = match loaded.take().filter(|body| body.since.elapsed() < TURN) {
                Some(body) => body,
                // It was whole a moment ago: what fails now fails the session, whose client waits for the rest.
                None => self.load(message).await.map_err(|_refusal| ChannelError::Unread)?,
            };
            let until = at.saturating_add(CHUNK_MAX).min(end);
            let chunk = body.bytes.get(at..until).ok_or(ChannelError::Unread)?;
            if let Ok(sent) = timeout(GRACE, self.sender.chunk(0, chunk)).await {
                sent?;
                loaded = Some(body);
                (at, credits) = (until, credits.saturating_sub(1));
            } else {
                drop(body);
                let writable = timeout(CREDIT_PATIENCE, self.sender.writable()).await;
                writable.unwrap_or(Err(ChannelError::Unread))?;
            }
        }
        // The client gives one for each chunk but the last.
        self.credits_due = CREDITS.saturating_sub(credits).saturating_sub(1);
        Ok(())
    }

    /// A credit that came after the last chunk had been sent.
    pub(super) fn late_credit(&mut self, chunks: u8) -> Result<(), ChannelError> {
        self.credits_due = self.credits_due.checked_sub(chunks).ok_or_else(out_of_phase)?;
        Ok(())
    }

    async fn load(&self, message: &Message) -> Result<Loaded, Refusal> {
        let waiting = self.store.downloads.wait_for(message.row.size.into());
        let share = timeout(PATIENCE, waiting).await.map_err(|_elapsed| Refusal::Limit)?;
        let bytes = self.store.engine.read(message.body).await?;
        Ok(Loaded { bytes, since: Instant::now(), _share: share })
    }

    async fn credit(&mut self) -> Result<u8, ChannelError> {
        match self.receiver.receive().await? {
            Frame::Message(MailboxRequest::Credit { chunks: chunks @ 1..=CREDITS }, _) => Ok(chunks),
            Frame::Message(..) | Frame::Chunk { .. } => Err(out_of_phase()),
        }
    }
}

/// Waits for the client: for a moment with the body in memory, then without.
async fn outlast<T>(
    loaded: &mut Option<Loaded>,
    patience: std::time::Duration,
    client: impl Future<Output = Result<T, ChannelError>>,
) -> Result<T, ChannelError> {
    let mut client = std::pin::pin!(client);
    if let Ok(done) = timeout(GRACE, &mut client).await {
        return done;
    }
    *loaded = None;
    timeout(patience, client).await.unwrap_or(Err(ChannelError::Unread))
}

fn to_usize(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
