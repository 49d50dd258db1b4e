//! The session: reads commands, and goes on with what takes several steps.

use std::sync::Arc;
use std::time::Duration;

use listener::session::{Farewell, Input, NoLine, Session, Step};
use zeroize::Zeroizing;

use super::ask::{Answer, Ask};
use super::command;
use super::context::{Context, Security, Settings, Verdict};
use super::limits::{LINE, LOGIN_PATIENCE, PENDING_OUTPUT};
use super::listing::Listing;
use super::maildrop::Maildrop;
use super::opening::{Opened, Opening};
use super::parse::{Syntax, parse};
use super::reply::{self, Code};
use super::state::{Fault, Naming, State, Turn};
use super::transfer::{Sent, Transfer};
use super::update::{Update, Updated};

const STORE_GONE: &str = "The mail store is being restarted, please come back.";

/// A POP3 session (RFC 1939 section 3).
#[derive(Debug)]
pub struct Pop3Session {
    context: Context,
    state: State,
    /// To what was asked last.
    answer: Option<Answer>,
}

impl Pop3Session {
    /// A session with a client whose connection is as secure as `security` says.
    #[must_use]
    pub fn new(settings: Arc<Settings>, security: Security) -> Self {
        Pop3Session { context: Context::new(settings, security), state: State::Greeting, answer: None }
    }

    fn greet(&mut self, out: &mut Vec<u8>) -> Option<Step<Ask>> {
        reply::ok(&format!("{} Bulkhead ready.", self.context.settings.hostname), out);
        self.state = State::Authorization(Naming::Nobody);
        None
    }

    /// The next line; `Err` says what is to be done when there is none.
    fn line(input: &mut Input) -> Result<Zeroizing<Vec<u8>>, NoLine> {
        input.take_line(LINE).map(Zeroizing::new)
    }

    fn authorize(&mut self, naming: Naming, input: &mut Input, out: &mut Vec<u8>) -> Option<Step<Ask>> {
        let line = match Self::line(input) {
            Ok(line) => line,
            Err(NoLine::Incomplete) => {
                self.state = State::Authorization(naming);
                return Some(Step::Read);
            }
            Err(NoLine::TooLong) => {
                self.context.no_command();
                return self.too_long(out);
            }
        };
        self.context.before_login();
        let (state, verdict) = match (naming, parse(&line)) {
            (Naming::Sasl, _) => command::response(&line, out),
            (naming, Ok(said)) => command::authorize(&self.context, naming, said, out),
            (naming, Err(syntax)) => {
                // mail programs try AUTH without a mechanism, each time they come
                if syntax == Syntax::Unknown {
                    self.context.no_command();
                }
                reply::err(syntax.text(), out);
                (State::Authorization(naming), Verdict::Bad)
            }
        };
        self.go(state, verdict)
    }

    fn transact(
        &mut self,
        maildrop: Box<Maildrop>,
        input: &mut Input,
        out: &mut Vec<u8>,
    ) -> Option<Step<Ask>> {
        let line = match Self::line(input) {
            Ok(line) => line,
            Err(NoLine::Incomplete) => {
                self.state = State::Transaction(maildrop);
                return Some(Step::Read);
            }
            Err(NoLine::TooLong) => return self.too_long(out),
        };
        let (state, verdict) = match parse(&line) {
            Ok(said) => command::transact(&self.context, maildrop, said, out),
            Err(syntax) => {
                reply::err(syntax.text(), out);
                (State::Transaction(maildrop), Verdict::Bad)
            }
        };
        self.go(state, verdict)
    }

    fn go(&mut self, state: State, verdict: Verdict) -> Option<Step<Ask>> {
        self.context.judged(verdict);
        let done = matches!(state, State::Authorization(_) | State::Transaction(_));
        self.state = if done && self.context.exceeded() { State::Closed } else { state };
        None
    }

    fn too_long(&mut self, out: &mut Vec<u8>) -> Option<Step<Ask>> {
        reply::err("Line too long.", out);
        self.state = State::Closed;
        None
    }

    fn open(&mut self, mut opening: Box<Opening>, out: &mut Vec<u8>) -> Option<Step<Ask>> {
        let opened = match opening.resume(&self.context.settings.shares, self.answer.take()) {
            Ok(Turn::Ask(ask)) => return self.ask(State::Opening(opening), ask),
            Ok(Turn::Flush) => return self.flush(State::Opening(opening)),
            Ok(Turn::Done(opened)) => opened,
            Err(fault) => return self.fault(fault, out),
        };
        match opened {
            Opened::Maildrop(maildrop) => {
                self.context.logged_in();
                let (count, octets) = maildrop.totals();
                reply::ok(&format!("Logged in, {count} messages ({octets} octets)."), out);
                self.state = State::Transaction(maildrop);
                None
            }
            Opened::Denied => {
                self.context.login_failed();
                reply::err_with(Code::Auth, "Wrong name or password.", out);
                self.go(State::Authorization(Naming::Nobody), Verdict::Bad)
            }
            Opened::Blocked => {
                let text = "Too many failed logins from your address, try again later.";
                reply::err_with(Code::Temporary, text, out);
                self.state = State::Closed;
                None
            }
            Opened::Unavailable => {
                reply::err_with(Code::Temporary, "Logins are not possible now, try again later.", out);
                self.go(State::Authorization(Naming::Nobody), Verdict::Bad)
            }
            Opened::Broken(why) => {
                reply::err_with(Code::Permanent, why, out);
                self.state = State::Closed;
                None
            }
        }
    }

    fn list(&mut self, maildrop: Box<Maildrop>, listing: Listing, out: &mut Vec<u8>) -> Option<Step<Ask>> {
        match listing.tell(&maildrop, out) {
            Some(listing) => self.flush(State::Listing(maildrop, listing)),
            None => {
                self.state = State::Transaction(maildrop);
                None
            }
        }
    }

    fn send(
        &mut self,
        maildrop: Box<Maildrop>,
        mut transfer: Box<Transfer>,
        out: &mut Vec<u8>,
    ) -> Option<Step<Ask>> {
        match transfer.resume(self.answer.take(), out) {
            Ok(Turn::Ask(ask)) => self.ask(State::Sending(maildrop, transfer), ask),
            Ok(Turn::Flush) => self.flush(State::Sending(maildrop, transfer)),
            Ok(Turn::Done(Sent::Whole)) => self.go(State::Transaction(maildrop), Verdict::Good),
            Ok(Turn::Done(Sent::Refused)) => self.go(State::Transaction(maildrop), Verdict::Bad),
            Err(fault) => self.fault(fault, out),
        }
    }

    fn update(&mut self, mut update: Box<Update>, out: &mut Vec<u8>) -> Option<Step<Ask>> {
        match update.resume(self.answer.take()) {
            Ok(Turn::Ask(ask)) => return self.ask(State::Updating(update), ask),
            Ok(Turn::Flush) => return self.flush(State::Updating(update)),
            Ok(Turn::Done(Updated::Removed(0))) => reply::ok("Good bye.", out),
            Ok(Turn::Done(Updated::Removed(count))) => {
                reply::ok(&format!("Good bye, {count} removed."), out);
            }
            Ok(Turn::Done(Updated::Failed)) => {
                reply::err_with(Code::Temporary, "Some deleted messages were not removed.", out);
            }
            Err(fault) => return self.fault(fault, out),
        }
        self.state = State::Closed;
        None
    }

    fn probe(&mut self, maildrop: Box<Maildrop>, out: &mut Vec<u8>) -> Option<Step<Ask>> {
        match self.answer.take() {
            Some(Answer::Quiet) => self.state = State::Transaction(maildrop),
            // between commands nothing can be said: it would be taken for the reply to the next one
            Some(Answer::Lost) => self.state = State::Closed,
            _ => return self.fault(Fault::OutOfPhase, out),
        }
        None
    }

    fn ask(&mut self, state: State, ask: Ask) -> Option<Step<Ask>> {
        self.state = state;
        Some(Step::Ask(ask))
    }

    fn flush(&mut self, state: State) -> Option<Step<Ask>> {
        self.state = state;
        Some(Step::Flush)
    }

    fn fault(&mut self, fault: Fault, out: &mut Vec<u8>) -> Option<Step<Ask>> {
        match fault {
            Fault::Lost => reply::err_with(Code::Temporary, STORE_GONE, out),
            // in the middle of a message any word would be taken for mail
            Fault::Within => {}
            Fault::OutOfPhase => tracing::error!("a session lost its way"),
        }
        self.state = State::Closed;
        None
    }
}

impl Session for Pop3Session {
    type Ask = Ask;
    type Answer = Answer;

    fn step(&mut self, input: &mut Input, output: &mut Vec<u8>) -> Step<Ask> {
        loop {
            if output.len() >= PENDING_OUTPUT {
                return Step::Flush;
            }
            let step = match std::mem::replace(&mut self.state, State::Closed) {
                State::Greeting => self.greet(output),
                State::Authorization(naming) => self.authorize(naming, input, output),
                State::StartTls => {
                    // a command that was slipped in before the handshake must not be obeyed after it
                    input.clear();
                    self.state = State::Securing;
                    Some(Step::StartTls)
                }
                State::Opening(opening) => self.open(opening, output),
                State::Transaction(maildrop) => self.transact(maildrop, input, output),
                State::Noticed(maildrop) => self.ask(State::Probing(maildrop), Ask::Alive),
                State::Probing(maildrop) => self.probe(maildrop, output),
                State::Listing(maildrop, listing) => self.list(maildrop, listing, output),
                State::Sending(maildrop, transfer) => self.send(maildrop, transfer, output),
                State::Updating(update) => self.update(update, output),
                State::Securing => self.fault(Fault::OutOfPhase, output),
                State::Closed => Some(Step::Close),
            };
            if let Some(step) = step {
                return step;
            }
        }
    }

    fn answered(&mut self, answer: Answer, _: &mut Vec<u8>) {
        self.answer = Some(answer);
    }

    /// RFC 2595 section 4: what was learnt before is forgotten.
    fn secured(&mut self) {
        self.context.security = Security::Tls;
        self.state = match std::mem::replace(&mut self.state, State::Closed) {
            State::Securing => State::Authorization(Naming::Nobody),
            State::Greeting => State::Greeting,
            _ => State::Closed,
        };
    }

    fn take_offences(&mut self) -> u32 {
        self.context.take_offences()
    }

    fn patience(&self) -> Duration {
        match self.state {
            State::Transaction(_) => self.context.settings.idle,
            _ => LOGIN_PATIENCE,
        }
    }

    /// RFC 1939 section 3: "When the timer expires, the session does NOT enter the UPDATE state--the server should close the
    /// TCP connection without removing any messages or sending any response to the client."
    fn farewell(&mut self, why: Farewell, output: &mut Vec<u8>) {
        match why {
            Farewell::Idle => {}
            Farewell::Draining => {
                reply::err_with(Code::Temporary, "The server is going down, come back soon.", output);
            }
            Farewell::Overlong => reply::err("Line too long.", output),
            Farewell::Unavailable => {
                reply::err_with(Code::Temporary, "Too many connections, come back later.", output);
            }
        }
        self.state = State::Closed;
    }

    fn wants_notice(&self) -> bool {
        matches!(self.state, State::Transaction(_))
    }

    fn noticed(&mut self) {
        self.state = match std::mem::replace(&mut self.state, State::Closed) {
            State::Transaction(maildrop) => State::Noticed(maildrop),
            other => other,
        };
    }
}
