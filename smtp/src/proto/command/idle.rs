//! NOOP, HELP and VRFY: commands that change nothing.

use crate::proto::context::Context;
use crate::proto::reply::Reply;
use crate::proto::state::{Dialog, Next};

/// RFC 5321 section 4.1.1.9.
pub(super) fn noop(context: &mut Context, dialog: Dialog) -> Next {
    context.idle_command();
    Next::Reply(dialog, Reply::new(250, (2, 0, 0), "Ok"))
}

/// RFC 5321 section 4.1.1.8.
pub(super) fn help(context: &mut Context, dialog: Dialog) -> Next {
    context.idle_command();
    Next::Reply(dialog, Reply::new(214, (2, 0, 0), "See RFC 5321"))
}

/// RFC 5321 section 7.3: a site that doesn't tell who exists answers 252, and never one thing for those who do and
/// another for those who don't.
pub(super) fn vrfy(context: &mut Context, dialog: Dialog) -> Next {
    context.idle_command();
    Next::Reply(dialog, Reply::new(252, (2, 5, 0), "Cannot verify, but will take mail and try to deliver it"))
}
