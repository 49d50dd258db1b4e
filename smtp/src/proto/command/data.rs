//! DATA, RFC 5321 section 4.1.1.4, and what it has in common with BDAT.

use super::out_of_order;
use crate::proto::completion::Completion;
use crate::proto::context::Context;
use crate::proto::discarded::failed;
use crate::proto::incoming::{Incoming, Intake};
use crate::proto::received::Trace;
use crate::proto::reply::Reply;
use crate::proto::state::{Dialog, Hello, Next, State, Transaction, Waiting};
use crate::proto::{Ask, Begin, Begun, Outcome, Service, TransactionId};

pub(super) fn data(service: Service, dialog: Dialog) -> Next {
    let (hello, transaction) = match dialog {
        Dialog::Mail(hello, transaction) => (hello, transaction),
        // RFC 3030 section 2: "DATA and BDAT commands cannot be used in the same transaction."
        other @ (Dialog::Chunks(..) | Dialog::Refused(..)) => return out_of_order(other, "DATA after BDAT"),
        other => return out_of_order(other, "MAIL first"),
    };
    if transaction.recipients.count() == 0 {
        return Next::Reply(Dialog::Mail(hello, transaction), nobody(service));
    }
    begin(hello, transaction, Intake::Data)
}

/// Asks the store to take a message.
pub(super) fn begin(hello: Hello, transaction: Box<Transaction>, intake: Intake) -> Next {
    let begin = Begin {
        transaction: transaction.number,
        reverse_path: transaction.reverse_path.clone(),
        declared_size: transaction.declared_size,
        body: transaction.body,
        targets: transaction.recipients.targets(),
    };
    Next::Ask(Waiting::Begin(hello, transaction, intake), Ask::Begin(begin))
}

/// What a message to nobody is refused with.
pub(super) fn nobody(service: Service) -> Reply {
    // RFC 5321 section 3.3: "the server MAY return a "command out of sequence" (503) or "no valid recipients" (554)
    // reply"; a client that pipelines comes here in good faith, so it is not held against it. RFC 2033 section 4.2: "the
    // server MUST return a 503 response".
    let code = if service == Service::Lmtp { 503 } else { 554 };
    Reply::new(code, (5, 5, 1), "No valid recipients")
}

/// The message is open at the store: let it come. The reply is what DATA is answered with at once.
pub(in crate::proto) fn begun(
    context: &Context,
    hello: Hello,
    transaction: Box<Transaction>,
    intake: Intake,
    begun: Begun,
) -> (State, Option<Reply>) {
    let service = context.service();
    let trace = Trace {
        service,
        reverse_path: &transaction.reverse_path,
        hello: &hello,
        peer: context.peer,
        security: &context.security,
        hostname: &context.settings.hostname,
        begun,
        recipient: transaction.recipients.only(),
    };
    let completion = (service == Service::Submission).then(|| {
        let message_id = format!("<{}@{}>", begun.id, context.settings.hostname);
        Completion::new(&mime::date::format_mail_date(begun.now), &message_id)
    });
    let (fields, limit) = (trace.fields(), context.settings.max_message_size);
    let envelope = transaction.into_envelope(service);
    let incoming = Incoming::new(begun.id, envelope, fields, intake, limit, completion);
    let reply = (intake == Intake::Data).then(|| Reply::plain(354, "End data with <CR><LF>.<CR><LF>"));
    (State::Receiving(hello, Box::new(incoming)), reply)
}

/// The message is durable, or it is not. RFC 5321 section 6.1: with 250 we accept responsibility, not a moment before.
pub(in crate::proto) fn committed(id: TransactionId, outcome: Outcome) -> Reply {
    match outcome {
        Outcome::Stored => Reply::new(250, (2, 0, 0), format!("Stored as {id}")),
        Outcome::Refused(failure) => failed(failure),
        // it may be there: a client that sends it again is the lesser evil
        Outcome::Unknown => Reply::new(451, (4, 3, 0), "Local trouble, outcome unknown, try again later"),
    }
}
