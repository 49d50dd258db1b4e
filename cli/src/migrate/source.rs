//! Where mail is imported from.

use std::collections::HashMap;
use std::io::{Cursor, ErrorKind, Read};
use std::path::Path;

use ipc::exit::Failure;
use ipc::mail::Seconds;
use migrate::maildir::{Maildir, MaildirLetter};
use migrate::mbox::{Mbox, MboxLetter};
use migrate::{Folder, Letter, MigrateError};

use super::{identity, other_mail};

/// The bytes of a message, and when it arrived if only its file says so.
pub(super) type Opened<'a> = (Box<dyn Read + 'a>, Option<Seconds>);

/// Folders, one after the other, and the messages of the one that was opened last.
pub(super) trait Source {
    /// The next folder, and how many messages it has, if that is known.
    fn next_folder(&mut self) -> Result<Option<(Folder, Option<u64>)>, Failure>;

    /// Which messages of the folder are here already: the others will be opened, each in its turn.
    fn expect(&mut self, _is_here: &dyn Fn(&Letter) -> bool) {}

    /// The next message of the folder.
    fn next_letter(&mut self) -> Result<Option<Letter>, Failure>;

    /// That message, or why it is passed over: one that cannot be had does not keep the others from being imported.
    fn open(&mut self) -> Result<Result<Opened<'_>, String>, Failure>;

    /// What is known of the UIDs of the folder after its last message.
    fn uids(&self) -> (Option<u32>, Option<u32>);

    /// Names that are subscribed; none if nothing says.
    fn subscriptions(&self) -> Option<Vec<String>>;

    /// What somebody should know of what came before, each once.
    fn remarks(&mut self) -> Vec<String> {
        Vec::new()
    }
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

    fn open(&mut self) -> Result<Result<Opened<'_>, String>, Failure> {
        let Some(current) = &self.current else { return Ok(Err(gone())) };
        match self.maildir.open_letter(current) {
            Ok(Some((file, modified))) => Ok(Ok((Box::new(file), Some(modified)))),
            Ok(None) => Ok(Err(gone())),
            Err(error) if is_of_this_one(&error) => Ok(Err(error.to_string())),
            Err(error) => Err(other_mail(error)),
        }
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

    fn open(&mut self) -> Result<Result<Opened<'_>, String>, Failure> {
        let bytes = self.current.as_mut().map(|current| std::mem::take(&mut current.bytes));
        Ok(bytes.map(|bytes| (Box::new(Cursor::new(bytes)) as Box<dyn Read>, None)).ok_or_else(gone))
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

pub(super) fn gone() -> String {
    "it has gone meanwhile".to_owned()
}

/// Is it about one message, and not about the disk?
fn is_of_this_one(error: &MigrateError) -> bool {
    match error {
        MigrateError::TooLarge { .. } | MigrateError::NotPlain { .. } => true,
        MigrateError::Io { source, .. } => source.kind() == ErrorKind::PermissionDenied,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::*;

    #[test]
    fn a_message_that_cannot_be_had_is_passed_over_and_the_others_are_not() {
        let directory = tempfile::tempdir().unwrap();
        let cur = directory.path().join("cur");
        fs::create_dir(&cur).unwrap();
        fs::write(cur.join("1.a:2,"), "first").unwrap();
        File::create(cur.join("2.b:2,")).unwrap().set_len(migrate::LETTER_MAX + 1).unwrap();
        fs::write(cur.join("3.c:2,"), "gone").unwrap();
        fs::write(cur.join("4.d:2,"), "last").unwrap();
        let mut source = MaildirSource::open(directory.path()).unwrap();
        source.next_folder().unwrap().unwrap();
        fs::remove_file(cur.join("3.c:2,")).unwrap();
        let mut had = Vec::new();
        while source.next_letter().unwrap().is_some() {
            had.push(match source.open().unwrap() {
                Ok((mut bytes, _)) => {
                    let mut text = String::new();
                    bytes.read_to_string(&mut text).unwrap();
                    text
                }
                Err(why) => why.rsplit(": ").next().unwrap().to_owned(),
            });
        }
        let larger = format!("larger than {} bytes", migrate::LETTER_MAX);
        assert_eq!(had, ["first", &larger, "it has gone meanwhile", "last"]);
    }
}
