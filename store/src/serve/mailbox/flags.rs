//! Changing flags, and expunging.

use ipc::channel::ChannelError;
use ipc::mail::{MailboxId, SystemFlags, Uid, UidRange};
use ipc::service::mailbox::{FlagChange, KEYWORD_LENGTH_MAX, MailboxReply, MessageRow, ROWS_MAX, Refusal};

use super::{Session, out_of_phase};
use crate::index::Uids;
use crate::plan::{Operation, Outcome};

/// Messages that one operation changes at the most: all users wait while it is decided, written and applied. A request for
/// more of them is done in several, between which others have their turn; IMAP promises no more than that.
const MESSAGES: usize = if cfg!(test) { 3 } else { ROWS_MAX * 8 };

impl Session {
    pub(super) async fn flags(
        &self,
        uids: Vec<UidRange>,
        change: FlagChange,
        flags: SystemFlags,
        keywords: Vec<String>,
    ) -> Result<(), ChannelError> {
        keywords_in_form(&keywords)?;
        let mailbox = match self.selected {
            Some(selected) if selected.write => selected.mailbox,
            _ => return self.refuse(Refusal::NotSelected).await,
        };
        let mut left = Some(Uids::of(uids));
        while let Some(all) = left {
            let (uids, rest) = self.some(mailbox, all);
            left = rest;
            let keywords = keywords.clone();
            let operation =
                Operation::Flags { account: self.account, mailbox, uids, change, flags, keywords };
            let named = match self.store.engine.submit(operation).await {
                Outcome::Flagged(named) => named,
                Outcome::Refused(why) => return self.refuse(why).await,
                _ => return self.refuse(Refusal::NoMailbox).await,
            };
            self.flagged(mailbox, &named, left.is_some()).await?;
        }
        Ok(())
    }

    /// Tells the rows of these messages, page by page; one page at the least.
    async fn flagged(
        &self,
        mailbox: MailboxId,
        named: &[Uid],
        more_follow: bool,
    ) -> Result<(), ChannelError> {
        let mut pages = named.chunks(ROWS_MAX).peekable();
        loop {
            let page = pages.next().unwrap_or_default();
            let (rows, keywords) = self.rows(mailbox, page);
            let last = pages.peek().is_none();
            self.reply(MailboxReply::Flagged { rows, keywords, more: more_follow || !last }).await?;
            if last {
                return Ok(());
            }
        }
    }

    /// As many of the messages as one operation may change, and the others, if there are any.
    fn some(&self, mailbox: MailboxId, uids: Uids) -> (Uids, Option<Uids>) {
        let last = {
            let index = self.store.engine.index();
            let Some(mailbox) = index.mailbox(self.account, mailbox) else { return (uids, None) };
            let mut named =
                mailbox.within(&uids).skip(MESSAGES.saturating_sub(1)).map(|message| message.row.uid);
            named.next().filter(|_| named.next().is_some())
        };
        match last {
            Some(last) => {
                let (some, rest) = uids.split_behind(last);
                (some, Some(rest))
            }
            None => (uids, None),
        }
    }

    fn rows(&self, mailbox: MailboxId, uids: &[Uid]) -> (Vec<MessageRow>, Vec<String>) {
        let index = self.store.engine.index();
        let Some(mailbox) = index.mailbox(self.account, mailbox) else { return (Vec::new(), Vec::new()) };
        let rows = uids.iter().filter_map(|uid| mailbox.message(*uid)).map(|message| message.row).collect();
        (rows, mailbox.keywords.clone())
    }

    pub(super) async fn expunge(&self, uids: Option<Vec<UidRange>>) -> Result<(), ChannelError> {
        let mailbox = match self.selected {
            Some(selected) if selected.write => selected.mailbox,
            _ => return self.refuse(Refusal::NotSelected).await,
        };
        let mut left = Some(uids.map_or_else(Uids::all, Uids::of));
        while let Some(all) = left {
            let (uids, rest) = self.some(mailbox, all);
            left = rest;
            let operation = Operation::Expunge { account: self.account, mailbox, uids };
            match self.store.engine.submit(operation).await {
                Outcome::Done => {}
                Outcome::Refused(why) => return self.refuse(why).await,
                _ => return self.refuse(Refusal::NoMailbox).await,
            }
        }
        self.reply(MailboxReply::Done).await
    }
}

/// Keywords of a reader: atoms (RFC 9051 section 9, `flag-keyword`), as long as the service says. That there are too many
/// of them is a refusal, no breach.
pub(super) fn keywords_in_form(keywords: &[String]) -> Result<(), ChannelError> {
    let atom = |byte: u8| byte.is_ascii_graphic() && !br#"(){%*"\]"#.contains(&byte);
    let in_form = |keyword: &String| {
        !keyword.is_empty() && keyword.len() <= KEYWORD_LENGTH_MAX && keyword.bytes().all(atom)
    };
    if keywords.iter().all(in_form) { Ok(()) } else { Err(out_of_phase()) }
}
