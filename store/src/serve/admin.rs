//! `admin`, the server: what an administrator lists. The master has checked who asks.

use std::os::fd::OwnedFd;
use std::rc::Rc;

use ipc::channel::ChannelError;
use ipc::mail::QueueId;
use ipc::rpc;
use ipc::service::admin::{IN_FLIGHT, QueueRow, ROWS_MAX, StoreAdmin, StoreReply, StoreRequest};
use ipc::service::submit::{ENVELOPE_MAX, Remote};

use super::Store;
use crate::index::{Entry, Queue};

pub(super) async fn serve(store: Rc<Store>, socket: OwnedFd) -> Result<(), ChannelError> {
    rpc::serve::<StoreAdmin>(socket, IN_FLIGHT, move |request, responder| match request {
        StoreRequest::ListQueue { after } => {
            let page = page(&store.engine.index().queue, after);
            responder.reply(page, Vec::new());
        }
    })
    .await
}

/// As many entries as a message has room for: the largest one alone, or many of the usual ones.
fn page(queue: &Queue, after: Option<QueueId>) -> StoreReply {
    let mut weight = 0_usize;
    let mut rows = Vec::new();
    let mut entries = queue.page(after).peekable();
    while let Some(entry) = entries.peek() {
        weight = weight.saturating_add(self::weight(entry));
        if rows.len() >= ROWS_MAX || (weight > ENVELOPE_MAX && !rows.is_empty()) {
            break;
        }
        rows.extend(entries.next().map(row));
    }
    StoreReply::Queue { rows, more: entries.peek().is_some() }
}

/// More than what a row takes, encoded.
fn weight(entry: &Entry) -> usize {
    const FIELDS: usize = 128;
    let queued = &entry.queued;
    let path =
        queued.reverse_path.as_ref().map_or(0, |path| path.local.len().saturating_add(path.domain.len()));
    let recipients = queued.recipients.iter().map(Remote::weight).fold(0, usize::saturating_add);
    recipients.saturating_add(path).saturating_add(FIELDS)
}

fn row(entry: &Entry) -> QueueRow {
    let queued = &entry.queued;
    QueueRow {
        id: queued.id,
        transaction: queued.transaction,
        account: queued.account,
        reverse_path: queued.reverse_path.clone(),
        recipients: queued.recipients.iter().map(|recipient| recipient.address.clone()).collect(),
        at: queued.at,
        size: queued.size,
    }
}
