//! What the log says of mail on its way out.

use ipc::mail::{AccountId, Address, QueueId, Seconds, TransactionId};
use ipc::service::submit::{Remote, Return};
use serde::{Deserialize, Serialize};

/// A message that is to be sent on, as it was taken in: nothing of it ever changes. What becomes of each recipient is said
/// by changes of their own, which name the entry and the recipient's place in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queued {
    /// Its id, above every one before it.
    pub id: QueueId,
    /// The transaction it came by.
    pub transaction: TransactionId,
    /// Who sent it.
    pub account: AccountId,
    /// Who gets reports; none is the null reverse path.
    pub reverse_path: Option<Address>,
    /// To whom, in the order they were named.
    pub recipients: Vec<Remote>,
    /// How much of the message a report returns, if the client said so.
    pub ret: Option<Return>,
    /// What the client calls it.
    pub envid: Option<String>,
    /// When it was taken in: it is due from then on.
    pub at: Seconds,
    /// Its size in bytes.
    pub size: u32,
    /// Its body in the group.
    pub body: u16,
}

impl Queued {
    /// The bytes of its texts, and of what its recipients take beside theirs.
    pub(super) fn weight(&self) -> usize {
        let reverse_path =
            self.reverse_path.as_ref().map_or(0, |path| path.local.len().saturating_add(path.domain.len()));
        let recipients =
            self.recipients.iter().map(Remote::weight).map(in_memory).fold(0, usize::saturating_add);
        let envid = self.envid.as_ref().map_or(0, String::len);
        recipients.saturating_add(reverse_path).saturating_add(envid).saturating_add(size_of::<Self>())
    }
}

/// A list of recipients is held against the limit by what they take in memory before they are read.
fn in_memory(texts: usize) -> usize {
    texts.saturating_add(size_of::<Remote>())
}

#[cfg(test)]
mod tests {
    use ipc::service::submit::Notify;

    use super::*;
    use crate::change::Change;

    #[test]
    fn entries_of_the_queue_are_written_as_the_format_says() {
        let address = |local: &str, domain: &str| Address { local: local.into(), domain: domain.into() };
        let plain = Remote { address: address("b", "c.d"), notify: None, orcpt: None };
        let parameters = Remote {
            address: address("e", "f"),
            notify: Some(Notify::SUCCESS.with(Notify::DELAY)),
            orcpt: Some("rfc822;x".into()),
        };
        let queued = Queued {
            id: QueueId(300),
            transaction: TransactionId(6),
            account: AccountId(7),
            reverse_path: Some(address("a", "x.y")),
            recipients: vec![plain, parameters],
            ret: Some(Return::Headers),
            envid: Some("Q".into()),
            at: 2,
            size: 251,
            body: 3,
        };
        let change = Change::QueueAdded(Box::new(queued.clone()));
        let bytes = ipc::codec::encode_record(&change).unwrap();
        assert_eq!(
            bytes,
            [
                &[15, 251, 44, 1, 6, 7, 1, 1, b'a', 3, b'x', b'.', b'y', 2][..],
                &[1, b'b', 3, b'c', b'.', b'd', 0, 0],
                &[1, b'e', 1, b'f', 1, 5, 1, 8],
                b"rfc822;x",
                &[1, 1, 1, 1, b'Q', 4, 251, 251, 0, 3],
            ]
            .concat()
        );
        assert_eq!(ipc::codec::decode_record::<Change>(&bytes).unwrap(), change);
        let null = Change::QueueAdded(Box::new(Queued {
            reverse_path: None,
            recipients: vec![],
            ret: None,
            envid: None,
            ..queued
        }));
        let bytes = ipc::codec::encode_record(&null).unwrap();
        assert_eq!(bytes, [15, 251, 44, 1, 6, 7, 0, 0, 0, 0, 4, 251, 251, 0, 3]);
    }
}
