//! APPEND, RFC 3501 section 6.3.11: the message goes to the store as it comes, and is scanned on the way.

use ipc::codec::encode_record;
use ipc::mail::MailboxId;
use ipc::service::mailbox::{MailboxReply, MailboxRequest, Refusal};
use ipc::service::upload::STRUCTURE_MAX;
use ipc::socket::CHUNK_MAX;
use mime::{Limits, Scanner};

use super::flags::split;
use super::lookup::{Found, Lookup};
use super::{Answer, Ask, Completion, Context, Fault, Io, Running, Turn, fault, reply};
use crate::proto::parse::{Append, LiteralKind, Outcome, Recovery};
use crate::proto::response::{self, Code};
use crate::proto::work::caught;

#[derive(Debug)]
pub(super) struct Appending {
    append: Append,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Finding(Lookup),
    Opening(MailboxId),
    /// Without a scanner when that panicked.
    Receiving(MailboxId, Option<Box<Scanner>>),
    Committing,
    /// It will not be kept, and the store is told.
    Aborting(Option<Completion>),
}

impl Appending {
    pub(super) fn new(append: Append) -> Self {
        let stage = Stage::Finding(Lookup::new(append.mailbox.clone()));
        Appending { append, stage }
    }

    /// Before a byte of the message was taken.
    fn refuse(context: &mut Context, why: Completion) -> Result<Turn, Fault> {
        match context.reader.refuse_message() {
            Recovery::Resume => Ok(why.into()),
            Recovery::Close => Err(Fault::Unwanted),
        }
    }

    fn found(&mut self, found: Found, context: &mut Context) -> Result<Turn, Fault> {
        match found {
            Found::NotYet(ask) => Ok(ask.into()),
            Found::Nothing => Self::refuse(context, Completion::no(Code::TryCreate, "No such mailbox.")),
            Found::Mailbox(mailbox) => {
                self.stage = Stage::Opening(mailbox);
                Ok(Ask::Begin.into())
            }
        }
    }

    fn opened(
        &mut self,
        mailbox: MailboxId,
        answer: Option<Answer>,
        context: &mut Context,
        io: &mut Io<'_>,
    ) -> Result<Turn, Fault> {
        match answer {
            Some(Answer::Begun(id)) => tracing::debug!(%id, "append"),
            other => return Err(fault(other.as_ref())),
        }
        context.reader.accept_message();
        if self.append.kind == LiteralKind::Synchronizing {
            response::continuation("Ready for the message", io.output);
        }
        self.stage = Stage::Receiving(mailbox, Some(Box::new(Scanner::new(Limits::default()))));
        self.receive(context, io)
    }

    fn receive(&mut self, context: &mut Context, io: &mut Io<'_>) -> Result<Turn, Fault> {
        let Stage::Receiving(_, scanner) = &mut self.stage else { return Err(Fault::OutOfPhase) };
        if context.reader.message_left() == 0 {
            return self.behind_message(context, io);
        }
        let chunk = context.reader.take_message(io.input, CHUNK_MAX);
        if chunk.is_empty() {
            return Ok(Turn::Read);
        }
        // CHAR8, RFC 3501 section 9: a literal holds no NUL, and could not be given out again.
        if chunk.contains(&0) {
            let recovery = context.reader.refuse_message();
            return self.abort(Completion::bad("A message cannot hold NUL."), recovery);
        }
        *scanner = scanner.take().and_then(|scanner| scanned(scanner, &chunk));
        Ok(Ask::Piece(chunk).into())
    }

    fn behind_message(&mut self, context: &mut Context, io: &mut Io<'_>) -> Result<Turn, Fault> {
        match context.reader.next(io.input) {
            Outcome::Incomplete => Ok(Turn::Read),
            Outcome::AppendEnd => self.commit(),
            Outcome::TooLong { recovery, .. } => {
                self.abort(Completion::no(Code::TooBig, "Larger than is accepted."), recovery)
            }
            _ => self.abort(Completion::bad("Unexpected argument behind the message."), Recovery::Resume),
        }
    }

    fn commit(&mut self) -> Result<Turn, Fault> {
        let Stage::Receiving(mailbox, scanner) = std::mem::replace(&mut self.stage, Stage::Committing) else {
            return Err(Fault::OutOfPhase);
        };
        let structure = caught(|| scanner.and_then(|scanner| encode_record(&scanner.finish()).ok()));
        // Without one it is computed anew when it is asked for.
        let structure =
            structure.ok().flatten().filter(|record| record.len() <= STRUCTURE_MAX).unwrap_or_default();
        let Ok((flags, keywords)) = split(&self.append.flags) else { return Err(Fault::OutOfPhase) };
        let internal_date = self.append.date;
        let commit = MailboxRequest::Commit { mailbox, flags, keywords, internal_date, structure };
        Ok(Ask::Finish(commit).into())
    }

    fn abort(&mut self, why: Completion, recovery: Recovery) -> Result<Turn, Fault> {
        match recovery {
            // The store forgets what was begun when the session ends.
            Recovery::Close => Err(Fault::Unwanted),
            Recovery::Resume => {
                self.stage = Stage::Aborting(Some(why));
                Ok(Ask::Finish(MailboxRequest::Abort).into())
            }
        }
    }
}

/// A panic costs the structure, not the message.
fn scanned(mut scanner: Box<Scanner>, chunk: &[u8]) -> Option<Box<Scanner>> {
    caught(move || {
        scanner.push(chunk);
        scanner
    })
    .ok()
}

impl Running for Appending {
    fn resume(
        &mut self,
        context: &mut Context,
        io: &mut Io<'_>,
        answer: Option<Answer>,
    ) -> Result<Turn, Fault> {
        match &mut self.stage {
            Stage::Finding(_) if split(&self.append.flags).is_err() => {
                Self::refuse(context, Completion::no(Code::Limit, "Too many keywords."))
            }
            Stage::Finding(lookup) if answer.is_none() => Ok(lookup.ask().into()),
            Stage::Finding(lookup) => {
                let found = lookup.take(answer)?;
                self.found(found, context)
            }
            Stage::Opening(mailbox) => {
                let mailbox = *mailbox;
                self.opened(mailbox, answer, context, io)
            }
            Stage::Receiving(..) => match answer {
                None | Some(Answer::Taken) => self.receive(context, io),
                other => Err(fault(other.as_ref())),
            },
            Stage::Committing => match reply(answer)? {
                MailboxReply::Appended { uid_validity: validity, uid } => {
                    Ok(Completion::ok_with(Code::AppendUid { validity, uid }, "Appended.").into())
                }
                MailboxReply::Refused(Refusal::NoMailbox) => {
                    Ok(Completion::no(Code::TryCreate, "No such mailbox.").into())
                }
                MailboxReply::Refused(why) => Ok(Completion::refused(why).into()),
                _ => Err(Fault::OutOfPhase),
            },
            Stage::Aborting(why) => match reply(answer)? {
                // Whatever it had to say about the message, it is gone.
                MailboxReply::Done | MailboxReply::Refused(_) => {
                    why.take().map(Turn::Done).ok_or(Fault::OutOfPhase)
                }
                _ => Err(Fault::OutOfPhase),
            },
        }
    }
}
