//! MAIL, RFC 5321 section 4.1.1.2.

use super::out_of_order;
use crate::proto::context::{Context, Identity};
use crate::proto::received::Security;
use crate::proto::reply::Reply;
use crate::proto::state::{Dialog, Next, Transaction};
use crate::proto::{MailFrom, Refusal, ReversePath, Service};

pub(super) fn mail(context: &mut Context, dialog: Dialog, mail: MailFrom) -> Next {
    let hello = match dialog {
        Dialog::Ready(hello) | Dialog::Refused(hello, _) => hello,
        Dialog::Greeted if context.service() == Service::Lmtp => {
            return out_of_order(Dialog::Greeted, "LHLO first");
        }
        Dialog::Greeted => return out_of_order(Dialog::Greeted, "EHLO or HELO first"),
        Dialog::Mail(..) | Dialog::Chunks(..) => return out_of_order(dialog, "Nested MAIL command"),
    };
    if context.service() != Service::Submission && mail.has_submission_parameters() {
        return Next::Refuse(Dialog::Ready(hello), Refusal::UnknownParameter.reply());
    }
    if let Some(refused) = refused(context, &mail.reverse_path) {
        return Next::Refuse(Dialog::Ready(hello), refused);
    }
    let Some(number) = context.next_transaction() else {
        return Next::Close(context.goodbye((4, 7, 0), "Too many messages on one connection"));
    };
    // RFC 1870 section 6.1: a message that is declared too large is refused before it is sent
    if mail.size.is_some_and(|size| size > context.settings.max_message_size) {
        return Next::Reply(Dialog::Ready(hello), Reply::new(552, (5, 3, 4), "Message too large"));
    }
    let transaction = Box::new(Transaction::new(number, mail));
    Next::Reply(Dialog::Mail(hello, transaction), Reply::new(250, (2, 1, 0), "Sender ok"))
}

/// Whoever sends to anywhere has logged in, and sends as himself. The null reverse path is everybody's: the reports that a
/// mail program makes have it (RFC 8098 section 3).
fn refused(context: &Context, sender: &ReversePath) -> Option<Reply> {
    match (context.service(), &context.identity, sender) {
        (Service::Mx | Service::Lmtp, ..) => None,
        (Service::Submission, Identity::Unknown, _) => Some(match context.security {
            Security::Plain => Reply::new(530, (5, 7, 0), "STARTTLS and AUTH first"),
            Security::Tls(_) => Reply::new(530, (5, 7, 0), "Authentication required"),
        }),
        (Service::Submission, Identity::Account { .. }, ReversePath::Null) => None,
        (Service::Submission, Identity::Account { senders }, ReversePath::Mailbox(address)) => {
            let allowed = senders.allow(&address.as_wire());
            (!allowed).then(|| Reply::new(553, (5, 7, 1), "This account may not send as that address"))
        }
    }
}
