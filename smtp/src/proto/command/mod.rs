//! What each command does: it takes the dialog as it was and says what comes next.

mod auth;
mod bdat;
mod data;
mod hello;
mod idle;
mod mail;
mod rcpt;
mod refused;
mod rset;
mod starttls;

use super::context::Context;
use super::reply::Reply;
use super::state::{Dialog, Next, Waiting};
use super::{Ask, Command, Refusal, Settings};

/// Performs a command.
pub(super) fn perform(context: &mut Context, dialog: Dialog, command: Command) -> Next {
    match command {
        Command::Ehlo(name) => hello::ehlo(context, dialog, name),
        Command::Helo(name) => hello::helo(context, dialog, name),
        Command::Lhlo(name) => hello::lhlo(context, dialog, name),
        Command::Mail(mail) => mail::mail(context, dialog, mail),
        Command::Rcpt(rcpt) => rcpt::rcpt(&context.settings, dialog, rcpt),
        Command::Data => data::data(context.service(), dialog),
        Command::Bdat { size, last } => bdat::bdat(context, dialog, size, last),
        Command::Rset => rset::rset(context, dialog),
        Command::Noop => idle::noop(context, dialog),
        Command::Help => idle::help(context, dialog),
        Command::Vrfy => idle::vrfy(context, dialog),
        Command::Quit => quit(&context.settings),
        Command::StartTls => starttls::starttls(context, dialog),
        Command::Expn => refused::expn(dialog),
        Command::Auth { mechanism, initial } => auth::auth(context, dialog, mechanism, initial.as_ref()),
    }
}

pub(super) use auth::{judged as logged_in, respond};
pub(super) use data::{begun, committed};
pub(super) use rcpt::judged;

/// RFC 5321 section 4.1.1.10: "The QUIT command may be issued at any time."
fn quit(settings: &Settings) -> Next {
    Next::Close(Reply::new(221, (2, 0, 0), format!("{} closing connection", settings.hostname)))
}

/// Goes on with `next`; a message of which chunks have come is forgotten.
fn forget(dialog: Dialog, next: Dialog, reply: Reply) -> Next {
    match dialog {
        Dialog::Chunks(..) => Next::Ask(Waiting::Forget(next, reply), Ask::Abort),
        _ => Next::Reply(next, reply),
    }
}

/// A command of another protocol.
fn unknown(dialog: Dialog) -> Next {
    Next::Refuse(dialog, Refusal::UnknownCommand.reply())
}

/// RFC 5321 section 4.1.4: what comes in the wrong order is answered with 503.
fn out_of_order(dialog: Dialog, text: &'static str) -> Next {
    Next::Refuse(dialog, Reply::new(503, (5, 5, 1), text))
}
