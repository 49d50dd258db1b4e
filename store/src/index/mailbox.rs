//! One mailbox as the log says it is.

use std::collections::{BTreeMap, HashMap};

use ipc::mail::{ModSeq, SystemFlags, Uid, UidRange};
use ipc::service::mailbox::{MailboxStatus, MessageRow, SpecialUse};

use crate::change::State;
use crate::index::uids::Uids;
use crate::index::views::Views;
use crate::log::BodyRef;

/// How far counters jump when commits were lost: more than were ever given out since the last one that is known.
pub const JUMP: u32 = 1 << 20;

/// A mailbox.
#[derive(Debug)]
pub struct Mailbox {
    /// Its whole name.
    pub name: String,
    /// Its special use.
    pub special_use: Option<SpecialUse>,
    /// Its UIDVALIDITY.
    pub uid_validity: u32,
    /// The next UID.
    pub uid_next: Uid,
    /// The highest mod-sequence given out.
    pub modseq: ModSeq,
    /// The keyword table; a bit of a state's `keywords` each.
    pub keywords: Vec<String>,
    /// Sessions that have it selected.
    pub views: Views,
    /// How many messages it has, in memory or not.
    pub(super) count: u32,
    pub(super) held: Held,
    /// When it last changed, by the clock of the index.
    pub(super) changed: u64,
    /// When its messages were last needed, by that clock.
    pub(super) used: u64,
    messages: BTreeMap<Uid, Message>,
    by_modseq: BTreeMap<ModSeq, Uid>,
    /// Expunged messages that some view still shows.
    ghosts: BTreeMap<ModSeq, (Uid, Message)>,
    ghost_uids: HashMap<Uid, ModSeq>,
    pub(super) unseen: u32,
    pub(super) recent: u32,
    pub(super) recent_from: Uid,
}

/// Which of a mailbox's messages are in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    /// All.
    All,
    /// Those that were added since; the others are on the disk. The number is another each time they are let go of: what was
    /// read from the disk before is not what is missing now.
    Added(u64),
}

/// A message: what is listed, and where its bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// As it is listed.
    pub row: MessageRow,
    /// Its bytes.
    pub body: BodyRef,
    /// Its structure.
    pub structure: Option<BodyRef>,
}

/// A page of what changed.
#[derive(Debug, PartialEq, Eq)]
pub struct Changed {
    /// New and changed messages by rising UID.
    pub rows: Vec<MessageRow>,
    /// Gone ones.
    pub expunged: Vec<UidRange>,
    /// Up to here all is in.
    pub until: ModSeq,
    /// There is more.
    pub more: bool,
}

impl Mailbox {
    /// An empty one.
    #[must_use]
    pub fn new(name: String, special_use: Option<SpecialUse>, uid_validity: u32) -> Self {
        Mailbox {
            name,
            special_use,
            uid_validity,
            uid_next: 1,
            modseq: 1,
            keywords: Vec::new(),
            views: Views::default(),
            count: 0,
            held: Held::All,
            changed: 0,
            used: 0,
            messages: BTreeMap::new(),
            by_modseq: BTreeMap::new(),
            ghosts: BTreeMap::new(),
            ghost_uids: HashMap::new(),
            unseen: 0,
            recent: 0,
            recent_from: 1,
        }
    }

    /// Its counters.
    #[must_use]
    pub fn status(&self) -> MailboxStatus {
        MailboxStatus {
            uid_validity: self.uid_validity,
            uid_next: self.uid_next,
            highest_modseq: self.modseq,
            messages: self.count,
            unseen: self.unseen,
            recent: self.recent,
        }
    }

    /// The first recent UID; a session that writes takes them all.
    pub fn take_recent(&mut self, write: bool) -> Uid {
        let first = self.recent_from;
        if write {
            (self.recent_from, self.recent) = (self.uid_next, 0);
        }
        first
    }

    /// Are all of its messages in memory? If not, nothing can be said of any of them.
    #[must_use]
    pub fn is_loaded(&self) -> bool {
        self.held == Held::All
    }

    /// How many of its messages are in memory.
    pub(super) fn held_count(&self) -> usize {
        self.messages.len()
    }

    /// A message that is in memory.
    pub(super) fn held(&self, uid: Uid) -> Option<&Message> {
        self.messages.get(&uid)
    }

    /// The message lies elsewhere now.
    pub(super) fn relocate(&mut self, uid: Uid, body: BodyRef, structure: Option<BodyRef>) {
        if let Some(message) = self.messages.get_mut(&uid) {
            (message.body, message.structure) = (body, structure);
        }
    }

    /// Takes in what the disk has of it; what was added since is in memory and stays.
    pub(super) fn load(&mut self, rows: Vec<Message>) {
        for message in rows {
            self.by_modseq.insert(message.row.modseq, message.row.uid);
            self.messages.entry(message.row.uid).or_insert(message);
        }
        self.held = Held::All;
    }

    /// Lets go of the messages, which the disk has, all of them, and no view shows.
    pub(super) fn unload(&mut self, times: u64) {
        self.held = Held::Added(times);
        self.messages = BTreeMap::new();
        self.by_modseq = BTreeMap::new();
    }

    /// The message, if it is there.
    #[must_use]
    pub fn message(&self, uid: Uid) -> Option<&Message> {
        debug_assert!(self.is_loaded());
        self.messages.get(&uid)
    }

    /// The message, if it is there or some view still shows it.
    #[must_use]
    pub fn visible(&self, uid: Uid) -> Option<&Message> {
        debug_assert!(self.is_loaded());
        let ghost = || self.ghosts.get(self.ghost_uids.get(&uid)?).map(|(_, was)| was);
        self.messages.get(&uid).or_else(ghost)
    }

    /// Messages by rising UID from behind `after`.
    pub fn rows(&self, after: Uid) -> impl Iterator<Item = MessageRow> {
        debug_assert!(self.is_loaded());
        let first = after.checked_add(1);
        first.into_iter().flat_map(|first| self.messages.range(first..)).map(|(_, message)| message.row)
    }

    /// The messages of a set, each once, by rising UID.
    pub fn within<'a>(&'a self, uids: &'a Uids) -> impl Iterator<Item = &'a Message> {
        debug_assert!(self.is_loaded());
        let found = uids.runs().iter().flat_map(|run| self.messages.range(run.first..=run.last));
        found.map(|(_, message)| message)
    }

    /// What changed after `since`, at most `limit` changes.
    #[must_use]
    pub fn changed(&self, since: ModSeq, limit: usize) -> Changed {
        debug_assert!(self.is_loaded());
        let Some(first) = since.checked_add(1) else {
            return Changed { rows: Vec::new(), expunged: Vec::new(), until: since, more: false };
        };
        // One more of each than fits shows that there is more.
        let looked_at = limit.saturating_add(1);
        let mut events: Vec<(ModSeq, Uid, bool)> = Vec::new();
        events
            .extend(self.by_modseq.range(first..).take(looked_at).map(|(modseq, uid)| (*modseq, *uid, true)));
        events.extend(
            self.ghosts.range(first..).take(looked_at).map(|(modseq, (uid, _))| (*modseq, *uid, false)),
        );
        events.sort_unstable();
        let more = events.len() > limit;
        events.truncate(limit);
        // A page that holds the last change also covers what changed without a trace left.
        let until = if more { events.last().map_or(since, |event| event.0) } else { self.modseq.max(since) };
        let mut uids: Vec<Uid> = events.iter().filter(|event| event.2).map(|event| event.1).collect();
        uids.sort_unstable();
        let mut gone: Vec<Uid> = events.iter().filter(|event| !event.2).map(|event| event.1).collect();
        gone.sort_unstable();
        let rows = uids.iter().filter_map(|uid| self.messages.get(uid)).map(|message| message.row).collect();
        Changed { rows, expunged: UidRange::of(gone), until, more }
    }

    pub(super) fn add(&mut self, message: Message) {
        let row = message.row;
        self.uid_next = self.uid_next.max(row.uid.saturating_add(1));
        self.modseq = self.modseq.max(row.modseq);
        self.by_modseq.insert(row.modseq, row.uid);
        self.note_flags(row.flags, true);
        self.recent = self.recent.saturating_add(1);
        self.count = self.count.saturating_add(1);
        self.messages.insert(row.uid, message);
    }

    pub(super) fn set_state(&mut self, uid: Uid, state: State) {
        debug_assert!(self.is_loaded());
        self.modseq = self.modseq.max(state.modseq);
        let Some(message) = self.messages.get_mut(&uid) else { return };
        let old = message.row;
        (message.row.modseq, message.row.flags, message.row.keywords) =
            (state.modseq, state.flags, state.keywords);
        self.by_modseq.remove(&old.modseq);
        self.by_modseq.insert(state.modseq, uid);
        self.note_flags(old.flags, false);
        self.note_flags(state.flags, true);
    }

    pub(super) fn distrust(&mut self, uid: Uid, modseq: ModSeq) {
        self.modseq = self.modseq.max(modseq);
        let Some(message) = self.messages.get_mut(&uid) else { return };
        message.row.opaque = true;
        let MessageRow { flags, keywords, .. } = message.row;
        self.set_state(uid, State { modseq, flags, keywords });
    }

    pub(super) fn expunge(&mut self, uid: Uid, modseq: ModSeq) {
        debug_assert!(self.is_loaded());
        self.modseq = self.modseq.max(modseq);
        let Some(message) = self.messages.remove(&uid) else { return };
        self.by_modseq.remove(&message.row.modseq);
        self.count = self.count.saturating_sub(1);
        self.note_flags(message.row.flags, false);
        if uid >= self.recent_from {
            self.recent = self.recent.saturating_sub(1);
        }
        if !self.views.is_empty() {
            self.ghosts.insert(modseq, (uid, message));
            self.ghost_uids.insert(uid, modseq);
        }
    }

    pub(super) fn adopt(&mut self, (uid_validity, uid_next): (u32, Uid)) {
        self.uid_validity = uid_validity;
        self.uid_next = self.uid_next.max(uid_next);
    }

    pub(super) fn jump(&mut self) {
        self.uid_next = self.uid_next.saturating_add(JUMP);
        self.modseq = self.modseq.saturating_add(JUMP.into());
    }

    /// Forgets expunged messages that every view has told its user of.
    pub fn forget_ghosts(&mut self) {
        let shown = self.views.oldest().unwrap_or(ModSeq::MAX);
        while let Some(oldest) = self.ghosts.first_entry().filter(|oldest| *oldest.key() <= shown) {
            let (uid, _) = oldest.remove();
            self.ghost_uids.remove(&uid);
        }
    }

    fn note_flags(&mut self, flags: SystemFlags, there: bool) {
        if !flags.has(SystemFlags::SEEN) {
            self.unseen = if there { self.unseen.saturating_add(1) } else { self.unseen.saturating_sub(1) };
        }
    }
}
