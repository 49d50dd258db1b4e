//! RSET, RFC 5321 section 4.1.1.5.

use crate::proto::Ask;
use crate::proto::context::Context;
use crate::proto::reply::Reply;
use crate::proto::state::{Dialog, Next, Waiting};

/// Sender and recipients are forgotten; the store knows nothing of them before DATA or BDAT.
pub(super) fn rset(context: &mut Context, dialog: Dialog) -> Next {
    context.idle_command();
    let reply = Reply::new(250, (2, 0, 0), "Forgotten");
    match dialog {
        Dialog::Chunks(hello, _) => Next::Ask(Waiting::Forget(Dialog::Ready(hello), reply), Ask::Abort),
        other => Next::Reply(other.reset(), reply),
    }
}
