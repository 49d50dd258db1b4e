//! `mailbox`: one account's session, asked for another's mail, out of order, and for too much.

use breach::order::{Answer, Held, Order, Packet, Speech};
use ipc::mail::{MailboxId, SystemFlags, TransactionId, UidRange};
use ipc::role::Role;
use ipc::service::mailbox::{FlagChange, KEYWORD_LENGTH_MAX, MailboxRequest, RANGES_MAX};
use ipc::service::upload::STRUCTURE_MAX;
use ipc::socket::CHUNK_MAX;

use super::cases::Place;
use super::frames::{chunk, message, printed};
use super::login::log_in;
use super::servers::Servers;
use super::{Case, Expected, FLOOD};

/// The inbox: in each account the first mailbox there is.
const INBOX: MailboxId = MailboxId(1);
/// A mailbox that no account has.
const NONE: MailboxId = MailboxId(0x1bad);

pub(super) fn place(client: Role) -> Place {
    Place {
        client,
        on: Held::Session,
        good: message(&MailboxRequest::List { after: None }),
        reply: "Mailboxes {",
        // mail into another's account, which only mx may bring
        foreign: super::deliver::foreign(),
    }
}

pub(super) fn cases() -> Vec<Case> {
    let place = place(Role::Imap);
    let asks = |name, what, request: &MailboxRequest, reply| {
        place.says(name, what, vec![message(request)], &[reply])
    };
    let closes = |name, what, requests: &[MailboxRequest]| {
        place.closes(name, what, requests.iter().map(|request| Packet::once(message(request))).collect())
    };
    let everything = vec![UidRange { first: 1, last: u32::MAX }; RANGES_MAX + 1];
    vec![
        others_mail(&place),
        asks(
            "no-mailbox",
            "a mailbox that is not there",
            &MailboxRequest::Select { mailbox: NONE, write: true },
            "Refused(NoMailbox)",
        ),
        asks("unselected", "a body while no mailbox is selected", &body(1), "Refused(NotSelected)"),
        place.says(
            "no-message",
            "a message that is not in the mailbox",
            vec![message(&MailboxRequest::Select { mailbox: INBOX, write: false }), message(&body(u32::MAX))],
            &[SELECTED, "Refused(NoMessage)"],
        ),
        closes(
            "credit-unasked",
            "credits for a body that was not asked for",
            &[MailboxRequest::Credit { chunks: 4 }],
        ),
        closes("commit-unbegun", "the end of a message that was not begun", &[commit(INBOX, 0)]),
        closes("begun-twice", "two messages at once", &[append(), append()]),
        closes(
            "large-structure",
            "a structure larger than any",
            &[append(), commit(INBOX, STRUCTURE_MAX + 1)],
        ),
        closes("unknown-flags", "flags that have no meaning", &[flags(vec![], SystemFlags(0x80), vec![])]),
        closes(
            "many-ranges",
            "more ranges than a request has",
            &[flags(everything, SystemFlags::SEEN, vec![])],
        ),
        closes(
            "long-keyword",
            "a keyword longer than any",
            &[
                MailboxRequest::Select { mailbox: INBOX, write: true },
                flags(
                    vec![UidRange { first: 1, last: 1 }],
                    SystemFlags::SEEN,
                    vec!["k".repeat(KEYWORD_LENGTH_MAX + 1)],
                ),
            ],
        ),
        place.says(
            "append-elsewhere",
            "a message into a mailbox that is not there",
            vec![message(&append()), chunk(0, b"text"), message(&commit(NONE, 0))],
            &["Credit { chunks: 1 }", "Refused(NoMailbox)"],
        ),
        large_append(&place),
        unread(&place),
    ]
    .into_iter()
    .chain(managing(&place))
    .collect()
}

/// The set of mailboxes, and messages between them: of ids that are no mailbox of one's own, and of names that are none.
fn managing(place: &Place) -> Vec<Case> {
    let asks = |name, what, request: &MailboxRequest, reply| {
        place.says(name, what, vec![message(request)], &[reply])
    };
    let create = |name: String| MailboxRequest::Create { name, special_use: None };
    let all = UidRange { first: 1, last: u32::MAX };
    let copy = |ranges, to| MailboxRequest::Copy { uids: vec![all; ranges], to, remove: true };
    let selects = || message(&MailboxRequest::Select { mailbox: INBOX, write: true });
    vec![
        asks(
            "removes-none",
            "the removal of a mailbox that is not there",
            &MailboxRequest::Delete { mailbox: NONE },
            "Refused(NoMailbox)",
        ),
        asks(
            "removes-inbox",
            "the removal of the inbox",
            &MailboxRequest::Delete { mailbox: INBOX },
            "Refused(Inbox)",
        ),
        asks(
            "renames-none",
            "another name for a mailbox that is not there",
            &MailboxRequest::Rename { mailbox: NONE, name: "mine".to_owned() },
            "Refused(NoMailbox)",
        ),
        asks("long-name", "a mailbox name longer than any", &create("n".repeat(100_000)), "Refused(Name)"),
        asks("deep-name", "a mailbox name deeper than any", &create("n/".repeat(100) + "n"), "Refused(Name)"),
        asks(
            "ends-line",
            "a mailbox name with an end of line",
            &create("a\r\n* BYE".into()),
            "Refused(Name)",
        ),
        asks(
            "subscribes-none",
            "a subscription to what is no name",
            &MailboxRequest::Subscribe { name: "//".to_owned(), subscribed: true },
            "Refused(Name)",
        ),
        place.says(
            "moves-elsewhere",
            "all messages into a mailbox that is not there",
            vec![selects(), message(&copy(1, NONE))],
            &[SELECTED, "Refused(NoMailbox)"],
        ),
        asks(
            "moves-unselected",
            "a move while no mailbox is selected",
            &copy(1, INBOX),
            "Refused(NotSelected)",
        ),
        place.closes(
            "moves-ranges",
            "a move of more ranges than a request has",
            vec![Packet::once(selects()), Packet::once(message(&copy(RANGES_MAX + 1, INBOX)))],
        ),
        place.says(
            "distrusts-none",
            "distrust of a message that is not there",
            vec![selects(), message(&MailboxRequest::Distrust { uid: u32::MAX })],
            &[SELECTED, "Refused(NoMessage)"],
        ),
    ]
}

/// What a mailbox says when it is selected.
const SELECTED: &str = "Selected {";

/// The other account's inbox holds one message. Every id it has means something of one's own here.
fn others_mail(place: &Place) -> Case {
    place.says(
        "others-mail",
        "the ids by which another account's message is named; it is not seen",
        vec![
            message(&MailboxRequest::Select { mailbox: INBOX, write: false }),
            message(&MailboxRequest::Messages { after: 0 }),
            message(&body(1)),
        ],
        &[SELECTED, "Messages { rows: [], more: false }", "Refused(NoMessage)"],
    )
}

/// The same ids do name the other account's message, in a session of that account.
pub(super) fn theirs_is_there(servers: &Servers) -> Result<(), String> {
    let mut reader = servers.reader(Role::Imap);
    log_in(&mut reader, "bob", servers.facts.other)?;
    let select = message(&MailboxRequest::Select { mailbox: INBOX, write: false });
    let packets = vec![Packet::once(select), Packet::once(message(&body(1)))];
    let speech = Speech { on: Held::Session, packets, replies: 2, until_closed: false };
    let Answer::Heard(heard) = reader.order(&Order::Speak(speech))? else { return Err("unheard".into()) };
    let said = heard.replies.last().map(|reply| printed(Held::Session, reply)).unwrap_or_default();
    if said.starts_with("Body {") {
        Ok(())
    } else {
        Err(format!("the other account's message is not there: {said}"))
    }
}

/// One that asks and never reads is waited for by its own session, for a while, and by nobody else.
fn unread(place: &Place) -> Case {
    Case {
        client: place.client,
        on: place.on,
        name: "unread",
        what: "50,000 requests, and no answer read",
        packets: vec![Packet { times: FLOOD, ..Packet::once(place.good.clone()) }],
        expected: Expected::Waits,
    }
}

fn large_append(place: &Place) -> Case {
    let full =
        Packet { filling: u32::try_from(CHUNK_MAX).expect("fits"), times: 9, ..Packet::once(chunk(0, b"")) };
    Case {
        client: place.client,
        on: place.on,
        name: "large-message",
        what: "a message larger than the store takes",
        packets: vec![Packet::once(message(&append())), full],
        expected: Expected::Hears(9, "Refused(Limit)"),
    }
}

fn body(uid: u32) -> MailboxRequest {
    MailboxRequest::Body { uid, offset: 0, length: u32::MAX }
}

fn append() -> MailboxRequest {
    MailboxRequest::Append { transaction: TransactionId(0x006e_6576_6572) }
}

fn commit(mailbox: MailboxId, structure: usize) -> MailboxRequest {
    MailboxRequest::Commit {
        mailbox,
        flags: SystemFlags::default(),
        keywords: Vec::new(),
        internal_date: None,
        structure: vec![0; structure],
    }
}

fn flags(uids: Vec<UidRange>, flags: SystemFlags, keywords: Vec<String>) -> MailboxRequest {
    MailboxRequest::Flags { uids, change: FlagChange::Add, flags, keywords }
}
