//! An engine on a directory, as tests open it.

use std::path::Path;
use std::time::Duration;

use bulkhead_store::committer::Notice;
use bulkhead_store::engine::{Engine, Threads};
use ipc::mail::AccountId;
use tokio::sync::mpsc::UnboundedReceiver;

/// Opens the store in a directory. An engine that was just dropped lets go of the directory a moment later.
pub(crate) async fn open(directory: &Path) -> (Engine, UnboundedReceiver<Notice>) {
    open_with(directory, usize::MAX).await
}

/// The same, with so many messages in memory.
pub(crate) async fn open_with(directory: &Path, most: usize) -> (Engine, UnboundedReceiver<Notice>) {
    let mut attempts = 0;
    loop {
        match Engine::open_with(directory, Threads::start().unwrap(), most).await {
            Ok(opened) => return opened,
            Err(error) if attempts < 500 && error.message.contains("lock") => attempts += 1,
            Err(error) => panic!("{error}"),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

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
