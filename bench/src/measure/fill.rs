//! Mailboxes to read: a mix of sizes, the same in both suites.

use std::rc::Rc;

use super::{Plan, together};
use crate::client::Imap;
use crate::failure::Result;
use crate::mail::{self, Message, Random};
use crate::suite::{ACCOUNTS, Account, Suite};

/// Fills the mailboxes of the accounts that are read, by APPEND.
///
/// # Errors
/// When the suite does not take it.
pub async fn fill(suite: &Rc<Suite>, plan: Plan) -> Result<()> {
    let filled = suite.clone();
    together(ACCOUNTS, async move |number| {
        let account = Account::filled(number);
        let mut imap = Imap::login(&filled.places.imaps, &account.address, &account.password).await?;
        let mut random = Random::new(number as u64);
        let messages: Vec<Message> = (0..plan.mailbox)
            .map(|_| {
                let size = mail::size(&mut random);
                mail::message(&mut random, size)
            })
            .collect();
        imap.append(&messages).await
    })
    .await
    .map(drop)
}
