//! Renaming mailboxes (RFC 9051 section 6.3.6). Subscriptions are of names and stay what they are.

use std::collections::BTreeSet;

use ipc::mail::{AccountId, MailboxId, Seconds};
use ipc::service::mailbox::{COPY_MAX, HIERARCHY, INBOX, Refusal, is_name};

use super::copy::{Copies, expunged};
use super::mailbox::free;
use super::{Decision, Outcome, Staging};
use crate::change::Change;
use crate::index::{Account, Index, Mailbox, Uids};

pub(super) fn rename(
    key: (AccountId, MailboxId),
    name: &str,
    index: &Index,
    staging: &mut Staging,
    now: Seconds,
) -> Decision {
    if !staging.shape(key.0) {
        return Decision::Later;
    }
    let Some((account, mailbox)) = index.account(key.0).zip(index.mailbox(key.0, key.1)) else {
        return Decision::Answer(Outcome::Refused(Refusal::NoMailbox));
    };
    let changes = if mailbox.name == INBOX {
        let uid_validity = staging.next_uid_validity(index.last_uid_validity(), now);
        empty_inbox(key, (account, mailbox), Mailbox::new(name.to_owned(), None, uid_validity), staging, now)
    } else {
        subtree(key, account, &mailbox.name, name)
    };
    match changes {
        Ok(changes) => Decision::Change(changes, Outcome::Done),
        Err(decision) => decision,
    }
}

/// The mailbox and all beneath it.
fn subtree(
    key: (AccountId, MailboxId),
    account: &Account,
    old: &str,
    new: &str,
) -> Result<Vec<Change>, Decision> {
    let own = new.strip_prefix(old).is_some_and(|beneath| beneath.starts_with(HIERARCHY));
    if own || !is_name(new) {
        return Err(refused(Refusal::Name));
    }
    let mut moving: Vec<(&str, MailboxId)> = account.beneath(old).collect();
    moving.push((old, key.1));
    // The shorter first: where the new name of one is the old name of another, that one has left it by then.
    moving.sort_by_key(|(name, _)| name.len());
    let ids: BTreeSet<MailboxId> = moving.iter().map(|(_, id)| *id).collect();
    let mut changes = Vec::with_capacity(moving.len());
    for (name, mailbox) in &moving {
        let renamed = format!("{new}{}", name.strip_prefix(old).unwrap_or_default());
        if !is_name(&renamed) {
            return Err(refused(Refusal::Name));
        }
        if renamed == *name || account.named(&renamed).is_some_and(|taken| !ids.contains(&taken)) {
            return Err(refused(Refusal::Exists));
        }
        let (mailbox, old) = (*mailbox, (*name).to_owned());
        changes.push(Change::MailboxRenamed { account: key.0, mailbox, old, new: renamed });
    }
    Ok(changes)
}

/// The inbox stays; its messages go to a new mailbox.
fn empty_inbox(
    key: (AccountId, MailboxId),
    (account, inbox): (&Account, &Mailbox),
    new: Mailbox,
    staging: &mut Staging,
    now: Seconds,
) -> Result<Vec<Change>, Decision> {
    let mailbox = free(account, &new.name).map_err(refused)?;
    let all = Uids::all();
    if inbox.within(&all).nth(COPY_MAX).is_some() {
        return Err(refused(Refusal::Limit));
    }
    let mut changes = vec![Change::MailboxCreated {
        account: key.0,
        mailbox,
        name: new.name.clone(),
        special_use: None,
        uid_validity: new.uid_validity,
    }];
    let copies = Copies { account: key.0, from: (key.1, inbox), to: (mailbox, &new), now };
    changes.extend(copies.of(&all, staging)?.0);
    changes.extend(expunged(key, inbox, &all, staging));
    Ok(changes)
}

fn refused(why: Refusal) -> Decision {
    Decision::Answer(Outcome::Refused(why))
}

#[cfg(test)]
mod tests {
    use super::super::Operation;
    use super::super::tests::{ACCOUNT, Planned, mailbox_id};
    use super::*;

    impl Planned {
        fn create(&mut self, name: &str) -> MailboxId {
            let name = name.to_owned();
            let created = Operation::CreateMailbox { account: ACCOUNT, name, special_use: None };
            match self.does(&created) {
                Outcome::Created(mailbox) => mailbox,
                other => panic!("{other:?}"),
            }
        }

        fn rename(&mut self, mailbox: MailboxId, name: &str) -> Outcome {
            self.does(&Operation::RenameMailbox { account: ACCOUNT, mailbox, name: name.to_owned() })
        }

        fn names(&self) -> Vec<(u64, &str)> {
            let own = self.index.account(ACCOUNT).unwrap().mailboxes(Some(MailboxId(6)));
            own.map(|(id, mailbox)| (id.0, mailbox.name.as_str())).collect()
        }
    }

    #[test]
    fn a_mailbox_goes_with_all_beneath_it() {
        let mut planned = Planned::new();
        let ids: Vec<_> = ["a", "a/b", "a/b/c", "ab"].map(|name| planned.create(name)).into();
        let before = planned.index.mailbox(ACCOUNT, ids[1]).unwrap().uid_validity;
        assert_eq!(planned.rename(ids[0], "x/y"), Outcome::Done);
        assert_eq!(planned.names(), [(7, "x/y"), (8, "x/y/b"), (9, "x/y/b/c"), (10, "ab")]);
        assert_eq!(planned.index.mailbox(ACCOUNT, ids[1]).unwrap().uid_validity, before);
        assert_eq!(mailbox_id(&planned.index, "a/b"), None);
    }

    #[test]
    fn onto_itself_beneath_itself_and_over_another() {
        let mut planned = Planned::new();
        let (a, b) = (planned.create("a"), planned.create("b"));
        planned.create("a/c");
        planned.create("b/c");
        for (name, why) in [
            ("a", Refusal::Exists),
            ("b", Refusal::Exists),
            ("INBOX", Refusal::Exists),
            ("a/x", Refusal::Name),
            ("", Refusal::Name),
            ("inbox", Refusal::Name),
        ] {
            assert_eq!(planned.rename(a, name), Outcome::Refused(why), "{name}");
        }
        planned.does(&Operation::DeleteMailbox { account: ACCOUNT, mailbox: b });
        assert_eq!(planned.rename(a, "b"), Outcome::Refused(Refusal::Exists), "b/c would be there twice");
        assert_eq!(planned.rename(a, "ab"), Outcome::Done);
        assert_eq!(planned.rename(MailboxId(99), "z"), Outcome::Refused(Refusal::NoMailbox));
    }

    #[test]
    fn one_level_up_over_names_that_are_just_being_left() {
        let mut planned = Planned::new();
        let ids = ["a/b", "a/b/b", "a/b/b/c", "a/b/c"].map(|name| planned.create(name));
        assert_eq!(planned.rename(ids[0], "a"), Outcome::Done);
        assert_eq!(planned.names(), [(7, "a"), (8, "a/b"), (9, "a/b/c"), (10, "a/c")]);
    }

    #[test]
    fn a_name_beneath_it_would_be_too_long_and_nothing_is_renamed() {
        let mut planned = Planned::new();
        let a = planned.create("a");
        let long = format!("a/{}", "x".repeat(1000));
        planned.create(&long);
        assert_eq!(planned.rename(a, &"y".repeat(30)), Outcome::Refused(Refusal::Name));
        assert_eq!(planned.names(), [(7, "a"), (8, long.as_str())]);
    }

    #[test]
    fn the_inbox_is_emptied_and_stays() {
        let mut planned = Planned::new();
        let beneath = planned.create("INBOX/x");
        for transaction in 1..=3 {
            planned.append(MailboxId(1), transaction, &["k"]);
        }
        planned.does(&Operation::Flags {
            account: ACCOUNT,
            mailbox: MailboxId(1),
            uids: Uids::all(),
            change: ipc::service::mailbox::FlagChange::Add,
            flags: ipc::mail::SystemFlags::SEEN,
            keywords: vec!["l".into()],
        });
        let inbox_before = planned.index.mailbox(ACCOUNT, MailboxId(1)).unwrap().status();
        assert_eq!(planned.rename(MailboxId(1), "Sent"), Outcome::Refused(Refusal::Exists));
        assert_eq!(planned.rename(MailboxId(1), "old"), Outcome::Done);
        let (inbox, old) =
            [MailboxId(1), MailboxId(8)].map(|id| planned.index.mailbox(ACCOUNT, id).unwrap()).into();
        let (now, then) = (inbox.status(), old.status());
        assert_eq!((now.messages, now.uid_validity), (0, inbox_before.uid_validity));
        assert_eq!(now.uid_next, inbox_before.uid_next);
        assert!(now.highest_modseq > inbox_before.highest_modseq);
        assert_eq!((then.messages, then.unseen, then.uid_next), (3, 0, 4));
        assert!(then.uid_validity > now.uid_validity);
        assert_eq!(old.keywords, ["k", "l"]);
        assert_eq!(planned.names(), [(7, "INBOX/x"), (8, "old")]);
        assert_eq!(mailbox_id(&planned.index, "INBOX/x"), Some(beneath));
    }

    #[test]
    fn an_empty_inbox_can_be_renamed_too() {
        let mut planned = Planned::new();
        assert_eq!(planned.rename(MailboxId(1), "INBOX/old"), Outcome::Done);
        assert_eq!(planned.names(), [(7, "INBOX/old")]);
        assert_eq!(mailbox_id(&planned.index, "INBOX"), Some(MailboxId(1)));
    }
}
