//! Writing an mbox.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use super::from_line;
use super::status::Status;
use crate::error::MigrateError;
use crate::folder::{Folder, Letter};
use crate::line_ends::to_lf;
use crate::tree::Tree;

/// A file in the making: it gets its name, in place of an older one, when it is whole.
#[derive(Debug)]
pub struct MboxWriter {
    tree: Tree,
    name: PathBuf,
    temporary: PathBuf,
    file: BufWriter<File>,
    folder: Folder,
    count: u64,
}

impl MboxWriter {
    /// Begins a file for the messages of `folder`.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(path: &Path, folder: Folder) -> Result<Self, MigrateError> {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let name = path.file_name().ok_or_else(|| MigrateError::NotPlain { path: path.to_owned() })?;
        let tree = Tree::open(parent)?;
        let mut temporary = name.to_owned();
        temporary.push(".new");
        let temporary = PathBuf::from(temporary);
        tree.remove(&temporary)?;
        let file = BufWriter::new(tree.create_new(&temporary)?);
        Ok(MboxWriter { tree, name: name.into(), temporary, file, folder, count: 0 })
    }

    /// Writes a message.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&mut self, letter: &Letter, bytes: &[u8]) -> Result<(), MigrateError> {
        let last = self.folder.uid_next.map_or(0, |next| next.saturating_sub(1));
        let base = self.folder.uid_validity.filter(|_| self.count == 0).map(|validity| (validity, last));
        let status = Status { flags: letter.flags, keywords: letter.keywords.clone(), uid: letter.uid, base };
        let text = to_lf(bytes);
        let body =
            text.windows(2).position(|pair| pair == b"\n\n").map_or(text.len(), |at| at.saturating_add(1));
        let body = if text.starts_with(b"\n") { 0 } else { body };
        let (header, body) = text.split_at_checked(body).unwrap_or((&text, &[]));
        let mut out = from_line::format(letter.internal_date).into_bytes();
        out.extend_from_slice(header);
        if !header.is_empty() && !header.ends_with(b"\n") {
            out.push(b'\n');
        }
        out.extend_from_slice(status.format().as_bytes());
        for line in body.split_inclusive(|byte| *byte == b'\n') {
            if is_from(line) {
                out.push(b'>');
            }
            out.extend_from_slice(line);
        }
        if !out.ends_with(b"\n") {
            out.push(b'\n');
        }
        out.push(b'\n');
        self.count = self.count.saturating_add(1);
        self.file.write_all(&out).map_err(|source| self.failed(source))
    }

    /// Makes it durable, and gives it its name.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self) -> Result<(), MigrateError> {
        self.file.flush().map_err(|source| self.failed(source))?;
        self.file.get_ref().sync_all().map_err(|source| self.failed(source))?;
        self.tree.rename(&self.temporary, &self.name)?;
        self.tree.sync_directory(Path::new(""))
    }

    fn failed(&self, source: std::io::Error) -> MigrateError {
        MigrateError::Io { path: self.tree.name(&self.temporary), source }
    }
}

/// A line that a reader could take for the beginning of a message, quoted or not.
fn is_from(line: &[u8]) -> bool {
    let from = line.iter().position(|byte| *byte != b'>').unwrap_or(0);
    line.get(from..).is_some_and(|rest| rest.starts_with(b"From "))
}

#[cfg(test)]
mod tests {
    use ipc::mail::SystemFlags;
    use proptest::prelude::*;

    use super::super::Mbox;
    use super::*;

    fn folder() -> Folder {
        Folder { name: "x".into(), uid_validity: Some(77), uid_next: Some(10), subscribed: None }
    }

    fn there_and_back(messages: &[(Letter, Vec<u8>)]) -> Vec<(Letter, Vec<u8>)> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("mbox");
        let mut writer = MboxWriter::create(&path, folder()).unwrap();
        for (letter, bytes) in messages {
            writer.write(letter, bytes).unwrap();
        }
        writer.finish().unwrap();
        let mut mbox = Mbox::open(&path).unwrap();
        let read = std::iter::from_fn(|| mbox.next_letter().unwrap());
        let read: Vec<_> = read.map(|one| (one.letter, one.bytes)).collect();
        if !messages.is_empty() {
            assert_eq!(mbox.base(), Some((77, 9)));
        }
        read
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            messages in proptest::collection::vec(
                ("(Subject: [a-z]{0,9}\n){1,3}", "([>]{0,2}(From |from|x)[ a-z0-9:]{0,9}\n|\n){0,6}", 0_u8..32, proptest::option::of(1_u32..9)),
                0..4,
            )
        ) {
            let messages: Vec<_> = messages
                .into_iter()
                .map(|(header, body, flags, uid)| {
                    let letter = Letter {
                        identity: Vec::new(),
                        uid,
                        flags: SystemFlags(flags),
                        keywords: vec!["a".into(), "$b".into()],
                        internal_date: 1_234_567_890,
                    };
                    (letter, format!("{header}\n{body}").into_bytes())
                })
                .collect();
            prop_assert_eq!(there_and_back(&messages), messages);
        }
    }
}
