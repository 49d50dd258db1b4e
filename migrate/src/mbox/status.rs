//! The header fields that mail programs keep state in: Status, X-Status, X-Keywords, X-UID, X-IMAP, X-IMAPbase.

use ipc::mail::{SystemFlags, Uid};

const STATUS: [(u8, SystemFlags); 5] = [
    (b'R', SystemFlags::SEEN),
    (b'A', SystemFlags::ANSWERED),
    (b'F', SystemFlags::FLAGGED),
    (b'D', SystemFlags::DELETED),
    (b'T', SystemFlags::DRAFT),
];

/// What the fields of one message say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Status {
    pub(super) flags: SystemFlags,
    pub(super) keywords: Vec<String>,
    pub(super) uid: Option<Uid>,
    /// Of the first message: UIDVALIDITY, and the last UID that was given out.
    pub(super) base: Option<(u32, Uid)>,
}

impl Status {
    /// Takes a header line, if it is one of these; it is then no part of the message.
    pub(super) fn take(&mut self, line: &[u8]) -> bool {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { return false };
        let (name, value) = line.split_at(colon);
        let value = String::from_utf8_lossy(value.get(1..).unwrap_or_default()).trim().to_owned();
        match name.to_ascii_lowercase().as_slice() {
            b"status" | b"x-status" => {
                let set = STATUS.iter().filter(|(letter, _)| value.as_bytes().contains(letter));
                self.flags = set.fold(self.flags, |all, (_, flag)| all.with(*flag));
            }
            b"x-keywords" => self.keywords.extend(value.split_ascii_whitespace().map(str::to_owned)),
            b"x-uid" => self.uid = value.parse().ok().filter(|uid| *uid > 0),
            b"x-imap" | b"x-imapbase" => {
                let mut numbers = value.split_ascii_whitespace().map(str::parse);
                self.base = match (numbers.next(), numbers.next()) {
                    (Some(Ok(validity)), Some(Ok(last))) if validity > 0 => Some((validity, last)),
                    _ => None,
                };
            }
            _ => return false,
        }
        true
    }

    /// The lines that say it, with LF.
    pub(super) fn format(&self) -> String {
        let mut out = String::new();
        if let Some((validity, last)) = self.base {
            out.push_str(&format!("X-IMAPbase: {validity} {last:010}\n"));
        }
        if let Some(uid) = self.uid {
            out.push_str(&format!("X-UID: {uid}\n"));
        }
        let seen = if self.flags.has(SystemFlags::SEEN) { "RO" } else { "O" };
        out.push_str(&format!("Status: {seen}\n"));
        let others = STATUS.iter().filter(|(letter, flag)| *letter != b'R' && self.flags.has(*flag));
        let letters: String = others.map(|(letter, _)| char::from(*letter)).collect();
        if !letters.is_empty() {
            out.push_str(&format!("X-Status: {letters}\n"));
        }
        if !self.keywords.is_empty() {
            out.push_str(&format!("X-Keywords: {}\n", self.keywords.join(" ")));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(lines: &str) -> Status {
        let mut status = Status::default();
        assert!(lines.lines().all(|line| status.take(line.as_bytes())), "{lines}");
        status
    }

    #[test]
    fn fields_are_taken_and_written() {
        let text = "X-IMAPbase: 1234 0000000017\nX-UID: 9\nStatus: RO\nX-Status: AF\nX-Keywords: a b\n";
        let status = take(text);
        assert_eq!((status.base, status.uid, status.keywords.len()), (Some((1234, 17)), Some(9), 2));
        assert_eq!(status.flags, SystemFlags::SEEN.with(SystemFlags::ANSWERED).with(SystemFlags::FLAGGED));
        assert_eq!(status.format(), text);
        assert_eq!(take(&Status::default().format()), Status::default());
    }

    #[test]
    fn other_fields_and_nonsense() {
        let mut status = Status::default();
        assert!(!status.take(b"Subject: Status: R") && !status.take(b"no field"));
        assert!(status.take(b"X-UID: 0") && status.take(b"x-imap: nothing"));
        assert_eq!(status, Status::default());
    }
}
