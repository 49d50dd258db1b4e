//! CAPABILITY, RFC 3501 section 6.1.1.

use super::{Answer, Completion, Context, Fault, Io, Running, Turn, capabilities};
use crate::proto::response;

#[derive(Debug)]
pub(super) struct Capability;

impl Running for Capability {
    fn resume(&mut self, context: &mut Context, io: &mut Io<'_>, _: Option<Answer>) -> Result<Turn, Fault> {
        response::capability(capabilities::of(context), io.output);
        Ok(Completion::ok("Capabilities listed.").into())
    }
}
