//! A store in memory: what the real one promises in `ipc::service::mailbox`, as far as POP3 asks it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use bulkhead_pop3::proto::{Answer, Ask, LoginOutcome};
use ipc::mail::{AccountId, MailboxId, SystemFlags, TransactionId, Uid, UidRange};
use ipc::service::mailbox::{
    FlagChange, Foreseen, MailboxReply, MailboxRequest, MailboxRow, MailboxStatus, MessageRow, PLANNED_MAX,
    RANGES_MAX, Refusal,
};

/// Rows in a page of the fake: few, so that paging is met in every test.
const PAGE: usize = 3;
/// Bytes in a chunk of the fake.
const CHUNK: usize = 100;
/// INBOX, behind two others.
const INBOX: MailboxId = MailboxId(9);

#[derive(Clone)]
pub(crate) struct Message {
    pub(crate) bytes: Vec<u8>,
    pub(crate) flags: SystemFlags,
    /// It was expunged, and is kept for who saw it.
    pub(crate) ghost: bool,
}

#[derive(Default)]
pub(crate) struct Store {
    pub(crate) messages: BTreeMap<Uid, Message>,
    pub(crate) gone: bool,
    /// Refuses every change, as a full disk does.
    pub(crate) full: bool,
}

pub(crate) type Shared = Rc<RefCell<Store>>;

impl Store {
    pub(crate) fn shared() -> Shared {
        Shared::default()
    }

    pub(crate) fn deliver(&mut self, bytes: &[u8]) {
        let uid = self.messages.last_key_value().map_or(0, |(last, _)| *last) + 1;
        let message = Message { bytes: bytes.to_vec(), flags: SystemFlags::default(), ghost: false };
        self.messages.insert(uid, message);
    }

    /// The UIDs that are there.
    pub(crate) fn uids(&self) -> Vec<Uid> {
        self.messages.iter().filter(|(_, message)| !message.ghost).map(|(uid, _)| *uid).collect()
    }

    /// A page, and one more if there is one.
    fn rows(&self, after: Uid) -> Vec<MessageRow> {
        let there = self.messages.range(after + 1..).filter(|(_, message)| !message.ghost);
        there.take(PAGE + 1).map(|(uid, message)| row(*uid, message)).collect()
    }
}

fn row(uid: Uid, message: &Message) -> MessageRow {
    MessageRow {
        uid,
        modseq: 1,
        flags: message.flags,
        keywords: 0,
        internal_date: 0,
        size: u32::try_from(message.bytes.len()).unwrap(),
        id: TransactionId(uid.into()),
        opaque: false,
    }
}

/// One session's way to the store.
pub(crate) struct Backend {
    store: Shared,
    logged_in: bool,
    selected: bool,
    /// A body under way.
    body: Vec<u8>,
    /// Rows of a `Flagged` that has more frames.
    flagged: Vec<MessageRow>,
    /// Questions that the store still answers; `None`: any number.
    pub(crate) dies_after: Option<u32>,
    /// Octets of bodies that were announced.
    pub(crate) announced: u64,
    /// What was said to be asked soon.
    pub(crate) foreseen: Vec<Foreseen>,
}

impl Backend {
    pub(crate) fn new(store: Shared) -> Self {
        Backend {
            store,
            logged_in: false,
            selected: false,
            body: Vec::new(),
            flagged: Vec::new(),
            dies_after: None,
            announced: 0,
            foreseen: Vec::new(),
        }
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.store.borrow().gone || self.dies_after == Some(0)
    }

    pub(crate) fn perform(&mut self, ask: Ask) -> Answer {
        if let Ask::Login { login, password } = ask {
            return self.log_in(&login, &password.0);
        }
        assert!(self.logged_in, "asked before the login: {ask:?}");
        if self.is_gone() {
            return Answer::Lost;
        }
        self.dies_after = self.dies_after.map(|left| left - 1);
        match ask {
            Ask::Request(request) => Answer::Reply(self.request(request)),
            Ask::More => Answer::Reply(self.flagged_page()),
            Ask::Body { uid, offset, length } => Answer::Reply(self.begin(uid, offset, length)),
            Ask::Chunk => {
                let rest = self.body.split_off(CHUNK.min(self.body.len()));
                Answer::Chunk(std::mem::replace(&mut self.body, rest))
            }
            Ask::Soon(soon) => {
                assert!(!soon.is_empty() && soon.len() <= PLANNED_MAX && self.body.is_empty());
                self.foreseen.extend(soon);
                Answer::Taken
            }
            Ask::Alive => Answer::Quiet,
            Ask::Login { .. } => panic!("answered before"),
        }
    }

    fn log_in(&mut self, login: &str, password: &[u8]) -> Answer {
        assert!(!self.logged_in, "a second login");
        Answer::Login(match (login, password) {
            ("user", b"secret") => {
                self.logged_in = true;
                LoginOutcome::Welcome(AccountId(1))
            }
            ("busy", _) => LoginOutcome::Unavailable,
            ("guesser", _) => LoginOutcome::Blocked,
            _ => LoginOutcome::Denied,
        })
    }

    fn begin(&mut self, uid: Uid, offset: u32, length: u32) -> MailboxReply {
        assert!(self.selected && self.body.is_empty(), "an answer was not read to its end");
        let store = self.store.borrow();
        let Some(message) = store.messages.get(&uid) else {
            return MailboxReply::Refused(Refusal::NoMessage);
        };
        if message.bytes.starts_with(b"Damaged:") {
            return MailboxReply::Refused(Refusal::Damaged);
        }
        let run = message.bytes.iter().skip(offset as usize).take(length as usize);
        self.body = run.copied().collect();
        self.announced += self.body.len() as u64;
        MailboxReply::Body { length: u32::try_from(self.body.len()).unwrap() }
    }

    fn request(&mut self, request: MailboxRequest) -> MailboxReply {
        assert!(self.body.is_empty() && self.flagged.is_empty(), "an answer was not read to its end");
        let shared = Rc::clone(&self.store);
        let mut store = shared.borrow_mut();
        match request {
            MailboxRequest::List { after } => mailboxes(after),
            MailboxRequest::Select { mailbox, write } => {
                assert!(mailbox == INBOX && write);
                self.selected = true;
                MailboxReply::Selected { status: status(&store), first_recent: 1, keywords: Vec::new() }
            }
            MailboxRequest::Messages { after } => {
                assert!(self.selected);
                let mut rows = store.rows(after);
                let more = rows.len() > PAGE;
                rows.truncate(PAGE);
                MailboxReply::Messages { rows, more }
            }
            MailboxRequest::Flags { uids, change, flags, keywords } => {
                assert!(self.selected && uids.len() <= RANGES_MAX && keywords.is_empty());
                assert_eq!((change, flags), (FlagChange::Add, SystemFlags::DELETED));
                if store.full {
                    return MailboxReply::Refused(Refusal::Full);
                }
                for (uid, message) in store.messages.iter_mut().filter(|(_, message)| !message.ghost) {
                    if has(&uids, *uid) {
                        message.flags = message.flags.with(flags);
                        self.flagged.push(row(*uid, message));
                    }
                }
                self.flagged_page()
            }
            MailboxRequest::Expunge { uids } => {
                let uids = uids.expect("only what was named");
                assert!(self.selected && uids.len() <= RANGES_MAX);
                for (uid, message) in &mut store.messages {
                    message.ghost |= message.flags.has(SystemFlags::DELETED) && has(&uids, *uid);
                }
                MailboxReply::Done
            }
            other => panic!("POP3 has no use for that: {other:?}"),
        }
    }

    fn flagged_page(&mut self) -> MailboxReply {
        let rest = self.flagged.split_off(PAGE.min(self.flagged.len()));
        let rows = std::mem::replace(&mut self.flagged, rest);
        MailboxReply::Flagged { rows, keywords: Vec::new(), more: !self.flagged.is_empty() }
    }
}

fn has(uids: &[UidRange], uid: Uid) -> bool {
    // they are in order
    uids.get(uids.partition_point(|run| run.last < uid)).is_some_and(|run| run.contains(uid))
}

fn mailboxes(after: Option<MailboxId>) -> MailboxReply {
    let named = |id, name: &str| MailboxRow {
        id: MailboxId(id),
        name: name.to_owned(),
        special_use: None,
        subscribed: true,
    };
    let rows = [named(3, "Archive"), named(4, "INBOX/old"), named(INBOX.0, "INBOX"), named(12, "Sent")];
    let mut rest: Vec<_> = rows.into_iter().filter(|row| Some(row.id) > after).collect();
    let more = rest.len() > 2;
    rest.truncate(2);
    MailboxReply::Mailboxes { rows: rest, more }
}

fn status(store: &Store) -> MailboxStatus {
    let last = store.messages.last_key_value().map_or(0, |(last, _)| *last);
    MailboxStatus {
        uid_validity: 7,
        uid_next: last + 1,
        highest_modseq: 1,
        messages: u32::try_from(store.uids().len()).unwrap(),
        unseen: 0,
        recent: 0,
    }
}
