//! Changing flags, and expunging.

use ipc::channel::ChannelError;
use ipc::mail::{SystemFlags, Uid, UidRange};
use ipc::service::mailbox::{FlagChange, KEYWORD_LENGTH_MAX, MailboxReply, MessageRow, ROWS_MAX, Refusal};

use super::{Session, out_of_phase};
use crate::index::Uids;
use crate::plan::{Operation, Outcome};

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
        let uids = Uids::of(uids);
        let operation = Operation::Flags { account: self.account, mailbox, uids, change, flags, keywords };
        let named = match self.store.engine.submit(operation).await {
            Outcome::Flagged(named) => named,
            Outcome::Refused(why) => return self.refuse(why).await,
            _ => return self.refuse(Refusal::NoMailbox).await,
        };
        let mut pages = named.chunks(ROWS_MAX).peekable();
        loop {
            let page = pages.next().unwrap_or_default();
            let (rows, keywords) = self.rows(mailbox, page);
            let more = pages.peek().is_some();
            self.reply(MailboxReply::Flagged { rows, keywords, more }).await?;
            if !more {
                return Ok(());
            }
        }
    }

    fn rows(&self, mailbox: ipc::mail::MailboxId, uids: &[Uid]) -> (Vec<MessageRow>, Vec<String>) {
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
        let uids = uids.map_or_else(Uids::all, Uids::of);
        match self.store.engine.submit(Operation::Expunge { account: self.account, mailbox, uids }).await {
            Outcome::Done => self.reply(MailboxReply::Done).await,
            Outcome::Refused(why) => self.refuse(why).await,
            _ => self.refuse(Refusal::NoMailbox).await,
        }
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
