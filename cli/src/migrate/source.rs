//! Where mail is imported from.

use std::collections::HashMap;
use std::io::{Cursor, Read};
use std::path::Path;

use ipc::exit::Failure;
use ipc::mail::Seconds;
use migrate::maildir::{Maildir, MaildirLetter};
use migrate::mbox::{Mbox, MboxLetter};
use migrate::{Folder, Letter};

use super::{identity, other_mail};

/// The bytes of a message, and when it arrived if only its file says so.
pub(super) type Opened = (Box<dyn Read>, Option<Seconds>);

/// Folders, one after the other, and the messages of the one that was opened last.
pub(super) trait Source {
    /// The next folder, and how many messages it has, if that is known.
    fn next_folder(&mut self) -> Result<Option<(Folder, Option<u64>)>, Failure>;

    /// The next message of the folder.
    fn next_letter(&mut self) -> Result<Option<Letter>, Failure>;

    /// That message; none if it has gone meanwhile.
    fn open(&mut self) -> Result<Option<Opened>, Failure>;

    /// What is known of the UIDs of the folder after its last message.
    fn uids(&self) -> (Option<u32>, Option<u32>);

    /// Names that are subscribed; none if nothing says.
    fn subscriptions(&self) -> Option<Vec<String>>;
}

/// A Maildir.
pub(super) struct MaildirSource {
    maildir: Maildir,
    folder: usize,
    letters: std::vec::IntoIter<MaildirLetter>,
    current: Option<MaildirLetter>,
    uids: (Option<u32>, Option<u32>),
}

impl MaildirSource {
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let maildir = Maildir::open(path).map_err(other_mail)?;
        Ok(MaildirSource {
            maildir,
            folder: 0,
            letters: Vec::new().into_iter(),
            current: None,
            uids: (None, None),
        })
    }
}

impl Source for MaildirSource {
    fn next_folder(&mut self) -> Result<Option<(Folder, Option<u64>)>, Failure> {
        let Some(folder) = self.maildir.folders().get(self.folder) else { return Ok(None) };
        let (folder, letters) = self.maildir.read(folder).map_err(other_mail)?;
        self.folder = self.folder.saturating_add(1);
        let count = letters.len() as u64;
        self.letters = letters.into_iter();
        self.uids = (folder.uid_validity, folder.uid_next);
        Ok(Some((folder, Some(count))))
    }

    fn next_letter(&mut self) -> Result<Option<Letter>, Failure> {
        self.current = self.letters.next();
        Ok(self.current.as_ref().map(|current| current.letter.clone()))
    }

    fn open(&mut self) -> Result<Option<Opened>, Failure> {
        let Some(current) = &self.current else { return Ok(None) };
        let opened = self.maildir.open_letter(current).map_err(other_mail)?;
        Ok(opened.map(|(file, modified)| (Box::new(file) as Box<dyn Read>, Some(modified))))
    }

    fn uids(&self) -> (Option<u32>, Option<u32>) {
        self.uids
    }

    fn subscriptions(&self) -> Option<Vec<String>> {
        Some(self.maildir.subscriptions()?.into_iter().map(str::to_owned).collect())
    }
}

/// An mbox: one folder.
pub(super) struct MboxSource {
    mbox: Mbox,
    folder: Option<String>,
    current: Option<MboxLetter>,
    /// How often the same bytes were seen.
    seen: HashMap<Vec<u8>, u64>,
}

impl MboxSource {
    pub(super) fn open(path: &Path, folder: String) -> Result<Self, Failure> {
        let mbox = Mbox::open(path).map_err(other_mail)?;
        Ok(MboxSource { mbox, folder: Some(folder), current: None, seen: HashMap::new() })
    }
}

impl Source for MboxSource {
    fn next_folder(&mut self) -> Result<Option<(Folder, Option<u64>)>, Failure> {
        let folder = |name| Folder { name, uid_validity: None, uid_next: None, subscribed: None };
        Ok(self.folder.take().map(|name| (folder(name), None)))
    }

    fn next_letter(&mut self) -> Result<Option<Letter>, Failure> {
        self.current = self.mbox.next_letter().map_err(other_mail)?;
        let Some(current) = &mut self.current else { return Ok(None) };
        let bytes = identity::of_bytes(&current.bytes);
        let seen = self.seen.entry(bytes.clone()).or_default();
        current.letter.identity = [bytes.as_slice(), &seen.to_le_bytes()].concat();
        *seen = seen.saturating_add(1);
        Ok(Some(current.letter.clone()))
    }

    fn open(&mut self) -> Result<Option<Opened>, Failure> {
        let bytes = self.current.as_mut().map(|current| std::mem::take(&mut current.bytes));
        Ok(bytes.map(|bytes| (Box::new(Cursor::new(bytes)) as Box<dyn Read>, None)))
    }

    fn uids(&self) -> (Option<u32>, Option<u32>) {
        match self.mbox.base() {
            Some((validity, last)) => (Some(validity), last.checked_add(1)),
            None => (None, None),
        }
    }

    fn subscriptions(&self) -> Option<Vec<String>> {
        None
    }
}
