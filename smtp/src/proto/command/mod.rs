//! What each command does: it takes the dialog as it was and says what comes next.

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
use super::state::{Dialog, Next};
use super::{Command, Settings};

/// Performs a command.
pub(super) fn perform(context: &mut Context, dialog: Dialog, command: Command) -> Next {
    match command {
        Command::Ehlo(name) => hello::ehlo(context, name),
        Command::Helo(name) => hello::helo(context, name),
        Command::Mail(mail) => mail::mail(context, dialog, mail),
        Command::Rcpt(path) => rcpt::rcpt(&context.settings, dialog, path),
        Command::Data => data::data(dialog),
        Command::Rset => rset::rset(context, dialog),
        Command::Noop => idle::noop(context, dialog),
        Command::Help => idle::help(context, dialog),
        Command::Vrfy => idle::vrfy(context, dialog),
        Command::Quit => quit(&context.settings),
        Command::StartTls => starttls::starttls(context, dialog),
        Command::Expn => refused::expn(dialog),
        Command::Auth => refused::auth(dialog),
    }
}

pub(super) use data::{begun, committed};
pub(super) use rcpt::judged;

/// RFC 5321 section 4.1.1.10: "The QUIT command may be issued at any time."
fn quit(settings: &Settings) -> Next {
    Next::Close(Reply::new(221, (2, 0, 0), format!("{} closing connection", settings.hostname)))
}

/// RFC 5321 section 4.1.4: what comes in the wrong order is answered with 503.
fn out_of_order(dialog: Dialog, text: &'static str) -> Next {
    Next::Refuse(dialog, Reply::new(503, (5, 5, 1), text))
}
