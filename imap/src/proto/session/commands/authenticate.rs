//! AUTHENTICATE PLAIN, RFC 3501 section 6.2.2, RFC 4616, RFC 4959.

use listener::session::NoLine;
use zeroize::Zeroizing;

use super::login::{decided, refused_in_plain, try_login};
use super::{Answer, Completion, Context, Fault, Io, Running, Turn};
use crate::proto::parse::{Plain, SaslReply, Secret};
use crate::proto::response::{self, Code};

#[derive(Debug)]
pub(super) struct Authenticate {
    mechanism: String,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Start {
        initial: Option<Secret>,
    },
    /// The client was asked for its response.
    Reading,
    /// `auth` was asked.
    Deciding,
}

impl Authenticate {
    pub(super) fn new(mechanism: String, initial: Option<Secret>) -> Self {
        Authenticate { mechanism, stage: Stage::Start { initial } }
    }

    fn start(
        &mut self,
        initial: Option<Secret>,
        context: &mut Context,
        io: &mut Io<'_>,
    ) -> Result<Turn, Fault> {
        if self.mechanism != "PLAIN" {
            return Ok(Completion::no(Code::Cannot, "Unknown mechanism.").into());
        }
        if let Some(refusal) = refused_in_plain(context) {
            return Ok(refusal.into());
        }
        match initial {
            Some(response) => Ok(self.decide(&response, context)),
            None => {
                response::continuation("", io.output);
                self.stage = Stage::Reading;
                self.read(context, io)
            }
        }
    }

    fn read(&mut self, context: &mut Context, io: &mut Io<'_>) -> Result<Turn, Fault> {
        let line = match io.input.take_line(SaslReply::MAX_LINE) {
            Ok(line) => Zeroizing::new(line),
            Err(NoLine::Incomplete) => return Ok(Turn::Read),
            Err(NoLine::TooLong) => return Err(Fault::Unwanted),
        };
        Ok(match SaslReply::parse(&line) {
            Ok(SaslReply::Response(response)) => self.decide(&response, context),
            Ok(SaslReply::Cancelled) => Completion::bad("Cancelled.").into(),
            Err(_) => Completion::bad("Not base64.").into(),
        })
    }

    fn decide(&mut self, response: &Secret, context: &mut Context) -> Turn {
        let Ok(Plain { authorize, user, password }) = Plain::parse(response) else {
            return Completion::bad("Not a response of this mechanism.").into();
        };
        if !authorize.is_empty() && authorize != user {
            return Completion::no(Code::AuthorizationFailed, "Nobody acts for somebody else here.").into();
        }
        self.stage = Stage::Deciding;
        try_login(context, user, &password)
    }
}

impl Running for Authenticate {
    fn resume(
        &mut self,
        context: &mut Context,
        io: &mut Io<'_>,
        answer: Option<Answer>,
    ) -> Result<Turn, Fault> {
        match (&mut self.stage, answer) {
            (Stage::Start { initial }, None) => {
                let initial = initial.take();
                self.start(initial, context, io)
            }
            (Stage::Reading, None) => self.read(context, io),
            (Stage::Deciding, Some(answer)) => decided(context, answer),
            _ => Err(Fault::OutOfPhase),
        }
    }
}
