//! LOGOUT, RFC 3501 section 6.1.3.

use super::{Answer, Completion, Context, Fault, Io, Running, Turn};
use crate::proto::response;
use crate::proto::session::context::State;

#[derive(Debug)]
pub(super) struct Logout;

impl Running for Logout {
    fn resume(&mut self, context: &mut Context, io: &mut Io<'_>, _: Option<Answer>) -> Result<Turn, Fault> {
        response::bye(None, "Good bye.", io.output);
        context.state = State::Logout;
        Ok(Completion::ok("Logged out.").into())
    }
}
