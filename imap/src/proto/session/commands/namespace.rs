//! NAMESPACE, RFC 2342.

use super::{Answer, Completion, Context, Fault, Io, Running, Turn};
use crate::proto::response;

#[derive(Debug)]
pub(super) struct Namespace;

impl Running for Namespace {
    fn resume(&mut self, _: &mut Context, io: &mut Io<'_>, _: Option<Answer>) -> Result<Turn, Fault> {
        response::namespace(io.output);
        Ok(Completion::ok("Namespace listed.").into())
    }
}
