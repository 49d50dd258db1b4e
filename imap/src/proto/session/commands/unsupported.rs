//! Commands that are understood and cannot be done yet.

use super::{Answer, Completion, Context, Fault, Io, Running, Turn};
use crate::proto::response::Code;

#[derive(Debug)]
pub(super) struct Unsupported;

impl Running for Unsupported {
    fn resume(&mut self, _: &mut Context, _: &mut Io<'_>, _: Option<Answer>) -> Result<Turn, Fault> {
        Ok(Completion::no(Code::Cannot, "This server cannot do that yet.").into())
    }
}
