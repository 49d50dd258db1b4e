//! Mail in.

use std::io::{self, ErrorKind, Read};

use ipc::exit::{Exit, Failure};
use ipc::mail::{MailboxId, Seconds, Uid};
use ipc::service::mailbox::{KEYWORD_LENGTH_MAX, MailboxRequest, Refusal};
use ipc::service::upload::STRUCTURE_MAX;
use ipc::socket::CHUNK_MAX;
use migrate::{Folder, Letter, ToCrlf};
use mime::{Limits, Scanner};

use super::identity;
use super::progress::{Progress, Totals};
use super::session::{Session, refused};
use super::source::Source;
use crate::output::printable;

/// Imports all folders of a source.
///
/// # Errors
/// When the source cannot be read, or the suite does not take it.
pub(super) async fn all(session: Session, address: &str, mut source: impl Source) -> Result<Totals, Failure> {
    let mut importing = Importing { session, address, progress: Progress::new(), totals: Totals::default() };
    while let Some((folder, count)) = source.next_folder()? {
        importing.remark(&mut source);
        importing.folder(&mut source, &folder, count).await?;
    }
    importing.remark(&mut source);
    if let Some(names) = source.subscriptions() {
        importing.subscribe(names).await?;
    }
    Ok(importing.totals)
}

struct Importing<'a> {
    session: Session,
    address: &'a str,
    progress: Progress,
    totals: Totals,
}

impl Importing<'_> {
    async fn folder(
        &mut self,
        source: &mut impl Source,
        folder: &Folder,
        count: Option<u64>,
    ) -> Result<(), Failure> {
        let name = &folder.name;
        let mailbox = self.session.mailbox(name).await?.map_err(|why| refused(name, why))?;
        let (status, _) = self.session.select(mailbox).await?;
        let there = self.session.ids().await?;
        let address = self.address;
        let id_of = |letter: &Letter| identity::transaction(address, name, &letter.identity);
        source.expect(&|letter| there.contains(&id_of(letter)));
        let mut done = 0_u64;
        let (mut keeps_uids, mut passed) = (None, false);
        if source.uids().0.is_some() {
            // of an empty folder, too
            keeps_uids = Some(self.adopt(mailbox, source.uids(), status.uid_next).await?);
        }
        while let Some(letter) = source.next_letter()? {
            if keeps_uids.is_none() {
                keeps_uids = Some(self.adopt(mailbox, source.uids(), status.uid_next).await?);
            }
            self.progress.at(name, done, count);
            done = done.saturating_add(1);
            let id = id_of(&letter);
            if there.contains(&id) {
                self.totals.there = self.totals.there.saturating_add(1);
                continue;
            }
            let uid = letter.uid.filter(|_| keeps_uids == Some(true));
            if letter.uid.is_none() && !passed {
                // what has no UID yet gets none that somebody else may have had
                passed = self.pass(mailbox, source).await?;
            }
            let (bytes, modified) = match source.open()? {
                Ok(opened) => opened,
                Err(why) => {
                    self.skip(name, &letter, &why);
                    continue;
                }
            };
            self.session.begin(id).await?;
            let structure = self.send(bytes).await?;
            let end = MailboxRequest::Import {
                mailbox,
                uid,
                flags: letter.flags,
                keywords: letter.keywords.iter().filter(|keyword| is_keyword(keyword)).cloned().collect(),
                internal_date: possible(modified.unwrap_or(letter.internal_date)),
                structure,
            };
            match self.session.end(end).await? {
                Ok(got) => self.count(letter.uid, got),
                Err(Refusal::Limit) => self.skip(name, &letter, "it is too large, or has too many keywords"),
                Err(why) => return Err(refused(name, why)),
            }
        }
        self.pass(mailbox, source).await?;
        self.totals.folders = self.totals.folders.saturating_add(1);
        Ok(())
    }

    /// Takes the source's UIDVALIDITY over where the mailbox has never had a message, or has it already. Do UIDs mean the same
    /// here and there then?
    async fn adopt(
        &mut self,
        mailbox: MailboxId,
        (validity, _): (Option<u32>, Option<u32>),
        next: Uid,
    ) -> Result<bool, Failure> {
        if validity.is_none() {
            return Ok(false);
        }
        Ok(self.session.adopt(mailbox, validity, next).await?.is_ok())
    }

    /// What was given out once is not given out again.
    async fn pass(&mut self, mailbox: MailboxId, source: &impl Source) -> Result<bool, Failure> {
        if let (_, Some(next)) = source.uids() {
            let _ = self.session.adopt(mailbox, None, next).await?;
        }
        Ok(true)
    }

    async fn send(&mut self, mut bytes: Box<dyn Read + '_>) -> Result<Vec<u8>, Failure> {
        let (mut ends, mut scanner) = (ToCrlf::default(), Scanner::new(Limits::default()));
        let mut piece = vec![0; CHUNK_MAX.div_euclid(2)];
        let mut out = Vec::new();
        loop {
            let read = bytes.read(&mut piece).map_err(|error| unread(&error))?;
            if read == 0 {
                break;
            }
            out.clear();
            ends.push(piece.get(..read).unwrap_or_default(), &mut out);
            scanner.push(&out);
            self.session.piece(&out).await?;
        }
        let structure = ipc::codec::encode_record(&scanner.finish()).unwrap_or_default();
        Ok(if structure.len() > STRUCTURE_MAX { Vec::new() } else { structure })
    }

    fn count(&mut self, wanted: Option<Uid>, got: Uid) {
        self.totals.new = self.totals.new.saturating_add(1);
        if wanted.is_some_and(|wanted| wanted != got) {
            self.totals.other_uid = self.totals.other_uid.saturating_add(1);
        }
    }

    fn skip(&mut self, folder: &str, letter: &Letter, why: &str) {
        let identity = String::from_utf8_lossy(&letter.identity).into_owned();
        self.progress.say(&format!("{folder}: {identity}: {why}: passed over"));
        self.totals.skipped = self.totals.skipped.saturating_add(1);
    }

    fn remark(&mut self, source: &mut impl Source) {
        source.remarks().iter().for_each(|remark| self.progress.say(remark));
    }

    /// Subscribes to what was subscribed there; what is subscribed here besides stays.
    async fn subscribe(&mut self, names: Vec<String>) -> Result<(), Failure> {
        for name in names {
            let said = self.session.subscribe(name.clone(), true).await?;
            if let Err(why) = said {
                self.progress.say(&refused(&name, why).to_string());
            }
        }
        Ok(())
    }
}

/// A message that could not be read to its end.
fn unread(error: &io::Error) -> Failure {
    match error.kind() {
        ErrorKind::UnexpectedEof
        | ErrorKind::ConnectionReset
        | ErrorKind::TimedOut
        | ErrorKind::BrokenPipe => Failure::new(
            Exit::TempFail,
            format!("a message was cut off ({error}): do it again, it goes on from there"),
        ),
        _ => Failure::new(Exit::IoError, printable(&format!("a message: {error}"))),
    }
}

/// Can it be a keyword (RFC 9051 section 9, `flag-keyword`)?
fn is_keyword(keyword: &str) -> bool {
    let atom = |byte: u8| byte.is_ascii_graphic() && !br#"(){%*"\]"#.contains(&byte);
    !keyword.is_empty() && keyword.len() <= KEYWORD_LENGTH_MAX && keyword.bytes().all(atom)
}

/// The nearest date that a message can have (RFC 9051 section 9, `date-time`): a file system knows others.
fn possible(date: Seconds) -> Seconds {
    const YEAR_0: Seconds = -62_167_219_200;
    const END_OF_9999: Seconds = 253_402_300_799;
    date.clamp(YEAR_0, END_OF_9999)
}
