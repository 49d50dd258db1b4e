//! What is not in memory.

use bulkhead_store::engine::Engine;
use ipc::mail::AccountId;

/// Brings the messages of every mailbox into memory, where they stay until the next change.
pub(crate) async fn load(engine: &Engine) {
    let mut keys = Vec::new();
    for account in engine.index().accounts_behind(AccountId(0), 1 << 20).into_iter().chain([AccountId(0)]) {
        let index = engine.index();
        let mailboxes = index.account(account).into_iter().flat_map(|found| found.mailboxes(None));
        keys.extend(mailboxes.map(|(mailbox, _)| (account, mailbox)));
    }
    for (account, mailbox) in keys {
        drop(engine.loaded(account, mailbox).await);
    }
}
