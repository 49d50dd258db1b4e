//! `handshake`: signatures that would be of use for something else.

use breach::order::{Answer, Held, Order, Packet, Speech};
use ipc::peers::Service;
use ipc::role::Role;
use ipc::service::handshake::{Handshake, HandshakeReply, HandshakeRequest, IN_FLIGHT, INPUT_MAX};

use super::Case;
use super::cases::Place;
use super::frames::{self, call};
use super::servers::Servers;

/// ecdsa_secp256r1_sha256, which is what a key of the role's own making signs by (RFC 8446 section 4.2.3).
const ECDSA: u16 = 0x0403;
/// ed25519
const ED25519: u16 = 0x0807;
/// How many refusals end a channel.
const REFUSALS: u32 = 16;

pub(super) fn place(client: Role) -> Place {
    Place {
        client,
        on: Held::Peer(Service::Handshake),
        good: call::<Handshake>(HandshakeRequest::Identity(0)),
        reply: "Identity(Some(",
        // all that comes behind the request's own number is another's
        foreign: super::deliver::foreign(),
    }
}

pub(super) fn cases() -> Vec<Case> {
    let mx = place(Role::Mx);
    let server = content(b"TLS 1.3, server CertificateVerify\0", 32);
    let refused = |name, what, identity, scheme, input: Vec<u8>| {
        mx.says(name, what, vec![sign(identity, scheme, input)], &["Refused"])
    };
    let flood = |times| vec![Packet { times, ..Packet::once(sign(0, ECDSA, vec![7; 32])) }];
    let many = u32::try_from(IN_FLIGHT).expect("fits").saturating_mul(1000);
    vec![
        mx.says(
            "sign-handshake",
            "sign a handshake, which it may",
            vec![sign(0, ECDSA, server.clone())],
            &["Signature("],
        ),
        refused("sign-hash", "sign a hash of its choice", 0, ECDSA, vec![7; 32]),
        refused(
            "sign-as-client",
            "sign as the client of a handshake",
            0,
            ECDSA,
            content(b"TLS 1.3, client CertificateVerify\0", 32),
        ),
        refused(
            "sign-certificate",
            "sign a certificate",
            0,
            ECDSA,
            [&[0x30, 0x81, 0x80][..], &[0; 128]].concat(),
        ),
        refused(
            "sign-mail",
            "sign a mail's header",
            0,
            ECDSA,
            b"from:eve@example.org\r\ndkim-signature:v=1; b=".to_vec(),
        ),
        refused("sign-nothing", "sign nothing", 0, ECDSA, Vec::new()),
        refused("wrong-scheme", "sign by a scheme the key has not", 0, ED25519, server.clone()),
        refused("wrong-identity", "sign with a key that is not there", 9, ECDSA, server),
        refused("sign-large", "sign more than a handshake has", 0, ECDSA, vec![b' '; INPUT_MAX + 1]),
        refused("sign-huge", "sign a hundred kilobytes", 0, ECDSA, vec![b' '; 100_000]),
        mx.closes("oracle", "be refused sixteen times", flood(REFUSALS)),
        mx.closes("flood", "16,000 requests, and no answer read", flood(many)),
    ]
}

/// The ticket keys of one role are not another's: else a reader could read the sessions of all.
pub(super) fn ticket_keys_differ(servers: &Servers) -> Result<(), String> {
    let [of_mx, again, of_imap] = [Role::Mx, Role::Mx, Role::Imap].map(|role| ticket_key(servers, role));
    let (of_mx, again, of_imap) = (of_mx?, again?, of_imap?);
    if of_mx != again {
        return Err("two workers of a role have ticket keys of their own: sessions would not resume".into());
    }
    if of_mx.secret == of_imap.secret {
        return Err("the ticket keys of mx are those of imap".into());
    }
    Ok(())
}

fn ticket_key(servers: &Servers, role: Role) -> Result<ipc::service::handshake::TicketKey, String> {
    let packets = vec![Packet::once(call::<Handshake>(HandshakeRequest::TicketKeys))];
    let speech = Speech { on: Held::Peer(Service::Handshake), packets, replies: 1, until_closed: false };
    let Answer::Heard(heard) = servers.reader(role).order(&Order::Speak(speech))? else {
        return Err("unheard".into());
    };
    match heard.replies.first().and_then(|reply| frames::reply::<Handshake>(reply)) {
        Some(HandshakeReply::TicketKeys { current, .. }) => Ok(current),
        other => Err(format!("ticket keys of {role}: {other:?}")),
    }
}

fn sign(identity: u16, scheme: u16, input: Vec<u8>) -> Vec<u8> {
    call::<Handshake>(HandshakeRequest::Sign { identity, scheme, input })
}

/// RFC 8446 section 4.4.3
fn content(context: &[u8], hash: usize) -> Vec<u8> {
    [&[b' '; 64][..], context, &vec![7; hash]].concat()
}
