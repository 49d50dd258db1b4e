//! Commands that exist, and not here. RFC 5321 section 4.2.4: 502.

use crate::proto::reply::Reply;
use crate::proto::state::{Dialog, Next};

/// Mailing lists are nobody's business.
pub(super) fn expn(dialog: Dialog) -> Next {
    Next::Refuse(dialog, Reply::new(502, (5, 5, 1), "EXPN is not available"))
}

/// Passwords are for the submission ports; whoever tries them here is lost or guessing.
pub(super) fn auth(dialog: Dialog) -> Next {
    Next::Refuse(dialog, Reply::new(502, (5, 5, 1), "AUTH is not available here, use the submission port"))
}
