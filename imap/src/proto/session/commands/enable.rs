//! ENABLE, RFC 5161: there is nothing yet that could be enabled.

use super::{Answer, Completion, Context, Fault, Io, Running, Turn};
use crate::proto::response;

#[derive(Debug)]
pub(super) struct Enable;

impl Running for Enable {
    fn resume(&mut self, _: &mut Context, io: &mut Io<'_>, _: Option<Answer>) -> Result<Turn, Fault> {
        response::enabled(&[], io.output);
        Ok(Completion::ok("Nothing of that can be enabled.").into())
    }
}
