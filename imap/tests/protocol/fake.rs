//! A store in memory: what the real one promises in `ipc::service::mailbox`, and nothing more.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use bulkhead_imap::proto::{Answer, Ask, LoginOutcome, Look};
use ipc::mail::{AccountId, MailboxId, ModSeq, SystemFlags, TransactionId, Uid, UidRange};
use ipc::service::mailbox::{
    FlagChange, KEYWORDS_MAX, MailboxReply, MailboxRequest, MailboxRow, MailboxStatus, MessageRow,
    RANGES_MAX, Refusal, SpecialUse,
};

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
    pub(crate) subscribed: bool,
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

    pub(crate) fn folder(&mut self, name: &str, special_use: Option<SpecialUse>) {
        let id = MailboxId(self.folders.len() as u64 + 1);
        self.folders.push(Folder {
            id,
            name: name.to_owned(),
            special_use,
            subscribed: true,
            uid_next: 1,
            modseq: 1,
            keywords: Vec::new(),
            recent_from: 1,
            messages: BTreeMap::new(),
            ghosts: BTreeMap::new(),
        });
    }

    pub(crate) fn named(&mut self, name: &str) -> &mut Folder {
        self.folders.iter_mut().find(|folder| folder.name == name).expect("no such folder")
    }

    fn by_id(&mut self, id: MailboxId) -> Option<&mut Folder> {
        self.folders.iter_mut().find(|folder| folder.id == id)
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

/// One session's way to the store.
pub(crate) struct Backend {
    pub(crate) store: Shared,
    selected: Option<(MailboxId, bool)>,
    /// What the session has said its user was shown.
    shown: ModSeq,
    /// A body under way.
    body: Vec<u8>,
    /// Rows of a `Flagged` that has more frames.
    flagged: Vec<MessageRow>,
    append: Option<Vec<u8>>,
    pub(crate) logged_in: bool,
    /// That there are changes was said, and they were not asked for since.
    said: bool,
    /// Questions that the store still answers; `None`: any number.
    pub(crate) dies_after: Option<u32>,
}

impl Backend {
    pub(crate) fn new(store: Shared) -> Self {
        Backend {
            store,
            selected: None,
            shown: 0,
            body: Vec::new(),
            flagged: Vec::new(),
            append: None,
            logged_in: false,
            said: false,
            dies_after: None,
        }
    }

    /// Has it something to say unasked? It says it once.
    pub(crate) fn speaks(&mut self) -> bool {
        let gone = self.store.borrow().gone;
        let news = self.is_dirty() && !self.said;
        self.said |= news;
        gone || news
    }

    fn is_dirty(&self) -> bool {
        let mut store = self.store.borrow_mut();
        let folder = self.selected.and_then(|(id, _)| store.by_id(id));
        folder.is_some_and(|folder| folder.modseq > self.shown)
    }

    pub(crate) fn perform(&mut self, ask: Ask) -> Answer {
        assert!(self.logged_in || matches!(ask, Ask::Login { .. }), "asked before the login: {ask:?}");
        self.dies_after = self.dies_after.map(|left| left.saturating_sub(1));
        if self.store.borrow().gone || self.dies_after == Some(0) {
            return Answer::Lost;
        }
        match ask {
            Ask::Login { login, password } => self.log_in(&login, &password.0),
            Ask::Request(request) => Answer::Reply(self.request(request)),
            Ask::More => Answer::Reply(self.flagged_page()),
            Ask::News { look: Look::IfDirty, .. } if !self.is_dirty() => Answer::Quiet,
            Ask::News { since, .. } => Answer::Reply(self.request(MailboxRequest::Changes { since })),
            Ask::Body { uid, offset, length } => {
                Answer::Reply(self.request(MailboxRequest::Body { uid, offset, length }))
            }
            Ask::Chunk => {
                let rest = self.body.split_off(CHUNK.min(self.body.len()));
                Answer::Chunk(std::mem::replace(&mut self.body, rest))
            }
            Ask::Begin => {
                assert!(self.append.is_none(), "two appends at once");
                self.append = Some(Vec::new());
                self.store.borrow_mut().transactions += 1;
                Answer::Begun(TransactionId(self.store.borrow().transactions))
            }
            Ask::Piece(bytes) => {
                self.append.as_mut().expect("no append").extend(bytes);
                Answer::Taken
            }
            Ask::Finish(end) => Answer::Reply(self.request(end)),
            Ask::Alive => Answer::Quiet,
        }
    }

    fn log_in(&mut self, login: &str, password: &[u8]) -> Answer {
        Answer::Login(match (login, password) {
            ("user", b"secret") => {
                self.logged_in = true;
                LoginOutcome::Welcome(AccountId(1))
            }
            ("busy", _) => LoginOutcome::Unavailable,
            _ => LoginOutcome::Denied,
        })
    }

    fn flagged_page(&mut self) -> MailboxReply {
        let rest = self.flagged.split_off(PAGE.min(self.flagged.len()));
        let rows = std::mem::replace(&mut self.flagged, rest);
        let mut store = self.store.borrow_mut();
        let folder = store.by_id(self.selected.unwrap().0).unwrap();
        MailboxReply::Flagged { rows, keywords: folder.keywords.clone(), more: !self.flagged.is_empty() }
    }

    fn request(&mut self, request: MailboxRequest) -> MailboxReply {
        assert!(self.body.is_empty() && self.flagged.is_empty(), "an answer was not read to its end");
        let shared = Rc::clone(&self.store);
        let mut store = shared.borrow_mut();
        let full = store.full;
        let selected = self
            .selected
            .and_then(|(id, write)| store.folders.iter_mut().find(|f| f.id == id).map(|f| (f, write)));
        match request {
            MailboxRequest::List { after } => {
                let after = after.map_or(0, |after| after.0);
                let mut rows: Vec<MailboxRow> =
                    store.folders.iter().filter(|f| f.id.0 > after).map(row_of).collect();
                let more = rows.len() > PAGE;
                rows.truncate(PAGE);
                MailboxReply::Mailboxes { rows, more }
            }
            MailboxRequest::Status { mailbox } => match store.by_id(mailbox) {
                Some(folder) => MailboxReply::Status(folder.status()),
                None => MailboxReply::Refused(Refusal::NoMailbox),
            },
            MailboxRequest::Select { mailbox, write } => {
                let folder = store.by_id(mailbox).unwrap();
                let (status, first_recent) = (folder.status(), folder.recent_from);
                if write {
                    folder.recent_from = folder.uid_next;
                }
                self.selected = Some((mailbox, write));
                self.shown = folder.modseq;
                self.said = false;
                MailboxReply::Selected { status, first_recent, keywords: folder.keywords.clone() }
            }
            MailboxRequest::Unselect => {
                self.selected = None;
                self.said = false;
                MailboxReply::Done
            }
            MailboxRequest::Messages { after } => {
                let (folder, _) = selected.unwrap();
                let mut rows: Vec<_> = folder.messages.range(after + 1..).map(|(_, m)| m.row).collect();
                let more = rows.len() > PAGE;
                rows.truncate(PAGE);
                MailboxReply::Messages { rows, more }
            }
            MailboxRequest::Changes { since } => {
                let (folder, _) = selected.unwrap();
                let reply = folder.changes(since);
                if let MailboxReply::Changes { until, .. } = &reply {
                    self.shown = *until;
                    self.said = false;
                }
                reply
            }
            MailboxRequest::Structure { uid } => match selected.unwrap().0.visible(uid) {
                Some(message) => MailboxReply::Structure(message.structure.clone()),
                None => MailboxReply::Refused(Refusal::NoMessage),
            },
            MailboxRequest::Body { uid, offset, length } => match selected.unwrap().0.visible(uid) {
                Some(message) if message.bytes.starts_with(b"Damaged:") => {
                    MailboxReply::Refused(Refusal::Damaged)
                }
                Some(message) => {
                    let run = message.bytes.iter().skip(offset as usize).take(length as usize);
                    self.body = run.copied().collect();
                    MailboxReply::Body { length: self.body.len() as u32 }
                }
                None => MailboxReply::Refused(Refusal::NoMessage),
            },
            MailboxRequest::Credit { .. } | MailboxRequest::Append { .. } => panic!("the backend's business"),
            MailboxRequest::Flags { uids, change, flags, keywords } => {
                assert!(uids.len() <= RANGES_MAX && uids.iter().all(|run| run.first <= run.last));
                let Some((folder, true)) = selected else {
                    return MailboxReply::Refused(Refusal::NotSelected);
                };
                if full {
                    return MailboxReply::Refused(Refusal::Full);
                }
                let Some(bits) = folder.bits(&keywords) else { return MailboxReply::Refused(Refusal::Limit) };
                self.flagged = folder.flag(&uids, change, flags, bits);
                drop(store);
                self.flagged_page()
            }
            MailboxRequest::Expunge { uids } => {
                let Some((folder, true)) = selected else {
                    return MailboxReply::Refused(Refusal::NotSelected);
                };
                let named = |uid| uids.as_ref().is_none_or(|uids| uids.iter().any(|run| run.contains(uid)));
                folder.expunge(|row| row.flags.has(SystemFlags::DELETED) && named(row.uid));
                MailboxReply::Done
            }
            MailboxRequest::Commit { mailbox, flags, keywords, internal_date, structure } => {
                let bytes = self.append.take().expect("no append");
                if full {
                    return MailboxReply::Refused(Refusal::Full);
                }
                let folder = store.by_id(mailbox).unwrap();
                let date = internal_date.unwrap_or(1_000_000_000);
                let uid = folder.deliver(&bytes, structure, flags, &keywords, date);
                MailboxReply::Appended { uid_validity: 7, uid }
            }
            MailboxRequest::Abort => {
                self.append.take().expect("no append");
                MailboxReply::Done
            }
            other => unreachable!("the fake does not know {other:?}"),
        }
    }
}

impl Folder {
    fn visible(&self, uid: Uid) -> Option<&Message> {
        self.messages.get(&uid).or_else(|| self.ghosts.values().find(|ghost| ghost.row.uid == uid))
    }
}

fn row_of(folder: &Folder) -> MailboxRow {
    MailboxRow {
        id: folder.id,
        name: folder.name.clone(),
        special_use: folder.special_use,
        subscribed: folder.subscribed,
    }
}
