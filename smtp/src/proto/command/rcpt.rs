//! RCPT, RFC 5321 section 4.1.1.3.

use ipc::service::submit::Remote;

use super::out_of_order;
use crate::proto::context::Context;
use crate::proto::limits::MIN_RECIPIENTS;
use crate::proto::reply::Reply;
use crate::proto::state::{Dialog, Hello, Next, Transaction, Waiting};
use crate::proto::{
    Address, Ask, Domain, ForwardPath, RcptTo, Refusal, Rejection, Service, Settings, Verdict,
};

pub(super) fn rcpt(settings: &Settings, dialog: Dialog, rcpt: RcptTo) -> Next {
    let (hello, transaction) = match dialog {
        Dialog::Mail(hello, transaction) => (hello, transaction),
        // RFC 3030 section 2: recipients stand before the first chunk
        other @ Dialog::Chunks(..) => return out_of_order(other, "RCPT after BDAT"),
        other => return out_of_order(other, "MAIL first"),
    };
    if settings.service != Service::Submission && (rcpt.notify.is_some() || rcpt.orcpt.is_some()) {
        return Next::Refuse(Dialog::Mail(hello, transaction), Refusal::UnknownParameter.reply());
    }
    // RFC 5321 section 4.5.3.1.10: 452 for too many recipients, so that the client sends the rest in another transaction
    if transaction.recipients.count() >= settings.max_recipients.max(MIN_RECIPIENTS) {
        return Next::Reply(Dialog::Mail(hello, transaction), too_many());
    }
    let ask = Ask::Recipient { transaction: transaction.number, address: rcpt.path.clone() };
    Next::Ask(Waiting::Recipient(hello, transaction, rcpt), ask)
}

/// The directory has said what becomes of a recipient.
pub(in crate::proto) fn judged(
    context: &mut Context,
    hello: Hello,
    mut transaction: Box<Transaction>,
    rcpt: RcptTo,
    verdict: Verdict,
) -> Next {
    let reply = match verdict {
        Verdict::Accepted(targets) if !transaction.recipients.has_room(&targets) => too_many(),
        Verdict::Accepted(targets) if !targets.is_empty() => {
            transaction.recipients.add(rcpt.path, targets);
            accepted()
        }
        // an address that leads nowhere is a mistake of the directory: what is lost by 250 is lost for good
        Verdict::Accepted(_) | Verdict::TemporaryFailure => {
            Reply::new(451, (4, 3, 0), "Local trouble, try again later")
        }
        Verdict::Unknown => {
            context.refused_recipient();
            Reply::new(550, (5, 1, 1), "No such recipient here")
        }
        Verdict::NotLocal => match (context.service(), rcpt) {
            (Service::Submission, RcptTo { path: ForwardPath::Mailbox(address), notify, orcpt }) => {
                elsewhere(&mut transaction, address, |address| Remote { address, notify, orcpt })
            }
            _ => {
                context.refused_recipient();
                Reply::new(554, (5, 7, 1), "Relay access denied")
            }
        },
        Verdict::Rejected(rejection) => rejected(rejection),
    };
    Next::Reply(Dialog::Mail(hello, transaction), reply)
}

/// A recipient of another host: its mail goes into the queue. RFC 6409 section 4.2: all domains are fully qualified.
fn elsewhere(
    transaction: &mut Transaction,
    address: Address,
    remote: impl FnOnce(ipc::mail::Address) -> Remote,
) -> Reply {
    match address.domain() {
        Domain::Name(name) if name.contains('.') => {}
        Domain::Name(_) => return Reply::new(550, (5, 1, 2), "The domain has to be written in full"),
        Domain::Literal(_) => return Reply::new(550, (5, 1, 2), "No mail is sent to address literals"),
    }
    let remote = remote(address.as_wire());
    if !transaction.recipients.has_room_for(&remote) {
        return too_many();
    }
    transaction.recipients.add_remote(ForwardPath::Mailbox(address), remote);
    accepted()
}

fn accepted() -> Reply {
    Reply::new(250, (2, 1, 5), "Recipient ok")
}

fn too_many() -> Reply {
    Reply::new(452, (4, 5, 3), "Too many recipients")
}

fn rejected(rejection: Rejection) -> Reply {
    match rejection {
        Rejection::Disabled => Reply::new(550, (5, 2, 1), "Mailbox disabled"),
        Rejection::Full => Reply::new(452, (4, 2, 2), "Mailbox full"),
        Rejection::Forbidden => Reply::new(550, (5, 7, 1), "Not permitted to send to this recipient"),
    }
}
