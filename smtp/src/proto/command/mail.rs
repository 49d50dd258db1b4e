//! MAIL, RFC 5321 section 4.1.1.2.

use super::out_of_order;
use crate::proto::MailFrom;
use crate::proto::context::Context;
use crate::proto::reply::Reply;
use crate::proto::state::{Dialog, Next, Transaction};

pub(super) fn mail(context: &mut Context, dialog: Dialog, mail: MailFrom) -> Next {
    let hello = match dialog {
        Dialog::Ready(hello) => hello,
        Dialog::Greeted => return out_of_order(Dialog::Greeted, "EHLO or HELO first"),
        Dialog::Mail(..) => return out_of_order(dialog, "Nested MAIL command"),
    };
    let Some(number) = context.next_transaction() else {
        return Next::Close(context.goodbye((4, 7, 0), "Too many messages on one connection"));
    };
    // RFC 1870 section 6.1: a message that is declared too large is refused before it is sent
    if mail.size.is_some_and(|size| size > context.settings.max_message_size) {
        return Next::Reply(Dialog::Ready(hello), Reply::new(552, (5, 3, 4), "Message too large"));
    }
    let transaction = Transaction::new(number, mail);
    Next::Reply(Dialog::Mail(hello, transaction), Reply::new(250, (2, 1, 0), "Sender ok"))
}
