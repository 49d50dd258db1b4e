//! An engine on a directory, as tests open it.

use std::path::Path;
use std::time::Duration;

use bulkhead_store::committer::Notice;
use bulkhead_store::engine::{Engine, Threads};
use tokio::sync::mpsc::UnboundedReceiver;

/// Opens the store in a directory, with so many messages in memory. An engine that was just dropped lets go of the directory a moment later.
pub(crate) async fn open(directory: &Path, most: usize) -> (Engine, UnboundedReceiver<Notice>) {
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
