//! RCPT, RFC 5321 section 4.1.1.3.

use super::out_of_order;
use crate::proto::context::Context;
use crate::proto::limits::{MAX_TARGETS, MIN_RECIPIENTS};
use crate::proto::reply::Reply;
use crate::proto::state::{Dialog, Hello, Next, Transaction, Waiting};
use crate::proto::{Ask, ForwardPath, Rejection, Settings, Verdict};

pub(super) fn rcpt(settings: &Settings, dialog: Dialog, path: ForwardPath) -> Next {
    let (hello, transaction) = match dialog {
        Dialog::Mail(hello, transaction) => (hello, transaction),
        other => return out_of_order(other, "MAIL first"),
    };
    // RFC 5321 section 4.5.3.1.10: 452 for too many recipients, so that the client sends the rest in another transaction
    if transaction.recipients.count() >= settings.max_recipients.max(MIN_RECIPIENTS) {
        return Next::Reply(Dialog::Mail(hello, transaction), too_many());
    }
    let ask = Ask::Recipient { transaction: transaction.number, address: path.clone() };
    Next::Ask(Waiting::Recipient(hello, transaction, path), ask)
}

/// The directory has said what becomes of a recipient.
pub(in crate::proto) fn judged(
    context: &mut Context,
    hello: Hello,
    mut transaction: Transaction,
    path: ForwardPath,
    verdict: Verdict,
) -> Next {
    let reply = match verdict {
        Verdict::Accepted(targets) if transaction.recipients.with(&targets) > MAX_TARGETS => too_many(),
        Verdict::Accepted(targets) if !targets.is_empty() => {
            transaction.recipients.add(path, targets);
            Reply::new(250, (2, 1, 5), "Recipient ok")
        }
        // an address that leads nowhere is a mistake of the directory: what is lost by 250 is lost for good
        Verdict::Accepted(_) | Verdict::TemporaryFailure => {
            Reply::new(451, (4, 3, 0), "Local trouble, try again later")
        }
        Verdict::Unknown => {
            context.refused_recipient();
            Reply::new(550, (5, 1, 1), "No such recipient here")
        }
        Verdict::NotLocal => {
            context.refused_recipient();
            Reply::new(554, (5, 7, 1), "Relay access denied")
        }
        Verdict::Rejected(rejection) => rejected(rejection),
    };
    Next::Reply(Dialog::Mail(hello, transaction), reply)
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
