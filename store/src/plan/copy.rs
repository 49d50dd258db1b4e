//! Copying and moving messages between mailboxes of one account (RFC 6851), and noting that nobody is to parse one.

use ipc::mail::{AccountId, MailboxId, Seconds, Uid, UidRange};
use ipc::service::mailbox::{COPY_MAX, Refusal};

use super::flags::{Unknown, keyword_numbers, state};
use super::{Copied, Decision, Originals, Outcome, Staging};
use crate::change::{Change, State};
use crate::index::{Index, Mailbox, Message, Uids};

pub(super) fn copy(
    account: AccountId,
    (from, uids): (MailboxId, &Uids),
    to: MailboxId,
    originals: Originals,
    index: &Index,
    staging: &mut Staging,
    now: Seconds,
) -> Decision {
    if !staging.may_use(account) {
        return Decision::Later;
    }
    let Some(source) = index.mailbox(account, from) else { return refused(Refusal::NotSelected) };
    let Some(target) = index.mailbox(account, to) else { return refused(Refusal::NoMailbox) };
    if source.within(uids).nth(COPY_MAX).is_some() {
        return refused(Refusal::Limit);
    }
    // What is there is then what the index shows, also of an open range.
    if staging.has_changed((account, from)) {
        return Decision::Later;
    }
    let copies = Copies { account, from: (from, source), to: (to, target), now };
    let (mut changes, new) = match copies.of(uids, staging) {
        Ok(copied) => copied,
        Err(decision) => return decision,
    };
    let outcome = Outcome::Copied(Copied {
        uid_validity: target.uid_validity,
        source: UidRange::of(source.within(uids).map(|message| message.row.uid)),
        copies: UidRange::of(new),
    });
    if originals == Originals::Go {
        changes.extend(expunged((account, from), source, uids, staging));
    }
    if changes.is_empty() { Decision::Answer(outcome) } else { Decision::Change(changes, outcome) }
}

/// Where copies are made.
pub(super) struct Copies<'a> {
    pub(super) account: AccountId,
    pub(super) from: (MailboxId, &'a Mailbox),
    pub(super) to: (MailboxId, &'a Mailbox),
    pub(super) now: Seconds,
}

impl Copies<'_> {
    /// The changes that copy these messages, and the new UIDs, which rise with the old ones.
    pub(super) fn of(&self, uids: &Uids, staging: &mut Staging) -> Result<(Vec<Change>, Vec<Uid>), Decision> {
        let (mut changes, keywords) = self.keywords(uids, staging)?;
        let mut new = Vec::new();
        for message in self.from.1.within(uids) {
            let copied = self.copied(message, &keywords, staging);
            let Some((uid, copied)) = copied else { return Err(refused(Refusal::Limit)) };
            changes.push(copied);
            new.push(uid);
        }
        Ok((changes, new))
    }

    /// The changes that add the keywords of these messages to the target's table, and what their bits are there.
    fn keywords(&self, uids: &Uids, staging: &mut Staging) -> Result<(Vec<Change>, Bits), Decision> {
        let used = self.from.1.within(uids).fold(0, |used, message| used | message.row.keywords);
        let bits = (0..u64::BITS).map(|number| 1_u64 << number).zip(&self.from.1.keywords);
        let (here, names): (Vec<u64>, Vec<String>) =
            bits.filter(|(bit, _)| used & bit != 0).map(|(bit, name)| (bit, name.clone())).unzip();
        let key = (self.account, self.to.0);
        let (changes, numbers) = keyword_numbers(&names, Unknown::Added, key, self.to.1, staging)?;
        let there = numbers.into_iter().map(|number| 1_u64 << number);
        Ok((changes, Bits(here.into_iter().zip(there).collect())))
    }

    fn copied(&self, message: &Message, keywords: &Bits, staging: &mut Staging) -> Option<(Uid, Change)> {
        let (to, target) = self.to;
        let (key, row) = ((self.account, to), &message.row);
        let uid = staging.next_uid(key, target)?;
        let state = State {
            modseq: staging.next_modseq(key, target),
            flags: row.flags,
            keywords: keywords.there(row.keywords),
        };
        let copied = Change::MessageCopied {
            account: self.account,
            mailbox: to,
            uid,
            state,
            internal_date: row.internal_date,
            size: row.size,
            transaction: row.id,
            opaque: row.opaque,
            body: message.body,
            structure: message.structure,
            from: (self.from.0, row.uid),
            at: self.now,
        };
        Some((uid, copied))
    }
}

/// Bits of one mailbox's keyword table, and those of the same keywords in another's.
struct Bits(Vec<(u64, u64)>);

impl Bits {
    fn there(&self, here: u64) -> u64 {
        let set = self.0.iter().filter(|(bit, _)| here & bit != 0);
        set.fold(0, |there, (_, bit)| there | bit)
    }
}

/// The end of these messages, whatever their flags.
pub(super) fn expunged(
    key: (AccountId, MailboxId),
    mailbox: &Mailbox,
    uids: &Uids,
    staging: &mut Staging,
) -> Vec<Change> {
    let expunge = |message: &Message| {
        staging.touch(key, message.row.uid);
        Change::Expunged {
            account: key.0,
            mailbox: key.1,
            uid: message.row.uid,
            old: state(message),
            modseq: staging.next_modseq(key, mailbox),
        }
    };
    mailbox.within(uids).map(expunge).collect()
}

pub(super) fn distrust(
    key: (AccountId, MailboxId),
    uid: Uid,
    index: &Index,
    staging: &mut Staging,
) -> Decision {
    if !staging.may_use(key.0) || staging.has_touched(key, uid) {
        return Decision::Later;
    }
    let Some(mailbox) = index.mailbox(key.0, key.1) else { return refused(Refusal::NotSelected) };
    let Some(message) = mailbox.message(uid) else { return refused(Refusal::NoMessage) };
    if message.row.opaque {
        return Decision::Answer(Outcome::Done);
    }
    staging.touch(key, uid);
    let (old, modseq) = (state(message), staging.next_modseq(key, mailbox));
    let distrusted = Change::MessageDistrusted { account: key.0, mailbox: key.1, uid, old, modseq };
    Decision::Change(vec![distrusted], Outcome::Done)
}

fn refused(why: Refusal) -> Decision {
    Decision::Answer(Outcome::Refused(why))
}

#[cfg(test)]
mod tests;
