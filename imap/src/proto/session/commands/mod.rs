//! What each command does, a file each.

mod append;
mod authenticate;
mod capability;
mod close;
mod copy;
mod create;
mod delete;
mod distrust;
mod enable;
mod expunge;
mod fetch;
mod flags;
mod id;
mod idle;
mod list;
mod login;
mod logout;
mod lookup;
mod namespace;
mod noop;
mod rename;
mod search;
mod select;
mod starttls;
mod status;
mod store;
mod subscribe;

use super::context::Context;
use super::fault::Fault;
use super::running::{Completion, Copied, Io, Running, Turn, fault, reply};
use super::{capabilities, news};
use crate::proto::ask::{Answer, Ask, LoginOutcome, Look};
use crate::proto::parse::{Append, Command};
use crate::proto::response::Verb;
use crate::proto::view::Access;

/// A command, about to begin.
pub(super) fn of(command: Command) -> Box<dyn Running> {
    match command {
        Command::Capability => Box::new(capability::Capability),
        Command::Noop => Box::new(noop::Noop::Noop),
        Command::Check => Box::new(noop::Noop::Check),
        Command::Logout => Box::new(logout::Logout),
        Command::StartTls => Box::new(starttls::StartTls),
        Command::Authenticate { mechanism, initial } => {
            Box::new(authenticate::Authenticate::new(mechanism, initial))
        }
        Command::Login { user, password } => Box::new(login::Login::new(user, password)),
        Command::Select(name) => Box::new(select::Select::new(name, Access::ReadWrite)),
        Command::Examine(name) => Box::new(select::Select::new(name, Access::ReadOnly)),
        Command::Create { mailbox, wanted } => Box::new(create::Create::new(mailbox, wanted)),
        Command::Delete(name) => Box::new(delete::Delete::new(name)),
        Command::Rename { from, to } => Box::new(rename::Rename::new(from, to)),
        Command::Subscribe(name) => Box::new(subscribe::Subscribe::subscribing(name)),
        Command::Unsubscribe(name) => Box::new(subscribe::Subscribe::leaving(name)),
        Command::List { reference, pattern } => Box::new(list::List::new(Verb::List, reference, pattern)),
        Command::Lsub { reference, pattern } => Box::new(list::List::new(Verb::Lsub, reference, pattern)),
        Command::Status { mailbox, items } => Box::new(status::Status::new(mailbox, items)),
        Command::Close => Box::new(close::Close::expunging()),
        Command::Unselect => Box::new(close::Close::leaving()),
        Command::Expunge => Box::new(expunge::Expunge::all()),
        Command::UidExpunge(set) => Box::new(expunge::Expunge::only(set)),
        Command::Search { by, search } => Box::new(search::Search::new(by, search)),
        Command::Fetch { by, set, items } => Box::new(fetch::Fetch::new(by, set, items)),
        Command::Store { by, set, change, echo, flags } => {
            Box::new(store::Store::new(by, set, store::Wanted { change, echo, flags }))
        }
        Command::Idle => Box::new(idle::Idle::new()),
        Command::Namespace => Box::new(namespace::Namespace),
        Command::Id(client) => Box::new(id::Id::new(client)),
        Command::Enable(_) => Box::new(enable::Enable),
        Command::Copy { by, set, mailbox, original } => Box::new(copy::Copy::new(by, set, mailbox, original)),
    }
}

/// An APPEND, whose message has yet to come.
pub(super) fn append(append: Append) -> Box<dyn Running> {
    Box::new(append::Appending::new(append))
}
