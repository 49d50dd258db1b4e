//! STARTTLS, RFC 3207 section 4.

use super::out_of_order;
use crate::proto::StartTls;
use crate::proto::context::Context;
use crate::proto::received::Security;
use crate::proto::reply::Reply;
use crate::proto::state::{Dialog, Next};

pub(super) fn starttls(context: &Context, dialog: Dialog) -> Next {
    match (context.settings.starttls, &context.security) {
        (_, Security::Tls(_)) => out_of_order(dialog, "TLS is active already"),
        (StartTls::Absent, Security::Plain) => {
            Next::Refuse(dialog, Reply::new(502, (5, 5, 1), "STARTTLS is not available"))
        }
        (StartTls::Offered, Security::Plain) => {
            Next::StartTls(Reply::new(220, (2, 0, 0), "Ready to start TLS"))
        }
    }
}
