//! A message, or its top, on its way from the store to the client: never whole in memory.

use ipc::service::mailbox::{Foreseen, MailboxReply, Refusal};

use super::ask::{Answer, Ask};
use super::limits::TOP_WINDOW;
use super::maildrop::Message;
use super::reply::{self, Code};
use super::state::{self, Fault, Turn};
use super::stuffing::Stuffing;
use super::top::Top;

/// A message that is being sent.
#[derive(Debug)]
pub(super) struct Transfer {
    message: Message,
    wanted: Wanted,
    stuffing: Stuffing,
    stage: Stage,
    /// What will be retrieved soon, this message included; nothing, when nobody knows.
    soon: Vec<Foreseen>,
}

#[derive(Debug)]
enum Wanted {
    Whole,
    Top(Top),
}

/// The run of octets that was asked for last.
#[derive(Clone, Copy, Debug)]
enum Stage {
    /// Nothing was asked yet.
    Start,
    /// The store is to say how many octets of it come.
    Asked { offset: u32, length: u32 },
    /// So many are still to come, and behind them the message goes on at that place.
    Passing { left: u32, next: u32, length: u32 },
}

/// How it ended; the client has been told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    Whole,
    Refused,
}

impl Transfer {
    /// RETR.
    pub(super) fn whole(message: Message, soon: Vec<Foreseen>) -> Self {
        let (wanted, stuffing) = (Wanted::Whole, Stuffing::default());
        Transfer { message, wanted, stuffing, stage: Stage::Start, soon }
    }

    /// TOP.
    pub(super) fn top(message: Message, lines: u32) -> Self {
        Transfer { wanted: Wanted::Top(Top::new(lines)), ..Transfer::whole(message, Vec::new()) }
    }

    /// Goes on: at first, with the answer to what was asked, or when output was sent.
    pub(super) fn resume(&mut self, answer: Option<Answer>, out: &mut Vec<u8>) -> Result<Turn<Sent>, Fault> {
        match (self.stage, answer) {
            (Stage::Start, None) if !self.soon.is_empty() => {
                Ok(Turn::Ask(Ask::Soon(std::mem::take(&mut self.soon))))
            }
            (Stage::Start, Some(Answer::Lost)) => Err(Fault::Lost),
            (Stage::Start, None | Some(Answer::Taken)) => {
                let first = match self.wanted {
                    Wanted::Whole => self.message.size,
                    Wanted::Top(_) => self.message.size.min(TOP_WINDOW),
                };
                Ok(self.ask(0, first))
            }
            (Stage::Asked { offset, length }, answer) => {
                let reply =
                    state::reply(answer).map_err(|fault| if offset > 0 { Fault::Within } else { fault })?;
                self.announced(offset, length, reply, out)
            }
            (Stage::Passing { left, next, length }, Some(Answer::Chunk(bytes))) => {
                let count = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
                // an empty piece before the end would be asked for again and again
                let left = left.checked_sub(count).filter(|_| count > 0).ok_or(Fault::OutOfPhase)?;
                self.stage = Stage::Passing { left, next, length };
                match &mut self.wanted {
                    Wanted::Whole => self.stuffing.pass(&bytes, out),
                    Wanted::Top(top) => self.stuffing.pass(top.take(&bytes), out),
                }
                Ok(Turn::Flush)
            }
            (Stage::Passing { left, next, length }, None) => Ok(self.go_on(left, next, length, out)),
            (Stage::Passing { .. }, Some(Answer::Lost)) => Err(Fault::Within),
            _ => Err(Fault::OutOfPhase),
        }
    }

    fn ask(&mut self, offset: u32, length: u32) -> Turn<Sent> {
        self.stage = Stage::Asked { offset, length };
        Turn::Ask(Ask::Body { uid: self.message.uid, offset, length })
    }

    fn announced(
        &mut self,
        offset: u32,
        length: u32,
        said: MailboxReply,
        out: &mut Vec<u8>,
    ) -> Result<Turn<Sent>, Fault> {
        match said {
            // the message was promised to be so long
            MailboxReply::Body { length: coming } if coming == length => {
                if offset == 0 {
                    reply::ok(&self.headline(), out);
                }
                let next = offset.saturating_add(length);
                Ok(self.go_on(coming, next, length, out))
            }
            MailboxReply::Refused(why) if offset == 0 => {
                refused(why, out);
                Ok(Turn::Done(Sent::Refused))
            }
            MailboxReply::Refused(_) => Err(Fault::Within),
            _ => Err(Fault::OutOfPhase),
        }
    }

    /// An answer of the store is read to its end, even where no more of it is wanted.
    fn go_on(&mut self, left: u32, next: u32, length: u32, out: &mut Vec<u8>) -> Turn<Sent> {
        if left > 0 {
            self.stage = Stage::Passing { left, next, length };
            return Turn::Ask(Ask::Chunk);
        }
        let rest = self.message.size.saturating_sub(next);
        let complete = match self.wanted {
            Wanted::Whole => true,
            Wanted::Top(top) => top.is_complete(),
        };
        if complete || rest == 0 {
            self.stuffing.end(out);
            return Turn::Done(Sent::Whole);
        }
        self.ask(next, length.saturating_mul(2).min(rest))
    }

    fn headline(&self) -> String {
        match self.wanted {
            Wanted::Whole => format!("{} octets", self.message.size),
            Wanted::Top(_) => "The top follows.".to_owned(),
        }
    }
}

fn refused(why: Refusal, out: &mut Vec<u8>) {
    match why {
        Refusal::NoMessage => reply::err("The message is gone.", out),
        Refusal::Damaged => reply::err_with(Code::Permanent, "The message is damaged in the store.", out),
        _ => reply::err_with(Code::Temporary, "The message cannot be read now.", out),
    }
}
