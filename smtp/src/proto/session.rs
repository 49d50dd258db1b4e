//! The session: takes lines, has commands performed, and passes messages on.

mod answered;
mod receive;

use std::mem;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use listener::session::{Farewell, Input, Session, Step, TlsInfo};
use zeroize::Zeroizing;

use super::command;
use super::context::{Context, Identity};
use super::limits::{LOGIN_PATIENCE, PATIENCE, PENDING_OUTPUT};
use super::line::{Line, LineReader};
use super::received::Security;
use super::reply::Reply;
use super::state::{Dialog, Exchange, Hello, Next, State, Waiting};
use super::{Answer, Ask, Command, Refusal, Service, Settings, parse};

/// A session of SMTP or LMTP, for what its [`Settings`] say.
#[derive(Debug)]
pub struct SmtpSession {
    context: Context,
    lines: LineReader,
    state: State,
}

impl SmtpSession {
    /// A session with the client at `peer`, in plain until TLS is reported.
    #[must_use]
    pub fn new(settings: Arc<Settings>, peer: IpAddr) -> Self {
        SmtpSession {
            context: Context::new(settings, peer),
            lines: LineReader::default(),
            state: State::Connected,
        }
    }

    /// RFC 3207 section 4.2: "The server MUST discard any knowledge obtained from the client, such as the argument to the
    /// EHLO command, which was not obtained from the TLS negotiation itself."
    fn begin_again(&mut self, tls: Option<TlsInfo>) {
        self.context.security = Security::Tls(tls);
        self.lines = LineReader::default();
        self.state = match mem::replace(&mut self.state, State::Closed) {
            State::Connected => State::Connected,
            State::Securing => State::Command(Dialog::Greeted),
            _ => State::Closed,
        };
    }

    fn greet(&mut self, output: &mut Vec<u8>) -> Turn {
        let settings = &self.context.settings;
        let greeting = format!("{} {} Bulkhead", settings.hostname, settings.service.greeting());
        Reply::plain(220, greeting).write(output);
        self.state = State::Command(Dialog::Greeted);
        Turn::Goes
    }

    fn command(&mut self, dialog: Dialog, input: &mut Input, output: &mut Vec<u8>) -> Turn {
        if output.len() >= PENDING_OUTPUT {
            self.state = State::Command(dialog);
            return Turn::Over(Step::Flush);
        }
        let next = match self.lines.next(input, self.context.line()) {
            Line::Incomplete => {
                self.state = State::Command(dialog);
                return Turn::Over(Step::Read);
            }
            Line::Command(line) => self.perform(dialog, parse(&Zeroizing::new(line))),
            Line::TooLong => Next::Refuse(dialog, Reply::new(500, (5, 5, 2), "Line too long")),
            Line::BareLineEnd => Next::Close(bare_line_end()),
            Line::Endless => Next::Close(endless()),
        };
        self.context.command();
        self.go(next, input, output)
    }

    fn perform(&mut self, dialog: Dialog, command: Result<Command, Refusal>) -> Next {
        match command {
            Ok(command) => command::perform(&mut self.context, dialog, command),
            Err(refusal @ (Refusal::OtherProtocol | Refusal::Chunk)) => Next::Close(refusal.reply()),
            Err(refusal) => Next::Refuse(dialog, refusal.reply()),
        }
    }

    fn authenticate(
        &mut self,
        hello: Hello,
        exchange: Exchange,
        input: &mut Input,
        output: &mut Vec<u8>,
    ) -> Turn {
        let next = match self.lines.next(input, self.context.line()) {
            Line::Incomplete => {
                self.state = State::Authenticating(hello, exchange);
                return Turn::Over(Step::Read);
            }
            Line::Command(line) => command::respond(hello, exchange, &Zeroizing::new(line)),
            // RFC 4954 section 4
            Line::TooLong => Next::Refuse(Dialog::Ready(hello), Reply::new(500, (5, 5, 6), "Line too long")),
            Line::BareLineEnd => Next::Close(bare_line_end()),
            Line::Endless => Next::Close(endless()),
        };
        self.context.command();
        self.go(next, input, output)
    }

    fn go(&mut self, next: Next, input: &mut Input, output: &mut Vec<u8>) -> Turn {
        match next {
            Next::Ask(waiting, ask) => self.ask(waiting, ask),
            Next::StartTls(reply) => {
                reply.write(output);
                // a command that was slipped in before the handshake must not be obeyed after it
                input.clear();
                self.state = State::Securing;
                Turn::Over(Step::StartTls)
            }
            other => {
                self.settle(other, output);
                Turn::Goes
            }
        }
    }

    /// The part of [`SmtpSession::go`] that needs no driver.
    fn settle(&mut self, next: Next, output: &mut Vec<u8>) {
        let (dialog, reply) = match next {
            Next::Reply(dialog, reply) => (dialog, reply),
            Next::Refuse(dialog, reply) => {
                self.context.bad_command();
                (dialog, reply)
            }
            Next::Close(reply) => return self.close(&reply, output),
            Next::Receive(hello, incoming) => {
                self.state = State::Receiving(hello, incoming);
                return;
            }
            Next::Skip(skip) => {
                self.state = State::Skipping(skip);
                return;
            }
            Next::Challenge(hello, exchange, reply) => {
                reply.write(output);
                self.state = State::Authenticating(hello, exchange);
                return;
            }
            Next::Ask(..) | Next::StartTls(_) => return self.lost(output),
        };
        reply.write(output);
        match self.context.exceeded() {
            Some(reply) => self.close(&reply, output),
            None => self.state = State::Command(dialog),
        }
    }

    /// Says the same so many times more; without a dialog behind it that is the end.
    fn repeat(&mut self, dialog: Option<Dialog>, reply: Reply, left: usize, output: &mut Vec<u8>) -> Turn {
        let mut left = left;
        while left > 1 {
            if output.len() >= PENDING_OUTPUT {
                self.state = State::Repeating(dialog, reply, left);
                return Turn::Over(Step::Flush);
            }
            reply.write(output);
            left = left.saturating_sub(1);
        }
        match dialog {
            Some(dialog) => self.settle(Next::Reply(dialog, reply), output),
            None => self.close(&reply, output),
        }
        Turn::Goes
    }

    fn ask(&mut self, waiting: Waiting, ask: Ask) -> Turn {
        self.state = State::Waiting(waiting);
        Turn::Over(Step::Ask(ask))
    }

    fn close(&mut self, reply: &Reply, output: &mut Vec<u8>) {
        reply.write(output);
        self.state = State::Closed;
    }

    /// The driver did what it must not: a session that doesn't know where it stands takes no mail.
    fn lost(&mut self, output: &mut Vec<u8>) {
        let reply = self.context.goodbye((4, 3, 0), "Internal error");
        self.close(&reply, output);
    }
}

/// Does a step go on?
enum Turn {
    Goes,
    Over(Step<Ask>),
}

fn bare_line_end() -> Reply {
    Reply::new(500, (5, 5, 2), "Lines end with CR LF, good bye")
}

fn endless() -> Reply {
    Reply::new(500, (5, 5, 2), "Line too long, good bye")
}

impl Session for SmtpSession {
    type Ask = Ask;
    type Answer = Answer;

    fn step(&mut self, input: &mut Input, output: &mut Vec<u8>) -> Step<Ask> {
        loop {
            let turn = match mem::replace(&mut self.state, State::Closed) {
                State::Connected => self.greet(output),
                State::Command(dialog) => self.command(dialog, input, output),
                State::Receiving(hello, incoming) => self.receive(hello, incoming, input, output),
                State::Discarding(hello, discarded) => self.discard(hello, discarded, input, output),
                State::Skipping(skip) => self.skip(skip, input, output),
                State::Repeating(dialog, reply, left) => self.repeat(dialog, reply, left, output),
                State::Authenticating(hello, exchange) => self.authenticate(hello, exchange, input, output),
                State::Waiting(_) | State::Securing => {
                    self.lost(output);
                    Turn::Goes
                }
                State::Closed => Turn::Over(Step::Close),
            };
            if let Turn::Over(step) = turn {
                return step;
            }
        }
    }

    fn answered(&mut self, answer: Answer, output: &mut Vec<u8>) {
        match mem::replace(&mut self.state, State::Closed) {
            State::Waiting(waiting) => self.take(waiting, answer, output),
            State::Closed => {}
            _ => self.lost(output),
        }
    }

    fn secured(&mut self) {
        self.begin_again(None);
    }

    fn secured_with(&mut self, tls: &TlsInfo) {
        self.begin_again(Some(tls.clone()));
    }

    fn patience(&self) -> Duration {
        match (self.context.service(), &self.context.identity) {
            (Service::Submission, Identity::Unknown) => LOGIN_PATIENCE,
            _ => PATIENCE,
        }
    }

    fn take_offences(&mut self) -> u32 {
        self.context.take_offences()
    }

    fn transferring(&self) -> Option<u64> {
        match &self.state {
            State::Receiving(_, incoming)
            | State::Waiting(Waiting::Chunk(_, incoming))
            | State::Command(Dialog::Chunks(_, incoming)) => Some(incoming.received()),
            State::Discarding(_, discarded) | State::Waiting(Waiting::Abort(_, discarded)) => {
                Some(discarded.received())
            }
            State::Command(Dialog::Refused(_, remains)) => Some(remains.skipped),
            State::Skipping(_) => Some(0),
            _ => None,
        }
    }

    /// RFC 5321 section 3.8: a server that has to go says 421, in answer to whatever is outstanding.
    fn farewell(&mut self, why: Farewell, output: &mut Vec<u8>) {
        if matches!(self.state, State::Closed) {
            return;
        }
        let (status, text) = match why {
            Farewell::Idle => ((4, 4, 2), "Idle for too long"),
            Farewell::Draining => ((4, 3, 2), "Service is shutting down"),
            Farewell::Overlong => ((4, 5, 2), "Too much input"),
            Farewell::Unavailable => ((4, 3, 0), "Service unavailable"),
        };
        let reply = self.context.goodbye(status, text);
        self.close(&reply, output);
    }
}
