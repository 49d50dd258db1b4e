//! What the other compartments' answers lead to.

use super::super::command::{begun, committed, judged, logged_in};
use super::super::discarded::failed;
use super::super::incoming::{Intake, Spoilt};
use super::super::state::{Dialog, Hello, Next, State, Waiting};
use super::super::{Answer, Failure};
use super::SmtpSession;

impl SmtpSession {
    /// Goes on with the answer to what was waited for.
    pub(super) fn take(&mut self, waiting: Waiting, answer: Answer, output: &mut Vec<u8>) {
        match (waiting, answer) {
            (Waiting::Login(hello), Answer::Login(login)) => {
                let next = logged_in(&mut self.context, hello, login);
                self.settle(next, output);
            }
            (Waiting::Recipient(hello, transaction, rcpt), Answer::Recipient(verdict)) => {
                let next = judged(&mut self.context, hello, transaction, rcpt, verdict);
                self.settle(next, output);
            }
            (Waiting::Begin(hello, transaction, intake), Answer::Begin(Ok(answer))) => {
                let (state, reply) = begun(&self.context, hello, transaction, intake, answer);
                if let Some(reply) = reply {
                    reply.write(output);
                }
                self.state = state;
            }
            (Waiting::Begin(hello, transaction, intake), Answer::Begin(Err(failure))) => {
                let replies = self.context.service().replies(transaction.recipients.count());
                self.not_begun(hello, intake, failure, replies, output);
            }
            (Waiting::Chunk(hello, incoming), Answer::Chunk(Ok(()))) => {
                self.state = State::Receiving(hello, incoming);
            }
            (Waiting::Chunk(hello, incoming), Answer::Chunk(Err(failure))) => {
                let limit = self.context.settings.max_message_size;
                self.state = State::Discarding(hello, incoming.discard(Spoilt::Store(failure), limit));
            }
            (Waiting::Commit(hello, id, replies), Answer::Commit(outcome)) => {
                self.context.mail_arrived();
                self.state = State::Repeating(Some(Dialog::Ready(hello)), committed(id, outcome), replies);
            }
            (Waiting::Abort(hello, discarded), Answer::Abort) => {
                self.state = State::Discarding(hello, discarded);
            }
            (Waiting::Forget(dialog, reply), Answer::Abort) => {
                self.settle(Next::Reply(dialog, reply), output);
            }
            _ => self.lost(output),
        }
    }

    /// The store does not take the message. After DATA that is said at once; after BDAT its octets come first.
    fn not_begun(
        &mut self,
        hello: Hello,
        intake: Intake,
        failure: Failure,
        replies: usize,
        output: &mut Vec<u8>,
    ) {
        match (intake, failure) {
            // RFC 5321 section 3.8; there is no more mail without another login
            (_, Failure::Ended) => {
                let reply = self.context.goodbye((4, 3, 0), "The session has ended, log in again");
                self.close(&reply, output);
            }
            (Intake::Data, failure) => {
                self.settle(Next::Reply(Dialog::Ready(hello), failed(failure)), output);
            }
            (Intake::Chunk { .. }, failure) => {
                let limit = self.context.settings.max_message_size;
                self.state = State::Discarding(hello, intake.discard(Spoilt::Store(failure), limit, replies));
            }
        }
    }
}
