//! The session: reads commands, has them performed, and tells what else happened where that may be told.

mod capabilities;
mod commands;
mod context;
mod fault;
mod news;
mod rules;
mod running;

use std::time::Duration;

use listener::session::{Farewell, Input, Session, Step};

pub use context::{Security, Settings};

use super::ask::{Answer, Ask};
use super::parse::{Outcome, Recovery, Refused, Tag, Tagged};
use super::response::{self, Code, Condition};
use context::{Context, State};
use fault::Fault;
use news::Finish;
use rules::{News, Rule};
use running::{Completion, Io, Running, Turn};

/// Output that waits to be sent before more is made.
const PENDING_OUTPUT: usize = 64 * 1024;

/// An IMAP session (RFC 3501 section 3).
#[derive(Debug)]
pub struct ImapSession {
    context: Context,
    activity: Activity,
}

/// What the session is at.
#[derive(Debug)]
enum Activity {
    /// Nothing was said yet.
    Greeting,
    /// Between commands.
    Idle,
    /// Between commands, and the store has news of some kind.
    Noticed,
    /// It is being asked whether the store is still there.
    Probing(Asked),
    /// In a command.
    Busy(Active, Asked),
    /// STARTTLS was answered: not a word before TLS stands.
    Securing,
    /// All is said.
    Closed,
}

/// A question to the driver.
#[derive(Debug)]
enum Asked {
    Nothing,
    Waiting,
    Answered(Answer),
}

/// A command under way.
#[derive(Debug)]
struct Active {
    tag: Tag,
    /// What is told when it is done.
    news: News,
    command: Box<dyn Running>,
}

impl ImapSession {
    /// A session with a client whose connection is as secure as `security` says.
    #[must_use]
    pub fn new(settings: std::sync::Arc<Settings>, security: Security) -> Self {
        ImapSession { context: Context::new(settings, security), activity: Activity::Greeting }
    }

    fn greet(&mut self, output: &mut Vec<u8>) {
        let text = format!("{} Bulkhead ready.", self.context.settings.hostname);
        let code = Code::Capability(capabilities::of(&self.context));
        response::untagged(Condition::Ok, Some(code), &text, output);
        self.context.state = State::NotAuthenticated;
        self.activity = Activity::Idle;
    }

    /// Between commands.
    fn read(&mut self, input: &mut Input, output: &mut Vec<u8>) -> Option<Step<Ask>> {
        match self.context.reader.next(input) {
            Outcome::Incomplete => return Some(Step::Read),
            Outcome::LiteralWanted { .. } => response::continuation("Go ahead", output),
            Outcome::Command(Tagged { tag, command }) => {
                let rule = rules::of(&command);
                self.begin(tag, rule, commands::of(command), output);
            }
            Outcome::Append(append) => {
                self.begin(append.tag.clone(), rules::APPEND, commands::append(append), output);
                if matches!(self.activity, Activity::Idle)
                    && self.context.reader.refuse_message() == Recovery::Close
                {
                    self.close(None, "Unwanted literal", output);
                }
            }
            // only ever said to the APPEND that reads its message
            Outcome::AppendEnd => self.fault(Fault::OutOfPhase, output),
            Outcome::Bad(refused) => self.bad(refused, output),
            Outcome::TooLong { tag, recovery } => self.too_long(tag.as_ref(), recovery, output),
        }
        None
    }

    fn begin(&mut self, tag: Tag, rule: Rule, command: Box<dyn Running>, output: &mut Vec<u8>) {
        if rule.allowed.holds(&self.context.state) {
            let active = Active { tag, news: rule.news, command };
            self.activity = Activity::Busy(active, Asked::Nothing);
        } else {
            self.complete(&tag, Completion::bad("Command not allowed in this state."), output);
        }
    }

    /// Goes on with the command.
    fn busy(&mut self, mut active: Active, answer: Option<Answer>, io: &mut Io<'_>) -> Option<Step<Ask>> {
        match active.command.resume(&mut self.context, io, answer) {
            Ok(Turn::Ask(ask)) => {
                self.activity = Activity::Busy(active, Asked::Waiting);
                Some(Step::Ask(ask))
            }
            Ok(Turn::Read) => {
                self.activity = Activity::Busy(active, Asked::Nothing);
                Some(Step::Read)
            }
            Ok(Turn::Flush) => {
                self.activity = Activity::Busy(active, Asked::Nothing);
                Some(Step::Flush)
            }
            Ok(Turn::Done(completion)) => {
                self.done(active, completion, io.output);
                None
            }
            Err(fault) => {
                self.fault(fault, io.output);
                None
            }
        }
    }

    /// The command itself is done: is there more to be told before the tagged response?
    fn done(&mut self, active: Active, completion: Completion, output: &mut Vec<u8>) {
        match (active.news.look(), &self.context.state) {
            (Some(look), State::Selected(_)) => {
                let command = Box::new(Finish::new(look, completion));
                let active = Active { news: News::Untold, command, ..active };
                self.activity = Activity::Busy(active, Asked::Nothing);
            }
            _ => self.complete(&active.tag, completion, output),
        }
    }

    fn complete(&mut self, tag: &Tag, completion: Completion, output: &mut Vec<u8>) {
        let condition = completion.condition;
        response::tagged(tag, condition, completion.code(), completion.text, output);
        self.activity = match self.context.state {
            State::Logout => Activity::Closed,
            State::Securing => Activity::Securing,
            _ => Activity::Idle,
        };
        if let Activity::Idle = self.activity
            && let Some(why) = self.context.completed(condition)
        {
            self.close(None, why, output);
        }
    }

    fn bad(&mut self, Refused { tag, why }: Refused, output: &mut Vec<u8>) {
        self.context.no_command();
        let text = format!("{why}.");
        match &tag {
            Some(tag) => response::tagged(tag, Condition::Bad, None, &text, output),
            None => response::untagged(Condition::Bad, None, &text, output),
        }
        if let Some(why) = self.context.completed(Condition::Bad) {
            self.close(None, why, output);
        }
    }

    fn too_long(&mut self, tag: Option<&Tag>, recovery: Recovery, output: &mut Vec<u8>) {
        self.context.no_command();
        if let Some(tag) = tag {
            response::tagged(tag, Condition::No, Some(Code::TooBig), "Larger than is accepted.", output);
        }
        let exceeded = self.context.completed(Condition::Bad);
        match (recovery, exceeded) {
            (Recovery::Close, _) => self.close(Some(Code::TooBig), "Larger than is accepted.", output),
            (Recovery::Resume, Some(why)) => self.close(None, why, output),
            (Recovery::Resume, None) => {}
        }
    }

    fn fault(&mut self, fault: Fault, output: &mut Vec<u8>) {
        if let Fault::OutOfPhase = fault {
            tracing::error!("a session lost its way");
        }
        match fault.goodbye() {
            Some((code, text)) => self.close(Some(code), text, output),
            // in the middle of a literal any word would be taken for mail
            None => self.activity = Activity::Closed,
        }
    }

    fn close(&mut self, code: Option<Code<'_>>, why: &str, output: &mut Vec<u8>) {
        response::bye(code, why, output);
        self.activity = Activity::Closed;
        self.context.state = State::Logout;
    }
}

impl Session for ImapSession {
    type Ask = Ask;
    type Answer = Answer;

    fn step(&mut self, input: &mut Input, output: &mut Vec<u8>) -> Step<Ask> {
        loop {
            if output.len() >= PENDING_OUTPUT {
                return Step::Flush;
            }
            let step = match std::mem::replace(&mut self.activity, Activity::Idle) {
                Activity::Greeting => {
                    self.greet(output);
                    None
                }
                Activity::Idle => self.read(input, output),
                Activity::Noticed => {
                    self.activity = Activity::Probing(Asked::Waiting);
                    Some(Step::Ask(Ask::Alive))
                }
                Activity::Probing(Asked::Answered(Answer::Quiet)) => None,
                Activity::Probing(Asked::Answered(Answer::Lost)) => {
                    self.fault(Fault::Lost, output);
                    None
                }
                Activity::Busy(active, Asked::Nothing) => self.busy(active, None, &mut Io { input, output }),
                Activity::Busy(active, Asked::Answered(answer)) => {
                    self.busy(active, Some(answer), &mut Io { input, output })
                }
                Activity::Busy(_, Asked::Waiting) | Activity::Probing(_) => {
                    self.fault(Fault::OutOfPhase, output);
                    None
                }
                Activity::Securing => {
                    self.activity = Activity::Securing;
                    Some(Step::StartTls)
                }
                Activity::Closed => {
                    self.activity = Activity::Closed;
                    Some(Step::Close)
                }
            };
            if let Some(step) = step {
                return step;
            }
        }
    }

    fn answered(&mut self, answer: Answer, output: &mut Vec<u8>) {
        match &mut self.activity {
            Activity::Busy(_, asked @ Asked::Waiting) | Activity::Probing(asked @ Asked::Waiting) => {
                *asked = Asked::Answered(answer);
            }
            Activity::Closed => {}
            _ => self.fault(Fault::OutOfPhase, output),
        }
    }

    /// RFC 3501 section 6.2.1: "the client MUST discard cached information about server capabilities"; what the client said
    /// before counts for nothing here, either.
    fn secured(&mut self) {
        self.context.secured();
        self.activity = Activity::Idle;
    }

    fn take_offences(&mut self) -> u32 {
        self.context.take_offences()
    }

    fn patience(&self) -> Duration {
        self.context.patience()
    }

    fn transferring(&self) -> Option<u64> {
        self.context.reader.transferred()
    }

    fn farewell(&mut self, why: Farewell, output: &mut Vec<u8>) {
        let (code, text) = match why {
            Farewell::Idle => (None, "Silent for too long."),
            Farewell::Draining => (Some(Code::Unavailable), "Server is going down, come back soon."),
            Farewell::Overlong => (Some(Code::TooBig), "Larger than is accepted."),
            Farewell::Unavailable => (Some(Code::Unavailable), "Too many connections, come back later."),
        };
        self.close(code, text, output);
    }

    fn wants_notice(&self) -> bool {
        match &self.activity {
            Activity::Idle => self.context.listens(),
            Activity::Busy(active, Asked::Nothing) => active.command.wants_notice(),
            _ => false,
        }
    }

    fn noticed(&mut self) {
        match &mut self.activity {
            Activity::Idle => self.activity = Activity::Noticed,
            Activity::Busy(active, Asked::Nothing) => active.command.noticed(),
            _ => {}
        }
    }
}
