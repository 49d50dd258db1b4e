//! The selected mailbox as its client knows it.
//!
//! A view changes only where the client is told at the same moment, so that a sequence number means the same message on
//! both sides (RFC 3501 section 2.3.1.2). Nothing here asks the store: rows come in, untagged responses go out.

mod keywords;
mod news;
mod share;

#[cfg(test)]
mod tests;

use ipc::mail::{MailboxId, ModSeq, SystemFlags, Uid, UidRange};
use ipc::service::mailbox::MessageRow;

pub(crate) use keywords::{Keywords, system_flag};
pub(crate) use news::{Gathered, Overfull};
pub(crate) use share::Share;
pub use share::Shares;

use super::parse::{By, Numbers, SequenceSet};
use super::response::{FetchLine, RecentFlag};

/// Messages in one view. A mailbox with more cannot be selected.
pub(crate) const VIEW_MAX: usize = 500_000;

/// May the session change the mailbox?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// SELECT
    ReadWrite,
    /// EXAMINE
    ReadOnly,
}

/// The selected mailbox.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) mailbox: MailboxId,
    pub(crate) access: Access,
    /// By rising UID; the place in it is the sequence number less one.
    rows: Vec<MessageRow>,
    pub(crate) keywords: Keywords,
    /// Messages from this UID on are recent for this session (RFC 3501 section 2.3.2).
    first_recent: Uid,
    /// All changes up to here have been told.
    pub(crate) since: ModSeq,
    share: Share,
}

/// A message of the view, with its sequence number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbered {
    pub(crate) sequence: u32,
    pub(crate) row: MessageRow,
}

/// A sequence number that no message has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoSuchMessage;

impl View {
    pub(crate) fn new(
        mailbox: MailboxId,
        access: Access,
        keywords: Keywords,
        first_recent: Uid,
        since: ModSeq,
        share: Share,
    ) -> Self {
        View { mailbox, access, rows: Vec::new(), keywords, first_recent, since, share }
    }

    /// Counts what has been filled in. `false` when that is more than the view may hold.
    pub(crate) fn fits(&mut self) -> bool {
        self.share.hold(self.rows.len())
    }

    /// Appends a message while the view is being filled. `false` when its UID does not rise.
    pub(crate) fn fill(&mut self, row: MessageRow) -> bool {
        let rises = self.rows.last().is_none_or(|last| last.uid < row.uid);
        if rises {
            self.rows.push(row);
        }
        rises
    }

    /// How many messages: the largest sequence number.
    pub(crate) fn exists(&self) -> u32 {
        number(self.rows.len())
    }

    /// How many of them are recent.
    pub(crate) fn recent(&self) -> u32 {
        number(self.rows.len().saturating_sub(self.rows.partition_point(|row| row.uid < self.first_recent)))
    }

    /// The first message without a flag of these, by its sequence number.
    pub(crate) fn first_without(&self, flags: SystemFlags) -> Option<u32> {
        let at = self.rows.iter().position(|row| !row.flags.has(flags))?;
        Some(number(at.saturating_add(1)))
    }

    /// The numbers that a set means here.
    ///
    /// # Errors
    /// When it names a sequence number beyond the last, which is a client's mistake (RFC 3501 section 9, `seq-number`); a
    /// UID that is not there is none (RFC 3501 section 6.4.8).
    pub(crate) fn resolve(&self, by: By, set: &SequenceSet) -> Result<Numbers, NoSuchMessage> {
        match by {
            By::Uid => Ok(set.resolve(self.rows.last().map_or(0, |row| row.uid))),
            By::Sequence => {
                let numbers = set.resolve(self.exists());
                let within = numbers.largest().is_none_or(|largest| largest <= self.exists());
                if within { Ok(numbers) } else { Err(NoSuchMessage) }
            }
        }
    }

    /// The first message at or behind a place in the view that is among the numbers, and the place behind it.
    pub(crate) fn next_of(&self, by: By, numbers: &Numbers, from: usize) -> Option<(Numbered, usize)> {
        let at = match by {
            By::Sequence => {
                let next = numbers.next_from(number(from).saturating_add(1))?;
                usize::try_from(next).ok()?.checked_sub(1)?
            }
            By::Uid => self.next_by_uid(numbers, from)?,
        };
        let row = *self.rows.get(at)?;
        let behind = at.saturating_add(1);
        Some((Numbered { sequence: number(behind), row }, behind))
    }

    /// How many messages are among the numbers.
    pub(crate) fn count(&self, by: By, numbers: &Numbers) -> usize {
        let (mut count, mut from) = (0_usize, 0);
        while let Some((_, behind)) = self.next_of(by, numbers, from) {
            (count, from) = (count.saturating_add(1), behind);
        }
        count
    }

    /// Leaps from UID to UID: most sets name few of many messages.
    fn next_by_uid(&self, numbers: &Numbers, from: usize) -> Option<usize> {
        let mut at = from;
        loop {
            let uid = self.rows.get(at)?.uid;
            let next = numbers.next_from(uid)?;
            if next == uid {
                return Some(at);
            }
            let rest = self.rows.get(at..)?;
            at = at.saturating_add(rest.partition_point(|row| row.uid < next));
        }
    }

    /// The messages among the numbers that pass a test, as runs of UIDs. Neighbours in the view are one run whatever
    /// their UIDs: between them no message is or ever will be.
    pub(crate) fn runs(
        &self,
        by: By,
        numbers: &Numbers,
        wanted: impl Fn(&MessageRow) -> bool,
    ) -> Vec<UidRange> {
        let mut runs: Vec<UidRange> = Vec::new();
        let (mut from, mut end) = (0, 0_usize);
        while let Some((Numbered { row, .. }, behind)) = self.next_of(by, numbers, from) {
            from = behind;
            if !wanted(&row) {
                continue;
            }
            match runs.last_mut() {
                Some(run) if end.saturating_add(1) == behind => run.last = row.uid,
                _ => runs.push(UidRange { first: row.uid, last: row.uid }),
            }
            end = behind;
        }
        runs
    }

    /// The message at a place in the view.
    pub(crate) fn at(&self, place: usize) -> Option<Numbered> {
        let row = *self.rows.get(place)?;
        Some(Numbered { sequence: number(place.saturating_add(1)), row })
    }

    /// The message with this UID.
    pub(crate) fn message(&self, uid: Uid) -> Option<Numbered> {
        let at = self.place(uid)?;
        let row = *self.rows.get(at)?;
        Some(Numbered { sequence: number(at.saturating_add(1)), row })
    }

    /// Takes over what the store now says of a message; `None` when the view does not have it. The caller tells the client.
    pub(crate) fn replace(&mut self, row: MessageRow) -> Option<Numbered> {
        let at = self.place(row.uid)?;
        *self.rows.get_mut(at)? = row;
        Some(Numbered { sequence: number(at.saturating_add(1)), row })
    }

    /// A parser panicked on the message: nobody parses it any more.
    pub(crate) fn distrust(&mut self, uid: Uid) {
        if let Some(row) = self.place(uid).and_then(|at| self.rows.get_mut(at)) {
            row.opaque = true;
        }
    }

    /// Writes `FLAGS (…)` of a message.
    pub(crate) fn flags(&self, row: &MessageRow, line: &mut FetchLine, out: &mut Vec<u8>) {
        let recent = if row.uid >= self.first_recent { RecentFlag::Recent } else { RecentFlag::Known };
        line.flags(&self.keywords.of(row), recent, out);
    }

    /// Is the message recent for this session?
    pub(crate) fn is_recent(&self, uid: Uid) -> bool {
        uid >= self.first_recent
    }

    fn place(&self, uid: Uid) -> Option<usize> {
        self.rows.binary_search_by_key(&uid, |row| row.uid).ok()
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
