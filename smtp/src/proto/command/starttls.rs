//! STARTTLS, RFC 3207 section 4.

use super::out_of_order;
use crate::proto::StartTls;
use crate::proto::context::Context;
use crate::proto::received::Security;
use crate::proto::reply::Reply;
use crate::proto::state::{Dialog, Next};

pub(super) fn starttls(context: &Context, dialog: Dialog) -> Next {
    match (context.settings.starttls, &context.security, dialog) {
        (_, Security::Tls(_), dialog) => out_of_order(dialog, "TLS is active already"),
        (StartTls::Absent, Security::Plain, dialog) => {
            Next::Refuse(dialog, Reply::new(502, (5, 5, 1), "STARTTLS is not available"))
        }
        (StartTls::Offered, Security::Plain, dialog @ Dialog::Chunks(..)) => {
            out_of_order(dialog, "STARTTLS in a message")
        }
        (StartTls::Offered, Security::Plain, _) => {
            Next::StartTls(Reply::new(220, (2, 0, 0), "Ready to start TLS"))
        }
    }
}
