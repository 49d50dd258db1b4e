//! Every case: what can be said out of form on any channel, then what each service's own words are abused for.

use breach::order::{Held, Packet};
use ipc::frame::VERSION;
use ipc::peers::Service;
use ipc::role::Role;
use ipc::socket::PACKET_MAX;

use super::servers::Facts;
use super::{Case, Expected, deliver, frames, handshake, login, mailbox, sessions, submit};

/// A channel that a hijacked reader holds, and what an honest one would say there.
pub(super) struct Place {
    pub(super) client: Role,
    pub(super) on: Held,
    /// A request in form.
    pub(super) good: Vec<u8>,
    /// How its reply begins.
    pub(super) reply: &'static str,
    /// One of another service.
    pub(super) foreign: Vec<u8>,
}

impl Place {
    /// A case that has to end the channel.
    pub(super) fn closes(&self, name: &'static str, what: &'static str, packets: Vec<Packet>) -> Case {
        let Place { client, on, .. } = *self;
        Case { client, on, name, what, packets, expected: Expected::Closed }
    }

    /// A case that has to be answered so.
    pub(super) fn says(
        &self,
        name: &'static str,
        what: &'static str,
        packets: Vec<Vec<u8>>,
        replies: &[&str],
    ) -> Case {
        let Place { client, on, .. } = *self;
        let packets = packets.into_iter().map(Packet::once).collect();
        let expected = Expected::Says(replies.iter().map(|reply| (*reply).to_owned()).collect());
        Case { client, on, name, what, packets, expected }
    }
}

/// All of them.
pub(super) fn all(facts: &Facts) -> Vec<Case> {
    let places = [
        login::place(Role::Imap, facts),
        login::place(Role::Pop3, facts),
        login::place(Role::Submission, facts),
        login::directory(Role::Mx),
        login::directory(Role::Submission),
        login::directory(Role::Lmtp),
        deliver::place(Role::Mx, facts),
        deliver::place(Role::Lmtp, facts),
        handshake::place(Role::Mx),
        handshake::place(Role::Imap),
        handshake::place(Role::Pop3),
        handshake::place(Role::Submission),
        handshake::place(Role::Lmtp),
        mailbox::place(Role::Imap),
        mailbox::place(Role::Pop3),
        submit::place(),
        submit::outcomes(),
        sessions::place(facts),
    ];
    let mut cases: Vec<Case> = places.iter().flat_map(out_of_form).collect();
    cases.extend(login::cases(facts));
    cases.extend(deliver::cases(facts));
    cases.extend(handshake::cases());
    cases.extend(mailbox::cases());
    cases.extend(submit::cases(facts));
    cases.extend(sessions::cases(facts));
    cases
}

fn out_of_form(place: &Place) -> Vec<Case> {
    let one = |name, what, packet| place.closes(name, what, vec![packet]);
    let good = Packet::once(place.good.clone());
    let mut left_over = place.good.clone();
    left_over.push(0);
    let mut cut_off = place.good.clone();
    cut_off.pop();
    let oversized = u32::try_from(PACKET_MAX).expect("fits");
    let mut cases = vec![
        place.says("in-form", "a request in form, which it may", vec![place.good.clone()], &[place.reply]),
        one("nothing", "an empty packet", Packet::once(Vec::new())),
        one("no-head", "a packet of one byte", Packet::once(vec![VERSION])),
        one("other-version", "a frame of another version", Packet::once(vec![VERSION + 1, 0, 0, 0])),
        one("unknown-kind", "a frame of an unknown kind", Packet::once(vec![VERSION, 9, 0, 0])),
        one(
            "nonsense",
            "a message of bytes that mean nothing",
            Packet::once([&[VERSION, 0][..], &[0xff; 64]].concat()),
        ),
        one("left-over", "a request with a byte too many", Packet::once(left_over)),
        one("cut-off", "a request with a byte too few", Packet::once(cut_off)),
        one("oversized", "a packet larger than any frame", Packet { filling: oversized, ..good.clone() }),
        one("smuggled", "a request with a descriptor", Packet { descriptors: 1, ..good.clone() }),
        one("smuggled-many", "a request with sixteen descriptors", Packet { descriptors: 16, ..good }),
        one(
            "not-permitted",
            "a request of a service that is not this channel's",
            Packet::once(place.foreign.clone()),
        ),
    ];
    match place.on {
        Held::Peer(Service::Deliver) | Held::Session => {
            let what = "a piece of a body that was not begun";
            cases.push(one("chunk-unbegun", what, Packet::once(frames::chunk(3, b"text"))));
        }
        Held::Peer(_) | Held::Control => {
            let what = "a piece of a body, where there are no bodies";
            cases.push(one("chunk", what, Packet::once(frames::chunk(0, b"text"))));
        }
    }
    cases
}
