//! Mail out.

use std::io::ErrorKind;
use std::path::Path;

use ipc::exit::Failure;
use ipc::mail::Uid;
use ipc::service::mailbox::{MailboxRow, MailboxStatus, MessageRow, Refusal};
use migrate::maildir::{MaildirWriter, Written};
use migrate::mbox::MboxWriter;
use migrate::{Folder, Letter, MigrateError};

use super::other_mail;
use super::progress::{Progress, Totals};
use super::session::{Session, refused};

/// Writes all mailboxes into a Maildir; what is there already has its flags brought up to date.
///
/// # Errors
/// When it cannot be written, or the suite does not give it.
pub(super) async fn maildir(session: Session, path: &Path) -> Result<Totals, Failure> {
    let writer = MaildirWriter::create(path).map_err(other_mail)?;
    let mut exporting = Exporting::new(session);
    for row in exporting.session.mailboxes().await? {
        let (status, keywords) = exporting.session.select(row.id).await?;
        let mut folder = match writer.folder(folder(&row, status)) {
            Err(error) if is_too_long(&error) => {
                exporting.leave_out(&row, status);
                continue;
            }
            folder => folder.map_err(other_mail)?,
        };
        let mut after = 0;
        while let Some(messages) = exporting.page(&mut after).await? {
            for message in messages {
                exporting.at(&row, status);
                let letter = letter(&message, &keywords, status);
                let bytes = match folder.has(&letter) {
                    true => Some(Vec::new()),
                    false => exporting.body(&row, &message).await?,
                };
                let Some(bytes) = bytes else { continue };
                let written = folder.write(&letter, || bytes).map_err(other_mail)?;
                exporting.count(written == Written::New);
                if let Some(lost) = letter.keywords.iter().find(|keyword| folder.lacks(keyword)) {
                    exporting
                        .progress
                        .say(&format!("{}: a Maildir has 26 keywords: {lost} is left out", row.name));
                }
            }
        }
        folder.finish().map_err(other_mail)?;
        exporting.totals.folders = exporting.totals.folders.saturating_add(1);
    }
    let names = exporting.session.subscriptions().await?;
    writer.subscribe(names.iter().map(String::as_str)).map_err(other_mail)?;
    Ok(exporting.totals)
}

/// Writes each mailbox into a file of its name in a directory.
///
/// # Errors
/// As [`maildir`].
pub(super) async fn mbox(session: Session, path: &Path) -> Result<Totals, Failure> {
    migrate::Tree::create(path).map_err(other_mail)?;
    let mut exporting = Exporting::new(session);
    for row in exporting.session.mailboxes().await? {
        let (status, keywords) = exporting.session.select(row.id).await?;
        let name = file_name(&row.name);
        let mut writer = match MboxWriter::create(&path.join(name), folder(&row, status)) {
            Err(error) if is_too_long(&error) => {
                exporting.leave_out(&row, status);
                continue;
            }
            writer => writer.map_err(other_mail)?,
        };
        let mut after = 0;
        while let Some(messages) = exporting.page(&mut after).await? {
            for message in messages {
                exporting.at(&row, status);
                let Some(bytes) = exporting.body(&row, &message).await? else { continue };
                writer.write(&letter(&message, &keywords, status), &bytes).map_err(other_mail)?;
                exporting.count(true);
            }
        }
        writer.finish().map_err(other_mail)?;
        exporting.totals.folders = exporting.totals.folders.saturating_add(1);
    }
    Ok(exporting.totals)
}

struct Exporting {
    session: Session,
    progress: Progress,
    totals: Totals,
    /// Messages of this mailbox so far.
    done: u64,
}

impl Exporting {
    fn new(session: Session) -> Self {
        Exporting { session, progress: Progress::new(), totals: Totals::default(), done: 0 }
    }

    /// The next messages; none behind the last.
    async fn page(&mut self, after: &mut Uid) -> Result<Option<Vec<MessageRow>>, Failure> {
        if *after == 0 {
            self.done = 0;
        }
        let rows = self.session.messages(*after).await?;
        let Some(last) = rows.last() else { return Ok(None) };
        *after = last.uid;
        Ok(Some(rows))
    }

    fn at(&mut self, row: &MailboxRow, status: MailboxStatus) {
        self.progress.at(&row.name, self.done, Some(status.messages.into()));
        self.done = self.done.saturating_add(1);
    }

    /// A message's bytes; none if it has gone meanwhile, or is damaged, which is said.
    async fn body(&mut self, mailbox: &MailboxRow, row: &MessageRow) -> Result<Option<Vec<u8>>, Failure> {
        match self.session.body(row).await? {
            Ok(bytes) => Ok(Some(bytes)),
            Err(Refusal::NoMessage) => Ok(None),
            Err(why @ Refusal::Damaged) => {
                let what = format!("{}, UID {}, id {}", mailbox.name, row.uid, row.id);
                self.progress.say(&refused(&what, why).to_string());
                self.totals.skipped = self.totals.skipped.saturating_add(1);
                Ok(None)
            }
            Err(why) => Err(refused(&mailbox.name, why)),
        }
    }

    /// One mailbox of such a name, which its user can make, does not keep the others from being exported.
    fn leave_out(&mut self, row: &MailboxRow, status: MailboxStatus) {
        self.progress.say(&format!("{}: its name is too long for a file: passed over", row.name));
        self.totals.skipped = self.totals.skipped.saturating_add(status.messages.into());
    }

    fn count(&mut self, new: bool) {
        let counter = if new { &mut self.totals.new } else { &mut self.totals.there };
        *counter = counter.saturating_add(1);
    }
}

fn is_too_long(error: &MigrateError) -> bool {
    matches!(error, MigrateError::Io { source, .. } if source.kind() == ErrorKind::InvalidFilename)
}

fn folder(row: &MailboxRow, status: MailboxStatus) -> Folder {
    Folder {
        name: row.name.clone(),
        uid_validity: Some(status.uid_validity),
        uid_next: Some(status.uid_next),
        subscribed: Some(row.subscribed),
    }
}

/// A message as it is written. Its identity holds what nobody else has: UIDVALIDITY and UID of its mailbox.
fn letter(row: &MessageRow, keywords: &[String], status: MailboxStatus) -> Letter {
    let has = |bit: usize| {
        u32::try_from(bit).ok().and_then(|bit| row.keywords.checked_shr(bit)).unwrap_or(0) & 1 == 1
    };
    let keywords =
        keywords.iter().enumerate().filter(|(bit, _)| has(*bit)).map(|(_, keyword)| keyword.clone());
    let identity =
        format!("{}.V{}U{}.bulkhead,W={}", row.internal_date, status.uid_validity, row.uid, row.size);
    Letter {
        identity: identity.into_bytes(),
        uid: Some(row.uid),
        flags: row.flags,
        keywords: keywords.collect(),
        internal_date: row.internal_date,
    }
}

/// The file of a mailbox: its name, with what separates levels, and what hides files, spelled out.
fn file_name(mailbox: &str) -> String {
    let spelled = mailbox.replace('%', "%25").replace('/', "%2F");
    match spelled.strip_prefix('.') {
        Some(rest) => format!("%2E{rest}.mbox"),
        None => format!("{spelled}.mbox"),
    }
}
