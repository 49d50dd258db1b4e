//! What has to be true of a store after a crash.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bulkhead_store::engine::Engine;
use ipc::mail::{AccountId, TransactionId};

use crate::{common, load, mail};

/// Opens the store and looks at all it holds: everything acknowledged is there, once, as it came; whatever else is there is
/// whole, too. How many messages there are, or what is wrong.
pub(crate) fn check(directory: &Path, acknowledged: &[u64]) -> Result<usize, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (engine, _notices) = common::open(directory, usize::MAX).await;
        mailboxes(&engine, acknowledged).await
    })
}

async fn mailboxes(engine: &Engine, acknowledged: &[u64]) -> Result<usize, String> {
    load::load(engine).await;
    let mut messages = Vec::new();
    for id in mail::MAILBOXES {
        let index = engine.index();
        let Some(mailbox) = index.mailbox(AccountId(mail::ACCOUNT), id) else {
            let lost = acknowledged.len();
            return if lost == 0 { Ok(0) } else { Err(format!("the account is lost, and {lost} messages")) };
        };
        let before = messages.len();
        messages.extend(mailbox.rows(0).filter_map(|row| mailbox.message(row.uid).copied()));
        let (status, count) = (mailbox.status(), messages.len() - before);
        let last = mailbox.rows(0).last().map_or(0, |row| row.uid);
        if status.messages as usize != count || status.uid_next <= last {
            return Err(format!("{count} messages, the last {last}, under {status:?}"));
        }
    }
    let mut times: BTreeMap<u64, u32> = BTreeMap::new();
    for message in &messages {
        *times.entry(u64::try_from(message.row.id.0).unwrap()).or_default() += 1;
    }
    if let Some((number, times)) = times.iter().find(|(_, times)| **times > 1) {
        return Err(format!("message {number} is there {times} times"));
    }
    let lost: BTreeSet<_> = acknowledged.iter().filter(|number| !times.contains_key(number)).collect();
    if !lost.is_empty() {
        return Err(format!("{} of {} acknowledged messages are lost", lost.len(), acknowledged.len()));
    }
    for message in &messages {
        let number = u64::try_from(message.row.id.0).unwrap();
        let structure = match message.structure {
            Some(structure) => engine.read(structure).await.map_err(|why| format!("{number}: {why:?}"))?,
            None => Vec::new(),
        };
        let body = engine.read(message.body).await.map_err(|why| format!("{number}: {why:?}"))?;
        if body != mail::raw(number) || structure != mail::structure(number) {
            return Err(format!("message {number} is not what came"));
        }
        if engine.index().transactions.outcome(TransactionId(number.into())) != Some(None) {
            return Err(format!("message {number} would be taken in again"));
        }
    }
    Ok(messages.len())
}
