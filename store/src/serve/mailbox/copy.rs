//! Copying and moving, and what a parser panicked on.

use ipc::channel::ChannelError;
use ipc::mail::{MailboxId, Uid, UidRange};
use ipc::service::mailbox::{MailboxReply, RANGES_MAX, Refusal};

use super::Session;
use crate::index::Uids;
use crate::plan::{Copied, Operation, Originals, Outcome};

/// Ranges of originals in one frame. Their copies follow each other, so that they are one range more.
const RANGES: usize = if cfg!(test) { 3 } else { RANGES_MAX };

impl Session {
    pub(super) async fn copy(
        &self,
        uids: Vec<UidRange>,
        to: MailboxId,
        originals: Originals,
    ) -> Result<(), ChannelError> {
        let from = match self.selected {
            Some(selected) if selected.write || originals == Originals::Stay => selected.mailbox,
            _ => return self.refuse(Refusal::NotSelected).await,
        };
        let operation = Operation::Copy { account: self.account, from, uids: Uids::of(uids), to, originals };
        match self.store.engine.submit(operation).await {
            Outcome::Copied(copied) => self.copied(copied).await,
            other => self.answer(other).await,
        }
    }

    /// Tells which copies there are, page by page; one page at the least.
    async fn copied(&self, Copied { uid_validity, source, copies }: Copied) -> Result<(), ChannelError> {
        let mut copies = copies.iter().flat_map(|range| range.first..=range.last);
        let mut pages = source.chunks(RANGES).peekable();
        loop {
            let source = pages.next().unwrap_or_default().to_vec();
            let more = pages.peek().is_some();
            let copies = UidRange::of(copies.by_ref().take(count(&source)));
            self.reply(MailboxReply::Copied { uid_validity, source, copies, more }).await?;
            if !more {
                return Ok(());
            }
        }
    }

    pub(super) async fn distrust(&self, uid: Uid) -> Result<(), ChannelError> {
        let Some(mailbox) = self.selected_mailbox() else { return self.refuse(Refusal::NotSelected).await };
        tracing::warn!(account = self.account.0, uid, "a reader's parser panicked on this message");
        self.do_it(Operation::Distrust { account: self.account, mailbox, uid }).await
    }
}

/// How many UIDs there are in ranges that do not overlap.
fn count(ranges: &[UidRange]) -> usize {
    let lengths =
        ranges.iter().map(|range| u64::from(range.last).saturating_sub(range.first.into()).saturating_add(1));
    usize::try_from(lengths.fold(0, u64::saturating_add)).unwrap_or(usize::MAX)
}
