//! RENAME, RFC 3501 section 6.3.5.

use std::vec;

use ipc::mail::MailboxId;
use ipc::service::mailbox::{MailboxReply, MailboxRequest, MailboxRow, Refusal};

use super::lookup::Walk;
use super::{Answer, Completion, Context, Fault, Io, Running, Turn, reply};
use crate::proto::parse::MailboxName;

#[derive(Debug)]
pub(super) struct Rename {
    from: MailboxName,
    to: MailboxName,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// Mailboxes of that name and beneath it.
    Walking(Walk, Vec<MailboxRow>),
    /// Those that have yet to be renamed.
    Asked(vec::IntoIter<(MailboxId, String)>),
}

impl Rename {
    pub(super) fn new(from: MailboxName, to: MailboxName) -> Self {
        Rename { from, to, stage: Stage::Walking(Walk::default(), Vec::new()) }
    }

    fn walk(&mut self, answer: Option<Answer>) -> Result<Turn, Fault> {
        let Stage::Walking(walk, meant) = &mut self.stage else { return Err(Fault::OutOfPhase) };
        if answer.is_some() {
            let (rows, more) = walk.take(answer)?;
            meant.extend(rows.into_iter().filter(|row| rest(&row.name, &self.from).is_some()));
            if !more {
                let meant = std::mem::take(meant);
                return Ok(self.begin(meant));
            }
        }
        Ok(walk.ask().into())
    }

    fn begin(&mut self, meant: Vec<MailboxRow>) -> Turn {
        let whole = meant.iter().find(|row| row.name == self.from.as_str());
        let beneath_itself = rest(self.to.as_str(), &self.from).is_some_and(|rest| !rest.is_empty());
        if beneath_itself && !self.from.is_inbox() {
            return Completion::refused(Refusal::Name).into();
        }
        let renamed: Vec<(MailboxId, String)> = match whole {
            Some(row) => vec![(row.id, self.to.as_str().to_owned())],
            None => topmost(meant).filter_map(|row| Some((row.id, self.renamed(&row.name)?))).collect(),
        };
        let mut left = renamed.into_iter();
        let first = left.next();
        self.stage = Stage::Asked(left);
        // "It is an error to attempt to rename from a mailbox name that does not exist"
        first.map_or_else(|| Completion::refused(Refusal::NoMailbox).into(), request)
    }

    fn renamed(&self, name: &str) -> Option<String> {
        Some(format!("{}{}", self.to.as_str(), rest(name, &self.from)?))
    }
}

impl Running for Rename {
    fn resume(&mut self, _: &mut Context, _: &mut Io<'_>, answer: Option<Answer>) -> Result<Turn, Fault> {
        match &mut self.stage {
            Stage::Walking(..) => self.walk(answer),
            Stage::Asked(left) => match reply(answer)? {
                MailboxReply::Done => Ok(left.next().map_or_else(done, request)),
                MailboxReply::Refused(why) => Ok(Completion::refused(why).into()),
                _ => Err(Fault::OutOfPhase),
            },
        }
    }
}

/// What is behind a name, from the delimiter on; nothing for the name itself, `None` when it is not beneath it.
fn rest<'a>(name: &'a str, above: &MailboxName) -> Option<&'a str> {
    let rest = name.strip_prefix(above.as_str())?;
    (rest.is_empty() || rest.starts_with(MailboxName::DELIMITER)).then_some(rest)
}

/// Of a name that is no mailbox, only the ones beneath it can be renamed; each takes along what is beneath itself.
fn topmost(mut rows: Vec<MailboxRow>) -> impl Iterator<Item = MailboxRow> {
    rows.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    let mut above: Option<MailboxName> = None;
    rows.into_iter().filter(move |row| {
        let is_beneath = above.as_ref().is_some_and(|above| rest(&row.name, above).is_some());
        if !is_beneath {
            above = MailboxName::new(&row.name);
        }
        !is_beneath
    })
}

fn request((mailbox, name): (MailboxId, String)) -> Turn {
    MailboxRequest::Rename { mailbox, name }.into()
}

fn done() -> Turn {
    Completion::ok("Renamed.").into()
}
