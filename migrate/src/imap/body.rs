//! Messages' bytes, as they come. Several are asked for before the first has come, so that a distant server is not waited for
//! with each.
//!
//! They come in the order they were asked for; when a server says that it is done with a command is another matter: Dovecot says
//! so for several at once, behind what the last of them brought.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Cursor, Read};

use ipc::mail::Uid;

use super::client::{Client, unless_bye};
use super::error::ImapError;
use super::rows::{fetched, item, uid};
use super::value::{Part, Value};
use super::wire::{Condition, Response, Status};

/// How many messages are asked for ahead.
const AHEAD: usize = 32;

/// The messages of the opened folder that are wanted, in their order.
#[derive(Debug, Default)]
pub struct Bodies {
    wanted: VecDeque<Uid>,
    asked: VecDeque<(Uid, String)>,
    /// Commands that have been answered before it was their message's turn.
    answered: BTreeMap<String, Status>,
}

/// What comes of a wanted message.
pub enum Fetched<'a> {
    /// Its bytes, to be read to their end before anything else is asked.
    Message(Body<'a>),
    /// It is there no longer.
    Gone,
    /// The server does not give it, and says why.
    Refused(String),
}

impl Bodies {
    /// These are wanted.
    #[must_use]
    pub fn of(wanted: impl IntoIterator<Item = Uid>) -> Self {
        Bodies { wanted: wanted.into_iter().collect(), ..Bodies::default() }
    }

    /// The next one's UID; none behind the last.
    #[must_use]
    pub fn next_uid(&self) -> Option<Uid> {
        self.asked.front().map(|(uid, _)| *uid).or_else(|| self.wanted.front().copied())
    }

    /// The next one. Nothing changes at the server by it (`BODY.PEEK`).
    ///
    /// # Errors
    /// When the connection is gone, or the answer is not of that message.
    pub fn fetch<'a>(&mut self, client: &'a mut Client) -> Result<Fetched<'a>, ImapError> {
        self.ask(client)?;
        let Some((uid, tag)) = self.asked.pop_front() else { return Ok(Fetched::Gone) };
        client.wire.allow();
        loop {
            if let Some(Status { condition, text, .. }) = self.answered.remove(&tag) {
                // and its message has not come
                return Ok(if condition == Condition::Ok { Fetched::Gone } else { Fetched::Refused(text) });
            }
            match client.wire.response()? {
                Response::Message(parts, left) => {
                    client.amid_message = true;
                    return Ok(Fetched::Message(Body { client, uid, rest: Rest::Literal { left, parts } }));
                }
                // a short one may come as a quoted string
                Response::Data(values) => {
                    if let Some(bytes) = quoted(&values, uid) {
                        let rest = Rest::Here(Cursor::new(bytes));
                        return Ok(Fetched::Message(Body { client, uid, rest }));
                    }
                }
                Response::Status(status) if status.tag.is_none() => drop(unless_bye(status)?),
                Response::Status(status) => {
                    let (answered, status) = client.earlier(status)?;
                    if answered == tag || self.asked.iter().any(|(_, asked)| *asked == answered) {
                        self.answered.insert(answered, status);
                    }
                }
                Response::Continue => return Err(ImapError::Syntax("it waits for what is not there")),
            }
        }
    }

    /// Keeps as many commands under way as there may be.
    fn ask(&mut self, client: &mut Client) -> Result<(), ImapError> {
        let mut commands = String::new();
        while self.asked.len() < AHEAD
            && let Some(uid) = self.wanted.pop_front()
        {
            let tag = client.tag()?;
            commands.push_str(&format!("{tag} UID FETCH {uid} (UID BODY.PEEK[])\r\n"));
            client.unanswered.insert(tag.clone());
            self.asked.push_back((uid, tag));
        }
        if commands.is_empty() { Ok(()) } else { client.wire.send(commands.as_bytes()) }
    }
}

/// A message's bytes. At their end it is known that they are all of that message; until then an error may come.
pub struct Body<'a> {
    client: &'a mut Client,
    uid: Uid,
    rest: Rest,
}

enum Rest {
    /// So many bytes of a literal, of a response that began with these.
    Literal { left: u64, parts: Vec<Part> },
    /// The whole of it.
    Here(Cursor<Vec<u8>>),
}

impl Read for Body<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match &mut self.rest {
            Rest::Here(bytes) => bytes.read(out),
            Rest::Literal { left, .. } if *left > 0 => {
                let read = self.client.wire.literal(*left, out)?;
                *left = left.saturating_sub(read as u64);
                Ok(read)
            }
            Rest::Literal { parts, .. } => {
                let parts = std::mem::take(parts);
                self.finish(parts).map_err(as_io)?;
                self.rest = Rest::Here(Cursor::default());
                Ok(0)
            }
        }
    }
}

impl Body<'_> {
    /// Reads on to the end of the response. Was it the message that was asked for?
    fn finish(&mut self, parts: Vec<Part>) -> Result<(), ImapError> {
        let values = self.client.wire.rest(parts)?;
        if fetched(&values).and_then(uid) != Some(self.uid) {
            return Err(ImapError::Syntax("another message than was asked for"));
        }
        self.client.amid_message = false;
        Ok(())
    }
}

fn as_io(error: ImapError) -> io::Error {
    match error {
        ImapError::Io(error) => error,
        ImapError::Bye(_) => io::Error::new(io::ErrorKind::ConnectionReset, error),
        error => io::Error::other(error),
    }
}

fn quoted(values: &[Value], wanted: Uid) -> Option<Vec<u8>> {
    let items = fetched(values).filter(|items| uid(items) == Some(wanted))?;
    match item(items, "BODY[]")? {
        Value::String(bytes) => Some(bytes.clone()),
        _ => None,
    }
}
