//! The session: takes lines, has commands performed, and passes messages on.

use std::mem;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use listener::session::{Farewell, Input, Session, Step, TlsInfo};

use super::command::{self, begun, committed, judged};
use super::context::Context;
use super::incoming::{Discarded, Incoming, Progress, Rest, Spoilt, failed};
use super::limits::{PATIENCE, PENDING_OUTPUT};
use super::line::{Line, LineReader};
use super::received::Security;
use super::reply::Reply;
use super::state::{Dialog, Hello, Next, State, Waiting};
use super::{Answer, Ask, Refusal, Settings, parse};

/// An SMTP session of role `mx`: anybody may send mail to those who live here, and to nobody else.
#[derive(Debug)]
pub struct Mx {
    context: Context,
    lines: LineReader,
    state: State,
}

impl Mx {
    /// A session with the client at `peer`, in plain until TLS is reported.
    #[must_use]
    pub fn new(settings: Arc<Settings>, peer: IpAddr) -> Self {
        Mx { context: Context::new(settings, peer), lines: LineReader::default(), state: State::Connected }
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

    fn command(&mut self, dialog: Dialog, input: &mut Input, output: &mut Vec<u8>) -> Turn {
        if output.len() >= PENDING_OUTPUT {
            self.state = State::Command(dialog);
            return Turn::Over(Step::Flush);
        }
        let next = match self.lines.next(input) {
            Line::Incomplete => {
                self.state = State::Command(dialog);
                return Turn::Over(Step::Read);
            }
            Line::Command(line) => match parse(&line) {
                Ok(command) => command::perform(&mut self.context, dialog, command),
                Err(refusal @ Refusal::OtherProtocol) => Next::Close(refusal.reply()),
                Err(refusal) => Next::Refuse(dialog, refusal.reply()),
            },
            Line::TooLong => Next::Refuse(dialog, Reply::new(500, (5, 5, 2), "Line too long")),
            Line::BareLineEnd => Next::Close(Reply::new(500, (5, 5, 2), "Lines end with CR LF, good bye")),
            Line::Endless => Next::Close(Reply::new(500, (5, 5, 2), "Line too long, good bye")),
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

    /// The part of [`Mx::go`] that needs no driver.
    fn settle(&mut self, next: Next, output: &mut Vec<u8>) {
        let (dialog, reply) = match next {
            Next::Reply(dialog, reply) => (dialog, reply),
            Next::Refuse(dialog, reply) => {
                self.context.bad_command();
                (dialog, reply)
            }
            Next::Close(reply) => return self.close(&reply, output),
            Next::Ask(..) | Next::StartTls(_) => return self.lost(output),
        };
        reply.write(output);
        match self.context.exceeded() {
            Some(reply) => self.close(&reply, output),
            None => self.state = State::Command(dialog),
        }
    }

    fn receive(&mut self, hello: Hello, mut incoming: Box<Incoming>, input: &mut Input) -> Turn {
        match incoming.proceed(input) {
            Progress::Read => {
                self.state = State::Receiving(hello, incoming);
                Turn::Over(Step::Read)
            }
            Progress::Chunk(bytes) => self.ask(Waiting::Chunk(hello, incoming), Ask::Chunk(bytes)),
            Progress::Complete => {
                let waiting = Waiting::Commit(hello, incoming.id());
                self.ask(waiting, Ask::Commit(Box::new(incoming.into_commit())))
            }
            Progress::Spoilt(why) => {
                let discarded = incoming.discard(why, self.context.settings.max_message_size);
                self.ask(Waiting::Abort(hello, discarded), Ask::Abort)
            }
        }
    }

    fn discard(
        &mut self,
        hello: Hello,
        mut discarded: Discarded,
        input: &mut Input,
        output: &mut Vec<u8>,
    ) -> Turn {
        match discarded.proceed(input) {
            Rest::Read => {
                self.state = State::Discarding(hello, discarded);
                Turn::Over(Step::Read)
            }
            // two servers don't agree where its lines end, so perhaps what follows was to be text: nothing follows
            Rest::Ended if discarded.is_ambiguous() => {
                self.close(&discarded.reply(), output);
                Turn::Goes
            }
            Rest::Ended => {
                self.settle(Next::Reply(Dialog::Ready(hello), discarded.reply()), output);
                Turn::Goes
            }
            Rest::Endless => {
                self.close(&discarded.reply(), output);
                Turn::Goes
            }
        }
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

impl Session for Mx {
    type Ask = Ask;
    type Answer = Answer;

    fn step(&mut self, input: &mut Input, output: &mut Vec<u8>) -> Step<Ask> {
        loop {
            let turn = match mem::replace(&mut self.state, State::Closed) {
                State::Connected => {
                    let greeting = format!("{} ESMTP Bulkhead", self.context.settings.hostname);
                    Reply::plain(220, greeting).write(output);
                    self.state = State::Command(Dialog::Greeted);
                    Turn::Goes
                }
                State::Command(dialog) => self.command(dialog, input, output),
                State::Receiving(hello, incoming) => self.receive(hello, incoming, input),
                State::Discarding(hello, discarded) => self.discard(hello, discarded, input, output),
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
        let waiting = match mem::replace(&mut self.state, State::Closed) {
            State::Waiting(waiting) => waiting,
            State::Closed => return,
            _ => return self.lost(output),
        };
        match (waiting, answer) {
            (Waiting::Recipient(hello, transaction, path), Answer::Recipient(verdict)) => {
                let next = judged(&mut self.context, hello, transaction, path, verdict);
                self.settle(next, output);
            }
            (Waiting::Begin(hello, transaction), Answer::Begin(Ok(answer))) => {
                let (state, reply) = begun(&self.context, hello, transaction, answer);
                reply.write(output);
                self.state = state;
            }
            (Waiting::Begin(hello, _), Answer::Begin(Err(failure))) => {
                self.settle(Next::Reply(Dialog::Ready(hello), failed(failure)), output);
            }
            (Waiting::Chunk(hello, incoming), Answer::Chunk(Ok(()))) => {
                self.state = State::Receiving(hello, incoming);
            }
            (Waiting::Chunk(hello, incoming), Answer::Chunk(Err(failure))) => {
                let limit = self.context.settings.max_message_size;
                self.state = State::Discarding(hello, incoming.discard(Spoilt::Store(failure), limit));
            }
            (Waiting::Commit(hello, id), Answer::Commit(outcome)) => {
                self.context.mail_arrived();
                self.settle(Next::Reply(Dialog::Ready(hello), committed(id, outcome)), output);
            }
            (Waiting::Abort(hello, discarded), Answer::Abort) => {
                self.state = State::Discarding(hello, discarded);
            }
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
        PATIENCE
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
