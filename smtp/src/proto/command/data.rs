//! DATA, RFC 5321 section 4.1.1.4.

use super::out_of_order;
use crate::proto::context::Context;
use crate::proto::incoming::{Incoming, failed};
use crate::proto::received::Trace;
use crate::proto::reply::Reply;
use crate::proto::state::{Dialog, Hello, Next, State, Transaction, Waiting};
use crate::proto::{Ask, Begin, Begun, Outcome, TransactionId};

pub(super) fn data(dialog: Dialog) -> Next {
    let (hello, transaction) = match dialog {
        Dialog::Mail(hello, transaction) => (hello, transaction),
        other => return out_of_order(other, "MAIL first"),
    };
    if transaction.recipients.count() == 0 {
        // RFC 5321 section 3.3: "the server MAY return a "command out of sequence" (503) or "no valid recipients" (554)
        // reply"; a client that pipelines comes here in good faith, so it is not held against it
        let reply = Reply::new(554, (5, 5, 1), "No valid recipients");
        return Next::Reply(Dialog::Mail(hello, transaction), reply);
    }
    let begin = Begin {
        transaction: transaction.number,
        reverse_path: transaction.reverse_path.clone(),
        declared_size: transaction.declared_size,
        body: transaction.body,
        targets: transaction.recipients.targets().len(),
    };
    Next::Ask(Waiting::Begin(hello, transaction), Ask::Begin(begin))
}

/// The message is open at the store: let it come.
pub(in crate::proto) fn begun(
    context: &Context,
    hello: Hello,
    transaction: Transaction,
    begun: Begun,
) -> (State, Reply) {
    let trace = Trace {
        reverse_path: &transaction.reverse_path,
        hello: &hello,
        peer: context.peer,
        security: &context.security,
        hostname: &context.settings.hostname,
        begun,
        recipient: transaction.recipients.only(),
    };
    let (fields, limit) = (trace.fields(), context.settings.max_message_size);
    let incoming = Incoming::new(begun.id, transaction.recipients.into_targets(), &fields, limit);
    (State::Receiving(hello, Box::new(incoming)), Reply::plain(354, "End data with <CR><LF>.<CR><LF>"))
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
