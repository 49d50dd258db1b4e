//! Writing a Maildir++, with what Dovecot keeps beside it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use ipc::mail::Uid;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

use super::file_name::{FORWARDED, FileName, unique};
use super::keywords::KeywordList;
use super::layout::flat_directory;
use super::subscriptions;
use super::uidlist::UidList;
use crate::LIST_MAX;
use crate::error::MigrateError;
use crate::folder::{Folder, Letter};
use crate::line_ends::to_lf;
use crate::tree::Tree;

/// A Maildir that is being written, or brought up to date.
#[derive(Debug)]
pub struct MaildirWriter {
    tree: Tree,
}

/// A folder that is being written.
#[derive(Debug)]
pub struct FolderWriter<'a> {
    tree: &'a Tree,
    directory: PathBuf,
    folder: Folder,
    keywords: KeywordList,
    /// The files of `cur` by the part of their name that never changes.
    there: HashMap<Vec<u8>, PathBuf>,
    entries: Vec<(Uid, Vec<u8>)>,
}

/// What was done for a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It was not there.
    New,
    /// It was there; its flags are now right.
    There,
}

impl MaildirWriter {
    /// Makes the Maildir, if it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(path: &Path) -> Result<Self, MigrateError> {
        Ok(MaildirWriter { tree: Tree::create(path)? })
    }

    /// Makes a folder, if it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn folder(&self, folder: Folder) -> Result<FolderWriter<'_>, MigrateError> {
        let directory = flat_directory(&folder.name);
        if !directory.as_os_str().is_empty() {
            self.tree.make_directory(&directory)?;
        }
        for name in ["tmp", "new", "cur"] {
            self.tree.make_directory(&directory.join(name))?;
        }
        let keywords = self.tree.read(&directory.join("dovecot-keywords"), LIST_MAX)?;
        let mut there = HashMap::new();
        for entry in self.tree.list(&directory.join("cur"))? {
            there.insert(unique(entry.name.as_bytes()).to_vec(), directory.join("cur").join(&entry.name));
        }
        Ok(FolderWriter {
            tree: &self.tree,
            directory,
            folder,
            keywords: KeywordList::parse(&keywords.unwrap_or_default()),
            there,
            entries: Vec::new(),
        })
    }

    /// Says which names are subscribed.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn subscribe<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Result<(), MigrateError> {
        self.tree.replace(Path::new("subscriptions"), subscriptions::format(names).as_bytes())
    }
}

impl FolderWriter<'_> {
    /// Is that message there already, so that its bytes need not be fetched?
    #[must_use]
    pub fn has(&self, letter: &Letter) -> bool {
        self.there.contains_key(&letter.identity)
    }

    /// Writes a message, or brings the flags of one that is there up to date. Keywords beyond the 26 that a folder can have are
    /// left out; [`FolderWriter::lacks`] says so.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(
        &mut self,
        letter: &Letter,
        bytes: impl FnOnce() -> Vec<u8>,
    ) -> Result<Written, MigrateError> {
        for keyword in &letter.keywords {
            self.keywords.add(keyword);
        }
        let (unique, flags, keywords) = (letter.identity.clone(), letter.flags, letter.keywords.clone());
        let name = FileName { unique, flags, keywords }.format(&self.keywords);
        if let Some(uid) = letter.uid {
            self.entries.push((uid, letter.identity.clone()));
        }
        let path = self.directory.join("cur").join(std::ffi::OsString::from_vec(name));
        if let Some(there) = self.there.get(&letter.identity) {
            if *there != path {
                self.tree.rename(there, &path)?;
            }
            return Ok(Written::There);
        }
        let temporary = self.directory.join("tmp").join(std::ffi::OsStr::from_bytes(&letter.identity));
        self.tree.remove(&temporary)?;
        self.tree.write_new(&temporary, &to_lf(&bytes()), Some(letter.internal_date))?;
        self.tree.rename(&temporary, &path)?;
        self.there.insert(letter.identity.clone(), path);
        Ok(Written::New)
    }

    /// Has the keyword no letter, because there are 26 others?
    #[must_use]
    pub fn lacks(&self, keyword: &str) -> bool {
        !keyword.eq_ignore_ascii_case(FORWARDED) && self.keywords.letter(keyword).is_none()
    }

    /// Writes what Dovecot keeps beside the messages, and makes all of it durable.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self) -> Result<(), MigrateError> {
        self.entries.sort_unstable();
        if let Some(validity) = self.folder.uid_validity {
            let behind = self.entries.last().map_or(1, |(uid, _)| uid.saturating_add(1));
            let next = self.folder.uid_next.unwrap_or(behind).max(behind);
            let entries = self.entries.iter().map(|(uid, name)| (*uid, name.as_slice()));
            let list = UidList::format(validity, next, entries);
            self.tree.replace(&self.directory.join("dovecot-uidlist"), &list)?;
        }
        if self.keywords != KeywordList::default() {
            self.tree.replace(&self.directory.join("dovecot-keywords"), self.keywords.format().as_bytes())?;
        }
        // Dovecot and Courier tell a folder of Maildir++ by it
        if !self.directory.as_os_str().is_empty() {
            self.tree.replace(&self.directory.join("maildirfolder"), b"")?;
        }
        for directory in [self.directory.join("cur"), self.directory.clone()] {
            self.tree.sync_directory(&directory)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use ipc::mail::SystemFlags;

    use super::super::Maildir;
    use super::*;

    fn letter(identity: &str, uid: Uid, flags: SystemFlags, keywords: &[&str]) -> Letter {
        let keywords = keywords.iter().map(|keyword| (*keyword).to_owned()).collect();
        Letter { identity: identity.into(), uid: Some(uid), flags, keywords, internal_date: 1_234_567_890 }
    }

    fn folder(name: &str) -> Folder {
        Folder { name: name.into(), uid_validity: Some(99), uid_next: Some(20), subscribed: Some(true) }
    }

    #[test]
    fn what_is_written_is_read_and_writing_again_changes_flags_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("Maildir");
        let mut letters = [
            letter("1.a", 4, SystemFlags::SEEN, &["$Forwarded", "work"]),
            letter("2.b", 9, SystemFlags::default(), &[]),
        ];
        for round in 0..2 {
            let writer = MaildirWriter::create(&path).unwrap();
            writer.folder(folder("INBOX")).unwrap().finish().unwrap();
            let mut sent = writer.folder(folder("Gesendete/ä.b")).unwrap();
            for letter in &letters {
                assert_eq!(sent.has(letter), round > 0);
                let written = sent.write(letter, || b"Subject: x\r\n\r\nbody\r\n".to_vec()).unwrap();
                assert_eq!(written, if round > 0 { Written::There } else { Written::New });
            }
            sent.finish().unwrap();
            writer.subscribe(["Gesendete/ä.b"]).unwrap();

            let maildir = Maildir::open(&path).unwrap();
            let (read, found) = maildir.read(&maildir.folders()[1]).unwrap();
            assert_eq!(read, folder("Gesendete/ä.b"));
            for (found, letter) in found.iter().zip(&letters) {
                assert_eq!(found.letter, Letter { internal_date: 0, ..letter.clone() });
                let (mut file, modified) = maildir.open_letter(found).unwrap().unwrap();
                let mut text = String::new();
                file.read_to_string(&mut text).unwrap();
                assert_eq!((text.as_str(), modified), ("Subject: x\n\nbody\n", 1_234_567_890));
            }
            assert_eq!(found.len(), 2);
            letters[1].flags = SystemFlags::FLAGGED;
        }
    }
}
