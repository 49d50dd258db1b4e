//! Postfix and Dovecot together: mail comes in by SMTP, goes through Postfix's queue and by LMTP to Dovecot.
//!
//! Both run from directories of their own. Nothing of an installed configuration is read, nothing of it is written.

use super::stage::Stage;
use super::{Kind, Places, Suite, dovecot, postfix};
use crate::failure::Result;
use crate::group::Group;

/// Starts them.
pub(super) fn start(stage: &Stage) -> Result<Suite> {
    let places = Places {
        smtp: stage.plain(),
        lmtp: Some(stage.plain()),
        imap: Some(stage.plain()),
        imaps: stage.secure(),
        pop3: Some(stage.plain()),
        pop3s: stage.secure(),
    };
    let mut group = Group::new("peers")?;
    let mail = dovecot::start(stage, &places, &mut group)?;
    postfix::start(stage, &places, &mut group)?;
    Ok(Suite { kind: Kind::Peers, group, places, mail })
}
