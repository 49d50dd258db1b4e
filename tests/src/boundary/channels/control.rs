//! `control`: what a hijacked reader says to the real master of a running suite. Nothing may come of it but its own end:
//! the master goes on, the others too, and the reader is started anew.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use breach::order::{Held, Order, Packet, Speech};
use breach::table::Starter;
use ipc::codec;
use ipc::frame::VERSION;
use ipc::role::{Layers, Role};
use ipc::service::control::{ReloadRefusal, ToMaster};
use ipc::socket::PACKET_MAX;

use super::frames::{chunk, message};
use super::{FLOOD, Row};
use crate::boundary::programs::Programs;
use crate::suite::{Options, Suite, User};

/// How long the reader may be away, and how long one that does no wrong is looked at.
const PATIENCE: Duration = Duration::from_secs(10);
const CALM: Duration = Duration::from_millis(500);

struct Case {
    name: &'static str,
    what: &'static str,
    packets: Vec<Packet>,
}

/// Tries every case, in a suite each. The second is what went otherwise.
pub(super) fn judge(
    starter: Starter,
    programs: &Programs,
    wanted: impl Fn(&str) -> bool,
) -> (Vec<Row>, Vec<String>) {
    let (mut rows, mut failures) = (Vec::new(), Vec::new());
    for case in cases().into_iter().filter(|case| wanted(case.name)) {
        let Case { name, what, packets } = case;
        let outcome = run(starter, programs, packets);
        failures.extend(outcome.as_ref().err().map(|why| format!("{name} by mx on control: {why}")));
        let outcome = outcome.map_or_else(|why| format!("FAILED: {why}"), str::to_owned);
        rows.push(Row { client: Role::Mx, on: Held::Control, attempt: (name, what), outcome });
    }
    (rows, failures)
}

fn cases() -> Vec<Case> {
    let case = |name, what, packet| Case { name, what, packets: vec![packet] };
    let said = |message_of: &ToMaster| Packet::once(message(message_of));
    let alive = ToMaster::Alive { sessions: 1, served: 1 };
    let left_over = [message(&ToMaster::Ready), vec![0]].concat();
    vec![
        Case { name: "silence", what: "nothing, which is what it may say", packets: Vec::new() },
        case("nothing", "an empty packet", Packet::once(Vec::new())),
        case("other-version", "a frame of another version", Packet::once(vec![VERSION + 1, 0, 0, 0])),
        case(
            "nonsense",
            "a message of bytes that mean nothing",
            Packet::once([&[VERSION, 0][..], &[0xff; 64]].concat()),
        ),
        case("left-over", "a message with a byte too many", Packet::once(left_over)),
        case(
            "oversized",
            "a packet larger than any frame",
            Packet { filling: u32::try_from(PACKET_MAX).expect("fits"), ..said(&alive) },
        ),
        case("smuggled", "a message with sixteen descriptors", Packet { descriptors: 16, ..said(&alive) }),
        case("chunk", "a piece of a body, where there are no bodies", Packet::once(chunk(0, b"text"))),
        case(
            "locked-again",
            "that it is locked down by nothing, when it serves",
            said(&ToMaster::Locked(Layers::NONE)),
        ),
        case("ready-again", "that it is ready, when it serves", said(&ToMaster::Ready)),
        case("drained-unasked", "that it is drained, when nobody asked", said(&ToMaster::Drained)),
        case(
            "prepared-unasked",
            "that it can go on with a new configuration, when there is none",
            said(&ToMaster::Prepared),
        ),
        case(
            "refused-unasked",
            "that it cannot, when there is none",
            said(&ToMaster::Refused(ReloadRefusal::System)),
        ),
        case("flood", "50,000 signs of life that nobody asked for", Packet { times: FLOOD, ..said(&alive) }),
    ]
}

fn run(starter: Starter, programs: &Programs, packets: Vec<Packet>) -> Result<&'static str, String> {
    let user = match starter {
        Starter::Root => User::Root,
        Starter::User => User::Ordinary,
    };
    let mut suite = Suite::prepare(user, Options::default());
    let program = suite.directory.path().join("bin").join(Role::Mx.program());
    fs::remove_file(&program).expect("it was there");
    fs::copy(programs.hostile(Role::Mx), &program).expect("a copy");
    suite.run();

    let (master, before) = (suite.master_pid(), pids(&suite)?);
    let harmless = packets.is_empty();
    say(suite.smtp, packets).map_err(|error| error.to_string())?;
    let asked = Instant::now();
    loop {
        let now = pids(&suite)?;
        let gone = before.iter().filter(|(pid, _)| !now.contains_key(pid)).map(|(_, role)| role.as_str());
        let gone: Vec<&str> = gone.collect();
        if suite.master_pid() != master || gone.iter().any(|role| *role != Role::Mx.name()) {
            return Err(format!("it took others along: {gone:?}"));
        }
        match (harmless, gone.len(), now.len() == before.len()) {
            (true, 0, true) if asked.elapsed() > CALM => return Ok("nothing"),
            (false, 1, true) => return Ok("killed, and started anew; the master and the others go on"),
            _ if asked.elapsed() > PATIENCE => return Err(format!("before {before:?}, after {now:?}")),
            _ => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}

/// Has whichever worker accepts it say that to the master. Its answer may be cut off.
fn say(port: u16, packets: Vec<Packet>) -> std::io::Result<()> {
    let speech = Speech { on: Held::Control, packets, replies: 0, until_closed: false };
    let order = codec::encode(&Order::Speak(speech)).map_err(std::io::Error::other)?;
    let mut connection = TcpStream::connect(("127.0.0.1", port))?;
    connection.write_all(&order)?;
    connection.shutdown(Shutdown::Write)?;
    let _cut_off = connection.read_to_end(&mut Vec::new());
    Ok(())
}

/// The processes that run, as the master tells it, with their roles.
fn pids(suite: &Suite) -> Result<BTreeMap<u64, String>, String> {
    let status = suite.status();
    let rows = status.as_array().ok_or("no status")?.iter();
    Ok(rows.filter_map(|row| Some((row["pid"].as_u64()?, row["role"].as_str()?.to_owned()))).collect())
}
