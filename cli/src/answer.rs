//! What the answers of `auth` mean for the exit status.

use ipc::exit::{Exit, Failure};
use ipc::service::admin::AuthReply;

/// The answer to something that has nothing to show.
///
/// # Errors
/// It was refused: `refused` is the exit status then.
pub(crate) fn done(reply: AuthReply, refused: Exit) -> Result<(), Failure> {
    match reply {
        AuthReply::Done => Ok(()),
        other => Err(not_that(other, refused)),
    }
}

/// The failure an answer of another kind is.
pub(crate) fn not_that(reply: AuthReply, refused: Exit) -> Failure {
    match reply {
        AuthReply::Refused(why) => Failure::new(refused, crate::output::printable(&why)),
        AuthReply::Done | AuthReply::Accounts { .. } | AuthReply::Domains(_) | AuthReply::Aliases { .. } => {
            Failure::new(Exit::Software, "the suite answered something that was not asked")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_have_the_status_of_what_was_asked() {
        assert!(done(AuthReply::Done, Exit::NoUser).is_ok());
        let refused = done(AuthReply::Refused("no\u{1b}[2J".into()), Exit::NoUser).unwrap_err();
        assert_eq!((refused.exit, refused.message.as_str()), (Exit::NoUser, "no\\u{1b}[2J"));
        assert_eq!(done(AuthReply::Domains(vec![]), Exit::NoUser).unwrap_err().exit, Exit::Software);
    }
}
