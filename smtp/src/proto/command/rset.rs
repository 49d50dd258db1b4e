//! RSET, RFC 5321 section 4.1.1.5.

use crate::proto::context::Context;
use crate::proto::reply::Reply;
use crate::proto::state::{Dialog, Next};

/// Sender and recipients are forgotten; the store knows nothing of them before DATA.
pub(super) fn rset(context: &mut Context, dialog: Dialog) -> Next {
    context.idle_command();
    Next::Reply(dialog.reset(), Reply::new(250, (2, 0, 0), "Forgotten"))
}
