//! Where a recipient's mail goes: `auth` is asked.

use ipc::mail::{self, TransactionId};
use ipc::rpc::{Client, Link};
use ipc::service::directory::{Directory, DirectoryReply, DirectoryRequest, PATIENCE};

use crate::proto::{Domain, ForwardPath, Target, Verdict};

/// Asks, waiting for an `auth` to be there for [`PATIENCE`].
pub(super) async fn look_up(
    directory: &Link<Client<Directory>>,
    transaction: TransactionId,
    path: &ForwardPath,
) -> Verdict {
    let Some(recipient) = recipient(path) else { return Verdict::NotLocal };
    match directory.insist(PATIENCE, DirectoryRequest { recipient, transaction }).await {
        Ok((DirectoryReply::Deliver(targets), _)) => {
            Verdict::Accepted(targets.into_iter().map(target).collect())
        }
        Ok((DirectoryReply::Unknown, _)) => Verdict::Unknown,
        Ok((DirectoryReply::NotLocal, _)) => Verdict::NotLocal,
        Ok((DirectoryReply::Unavailable, _)) => Verdict::TemporaryFailure,
        Err(error) => {
            tracing::warn!(id = %transaction, %error, "the directory does not answer");
            Verdict::TemporaryFailure
        }
    }
}

/// The recipient as `auth` is asked; `None` for an address literal, which is nobody's domain here.
fn recipient(path: &ForwardPath) -> Option<mail::Address> {
    match path {
        ForwardPath::Postmaster => Some(mail::Address { local: "postmaster".into(), domain: String::new() }),
        ForwardPath::Mailbox(address) => match address.domain() {
            Domain::Name(name) => {
                Some(mail::Address { local: address.local().to_owned(), domain: name.to_ascii_lowercase() })
            }
            Domain::Literal(_) => None,
        },
    }
}

fn target(target: mail::Target) -> Target {
    match target {
        mail::Target::Account(account) => Target::Account(account.0),
        mail::Target::Forward(forward) => Target::Forward(forward.0),
    }
}
