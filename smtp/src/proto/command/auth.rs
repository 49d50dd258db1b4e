//! AUTH, RFC 4954.

use ipc::mail::Password;
use ipc::service::login::{LOGIN_MAX, PASSWORD_MAX};

use super::out_of_order;
use crate::proto::context::{Context, Identity};
use crate::proto::parse::sasl::{Plain, Response, decode};
use crate::proto::received::Security;
use crate::proto::reply::Reply;
use crate::proto::state::{Dialog, Exchange, Hello, Next, Protocol, Waiting};
use crate::proto::{Ask, Login, Mechanism, Service};

/// The challenges of LOGIN: `Username:` and `Password:` in base64.
const USERNAME: &str = "VXNlcm5hbWU6";
const PASSWORD: &str = "UGFzc3dvcmQ6";

pub(super) fn auth(
    context: &Context,
    dialog: Dialog,
    mechanism: Mechanism,
    initial: Option<&Password>,
) -> Next {
    if context.service() != Service::Submission {
        // passwords are for the submission ports; whoever tries them here is lost or guessing
        let text = "AUTH is not available here, use the submission port";
        return Next::Refuse(dialog, Reply::new(502, (5, 5, 1), text));
    }
    let exchange = match mechanism {
        Mechanism::Plain => Exchange::Plain,
        Mechanism::Login => Exchange::LoginName,
        Mechanism::Unknown => {
            return Next::Refuse(dialog, Reply::new(504, (5, 5, 4), "Mechanism not available"));
        }
    };
    if context.security == Security::Plain {
        // RFC 4954 section 6
        return Next::Refuse(dialog, Reply::new(538, (5, 7, 11), "Encryption required, STARTTLS first"));
    }
    let hello = match (dialog, &context.identity) {
        // RFC 4954 section 4: "After a successful AUTH command completes, a server MUST reject any further AUTH commands
        // with a 503 reply."
        (dialog, Identity::Account { .. }) => return out_of_order(dialog, "Already logged in"),
        (Dialog::Ready(hello), Identity::Unknown) if hello.protocol() == Protocol::Esmtp => hello,
        (dialog @ (Dialog::Greeted | Dialog::Ready(_)), _) => return out_of_order(dialog, "EHLO first"),
        // section 4: "The AUTH command is not permitted during a mail transaction."
        (dialog, _) => return out_of_order(dialog, "AUTH in a transaction"),
    };
    match initial {
        None => challenge(hello, exchange),
        Some(initial) => match decode(&initial.0) {
            Some(text) => go_on(hello, exchange, &text),
            None => garbled(hello),
        },
    }
}

/// The client's next line in an exchange, without its CRLF.
pub(in crate::proto) fn respond(hello: Hello, exchange: Exchange, line: &[u8]) -> Next {
    match Response::parse(line) {
        Some(Response::Text(text)) => go_on(hello, exchange, &text),
        Some(Response::Cancelled) => {
            Next::Refuse(Dialog::Ready(hello), Reply::new(501, (5, 7, 0), "Login cancelled"))
        }
        None => garbled(hello),
    }
}

/// `auth` has answered.
pub(in crate::proto) fn judged(context: &mut Context, hello: Hello, login: Login) -> Next {
    let reply = match login {
        Login::Welcome(senders) => {
            context.identity = Identity::Account { senders };
            Reply::new(235, (2, 7, 0), "Welcome")
        }
        Login::Denied => {
            context.failed_login();
            Reply::new(535, (5, 7, 8), "Unknown user or wrong password")
        }
        Login::Unavailable => Reply::new(454, (4, 7, 0), "Nobody can log in now, try again later"),
        Login::Blocked => {
            return Next::Close(context.goodbye((4, 7, 0), "Too many failed logins from your address"));
        }
    };
    Next::Reply(Dialog::Ready(hello), reply)
}

fn challenge(hello: Hello, exchange: Exchange) -> Next {
    let text = match exchange {
        Exchange::Plain => "",
        Exchange::LoginName => USERNAME,
        Exchange::LoginPassword(_) => PASSWORD,
    };
    Next::Challenge(hello, exchange, Reply::plain(334, text))
}

fn go_on(hello: Hello, exchange: Exchange, text: &[u8]) -> Next {
    match exchange {
        Exchange::Plain => match Plain::parse(text) {
            Some(Plain { authorize, login, password }) if authorize.is_empty() || authorize == login => {
                ask(hello, login, password)
            }
            Some(_) => {
                let reply = Reply::new(535, (5, 7, 8), "Nobody acts for somebody else here");
                Next::Refuse(Dialog::Ready(hello), reply)
            }
            None => garbled(hello),
        },
        Exchange::LoginName => match String::from_utf8(text.to_vec()) {
            Ok(login) if !login.is_empty() => challenge(hello, Exchange::LoginPassword(login)),
            _ => garbled(hello),
        },
        Exchange::LoginPassword(login) => ask(hello, login, Password(text.to_vec())),
    }
}

fn ask(hello: Hello, login: String, password: Password) -> Next {
    // what `auth` would not read is nobody's
    if login.len() > LOGIN_MAX || password.0.is_empty() || password.0.len() > PASSWORD_MAX {
        let reply = Reply::new(535, (5, 7, 8), "Unknown user or wrong password");
        return Next::Refuse(Dialog::Ready(hello), reply);
    }
    Next::Ask(Waiting::Login(hello), Ask::Login { login, password })
}

fn garbled(hello: Hello) -> Next {
    let reply = Reply::new(501, (5, 5, 2), "Not a response of this mechanism");
    Next::Refuse(Dialog::Ready(hello), reply)
}
