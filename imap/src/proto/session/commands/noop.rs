//! NOOP and CHECK, RFC 3501 sections 6.1.2 and 6.4.1: they do nothing, and the table has changes told with them.

use super::{Answer, Completion, Context, Fault, Io, Running, Turn};

#[derive(Debug)]
pub(super) enum Noop {
    Noop,
    /// All that is acknowledged is durable already.
    Check,
}

impl Running for Noop {
    fn resume(&mut self, _: &mut Context, _: &mut Io<'_>, _: Option<Answer>) -> Result<Turn, Fault> {
        Ok(match self {
            Noop::Noop => Completion::ok("Nothing done.").into(),
            Noop::Check => Completion::ok("Checked.").into(),
        })
    }
}
