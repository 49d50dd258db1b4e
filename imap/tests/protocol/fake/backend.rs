//! One session's way to the fake.

use std::collections::VecDeque;
use std::rc::Rc;

use bulkhead_imap::proto::{Answer, Ask, LoginOutcome, Look};
use ipc::mail::{AccountId, MailboxId, ModSeq, SystemFlags, TransactionId, Uid, UidRange};
use ipc::service::mailbox::{
    Foreseen, MailboxReply, MailboxRequest, MessageRow, PLANNED_MAX, RANGES_MAX, Refusal,
};

use super::{CHUNK, PAGE, Shared};

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
    /// Messages of a `Copied` that has more frames.
    copied: Vec<(Uid, Uid)>,
    append: Option<Vec<u8>>,
    /// What was foreseen and not asked yet.
    foreseen: VecDeque<Foreseen>,
    /// Questions that were foreseen, and those of the kind that were not.
    pub(crate) foresight: (usize, usize),
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
            copied: Vec::new(),
            append: None,
            foreseen: VecDeque::new(),
            foresight: (0, 0),
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
        let mut folders = store.folders.iter_mut();
        let folder = self.selected.and_then(|(id, _)| folders.find(|folder| folder.id == id));
        folder.is_some_and(|folder| folder.removed || folder.modseq > self.shown)
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
            Ask::More if self.copied.is_empty() => Answer::Reply(self.flagged_page()),
            Ask::More => Answer::Reply(self.copied_page()),
            Ask::News { look: Look::IfDirty, .. } if !self.is_dirty() => Answer::Quiet,
            Ask::News { since, .. } => Answer::Reply(self.request(MailboxRequest::Changes { since })),
            Ask::Body { uid, offset, length } => {
                Answer::Reply(self.request(MailboxRequest::Body { uid, offset, length }))
            }
            Ask::Chunk => {
                let rest = self.body.split_off(CHUNK.min(self.body.len()));
                Answer::Chunk(std::mem::replace(&mut self.body, rest))
            }
            Ask::Soon(soon) => {
                assert!(!soon.is_empty() && soon.len() <= PLANNED_MAX && self.body.is_empty());
                self.foreseen = soon.into();
                Answer::Taken
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
            Ask::Work(work) => work.run(),
            Ask::Alive => Answer::Quiet,
        }
    }

    /// Was it foreseen, in its turn?
    fn foreseen(&mut self, request: &MailboxRequest) {
        let wanted = match *request {
            MailboxRequest::Structure { uid } => Foreseen::Structure { uid },
            MailboxRequest::Body { uid, offset, length } => Foreseen::Body { uid, offset, length },
            _ => return self.foreseen.clear(),
        };
        match self.foreseen.iter().position(|foreseen| foreseen.covers(wanted)) {
            Some(at) => {
                self.foreseen.drain(..at);
                self.foresight.0 += 1;
            }
            None => self.foresight.1 += 1,
        }
    }

    fn log_in(&mut self, login: &str, password: &[u8]) -> Answer {
        Answer::Login(match (login, password) {
            ("user", b"secret") => {
                self.logged_in = true;
                LoginOutcome::Welcome(AccountId(1))
            }
            ("guesser", _) => LoginOutcome::Blocked,
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

    fn copied_page(&mut self) -> MailboxReply {
        let rest = self.copied.split_off(PAGE.min(self.copied.len()));
        let page = std::mem::replace(&mut self.copied, rest);
        MailboxReply::Copied {
            uid_validity: 7,
            source: UidRange::of(page.iter().map(|(source, _)| *source)),
            copies: UidRange::of(page.iter().map(|(_, copy)| *copy)),
            more: !self.copied.is_empty(),
        }
    }

    fn request(&mut self, request: MailboxRequest) -> MailboxReply {
        assert!(
            self.body.is_empty() && self.flagged.is_empty() && self.copied.is_empty(),
            "an answer was not read to its end"
        );
        self.foreseen(&request);
        let shared = Rc::clone(&self.store);
        let mut store = shared.borrow_mut();
        let full = store.full;
        let selected = self
            .selected
            .and_then(|(id, write)| store.folders.iter_mut().find(|f| f.id == id).map(|f| (f, write)));
        match request {
            MailboxRequest::List { after } => {
                let after = after.map_or(0, |after| after.0);
                store.list(after)
            }
            MailboxRequest::Status { mailbox } => match store.by_id(mailbox) {
                Some(folder) => MailboxReply::Status(folder.status()),
                None => MailboxReply::Refused(Refusal::NoMailbox),
            },
            MailboxRequest::Select { mailbox, write } => {
                let Some(folder) = store.by_id(mailbox) else {
                    return MailboxReply::Refused(Refusal::NoMailbox);
                };
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
                if folder.removed {
                    self.selected = None;
                    return MailboxReply::Gone;
                }
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
                let Some(folder) = store.by_id(mailbox) else {
                    return MailboxReply::Refused(Refusal::NoMailbox);
                };
                let date = internal_date.unwrap_or(1_000_000_000);
                let uid = folder.deliver(&bytes, structure, flags, &keywords, date);
                MailboxReply::Appended { uid_validity: 7, uid }
            }
            MailboxRequest::Abort => {
                self.append.take().expect("no append");
                MailboxReply::Done
            }
            MailboxRequest::Copy { uids, to, remove } => {
                assert!(uids.len() <= RANGES_MAX && uids.iter().all(|run| run.first <= run.last));
                let Some((from, write)) = self.selected else {
                    return MailboxReply::Refused(Refusal::NotSelected);
                };
                if full || (remove && !write) {
                    return MailboxReply::Refused(if full { Refusal::Full } else { Refusal::NotSelected });
                }
                match store.copy(from, to, &uids, remove) {
                    Ok(copied) => self.copied = copied,
                    Err(why) => return MailboxReply::Refused(why),
                }
                drop(store);
                self.copied_page()
            }
            MailboxRequest::Distrust { uid } if selected.unwrap().0.distrust(uid) => MailboxReply::Done,
            MailboxRequest::Distrust { .. } => MailboxReply::Refused(Refusal::NoMessage),
            _ if full => MailboxReply::Refused(Refusal::Full),
            other => store.manage(other),
        }
    }
}
