//! Reading a Maildir.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::fs::File;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use ipc::mail::Seconds;

use super::file_name::FileName;
use super::keywords::KeywordList;
use super::layout::{self, Layout, MaildirFolder};
use super::subscriptions;
use super::uidlist::UidList;
use crate::error::MigrateError;
use crate::folder::{Folder, Letter};
use crate::tree::Tree;
use crate::{LETTER_MAX, LIST_MAX};

/// A Maildir with its folders.
#[derive(Debug)]
pub struct Maildir {
    tree: Tree,
    folders: Vec<MaildirFolder>,
    subscribed: Option<HashSet<String>>,
}

/// A message and its file.
#[derive(Clone, Debug)]
pub struct MaildirLetter {
    /// What is known of it; its internal date is the time its file was modified, known when it is opened.
    pub letter: Letter,
    path: PathBuf,
}

impl MaildirLetter {
    /// Its file beneath the Maildir, for messages.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Maildir {
    /// Opens a Maildir and finds its folders.
    ///
    /// # Errors
    /// When it is none, or cannot be read.
    pub fn open(path: &Path) -> Result<Self, MigrateError> {
        let tree = Tree::open(path)?;
        let (folders, layout) = layout::folders(&tree)?;
        let subscribed = subscribed(&tree, layout)?;
        Ok(Maildir { tree, folders, subscribed })
    }

    /// Its folders, the inbox first.
    #[must_use]
    pub fn folders(&self) -> &[MaildirFolder] {
        &self.folders
    }

    /// Names that are subscribed, whether there is a folder of that name or not; none if nothing says.
    #[must_use]
    pub fn subscriptions(&self) -> Option<Vec<&str>> {
        let mut names: Vec<&str> = self.subscribed.as_ref()?.iter().map(String::as_str).collect();
        names.sort_unstable();
        Some(names)
    }

    /// What is known of a folder, and its messages: those with a UID by their UID, then the others by age.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self, folder: &MaildirFolder) -> Result<(Folder, Vec<MaildirLetter>), MigrateError> {
        let at = |name: &str| folder.directory.join(name);
        let list = self.tree.read(&at("dovecot-uidlist"), LIST_MAX)?;
        let list = UidList::parse(&list.unwrap_or_default());
        let keywords = self.tree.read(&at("dovecot-keywords"), LIST_MAX)?;
        let keywords = KeywordList::parse(&keywords.unwrap_or_default());
        let mut letters: HashMap<Vec<u8>, MaildirLetter> = HashMap::new();
        // `cur` last: what was moved there in between is what counts
        for directory in ["new", "cur"] {
            let directory = at(directory);
            if !self.tree.has_directory(&directory) {
                continue;
            }
            let files = self.tree.list(&directory)?;
            for entry in files.into_iter().filter(|entry| !entry.is_directory && !is_hidden(&entry.name)) {
                let name = FileName::parse(&entry.name, &keywords);
                let uid = list.uids.get(&name.unique).copied();
                let letter = Letter {
                    identity: name.unique.clone(),
                    uid,
                    flags: name.flags,
                    keywords: name.keywords,
                    internal_date: 0,
                };
                letters.insert(name.unique, MaildirLetter { letter, path: directory.join(&entry.name) });
            }
        }
        let mut letters: Vec<MaildirLetter> = letters.into_values().collect();
        letters.sort_by(|a, b| order(a).cmp(&order(b)));
        let subscribed = self.subscribed.as_ref().map(|names| names.contains(&folder.name));
        let name = folder.name.clone();
        Ok((Folder { name, uid_validity: list.validity, uid_next: list.next, subscribed }, letters))
    }

    /// Opens a message's file; none if it has gone, or was renamed, meanwhile.
    ///
    /// # Errors
    /// When it cannot be opened, or is too large.
    pub fn open_letter(&self, letter: &MaildirLetter) -> Result<Option<(File, Seconds)>, MigrateError> {
        self.tree.file(&letter.path, LETTER_MAX)
    }
}

fn subscribed(tree: &Tree, layout: Layout) -> Result<Option<HashSet<String>>, MigrateError> {
    if let Some(file) = tree.read(Path::new("subscriptions"), LIST_MAX)? {
        return Ok(Some(subscriptions::parse(&file, layout).into_iter().collect()));
    }
    let Some(file) = tree.read(Path::new("courierimapsubscribed"), LIST_MAX)? else { return Ok(None) };
    // Courier has everything beneath the inbox
    let names = subscriptions::parse(&file, layout).into_iter();
    Ok(Some(names.map(|name| name.strip_prefix("INBOX/").map(str::to_owned).unwrap_or(name)).collect()))
}

fn is_hidden(name: &OsString) -> bool {
    name.as_bytes().starts_with(b".")
}

/// By UID; those without one behind, by the second their name begins with, then by name.
fn order(letter: &MaildirLetter) -> (u32, u64, &[u8]) {
    let identity = letter.letter.identity.as_slice();
    let digits = identity.iter().take_while(|byte| byte.is_ascii_digit()).take(19);
    let second =
        digits.fold(0_u64, |sum, digit| sum.saturating_mul(10).saturating_add(u64::from(digit & 15)));
    (letter.letter.uid.unwrap_or(u32::MAX), second, identity)
}

#[cfg(test)]
mod tests {
    use ipc::mail::SystemFlags;

    use super::*;

    #[test]
    fn a_maildir_as_dovecot_leaves_it() {
        let dir = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("cur/300.c:2,Sa", "third");
        write("cur/200.b:2,", "second");
        write("new/100.a", "no uid yet");
        write("new/99.z", "older");
        write("cur/.nfs0001", "not a message");
        write("tmp/1.t", "not there yet");
        write("dovecot-uidlist", "3 V1234 N8\n5 :200.b\n7 :300.c:2,S\n");
        write("dovecot-keywords", "0 work\n");
        write("subscriptions", "V\t2\n\nSent\ngone\n");
        write(".Sent/cur/1.s:2,S", "sent");
        std::os::unix::fs::symlink("/etc/passwd", dir.path().join("cur/400.d:2,")).unwrap();

        let maildir = Maildir::open(dir.path()).unwrap();
        assert_eq!(maildir.subscriptions().unwrap(), ["Sent", "gone"]);
        let (inbox, letters) = maildir.read(&maildir.folders()[0]).unwrap();
        assert_eq!(
            inbox,
            Folder {
                name: "INBOX".into(),
                uid_validity: Some(1234),
                uid_next: Some(8),
                subscribed: Some(false)
            }
        );
        let seen: Vec<_> =
            letters.iter().map(|at| (at.letter.uid, String::from_utf8_lossy(&at.letter.identity))).collect();
        assert_eq!(
            seen,
            [
                (Some(5), "200.b".into()),
                (Some(7), "300.c".into()),
                (None, "99.z".into()),
                (None, "100.a".into())
            ]
        );
        assert_eq!(
            (letters[1].letter.flags, letters[1].letter.keywords.as_slice()),
            (SystemFlags::SEEN, &["work".to_owned()][..])
        );
        let (sent, letters) = maildir.read(&maildir.folders()[1]).unwrap();
        assert_eq!(
            (sent.name.as_str(), sent.uid_validity, sent.subscribed, letters.len()),
            ("Sent", None, Some(true), 1)
        );
        let (mut file, modified) = maildir.open_letter(&letters[0]).unwrap().unwrap();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut file, &mut text).unwrap();
        assert!(text == "sent" && modified > 1_000_000_000);
        std::fs::remove_file(dir.path().join(".Sent/cur/1.s:2,S")).unwrap();
        assert!(maildir.open_letter(&letters[0]).unwrap().is_none());
    }
}
