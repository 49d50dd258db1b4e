//! Changing flags, and expunging by them.

use ipc::mail::{AccountId, MailboxId, SystemFlags, UidRange};
use ipc::service::mailbox::{FlagChange, KEYWORDS_MAX, Refusal};

use super::{Decision, Outcome, Staging};
use crate::change::{Change, State};
use crate::index::{Index, Mailbox, Message};

/// The flags a client wants changed.
pub(super) struct Wanted<'a> {
    pub(super) change: FlagChange,
    pub(super) flags: SystemFlags,
    pub(super) keywords: &'a [String],
}

const EVERYTHING: UidRange = UidRange { first: 1, last: u32::MAX };

pub(super) fn change(
    key: (AccountId, MailboxId),
    uids: &[UidRange],
    wanted: &Wanted<'_>,
    index: &Index,
    staging: &mut Staging,
) -> Decision {
    if !staging.may_use(key.0) {
        return Decision::Later;
    }
    let Some(mailbox) = index.mailbox(key.0, key.1) else {
        return Decision::Answer(Outcome::Refused(Refusal::NoMailbox));
    };
    if mailbox.within(uids).any(|message| staging.has_touched(key, message.row.uid)) {
        return Decision::Later;
    }
    let (mut changes, bits) = match keyword_bits(wanted.keywords, key, mailbox, staging) {
        Ok(bits) => bits,
        Err(decision) => return decision,
    };
    let mut named = Vec::new();
    for message in mailbox.within(uids) {
        let uid = message.row.uid;
        named.push(uid);
        let (old, flags, keywords) = apply(message, wanted, bits);
        // The same message may be named by two ranges; the second time nothing is left to change.
        if (flags, keywords) == (old.flags, old.keywords) || staging.has_touched(key, uid) {
            continue;
        }
        staging.touch(key, uid);
        let new = State { modseq: staging.next_modseq(key, mailbox), flags, keywords };
        changes.push(Change::FlagsChanged { account: key.0, mailbox: key.1, uid, old, new });
    }
    named.sort_unstable();
    named.dedup();
    if changes.is_empty() {
        Decision::Answer(Outcome::Flagged(named))
    } else {
        Decision::Change(changes, Outcome::Flagged(named))
    }
}

fn apply(message: &Message, wanted: &Wanted<'_>, bits: u64) -> (State, SystemFlags, u64) {
    let row = &message.row;
    let old = State { modseq: row.modseq, flags: row.flags, keywords: row.keywords };
    let (flags, keywords) = match wanted.change {
        FlagChange::Replace => (wanted.flags, bits),
        FlagChange::Add => (row.flags.with(wanted.flags), row.keywords | bits),
        FlagChange::Remove => (row.flags.without(wanted.flags), row.keywords & !bits),
    };
    (old, flags, keywords)
}

/// The bits of keywords in the mailbox's table, and the changes that add those that are not there.
pub(super) fn keyword_bits(
    keywords: &[String],
    key: (AccountId, MailboxId),
    mailbox: &Mailbox,
    staging: &mut Staging,
) -> Result<(Vec<Change>, u64), Decision> {
    if !keywords.is_empty() && staging.has_new_keywords(key) {
        return Err(Decision::Later);
    }
    let mut table: Vec<&str> = mailbox.keywords.iter().map(String::as_str).collect();
    let (mut changes, mut bits) = (Vec::new(), 0_u64);
    for keyword in keywords {
        // Keywords are the same whatever their case (RFC 9051 section 2.3.2).
        let bit = table.iter().position(|known| known.eq_ignore_ascii_case(keyword)).unwrap_or_else(|| {
            table.push(keyword);
            changes.push(Change::KeywordAdded { account: key.0, mailbox: key.1, keyword: keyword.clone() });
            table.len().saturating_sub(1)
        });
        if bit >= KEYWORDS_MAX {
            return Err(Decision::Answer(Outcome::Refused(Refusal::Limit)));
        }
        bits |= 1 << bit;
    }
    if !changes.is_empty() {
        staging.add_keywords(key);
    }
    Ok((changes, bits))
}

pub(super) fn expunge(
    key: (AccountId, MailboxId),
    uids: Option<&[UidRange]>,
    index: &Index,
    staging: &mut Staging,
) -> Decision {
    if !staging.may_use(key.0) {
        return Decision::Later;
    }
    let Some(mailbox) = index.mailbox(key.0, key.1) else {
        return Decision::Answer(Outcome::Refused(Refusal::NoMailbox));
    };
    let ranges = uids.unwrap_or(&[EVERYTHING]);
    if mailbox.within(ranges).any(|message| staging.has_touched(key, message.row.uid)) {
        return Decision::Later;
    }
    let mut changes = Vec::new();
    for message in mailbox.within(ranges) {
        let row = &message.row;
        if !row.flags.has(SystemFlags::DELETED) || staging.has_touched(key, row.uid) {
            continue;
        }
        staging.touch(key, row.uid);
        changes.push(Change::Expunged {
            account: key.0,
            mailbox: key.1,
            uid: row.uid,
            old: State { modseq: row.modseq, flags: row.flags, keywords: row.keywords },
            modseq: staging.next_modseq(key, mailbox),
        });
    }
    if changes.is_empty() { Decision::Answer(Outcome::Done) } else { Decision::Change(changes, Outcome::Done) }
}
