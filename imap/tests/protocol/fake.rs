//! A store in memory: what the real one promises in `ipc::service::mailbox`, and nothing more.

mod backend;
mod copying;
mod mailboxes;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

pub(crate) use backend::Backend;
use ipc::mail::{MailboxId, ModSeq, SystemFlags, TransactionId, Uid, UidRange};
use ipc::service::mailbox::{FlagChange, KEYWORDS_MAX, MailboxReply, MailboxStatus, MessageRow, SpecialUse};

/// Rows in a page of the fake: few, so that paging is met in every test.
const PAGE: usize = 3;
/// Bytes in a chunk of the fake.
const CHUNK: usize = 100;

pub(crate) struct Message {
    pub(crate) row: MessageRow,
    pub(crate) bytes: Vec<u8>,
    pub(crate) structure: Vec<u8>,
}

pub(crate) struct Folder {
    pub(crate) id: MailboxId,
    pub(crate) name: String,
    pub(crate) special_use: Option<SpecialUse>,
    /// It was removed; who has it selected sees it still.
    pub(crate) removed: bool,
    pub(crate) uid_next: Uid,
    pub(crate) modseq: ModSeq,
    pub(crate) keywords: Vec<String>,
    pub(crate) recent_from: Uid,
    pub(crate) messages: BTreeMap<Uid, Message>,
    /// Expunged messages, by the mod-sequence of their end.
    pub(crate) ghosts: BTreeMap<ModSeq, Message>,
}

#[derive(Default)]
pub(crate) struct Store {
    pub(crate) folders: Vec<Folder>,
    pub(crate) subscriptions: BTreeSet<String>,
    pub(crate) gone: bool,
    /// Refuses every change, as a full disk does.
    pub(crate) full: bool,
    transactions: u128,
}

pub(crate) type Shared = Rc<RefCell<Store>>;

impl Store {
    pub(crate) fn shared() -> Shared {
        let mut store = Store::default();
        store.folder("INBOX", None);
        Rc::new(RefCell::new(store))
    }

    pub(crate) fn folder(&mut self, name: &str, special_use: Option<SpecialUse>) -> MailboxId {
        let id = MailboxId(self.folders.len() as u64 + 1);
        self.subscriptions.insert(name.to_owned());
        self.folders.push(Folder {
            id,
            name: name.to_owned(),
            special_use,
            removed: false,
            uid_next: 1,
            modseq: 1,
            keywords: Vec::new(),
            recent_from: 1,
            messages: BTreeMap::new(),
            ghosts: BTreeMap::new(),
        });
        id
    }

    pub(crate) fn named(&mut self, name: &str) -> &mut Folder {
        let mut folders = self.folders.iter_mut().filter(|folder| !folder.removed);
        folders.find(|folder| folder.name == name).expect("no such folder")
    }

    fn by_id(&mut self, id: MailboxId) -> Option<&mut Folder> {
        self.folders.iter_mut().find(|folder| folder.id == id && !folder.removed)
    }
}

impl Folder {
    pub(crate) fn deliver(
        &mut self,
        bytes: &[u8],
        structure: Vec<u8>,
        flags: SystemFlags,
        keywords: &[String],
        date: i64,
    ) -> Uid {
        let uid = self.uid_next;
        self.uid_next += 1;
        self.modseq += 1;
        let keywords = self.bits(keywords).expect("too many keywords");
        let row = MessageRow {
            uid,
            modseq: self.modseq,
            flags,
            keywords,
            internal_date: date,
            size: u32::try_from(bytes.len()).unwrap(),
            id: TransactionId(uid.into()),
            opaque: false,
        };
        self.messages.insert(uid, Message { row, bytes: bytes.to_vec(), structure });
        uid
    }

    fn bits(&mut self, keywords: &[String]) -> Option<u64> {
        let mut bits = 0;
        for keyword in keywords {
            let known = self.keywords.iter().position(|known| known.eq_ignore_ascii_case(keyword));
            let bit = known.unwrap_or_else(|| {
                self.keywords.push(keyword.clone());
                self.keywords.len() - 1
            });
            if bit >= KEYWORDS_MAX {
                self.keywords.pop();
                return None;
            }
            bits |= 1 << bit;
        }
        Some(bits)
    }

    pub(crate) fn flag(
        &mut self,
        uids: &[UidRange],
        change: FlagChange,
        flags: SystemFlags,
        bits: u64,
    ) -> Vec<MessageRow> {
        let mut rows = Vec::new();
        for (uid, message) in &mut self.messages {
            if !uids.iter().any(|run| run.contains(*uid)) {
                continue;
            }
            let row = &mut message.row;
            let (new_flags, new_bits) = match change {
                FlagChange::Replace => (flags, bits),
                FlagChange::Add => (row.flags.with(flags), row.keywords | bits),
                FlagChange::Remove => (row.flags.without(flags), row.keywords & !bits),
            };
            if (new_flags, new_bits) != (row.flags, row.keywords) {
                self.modseq += 1;
                (row.flags, row.keywords, row.modseq) = (new_flags, new_bits, self.modseq);
            }
            rows.push(*row);
        }
        rows
    }

    pub(crate) fn expunge(&mut self, wanted: impl Fn(&MessageRow) -> bool) {
        let gone: Vec<Uid> = self.messages.values().filter(|m| wanted(&m.row)).map(|m| m.row.uid).collect();
        for uid in gone {
            self.modseq += 1;
            let message = self.messages.remove(&uid).unwrap();
            self.ghosts.insert(self.modseq, message);
        }
    }

    /// A parser has panicked on the message.
    pub(crate) fn distrust(&mut self, uid: Uid) -> bool {
        let known = self.messages.get_mut(&uid);
        known.map(|message| message.row.opaque = true).is_some()
    }

    fn changes(&self, since: ModSeq) -> MailboxReply {
        let changed = self.messages.values().map(|m| (m.row.modseq, m.row.uid, true));
        let gone = self.ghosts.iter().map(|(modseq, m)| (*modseq, m.row.uid, false));
        let mut events: Vec<_> = changed.chain(gone).filter(|event| event.0 > since).collect();
        events.sort_unstable();
        let more = events.len() > PAGE;
        events.truncate(PAGE);
        let until = if more { events.last().unwrap().0 } else { self.modseq.max(since) };
        let mut rows: Vec<MessageRow> =
            events.iter().filter(|event| event.2).map(|event| self.messages[&event.1].row).collect();
        rows.sort_unstable_by_key(|row| row.uid);
        let mut expunged: Vec<Uid> = events.iter().filter(|event| !event.2).map(|event| event.1).collect();
        expunged.sort_unstable();
        let expunged = UidRange::of(expunged);
        MailboxReply::Changes { rows, expunged, until, more, keywords: self.keywords.clone() }
    }

    fn status(&self) -> MailboxStatus {
        let unseen = self.messages.values().filter(|m| !m.row.flags.has(SystemFlags::SEEN)).count();
        MailboxStatus {
            uid_validity: 7,
            uid_next: self.uid_next,
            highest_modseq: self.modseq,
            messages: self.messages.len() as u32,
            unseen: unseen as u32,
            recent: self.messages.range(self.recent_from..).count() as u32,
        }
    }
}

impl Folder {
    fn visible(&self, uid: Uid) -> Option<&Message> {
        self.messages.get(&uid).or_else(|| self.ghosts.values().find(|ghost| ghost.row.uid == uid))
    }
}
