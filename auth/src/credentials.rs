//! Is this the password? With what was verified before remembered, and equal questions asked once.

mod verified;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use ipc::mail::{AccountId, Password};
use ring::hmac;
use tokio::sync::oneshot;

use crate::database::Account;
use crate::hashing::{Hash, HashError, Place, Pool};

use verified::Verified;

/// Names an (account, hash, password) for this process only: a keyed hash, so that it tells nothing to whom it leaks.
type Tag = [u8; 32];

/// Whose password is in question.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// An account's.
    Account(&'a Account),
    /// Nobody's: there is no account under this login name. It takes the same work and the same ways.
    Nobody(&'a str),
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the password.
    Right,
    /// It is not, or there is no such account.
    Wrong,
    /// Cannot tell now: too many wait.
    Busy,
}

/// Checks passwords.
#[derive(Debug)]
pub struct Credentials {
    pool: Pool,
    key: hmac::Key,
    nobody: Arc<Hash>,
    verified: RefCell<Verified>,
    /// Those who wait for a hash that is under way.
    waiting: RefCell<HashMap<Tag, Vec<oneshot::Sender<Verdict>>>>,
}

impl Credentials {
    /// With a new random key, and nothing remembered.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn new(pool: Pool) -> Result<Self, HashError> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|_| HashError::Failed)?;
        Ok(Credentials {
            pool,
            key: hmac::Key::new(hmac::HMAC_SHA256, &key),
            nobody: Arc::new(Hash::of_nobody()?),
            verified: RefCell::default(),
            waiting: RefCell::default(),
        })
    }

    /// The threads that hash.
    #[must_use]
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Is this the subject's password? If it has to be hashed, it waits in that place.
    pub async fn check(self: &Rc<Self>, subject: Subject<'_>, password: &Password, place: Place) -> Verdict {
        let tag = self.tag(subject, password);
        if self.verified.borrow_mut().has(&tag, Instant::now()) {
            return Verdict::Right;
        }
        let (tell, told) = oneshot::channel();
        let first = {
            let mut waiting = self.waiting.borrow_mut();
            let those = waiting.entry(tag).or_default();
            those.push(tell);
            those.len() == 1
        };
        if first {
            self.hash(tag, subject, password, place);
        }
        told.await.unwrap_or(Verdict::Busy)
    }

    /// The same for the same subject and password, and hardly for any other; it tells nothing to whom it leaks.
    #[must_use]
    pub fn fingerprint(&self, subject: Subject<'_>, password: &Password) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.tag(subject, password);
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }

    /// The account's password is another now, or it is gone: what was verified counts no longer.
    pub fn forget(&self, account: AccountId) {
        self.verified.borrow_mut().forget(account);
    }

    /// Puts the question to the threads; a task of its own waits, so that it does not matter who of the waiting gives up.
    fn hash(self: &Rc<Self>, tag: Tag, subject: Subject<'_>, password: &Password, place: Place) {
        let (account, hash) = match subject {
            Subject::Account(account) => (Some(account.id), Hash::parse(&account.hash).map(Arc::new)),
            Subject::Nobody(_) => (None, Ok(Arc::clone(&self.nobody))),
        };
        let asked = match hash {
            Ok(hash) => Some(self.pool.check(hash, password.clone(), place)),
            Err(error) => {
                tracing::error!(account = account.map(|id| id.0), %error, "a stored password hash is of no use");
                None
            }
        };
        let Some(told) = asked else { return self.tell(tag, Verdict::Busy) };
        let this = Rc::clone(self);
        tokio::task::spawn_local(async move {
            let verdict = match (account, told.await) {
                (Some(account), Ok(Ok(true))) => {
                    this.verified.borrow_mut().insert(tag, account, Instant::now());
                    Verdict::Right
                }
                (_, Ok(Ok(_))) => Verdict::Wrong,
                (_, Ok(Err(_)) | Err(_)) => Verdict::Busy,
            };
            this.tell(tag, verdict);
        });
    }

    fn tell(&self, tag: Tag, verdict: Verdict) {
        let those = self.waiting.borrow_mut().remove(&tag).unwrap_or_default();
        for one in those {
            // who has given up is not told
            let _ = one.send(verdict);
        }
    }

    fn tag(&self, subject: Subject<'_>, password: &Password) -> Tag {
        let mut context = hmac::Context::with_key(&self.key);
        let mut field = |bytes: &[u8]| {
            context.update(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_le_bytes());
            context.update(bytes);
        };
        match subject {
            Subject::Account(account) => {
                field(&account.id.0.to_le_bytes());
                field(account.hash.as_bytes());
            }
            Subject::Nobody(login) => {
                field(b"");
                field(login.as_bytes());
            }
        }
        field(&password.0);
        let mut tag = Tag::default();
        tag.iter_mut().zip(context.sign().as_ref()).for_each(|(to, from)| *to = *from);
        tag
    }
}

#[cfg(test)]
mod tests;
