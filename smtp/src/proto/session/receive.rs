//! What a client sends that is no command: a message, one that is not wanted, a chunk of none.

use listener::session::{Input, Step};

use super::super::Ask;
use super::super::discarded::{Discarded, Rest};
use super::super::incoming::{Incoming, Progress};
use super::super::reply::Reply;
use super::super::state::{Dialog, Hello, Next, Remains, Skip, State, Waiting};
use super::{SmtpSession, Turn};

impl SmtpSession {
    pub(super) fn receive(
        &mut self,
        hello: Hello,
        mut incoming: Box<Incoming>,
        input: &mut Input,
        output: &mut Vec<u8>,
    ) -> Turn {
        match incoming.proceed(input) {
            Progress::Read => {
                self.state = State::Receiving(hello, incoming);
                Turn::Over(Step::Read)
            }
            Progress::Chunk(bytes) => self.ask(Waiting::Chunk(hello, incoming), Ask::Chunk(bytes)),
            Progress::Pause => {
                let reply = Reply::new(250, (2, 0, 0), format!("{} octets so far", incoming.received()));
                self.settle(Next::Reply(Dialog::Chunks(hello, incoming), reply), output);
                Turn::Goes
            }
            Progress::Complete => {
                let waiting = Waiting::Commit(hello, incoming.id(), incoming.replies());
                self.ask(waiting, Ask::Commit(Box::new(incoming.into_commit())))
            }
            Progress::Spoilt(why) => {
                let discarded = incoming.discard(why, self.context.settings.max_message_size);
                self.ask(Waiting::Abort(hello, discarded), Ask::Abort)
            }
        }
    }

    pub(super) fn discard(
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
                self.repeat(None, discarded.reply(), discarded.replies(), output)
            }
            Rest::Ended => {
                self.repeat(Some(Dialog::Ready(hello)), discarded.reply(), discarded.replies(), output)
            }
            Rest::Paused => {
                let remains = Remains { replies: discarded.replies(), skipped: discarded.received() };
                self.settle(Next::Reply(Dialog::Refused(hello, remains), discarded.reply()), output);
                Turn::Goes
            }
            Rest::Endless => {
                self.close(&discarded.reply(), output);
                Turn::Goes
            }
        }
    }

    pub(super) fn skip(&mut self, mut skip: Skip, input: &mut Input, output: &mut Vec<u8>) -> Turn {
        let bytes = input.bytes().len();
        let taken = usize::try_from(skip.left).unwrap_or(usize::MAX).min(bytes);
        input.consume(taken);
        skip.left = skip.left.saturating_sub(u64::try_from(taken).unwrap_or(u64::MAX));
        if skip.left > 0 {
            self.state = State::Skipping(skip);
            return Turn::Over(Step::Read);
        }
        let Skip { reply, replies, dialog, left: _ } = skip;
        self.repeat(Some(dialog), reply, replies, output)
    }
}
