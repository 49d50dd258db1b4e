//! What each command does: AUTHORIZATION (RFC 1939 section 4) and TRANSACTION (section 5), a file for each concern.

mod authenticate;
mod capabilities;
mod lists;
mod login;
mod marks;
mod retrieve;
mod starttls;

pub(super) use authenticate::response;

use super::context::{Context, Verdict};
use super::maildrop::Maildrop;
use super::parse::Command;
use super::reply;
use super::state::{Naming, State};
use super::update::Update;

/// Performs a command before the login.
pub(super) fn authorize(
    context: &Context,
    naming: Naming,
    command: Command,
    out: &mut Vec<u8>,
) -> (State, Verdict) {
    match command {
        Command::User(name) => login::user(context, name, out),
        Command::Pass(password) => login::pass(naming, password, out),
        Command::Auth { mechanism, initial } => {
            authenticate::auth(context, naming, &mechanism, initial.as_ref(), out)
        }
        Command::Stls => starttls::stls(context, naming, out),
        Command::Capa => {
            capabilities::tell(context, out);
            (State::Authorization(naming), Verdict::Good)
        }
        Command::Quit => {
            reply::ok("Good bye.", out);
            (State::Closed, Verdict::Good)
        }
        Command::Stat
        | Command::List(_)
        | Command::Uidl(_)
        | Command::Retr(_)
        | Command::Top(..)
        | Command::Dele(_)
        | Command::Noop
        | Command::Rset => {
            reply::err("Log in first.", out);
            (State::Authorization(naming), Verdict::Bad)
        }
    }
}

/// Performs a command after the login.
pub(super) fn transact(
    context: &Context,
    maildrop: Box<Maildrop>,
    command: Command,
    out: &mut Vec<u8>,
) -> (State, Verdict) {
    match command {
        Command::Stat => lists::stat(maildrop, out),
        Command::List(number) => lists::list(maildrop, number, out),
        Command::Uidl(number) => lists::uidl(maildrop, number, out),
        Command::Retr(number) => retrieve::retr(maildrop, number, out),
        Command::Top(number, lines) => retrieve::top(maildrop, number, lines, out),
        Command::Dele(number) => marks::dele(maildrop, number, out),
        Command::Rset => marks::rset(maildrop, out),
        Command::Noop => {
            reply::ok("Nothing done.", out);
            (State::Transaction(maildrop), Verdict::Good)
        }
        Command::Capa => {
            capabilities::tell(context, out);
            (State::Transaction(maildrop), Verdict::Good)
        }
        Command::Quit => (State::Updating(Box::new(Update::new(*maildrop))), Verdict::Good),
        Command::User(_) | Command::Pass(_) | Command::Auth { .. } | Command::Stls => {
            reply::err("You are logged in.", out);
            (State::Transaction(maildrop), Verdict::Bad)
        }
    }
}

fn no_message(maildrop: Box<Maildrop>, out: &mut Vec<u8>) -> (State, Verdict) {
    reply::err("There is no such message.", out);
    (State::Transaction(maildrop), Verdict::Bad)
}
