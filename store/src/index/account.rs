//! One account as the log says it is: its mailboxes by number and by name, and the names it is subscribed to.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use ipc::mail::MailboxId;
use ipc::service::mailbox::{HIERARCHY, SpecialUse};

use super::mailbox::{JUMP, Mailbox};

/// One account.
#[derive(Debug, Default)]
pub struct Account {
    mailboxes: BTreeMap<MailboxId, Mailbox>,
    names: BTreeMap<String, MailboxId>,
    special: BTreeMap<SpecialUse, MailboxId>,
    /// Removed ones that some view still shows.
    deleted: BTreeMap<MailboxId, Mailbox>,
    subscriptions: BTreeSet<String>,
    last_mailbox: u64,
}

impl Account {
    /// One of its mailboxes.
    #[must_use]
    pub fn mailbox(&self, mailbox: MailboxId) -> Option<&Mailbox> {
        self.mailboxes.get(&mailbox)
    }

    /// Its mailboxes in the order of their numbers, from behind `after`.
    pub fn mailboxes(&self, after: Option<MailboxId>) -> impl Iterator<Item = (MailboxId, &Mailbox)> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.mailboxes.range((from, Bound::Unbounded)).map(|(id, mailbox)| (*id, mailbox))
    }

    /// How many mailboxes it has.
    #[must_use]
    pub fn mailbox_count(&self) -> usize {
        self.mailboxes.len()
    }

    /// The mailbox of that name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<MailboxId> {
        self.names.get(name).copied()
    }

    /// The mailboxes beneath a name, at any depth, with their whole names in their order.
    pub fn beneath(&self, name: &str) -> impl Iterator<Item = (&str, MailboxId)> {
        let prefix = format!("{name}{HIERARCHY}");
        let from = self.names.range::<str, _>((Bound::Included(prefix.as_str()), Bound::Unbounded));
        from.take_while(move |(name, _)| name.starts_with(&prefix)).map(|(name, id)| (name.as_str(), *id))
    }

    /// The mailbox of that special use.
    #[must_use]
    pub fn with_special_use(&self, special_use: SpecialUse) -> Option<MailboxId> {
        self.special.get(&special_use).copied()
    }

    /// The number of the next mailbox: above every one there ever was. `None` when they are used up.
    #[must_use]
    pub fn next_mailbox(&self) -> Option<MailboxId> {
        self.last_mailbox.checked_add(1).map(MailboxId)
    }

    /// The highest number a mailbox of it had.
    pub(super) fn last_mailbox(&self) -> u64 {
        self.last_mailbox
    }

    /// An account without its mailboxes and names.
    pub(super) fn restored(last_mailbox: u64) -> Self {
        Account { last_mailbox, ..Account::default() }
    }

    /// Is the name subscribed to?
    #[must_use]
    pub fn is_subscribed(&self, name: &str) -> bool {
        self.subscriptions.contains(name)
    }

    /// The names subscribed to, in their order, from behind `after`.
    pub fn subscriptions(&self, after: Option<&str>) -> impl Iterator<Item = &str> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.subscriptions.range::<str, _>((from, Bound::Unbounded)).map(String::as_str)
    }

    /// How many names are subscribed to.
    #[must_use]
    pub fn subscription_count(&self) -> usize {
        self.subscriptions.len()
    }

    pub(super) fn mailbox_mut(&mut self, mailbox: MailboxId) -> Option<&mut Mailbox> {
        self.mailboxes.get_mut(&mailbox)
    }

    /// The mailbox, also when it was removed and some view still shows it.
    pub(super) fn shown(&self, mailbox: MailboxId) -> Option<&Mailbox> {
        self.mailboxes.get(&mailbox).or_else(|| self.deleted.get(&mailbox))
    }

    pub(super) fn shown_mut(&mut self, mailbox: MailboxId) -> Option<&mut Mailbox> {
        self.mailboxes.get_mut(&mailbox).or_else(|| self.deleted.get_mut(&mailbox))
    }

    /// Forgets the mailbox if it was removed and no view shows it.
    pub(super) fn forget(&mut self, mailbox: MailboxId) {
        if self.deleted.get(&mailbox).is_some_and(|deleted| deleted.views.is_empty()) {
            self.deleted.remove(&mailbox);
        }
    }

    pub(super) fn create(&mut self, id: MailboxId, mailbox: Mailbox) {
        self.last_mailbox = self.last_mailbox.max(id.0);
        self.take_name(id, &mailbox.name);
        if let Some(special_use) = mailbox.special_use
            && let Some(other) = self.special.insert(special_use, id)
            && let Some(other) = self.mailboxes.get_mut(&other)
        {
            other.special_use = None;
        }
        self.mailboxes.insert(id, mailbox);
    }

    pub(super) fn delete(&mut self, id: MailboxId) {
        let Some(mailbox) = self.mailboxes.remove(&id) else { return };
        self.names.remove(&mailbox.name);
        if let Some(special_use) = mailbox.special_use {
            self.special.remove(&special_use);
        }
        if !mailbox.views.is_empty() {
            self.deleted.insert(id, mailbox);
        }
    }

    pub(super) fn rename(&mut self, id: MailboxId, new: String) {
        let Some(mailbox) = self.mailboxes.get_mut(&id) else { return };
        let old = std::mem::replace(&mut mailbox.name, new.clone());
        self.names.remove(&old);
        self.take_name(id, &new);
    }

    pub(super) fn subscribe(&mut self, name: String) {
        self.subscriptions.insert(name);
    }

    pub(super) fn unsubscribe(&mut self, name: &str) {
        self.subscriptions.remove(name);
    }

    pub(super) fn jump(&mut self) {
        self.last_mailbox = self.last_mailbox.saturating_add(JUMP.into());
        self.mailboxes.values_mut().for_each(Mailbox::jump);
    }

    /// The name is that mailbox's. Who still has it, though its end must have been decided, kept it because a group was
    /// lost: its mail stays, under another name.
    fn take_name(&mut self, id: MailboxId, name: &str) {
        let Some(other) = self.names.insert(name.to_owned(), id).filter(|other| *other != id) else { return };
        let base = format!("Recovered {}", other.0);
        let numbered = (2_u64..).map(|number| format!("{base} {number}"));
        let free = std::iter::once(base.clone()).chain(numbered).find(|name| !self.names.contains_key(name));
        if let Some((mailbox, free)) = self.mailboxes.get_mut(&other).zip(free) {
            mailbox.name.clone_from(&free);
            self.names.insert(free, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(names: &[&str]) -> Account {
        let mut account = Account::default();
        for (id, name) in (1..).zip(names) {
            account.create(MailboxId(id), Mailbox::new((*name).to_owned(), None, 1));
        }
        account
    }

    fn names(account: &Account) -> Vec<(u64, &str)> {
        account.mailboxes(None).map(|(id, mailbox)| (id.0, mailbox.name.as_str())).collect()
    }

    #[test]
    fn beneath_a_name_is_what_has_it_as_its_levels() {
        let account = account(&["a", "a/b", "a/b/c", "ab", "a0", "a-b", "A/b"]);
        assert_eq!(
            account.beneath("a").collect::<Vec<_>>(),
            [("a/b", MailboxId(2)), ("a/b/c", MailboxId(3))]
        );
        assert_eq!(account.beneath("a/b/c").count(), 0);
    }

    #[test]
    fn numbers_are_not_given_twice() {
        let mut account = account(&["a", "b"]);
        account.delete(MailboxId(2));
        assert_eq!(account.next_mailbox(), Some(MailboxId(3)));
        account.jump();
        assert_eq!(account.next_mailbox(), Some(MailboxId(3 + u64::from(JUMP))));
        assert_eq!(account.named("b"), None);
    }

    #[test]
    fn what_damage_left_with_a_name_that_is_another_s_keeps_its_mail_under_another_name() {
        let mut account = account(&["a", "b", "Recovered 1"]);
        account.create(MailboxId(4), Mailbox::new("a".into(), None, 1));
        account.rename(MailboxId(2), "Recovered 1".into());
        let expected = [(1, "Recovered 1 2"), (2, "Recovered 1"), (3, "Recovered 3"), (4, "a")];
        assert_eq!(names(&account), expected);
        for (id, name) in expected {
            assert_eq!(account.named(name), Some(MailboxId(id)));
        }
        assert_eq!(account.named("b"), None);
    }

    #[test]
    fn a_special_use_is_one_mailbox_s() {
        let mut account = Account::default();
        let junk = || Mailbox::new("x".into(), Some(SpecialUse::Junk), 1);
        account.create(MailboxId(1), junk());
        account.create(MailboxId(2), junk());
        assert_eq!(account.with_special_use(SpecialUse::Junk), Some(MailboxId(2)));
        assert_eq!(account.mailbox(MailboxId(1)).unwrap().special_use, None);
        account.delete(MailboxId(1));
        assert_eq!(account.with_special_use(SpecialUse::Junk), Some(MailboxId(2)));
        account.delete(MailboxId(2));
        assert_eq!(account.with_special_use(SpecialUse::Junk), None);
    }

    #[test]
    fn a_removed_mailbox_is_kept_while_a_view_shows_it() {
        let mut account = account(&["a"]);
        let (id, session) = (MailboxId(1), super::super::SessionId(1));
        account.mailbox_mut(id).unwrap().views.show(session, 1);
        account.delete(id);
        account.forget(id);
        assert!(account.mailbox(id).is_none() && account.shown(id).is_some());
        account.shown_mut(id).unwrap().views.leave(session);
        account.forget(id);
        assert!(account.shown(id).is_none());
    }
}
