//! What the answers of `auth` mean for the exit status.

use ipc::exit::{Exit, Failure};
use ipc::service::admin::{AuthReply, RefusalKind};

/// The answer to something that has nothing to show.
///
/// # Errors
/// It was refused.
pub(crate) fn done(reply: AuthReply) -> Result<(), Failure> {
    match reply {
        AuthReply::Done => Ok(()),
        other => Err(not_that(other)),
    }
}

/// The failure an answer of another kind is.
pub(crate) fn not_that(reply: AuthReply) -> Failure {
    match reply {
        AuthReply::Refused { kind, why } => Failure::new(exit(kind), crate::output::printable(&why)),
        AuthReply::Done
        | AuthReply::Opened
        | AuthReply::Accounts { .. }
        | AuthReply::Domains(_)
        | AuthReply::Aliases { .. } => {
            Failure::new(Exit::Software, "the suite answered something that was not asked")
        }
    }
}

fn exit(kind: RefusalKind) -> Exit {
    match kind {
        RefusalKind::Input => Exit::DataError,
        RefusalKind::NotThere => Exit::NoUser,
        RefusalKind::NotNow => Exit::TempFail,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_have_the_status_of_their_kind() {
        assert!(done(AuthReply::Done).is_ok());
        for (kind, exit) in [
            (RefusalKind::Input, Exit::DataError),
            (RefusalKind::NotThere, Exit::NoUser),
            (RefusalKind::NotNow, Exit::TempFail),
        ] {
            let refused = done(AuthReply::Refused { kind, why: "no\u{1b}[2J".into() }).unwrap_err();
            assert_eq!((refused.exit, refused.message.as_str()), (exit, "no\\u{1b}[2J"));
        }
        assert_eq!(done(AuthReply::Domains(vec![])).unwrap_err().exit, Exit::Software);
    }
}
