//! BDAT, RFC 3030 section 2. Its octets come whether they are wanted or not, so each way through here reads them.

use super::data::{begin, nobody};
use crate::proto::context::Context;
use crate::proto::discarded;
use crate::proto::incoming::Intake;
use crate::proto::reply::Reply;
use crate::proto::state::{Dialog, Next, Remains, Skip};

pub(super) fn bdat(context: &mut Context, dialog: Dialog, size: u64, last: bool) -> Next {
    match dialog {
        Dialog::Mail(hello, transaction) if transaction.recipients.count() > 0 => {
            begin(hello, transaction, Intake::Chunk { size, last })
        }
        Dialog::Chunks(hello, mut incoming) => {
            context.chunk_comes(size);
            if incoming.go_on(size, last) {
                Next::Receive(hello, incoming)
            } else {
                skip(context, Dialog::Ready(hello), size, out_of_sequence(), 1)
            }
        }
        Dialog::Mail(hello, transaction) => {
            let reply = nobody(context.service());
            skip(context, Dialog::Mail(hello, transaction), size, reply, 1)
        }
        Dialog::Refused(hello, Remains { replies, skipped }) => {
            let skipped = skipped.saturating_add(size);
            if skipped > discarded::bound(context.settings.max_message_size) {
                return Next::Close(too_much());
            }
            if last {
                skip(context, Dialog::Ready(hello), size, out_of_sequence(), replies)
            } else {
                let dialog = Dialog::Refused(hello, Remains { replies, skipped });
                skip(context, dialog, size, out_of_sequence(), 1)
            }
        }
        other => {
            context.bad_command();
            skip(context, other, size, out_of_sequence(), 1)
        }
    }
}

/// Reads the chunk to its end before it says something, as RFC 3030 section 2 wants: the next command stands behind it.
fn skip(context: &Context, dialog: Dialog, size: u64, reply: Reply, replies: usize) -> Next {
    if size > discarded::bound(context.settings.max_message_size) {
        return Next::Close(too_much());
    }
    Next::Skip(Skip { left: size, reply, replies, dialog })
}

fn out_of_sequence() -> Reply {
    Reply::new(503, (5, 5, 1), "No message to go on with")
}

fn too_much() -> Reply {
    Reply::new(552, (5, 3, 4), "Message too large, good bye")
}
