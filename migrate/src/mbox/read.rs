//! Reading an mbox, message by message.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use ipc::mail::{Seconds, Uid};

use super::from_line;
use super::status::Status;
use crate::LETTER_MAX;
use crate::error::MigrateError;
use crate::folder::Letter;
use crate::tree::Tree;

/// A file that is being read.
#[derive(Debug)]
pub struct Mbox {
    path: PathBuf,
    reader: BufReader<File>,
    /// The line that begins the next message has been read; its date.
    next: Option<Seconds>,
    base: Option<(u32, Uid)>,
    count: u64,
}

/// A message and its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MboxLetter {
    /// What is known of it. Its identity is empty: only its bytes and its place tell it from others.
    pub letter: Letter,
    /// Its bytes, with the line ends they have in the file.
    pub bytes: Vec<u8>,
}

impl Mbox {
    /// Opens a file; an empty one has no messages.
    ///
    /// # Errors
    /// When it cannot be opened, or is no mbox.
    pub fn open(path: &Path) -> Result<Self, MigrateError> {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let name = path.file_name().ok_or_else(|| MigrateError::NotPlain { path: path.to_owned() })?;
        let missing =
            || MigrateError::Io { path: path.to_owned(), source: std::io::ErrorKind::NotFound.into() };
        let (file, _) = Tree::open(parent)?.file(Path::new(name), u64::MAX)?.ok_or_else(missing)?;
        let mut mbox =
            Mbox { path: path.to_owned(), reader: BufReader::new(file), next: None, base: None, count: 0 };
        if let Some(line) = mbox.line(LETTER_MAX)? {
            let date = from_line::parse(without_end(&line));
            mbox.next = Some(date.ok_or_else(|| MigrateError::NoMbox { path: path.to_owned() })?);
        }
        Ok(mbox)
    }

    /// UIDVALIDITY and the last UID that was given out, if the first message says so; known once that has been read.
    #[must_use]
    pub fn base(&self) -> Option<(u32, Uid)> {
        self.base
    }

    /// The next message; none at the end.
    ///
    /// # Errors
    /// When the file cannot be read, or the message is larger than [`LETTER_MAX`].
    pub fn next_letter(&mut self) -> Result<Option<MboxLetter>, MigrateError> {
        let Some(internal_date) = self.next.take() else { return Ok(None) };
        let (mut status, mut bytes, mut part) = (Status::default(), Vec::new(), Part::Header);
        let mut after_empty = false;
        while let Some(line) = self.line(LETTER_MAX.saturating_sub(bytes.len() as u64))? {
            let text = without_end(&line);
            if (after_empty || part == Part::Header)
                && let Some(date) = from_line::parse(text)
            {
                self.next = Some(date);
                break;
            }
            after_empty = text.is_empty();
            part = match part {
                Part::Header if text.is_empty() => Part::Body,
                Part::Header if status.take(text) => continue,
                part => part,
            };
            bytes.extend_from_slice(if part == Part::Body { unquoted(&line) } else { &line });
        }
        if self.next.is_some() || after_empty {
            // the empty line before the next message, or at the end, is no part of this one
            cut_empty_line(&mut bytes);
        }
        if self.count == 0 {
            self.base = status.base;
        }
        self.count = self.count.saturating_add(1);
        let Status { flags, keywords, uid, .. } = status;
        let letter = Letter { identity: Vec::new(), uid, flags, keywords, internal_date };
        Ok(Some(MboxLetter { letter, bytes }))
    }

    fn line(&mut self, cap: u64) -> Result<Option<Vec<u8>>, MigrateError> {
        let mut line = Vec::new();
        let read = (&mut self.reader).take(cap.saturating_add(1)).read_until(b'\n', &mut line);
        read.map_err(|source| MigrateError::Io { path: self.path.clone(), source })?;
        if line.len() as u64 > cap {
            return Err(MigrateError::TooLarge { path: self.path.clone(), cap: LETTER_MAX });
        }
        Ok((!line.is_empty()).then_some(line))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Header,
    Body,
}

fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// `>From ` is `From `, and `>>From ` is `>From `.
fn unquoted(line: &[u8]) -> &[u8] {
    let from = line.iter().position(|byte| *byte != b'>').unwrap_or(0);
    match line.split_at_checked(from) {
        Some((quotes, rest)) if !quotes.is_empty() && rest.starts_with(b"From ") => {
            line.get(1..).unwrap_or(line)
        }
        _ => line,
    }
}

fn cut_empty_line(bytes: &mut Vec<u8>) {
    let end = if bytes.ends_with(b"\r\n") { 2 } else { usize::from(bytes.ends_with(b"\n")) };
    let before = bytes.len().saturating_sub(end);
    // of a message that is a header and nothing else, the empty line is the end of the header
    if end > 0 && bytes.get(..before).is_some_and(|rest| rest.ends_with(b"\n")) && !ends_header(bytes, before)
    {
        bytes.truncate(before);
    }
}

/// Is the empty line that begins at `at` the first one?
fn ends_header(bytes: &[u8], at: usize) -> bool {
    let header = bytes.get(..at).unwrap_or_default();
    !header.windows(2).any(|pair| pair == b"\n\n") && !header.windows(3).any(|triple| triple == b"\n\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<MboxLetter> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("mbox");
        std::fs::write(&path, text).unwrap();
        let mut mbox = Mbox::open(&path).unwrap();
        std::iter::from_fn(|| mbox.next_letter().unwrap()).collect()
    }

    const FROM: &str = "From a@b Fri Feb 13 23:31:30 2009\n";

    #[test]
    fn messages_end_where_the_next_begins() {
        let text = format!(
            "{FROM}Subject: one\nX-UID: 5\nStatus: RO\n\nbody\n>From me\nFrom here on text\n\nFrom text again\n\n{FROM}Subject: two\n\nlast\n\n"
        );
        let letters = read(&text);
        let bytes: Vec<_> =
            letters.iter().map(|one| String::from_utf8_lossy(&one.bytes).into_owned()).collect();
        assert_eq!(
            bytes,
            [
                "Subject: one\n\nbody\nFrom me\nFrom here on text\n\nFrom text again\n",
                "Subject: two\n\nlast\n"
            ]
        );
        assert_eq!((letters[0].letter.uid, letters[0].letter.internal_date), (Some(5), 1_234_567_890));
        assert_eq!(letters[1].letter.uid, None);
    }

    #[test]
    fn odd_files() {
        assert!(read("").is_empty());
        let cut = read(&format!("{FROM}Subject: cut"));
        assert_eq!(cut[0].bytes, b"Subject: cut");
        let headers_only = read(&format!("{FROM}Subject: x\n\n{FROM}Subject: y\n\n"));
        assert_eq!(
            headers_only.iter().map(|one| one.bytes.clone()).collect::<Vec<_>>(),
            [b"Subject: x\n\n", b"Subject: y\n\n"]
        );
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("text");
        std::fs::write(&path, "Dear all,\n").unwrap();
        assert!(matches!(Mbox::open(&path), Err(MigrateError::NoMbox { .. })));
    }
}
