//! Changes of the mailbox on their way to the client.

use std::collections::BTreeMap;

use ipc::mail::{Uid, UidRange};
use ipc::service::mailbox::MessageRow;

use super::{View, number};
use crate::proto::response::{self, FetchLine};

/// Messages that arrived, as long as it is not certain that none with a lower UID follows: changes come by
/// mod-sequence, and a flag changed since puts an older message behind a newer one.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    arrived: BTreeMap<Uid, MessageRow>,
}

/// More messages than a view can hold.
#[derive(Debug)]
pub(crate) struct Overfull;

impl View {
    /// Tells a page of changes: expunged messages from the last to the first, so that each number is right when it is
    /// read, then changed flags. New messages are gathered.
    ///
    /// # Errors
    /// When more new messages come than a view can hold.
    pub(crate) fn tell_page(
        &mut self,
        rows: Vec<MessageRow>,
        expunged: &[UidRange],
        gathered: &mut Gathered,
        out: &mut Vec<u8>,
    ) -> Result<(), Overfull> {
        let mut gone = expunged.to_vec();
        gone.sort_unstable_by_key(|run| run.first);
        self.tell_expunged(&gone, out);
        gathered.arrived.retain(|uid, _| !is_within(&gone, *uid));
        let last = self.rows.last().map_or(0, |row| row.uid);
        for row in rows {
            if row.uid > last {
                gathered.arrived.insert(row.uid, row);
            } else {
                self.tell_flags(row, out);
            }
        }
        let fits = self.share.hold(self.rows.len().saturating_add(gathered.arrived.len()));
        if fits { Ok(()) } else { Err(Overfull) }
    }

    /// Tells the new messages, when no more changes are to come.
    pub(crate) fn tell_arrived(&mut self, gathered: Gathered, out: &mut Vec<u8>) {
        if gathered.arrived.is_empty() {
            return;
        }
        self.rows.extend(gathered.arrived.into_values());
        response::exists(self.exists(), out);
        response::recent(self.recent(), out);
    }

    fn tell_expunged(&mut self, gone: &[UidRange], out: &mut Vec<u8>) {
        let before = out.len();
        for (at, row) in self.rows.iter().enumerate().rev() {
            if gone.first().is_none_or(|run| row.uid < run.first) {
                break;
            }
            if is_within(gone, row.uid) {
                response::expunge(number(at.saturating_add(1)), out);
            }
        }
        if out.len() > before {
            self.rows.retain(|row| !is_within(gone, row.uid));
        }
    }

    /// What the client was told already (its own STORE) is not told again.
    fn tell_flags(&mut self, row: MessageRow, out: &mut Vec<u8>) {
        let Some(known) = self.message(row.uid) else { return };
        self.replace(row);
        if (known.row.flags, known.row.keywords) != (row.flags, row.keywords) {
            let mut line = FetchLine::begin(known.sequence, out);
            self.flags(&row, &mut line, out);
            line.end(out);
        }
    }
}

/// Is the UID in one of the runs, which rise?
fn is_within(runs: &[UidRange], uid: Uid) -> bool {
    let after = runs.partition_point(|run| run.first <= uid);
    after.checked_sub(1).and_then(|at| runs.get(at)).is_some_and(|run| run.contains(uid))
}
