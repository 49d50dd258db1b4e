//! Making and removing mailboxes, and subscribing to their names.

use ipc::mail::{AccountId, MailboxId, Seconds, Uid};
use ipc::service::mailbox::{
    ADOPTED_MAX, INBOX, MAILBOXES_MAX, Refusal, SUBSCRIPTIONS_MAX, SpecialUse, is_name,
};

use super::{Decision, Outcome, Staging};
use crate::change::Change;
use crate::index::{Account, Index};

pub(super) fn create(
    account: AccountId,
    name: &str,
    special_use: Option<SpecialUse>,
    index: &Index,
    staging: &mut Staging,
    now: Seconds,
) -> Decision {
    if !staging.shape(account) {
        return Decision::Later;
    }
    let Some(found) = index.account(account) else { return Decision::Answer(Outcome::NoAccount) };
    let mailbox = match free(found, name) {
        Ok(mailbox) => mailbox,
        Err(why) => return refused(why),
    };
    if special_use.is_some_and(|special_use| found.with_special_use(special_use).is_some()) {
        return refused(Refusal::Exists);
    }
    let uid_validity = staging.next_uid_validity(index.last_uid_validity(), now);
    let name = name.to_owned();
    let created = Change::MailboxCreated { account, mailbox, name, special_use, uid_validity };
    Decision::Change(vec![created], Outcome::Created(mailbox))
}

/// The number of a new mailbox, if it can have that name.
pub(super) fn free(account: &Account, name: &str) -> Result<MailboxId, Refusal> {
    if !is_name(name) {
        return Err(Refusal::Name);
    }
    if account.named(name).is_some() {
        return Err(Refusal::Exists);
    }
    let fits = account.mailbox_count() < MAILBOXES_MAX;
    account.next_mailbox().filter(|_| fits).ok_or(Refusal::Limit)
}

pub(super) fn delete(
    account: AccountId,
    mailbox: MailboxId,
    index: &Index,
    staging: &mut Staging,
) -> Decision {
    if !staging.shape(account) {
        return Decision::Later;
    }
    let Some(found) = index.mailbox(account, mailbox) else { return refused(Refusal::NoMailbox) };
    if found.name == INBOX {
        return refused(Refusal::Inbox);
    }
    let (name, special_use, uid_validity) = (found.name.clone(), found.special_use, found.uid_validity);
    let deleted = Change::MailboxDeleted { account, mailbox, name, special_use, uid_validity };
    Decision::Change(vec![deleted], Outcome::Done)
}

pub(super) fn adopt(
    key: (AccountId, MailboxId),
    uid_validity: Option<u32>,
    uid_next: Uid,
    index: &Index,
    staging: &mut Staging,
) -> Decision {
    if !staging.shape(key.0) {
        return Decision::Later;
    }
    let Some(found) = index.mailbox(key.0, key.1) else { return refused(Refusal::NoMailbox) };
    let old = (found.uid_validity, found.uid_next);
    let wanted = uid_validity.filter(|wanted| *wanted != old.0);
    if wanted == Some(0) || wanted.unwrap_or(1) > ADOPTED_MAX || uid_next > ADOPTED_MAX {
        return refused(Refusal::Limit);
    }
    if wanted.is_some() && found.uid_next > 1 {
        return refused(Refusal::Exists);
    }
    let new = (wanted.unwrap_or(old.0), old.1.max(uid_next));
    if new == old {
        return Decision::Answer(Outcome::Done);
    }
    let (account, mailbox) = key;
    Decision::Change(vec![Change::MailboxAdopted { account, mailbox, old, new }], Outcome::Done)
}

pub(super) fn subscribe(account: AccountId, name: &str, index: &Index, staging: &mut Staging) -> Decision {
    if !staging.shape(account) {
        return Decision::Later;
    }
    let Some(found) = index.account(account) else { return Decision::Answer(Outcome::NoAccount) };
    if !is_name(name) {
        return refused(Refusal::Name);
    }
    if found.is_subscribed(name) {
        return Decision::Answer(Outcome::Done);
    }
    if found.subscription_count() >= SUBSCRIPTIONS_MAX {
        return refused(Refusal::Limit);
    }
    Decision::Change(vec![Change::Subscribed { account, name: name.to_owned() }], Outcome::Done)
}

pub(super) fn unsubscribe(account: AccountId, name: &str, index: &Index, staging: &mut Staging) -> Decision {
    if !staging.shape(account) {
        return Decision::Later;
    }
    let Some(found) = index.account(account) else { return Decision::Answer(Outcome::NoAccount) };
    if !found.is_subscribed(name) {
        return Decision::Answer(Outcome::Done);
    }
    Decision::Change(vec![Change::Unsubscribed { account, name: name.to_owned() }], Outcome::Done)
}

fn refused(why: Refusal) -> Decision {
    Decision::Answer(Outcome::Refused(why))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{ACCOUNT, Planned, mailbox_id};
    use super::super::{Operation, Outcome};
    use super::*;

    fn create(name: &str) -> Operation {
        make(name, None)
    }

    fn make(name: &str, special_use: Option<SpecialUse>) -> Operation {
        Operation::CreateMailbox { account: ACCOUNT, name: name.to_owned(), special_use }
    }

    fn delete(mailbox: MailboxId) -> Operation {
        Operation::DeleteMailbox { account: ACCOUNT, mailbox }
    }

    #[test]
    fn a_name_is_one_mailbox_and_a_number_is_never_given_again() {
        let mut planned = Planned::new();
        assert_eq!(planned.does(&create("a/b")), Outcome::Created(MailboxId(7)));
        assert_eq!(planned.does(&create("a/b")), Outcome::Refused(Refusal::Exists));
        assert_eq!(planned.does(&create("a")), Outcome::Created(MailboxId(8)));
        let before = planned.index.mailbox(ACCOUNT, MailboxId(8)).unwrap().uid_validity;
        assert_eq!(planned.does(&delete(MailboxId(8))), Outcome::Done);
        assert_eq!(planned.does(&delete(MailboxId(8))), Outcome::Refused(Refusal::NoMailbox));
        assert_eq!(mailbox_id(&planned.index, "a/b"), Some(MailboxId(7)), "what was beneath it stays");
        assert_eq!(planned.does(&create("a")), Outcome::Created(MailboxId(9)));
        assert!(planned.index.mailbox(ACCOUNT, MailboxId(9)).unwrap().uid_validity > before);
    }

    #[test]
    fn what_is_no_name_and_the_inbox() {
        let mut planned = Planned::new();
        for name in ["", "/", "a/", "/a", "a//b", "a\r\nb", "inbox", "Inbox/a", &"x".repeat(1025)] {
            assert_eq!(planned.does(&create(name)), Outcome::Refused(Refusal::Name), "{name:?}");
        }
        assert_eq!(planned.does(&create("INBOX")), Outcome::Refused(Refusal::Exists));
        assert_eq!(planned.does(&create("INBOX/a")), Outcome::Created(MailboxId(7)));
        assert_eq!(planned.does(&delete(MailboxId(1))), Outcome::Refused(Refusal::Inbox));
    }

    #[test]
    fn a_special_use_goes_with_its_mailbox() {
        let mut planned = Planned::new();
        let spam = || make("Spam", Some(SpecialUse::Junk));
        assert_eq!(planned.does(&spam()), Outcome::Refused(Refusal::Exists));
        let junk = mailbox_id(&planned.index, "Junk").unwrap();
        assert_eq!(planned.does(&delete(junk)), Outcome::Done);
        assert_eq!(planned.does(&spam()), Outcome::Created(MailboxId(7)));
    }

    #[test]
    fn an_account_has_so_many_mailboxes_and_no_more() {
        let mut planned = Planned::new();
        for number in 6..MAILBOXES_MAX {
            assert!(matches!(planned.does(&create(&format!("m/{number}"))), Outcome::Created(_)));
        }
        assert_eq!(planned.does(&create("one more")), Outcome::Refused(Refusal::Limit));
        planned.does(&delete(MailboxId(100)));
        assert!(matches!(planned.does(&create("one more")), Outcome::Created(_)));
    }

    #[test]
    fn names_are_subscribed_whether_or_not_they_are_mailboxes() {
        let mut planned = Planned::new();
        let subscribe =
            |name: &str, subscribed| Operation::Subscribe { account: ACCOUNT, name: name.into(), subscribed };
        let names = |planned: &Planned| -> Vec<String> {
            planned.index.account(ACCOUNT).unwrap().subscriptions(Some("Junk")).map(str::to_owned).collect()
        };
        assert_eq!(names(&planned), ["Sent", "Trash"]);
        assert_eq!(planned.does(&subscribe("Zoo/lion", true)), Outcome::Done);
        assert_eq!(planned.does(&subscribe("Sent", false)), Outcome::Done);
        assert_eq!(names(&planned), ["Trash", "Zoo/lion"]);
        assert!(planned.changes(&subscribe("Zoo/lion", true)).is_empty());
        assert!(planned.changes(&subscribe("Sent", false)).is_empty());
        assert_eq!(planned.does(&subscribe("a//b", true)), Outcome::Refused(Refusal::Name));
        let left = SUBSCRIPTIONS_MAX - planned.index.account(ACCOUNT).unwrap().subscription_count();
        for number in 0..left {
            assert_eq!(planned.does(&subscribe(&format!("s{number}"), true)), Outcome::Done);
        }
        assert_eq!(planned.does(&subscribe("one more", true)), Outcome::Refused(Refusal::Limit));
    }

    #[test]
    fn what_a_mailbox_had_elsewhere_it_can_keep() {
        let mut planned = Planned::new();
        let adopt = |uid_validity, uid_next| Operation::AdoptMailbox {
            account: ACCOUNT,
            mailbox: MailboxId(1),
            uid_validity,
            uid_next,
        };
        let counters = |planned: &Planned| {
            let inbox = planned.index.mailbox(ACCOUNT, MailboxId(1)).unwrap();
            (inbox.uid_validity, inbox.uid_next)
        };
        let own = counters(&planned).0;
        for (uid_validity, uid_next) in [(Some(0), 1), (Some(u32::MAX), 1), (None, u32::MAX)] {
            assert_eq!(planned.does(&adopt(uid_validity, uid_next)), Outcome::Refused(Refusal::Limit));
        }
        assert_eq!(planned.does(&adopt(Some(77), 1)), Outcome::Done);
        assert_eq!(counters(&planned), (77, 1));
        assert_eq!(planned.does(&adopt(Some(77), 50)), Outcome::Done);
        assert_eq!(planned.does(&adopt(None, 20)), Outcome::Done, "it never goes back");
        assert_eq!(counters(&planned), (77, 50));
        assert_eq!(planned.does(&adopt(Some(own), 50)), Outcome::Refused(Refusal::Exists));
        let kept = [(Some(60), 60), (None, 61), (Some(9), 62), (Some(u32::MAX), 63), (Some(64), 64)];
        for (transaction, (uid, got)) in (1..).zip(kept) {
            assert_eq!(planned.import(MailboxId(1), transaction, &[], uid), got, "{uid:?}");
        }
        assert_eq!(planned.does(&create("later")), Outcome::Created(MailboxId(7)));
        assert!(planned.index.mailbox(ACCOUNT, MailboxId(7)).unwrap().uid_validity > own);
    }

    #[test]
    fn who_uses_the_account_in_the_same_group_waits() {
        let mut planned = Planned::new();
        planned.together(&[create("a"), create("b"), delete(MailboxId(2))], &[true, false, false]);
        assert!(mailbox_id(&planned.index, "a").is_some());
    }
}
