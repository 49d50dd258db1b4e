//! LOGIN, RFC 3501 section 6.2.3, and what it shares with AUTHENTICATE.

use ipc::mail::Password;
use ipc::service::login::{LOGIN_MAX, PASSWORD_MAX};

use super::{Answer, Ask, Completion, Context, Fault, Io, LoginOutcome, Running, Turn, capabilities, fault};
use crate::proto::parse::Secret;
use crate::proto::response::Code;
use crate::proto::session::context::Security;

#[derive(Debug)]
pub(super) struct Login {
    user: String,
    password: Secret,
}

impl Login {
    pub(super) fn new(user: String, password: Secret) -> Self {
        Login { user, password }
    }
}

impl Running for Login {
    fn resume(
        &mut self,
        context: &mut Context,
        _: &mut Io<'_>,
        answer: Option<Answer>,
    ) -> Result<Turn, Fault> {
        match answer {
            None => Ok(try_login(context, std::mem::take(&mut self.user), &self.password)),
            Some(answer) => decided(context, answer),
        }
    }
}

/// Passwords are asked for over TLS only: RFC 3501 section 6.2.3.
pub(super) fn refused_in_plain(context: &Context) -> Option<Completion> {
    match context.security {
        Security::Tls => None,
        Security::Plain => Some(Completion::no(Code::PrivacyRequired, "Passwords are taken over TLS only.")),
    }
}

/// Asks `auth`.
pub(super) fn try_login(context: &mut Context, user: String, password: &Secret) -> Turn {
    if let Some(refusal) = refused_in_plain(context) {
        return refusal.into();
    }
    if user.len() > LOGIN_MAX || password.as_bytes().len() > PASSWORD_MAX {
        return denied(context).into();
    }
    Ask::Login { login: user, password: Password(password.as_bytes().to_vec()) }.into()
}

/// What `auth` says.
pub(super) fn decided(context: &mut Context, answer: Answer) -> Result<Turn, Fault> {
    let outcome = match answer {
        Answer::Login(outcome) => outcome,
        other => return Err(fault(Some(&other))),
    };
    Ok(match outcome {
        LoginOutcome::Welcome(account) => {
            context.logged_in(account);
            Completion::ok_with(Code::Capability(capabilities::of(context)), "Logged in.").into()
        }
        LoginOutcome::Denied => denied(context).into(),
        // RFC 5530 knows no code for it; waiting helps, and so may the administrator
        LoginOutcome::Blocked => {
            context.sent_away("Too many failed logins from your address.");
            Completion::no(Code::Unavailable, "Too many failed logins from your address, try again later.")
                .into()
        }
        LoginOutcome::Unavailable => {
            Completion::no(Code::Unavailable, "Logins are not possible now, try again later.").into()
        }
    })
}

fn denied(context: &mut Context) -> Completion {
    context.login_failed();
    Completion::no(Code::AuthenticationFailed, "Wrong name or password.")
}
