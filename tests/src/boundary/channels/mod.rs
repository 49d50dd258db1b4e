//! The channels: a hijacked reader says what no reader says, to the real servers.
//!
//! Each case is a fresh hostile reader, locked down as ever, wired to the running `store`, `keys` and `auth`. Its channel has
//! to be closed, or its request refused; the server must live on; and another reader on another channel is answered
//! all the while, which a witness sees to.

mod cases;
mod control;
mod deliver;
mod frames;
mod handshake;
mod login;
mod mailbox;
mod servers;
mod sessions;
mod submit;
mod witness;

use breach::order::{Answer, Held, Order, Packet, Speech};
use breach::table::Starter;
use ipc::role::Role;

use self::servers::{Reader, Servers};
use self::witness::Witness;
use super::programs::Programs;

/// More requests than a worker may have outstanding, and than the kernel keeps for one that does not read.
const FLOOD: u32 = 50_000;

/// Something to say on a channel, and what has to come of it.
#[derive(Clone, Debug)]
pub struct Case {
    /// Who says it.
    pub client: Role,
    /// Where.
    pub on: Held,
    /// What it is called.
    pub name: &'static str,
    /// What is said, in a line.
    pub what: &'static str,
    /// The packets.
    pub packets: Vec<Packet>,
    /// What has to come of it.
    pub expected: Expected,
}

/// What has to come of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// The server closes the channel.
    Closed,
    /// As many replies come, the channel stays, and each, printed for debugging, begins like that.
    Says(Vec<String>),
    /// It is not answered for as long as it does not read, and the channel stays: only it itself waits.
    Waits,
    /// Among so many replies at most, one holds this text.
    Hears(u16, &'static str),
}

/// One case as it went.
#[derive(Clone, Debug)]
pub struct Row {
    /// Who said it.
    pub client: Role,
    /// On which channel.
    pub on: Held,
    /// What it is called, and what it is.
    pub attempt: (&'static str, &'static str),
    /// What came of it.
    pub outcome: String,
}

/// Tries every case. The second is what went otherwise.
#[must_use]
pub fn judge(
    starter: Starter,
    programs: &Programs,
    wanted: impl Fn(&str) -> bool,
) -> (Vec<Row>, Vec<String>) {
    let mut servers = Servers::start(starter, programs.clone());
    let witness = Witness::start(&servers);
    let (mut rows, mut failures) = (Vec::new(), Vec::new());
    for case in cases::all(&servers.facts).into_iter().filter(|case| wanted(case.name)) {
        let mut reader = servers.reader(case.client);
        let outcome = run(&case, &mut reader, &servers);
        if let Err(why) = &outcome {
            failures.push(format!("{} by {} on {:?}: {why}", case.name, case.client, case.on));
        }
        let dead = servers.the_dead().into_iter();
        failures.extend(dead.map(|role| format!("{role} died of {} on {:?}", case.name, case.on)));
        rows.push(Row {
            client: case.client,
            on: case.on,
            attempt: (case.name, case.what),
            outcome: outcome.unwrap_or_else(|why| format!("FAILED: {why}")),
        });
    }
    failures.extend(handshake::ticket_keys_differ(&servers).err());
    failures.extend(mailbox::theirs_is_there(&servers).err());
    failures.extend(witness.stop());
    let (more, otherwise) = control::judge(starter, programs, wanted);
    rows.extend(more);
    failures.extend(otherwise);
    (rows, failures)
}

fn run(case: &Case, reader: &mut Reader, servers: &Servers) -> Result<String, String> {
    if case.on == Held::Session {
        login::log_in(reader, "alice", servers.facts.own)?;
    }
    let replies = match &case.expected {
        Expected::Closed | Expected::Waits => 0,
        Expected::Says(replies) => u16::try_from(replies.len()).expect("a few"),
        Expected::Hears(replies, _) => *replies,
    };
    let until_closed = case.expected == Expected::Closed;
    let speech = Speech { on: case.on, packets: case.packets.clone(), replies, until_closed };
    let heard = match reader.order(&Order::Speak(speech)) {
        Ok(Answer::Heard(heard)) => heard,
        other => return Err(format!("{other:?}")),
    };
    let said: Vec<String> =
        heard.replies.iter().map(|reply| frames::heard(case.client, case.on, reply)).collect();
    match &case.expected {
        Expected::Waits if heard.sent < FLOOD && !heard.closed => Ok("it waits, and nobody else".into()),
        Expected::Closed if heard.closed => Ok("channel closed".into()),
        Expected::Says(expected) if begin_like(&said, expected) && !heard.closed => Ok(expected.join(", ")),
        Expected::Hears(_, text) if said.iter().any(|reply| reply.contains(text)) => Ok((*text).into()),
        expected => Err(format!("{expected:?} was due; closed: {}, said: {said:?}", heard.closed)),
    }
}

fn begin_like(said: &[String], expected: &[String]) -> bool {
    said.len() == expected.len() && said.iter().zip(expected).all(|(said, begin)| said.starts_with(begin))
}
