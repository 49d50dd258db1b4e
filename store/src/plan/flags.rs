//! Changing flags, and expunging by them.

use ipc::mail::{AccountId, MailboxId, SystemFlags};
use ipc::service::mailbox::{FlagChange, KEYWORDS_MAX, Refusal};

use super::{Decision, Outcome, Staging};
use crate::change::{Change, State};
use crate::index::{Index, Mailbox, Message, Uids};

/// The flags a client wants changed.
pub(super) struct Wanted<'a> {
    pub(super) change: FlagChange,
    pub(super) flags: SystemFlags,
    pub(super) keywords: &'a [String],
}

pub(super) fn change(
    key: (AccountId, MailboxId),
    uids: &Uids,
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
    let named: Vec<_> = mailbox.within(uids).map(|message| message.row.uid).collect();
    if named.is_empty() {
        return Decision::Answer(Outcome::Flagged(named));
    }
    let unknown = match wanted.change {
        FlagChange::Remove => Unknown::PassedOver,
        FlagChange::Replace | FlagChange::Add => Unknown::Added,
    };
    let (mut changes, bits) = match keyword_bits(wanted.keywords, unknown, key, mailbox, staging) {
        Ok(bits) => bits,
        Err(decision) => return decision,
    };
    for message in mailbox.within(uids) {
        let uid = message.row.uid;
        let (old, flags, keywords) = apply(message, wanted, bits);
        if (flags, keywords) == (old.flags, old.keywords) {
            continue;
        }
        staging.touch(key, uid);
        let new = State { modseq: staging.next_modseq(key, mailbox), flags, keywords };
        changes.push(Change::FlagsChanged { account: key.0, mailbox: key.1, uid, old, new });
    }
    if changes.is_empty() {
        Decision::Answer(Outcome::Flagged(named))
    } else {
        Decision::Change(changes, Outcome::Flagged(named))
    }
}

fn apply(message: &Message, wanted: &Wanted<'_>, bits: u64) -> (State, SystemFlags, u64) {
    let (row, old) = (&message.row, state(message));
    let (flags, keywords) = match wanted.change {
        FlagChange::Replace => (wanted.flags, bits),
        FlagChange::Add => (row.flags.with(wanted.flags), row.keywords | bits),
        FlagChange::Remove => (row.flags.without(wanted.flags), row.keywords & !bits),
    };
    (old, flags, keywords)
}

/// The part of the message that changes, as it is.
pub(super) fn state(message: &Message) -> State {
    let row = &message.row;
    State { modseq: row.modseq, flags: row.flags, keywords: row.keywords }
}

/// What becomes of keywords that the mailbox has not seen yet.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Unknown {
    /// They get a bit.
    Added,
    /// They are on no message, so taking them off changes nothing.
    PassedOver,
}

/// The bits of keywords in the mailbox's table, and the changes that add those that are not there.
pub(super) fn keyword_bits(
    keywords: &[String],
    unknown: Unknown,
    key: (AccountId, MailboxId),
    mailbox: &Mailbox,
    staging: &mut Staging,
) -> Result<(Vec<Change>, u64), Decision> {
    let (changes, numbers) = keyword_numbers(keywords, unknown, key, mailbox, staging)?;
    Ok((changes, numbers.into_iter().fold(0, |bits, number| bits | 1 << number)))
}

/// The numbers of the bits of keywords in the mailbox's table, of each that is there or is added, and the changes that add.
pub(super) fn keyword_numbers(
    keywords: &[String],
    unknown: Unknown,
    key: (AccountId, MailboxId),
    mailbox: &Mailbox,
    staging: &mut Staging,
) -> Result<(Vec<Change>, Vec<usize>), Decision> {
    if !keywords.is_empty() && staging.has_new_keywords(key) {
        return Err(Decision::Later);
    }
    let mut table: Vec<&str> = mailbox.keywords.iter().map(String::as_str).collect();
    let (mut changes, mut numbers) = (Vec::new(), Vec::with_capacity(keywords.len()));
    for keyword in keywords {
        // Keywords are the same whatever their case (RFC 9051 section 2.3.2).
        let number = match table.iter().position(|known| known.eq_ignore_ascii_case(keyword)) {
            Some(number) => number,
            None if unknown == Unknown::PassedOver => continue,
            None => {
                table.push(keyword);
                changes.push(Change::KeywordAdded {
                    account: key.0,
                    mailbox: key.1,
                    keyword: keyword.clone(),
                });
                table.len().saturating_sub(1)
            }
        };
        if number >= KEYWORDS_MAX {
            return Err(Decision::Answer(Outcome::Refused(Refusal::Limit)));
        }
        numbers.push(number);
    }
    if !changes.is_empty() {
        staging.add_keywords(key);
    }
    Ok((changes, numbers))
}

pub(super) fn expunge(
    key: (AccountId, MailboxId),
    uids: &Uids,
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
    let mut changes = Vec::new();
    for message in mailbox.within(uids) {
        let row = &message.row;
        if !row.flags.has(SystemFlags::DELETED) {
            continue;
        }
        staging.touch(key, row.uid);
        changes.push(Change::Expunged {
            account: key.0,
            mailbox: key.1,
            uid: row.uid,
            old: state(message),
            modseq: staging.next_modseq(key, mailbox),
        });
    }
    if changes.is_empty() {
        Decision::Answer(Outcome::Done)
    } else {
        Decision::Change(changes, Outcome::Done)
    }
}
