//! Commands that exist, and not here. RFC 5321 section 4.2.4: 502.

use crate::proto::reply::Reply;
use crate::proto::state::{Dialog, Next};

/// Mailing lists are nobody's business.
pub(super) fn expn(dialog: Dialog) -> Next {
    Next::Refuse(dialog, Reply::new(502, (5, 5, 1), "EXPN is not available"))
}
