//! STARTTLS, RFC 3501 section 6.2.1. The driver throws away what was read behind it.

use super::{Answer, Completion, Context, Fault, Io, Running, Turn};
use crate::proto::session::context::{Security, State};

#[derive(Debug)]
pub(super) struct StartTls;

impl Running for StartTls {
    fn resume(&mut self, context: &mut Context, _: &mut Io<'_>, _: Option<Answer>) -> Result<Turn, Fault> {
        Ok(match context.security {
            Security::Tls => Completion::bad("TLS is active already.").into(),
            Security::Plain => {
                context.state = State::Securing;
                Completion::ok("Begin TLS.").into()
            }
        })
    }
}
