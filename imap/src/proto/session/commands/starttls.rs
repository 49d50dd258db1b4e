//! STARTTLS, RFC 3501 section 6.2.1: refused, as TLS comes before the greeting (RFC 8314 section 3).

use super::{Answer, Completion, Context, Fault, Io, Running, Turn};
use crate::proto::response::Code;
use crate::proto::session::context::Security;

#[derive(Debug)]
pub(super) struct StartTls;

impl Running for StartTls {
    fn resume(&mut self, context: &mut Context, _: &mut Io<'_>, _: Option<Answer>) -> Result<Turn, Fault> {
        Ok(match context.security {
            Security::Tls => Completion::bad("TLS is active already.").into(),
            Security::Plain => Completion::no(Code::Cannot, "Use the port on which TLS comes first.").into(),
        })
    }
}
