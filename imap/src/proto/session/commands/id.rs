//! ID, RFC 2971.

use super::{Answer, Completion, Context, Fault, Io, Running, Turn};
use crate::proto::parse::ClientId;
use crate::proto::response;

/// Bytes of what a client says of itself that go into the log.
const LOGGED: usize = 200;

#[derive(Debug)]
pub(super) struct Id {
    client: ClientId,
}

impl Id {
    pub(super) fn new(client: ClientId) -> Self {
        Id { client }
    }
}

impl Running for Id {
    fn resume(&mut self, _: &mut Context, io: &mut Io<'_>, _: Option<Answer>) -> Result<Turn, Fault> {
        let name = self.client.iter().find(|(field, _)| field.eq_ignore_ascii_case("name"));
        if let Some((_, Some(name))) = name {
            let name: String = name.chars().take(LOGGED).collect();
            tracing::debug!(?name, "client");
        }
        // no version: who is not logged in need not know
        response::id(&[("name", "Bulkhead")], io.output);
        Ok(Completion::ok("Pleased to meet you.").into())
    }
}
