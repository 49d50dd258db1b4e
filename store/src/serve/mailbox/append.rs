//! Appending a message to a mailbox of the account.

use std::rc::Rc;

use ipc::channel::ChannelError;
use ipc::mail::{MailboxId, Seconds, SystemFlags, TransactionId, Uid};
use ipc::service::mailbox::{MailboxReply, Refusal};
use ipc::service::upload::STRUCTURE_MAX;

use super::flags::keywords_in_form;
use super::{Append, Session, out_of_phase};
use crate::plan::{Operation, Outcome};
use crate::serve::body::{Stuck, Upload};

/// What a date-time can say (RFC 9051 section 9): the years 0 to 9999.
const DATES: std::ops::RangeInclusive<Seconds> = -62_167_219_200..=253_402_300_799;

/// How an append ends.
pub(super) struct Ending {
    pub(super) mailbox: MailboxId,
    pub(super) uid: Option<Uid>,
    pub(super) flags: SystemFlags,
    pub(super) keywords: Vec<String>,
    pub(super) internal_date: Option<Seconds>,
    pub(super) structure: Vec<u8>,
}

impl Session {
    pub(super) fn append(&mut self, transaction: TransactionId) -> Result<(), ChannelError> {
        if matches!(self.append, Append::Open(_)) {
            return Err(out_of_phase());
        }
        self.append = Append::Open(Upload::new(transaction, Rc::clone(&self.store.appends)));
        Ok(())
    }

    pub(super) async fn append_chunk(&mut self, bytes: &[u8]) -> Result<(), ChannelError> {
        let pushed = match &mut self.append {
            Append::Open(upload) => upload.push(&self.store, bytes),
            Append::GivenUp => return Ok(()),
            Append::None => return Err(out_of_phase()),
        };
        let why = match pushed {
            Ok(()) => return self.reply(MailboxReply::Credit { chunks: 1 }).await,
            Err(Stuck::TooLarge) => Refusal::Limit,
            Err(Stuck::NoMemory) => Refusal::Full,
        };
        self.append = Append::GivenUp;
        self.refuse(why).await
    }

    pub(super) async fn commit(&mut self, ending: Ending) -> Result<(), ChannelError> {
        keywords_in_form(&ending.keywords)?;
        let date_in_form = ending.internal_date.is_none_or(|date| DATES.contains(&date));
        if ending.structure.len() > STRUCTURE_MAX || !date_in_form {
            return Err(out_of_phase());
        }
        let mut upload = match std::mem::replace(&mut self.append, Append::None) {
            Append::Open(upload) => upload,
            // The refusal is under way to the client, or was overtaken by this request.
            Append::GivenUp => return Ok(()),
            Append::None => return Err(out_of_phase()),
        };
        let (account, transaction) = (self.account, upload.transaction);
        let raw = std::mem::take(&mut upload.bytes);
        let bytes = raw.len();
        let Ending { mailbox, uid, flags, keywords, internal_date, structure } = ending;
        let operation =
            |message| Operation::Append { message, account, mailbox, uid, flags, keywords, internal_date };
        match self.store.engine.add(transaction, raw, structure, operation).await {
            Outcome::Appended(uid_validity, uid) => {
                tracing::info!(id = %transaction, bytes, account = account.0, uid, "appended");
                self.reply(MailboxReply::Appended { uid_validity, uid }).await
            }
            Outcome::Refused(why) => self.refuse(why).await,
            _ => self.refuse(Refusal::NoMailbox).await,
        }
    }
}
