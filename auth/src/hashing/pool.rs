//! The threads that hash: as many as there are cores, made before the lock-down.
//!
//! Each hash takes 19 MiB and about 20 ms of a core, so their number is bounded (no more than one a core at once), and so
//! is the number of those that wait. Logins and an administrator's passwords wait in lanes of their own, served in
//! turn: a hundred new accounts take half of the threads at most while somebody logs in. Of the logins, those from where an
//! account was logged in before come first, and the others in the turns of their networks.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use ipc::mail::Password;
use tokio::sync::oneshot;

use super::lanes::{Job, Place, Queues, State};
use super::phc::{Hash, HashError};

/// Hashes that may wait in each lane for each thread: about ten seconds of work, half a login's patience.
const WAITING_PER_THREAD: usize = 512;
/// Their stack, bytes; argon2's memory is on the heap.
const STACK: usize = 1 << 20;
/// By how much they yield to others.
const NICE: i32 = 10;

/// Too many wait already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many password hashes are waiting")]
pub struct Full;

/// The threads. They end when the last clone is dropped.
#[derive(Clone, Debug)]
pub struct Pool {
    owner: Arc<Owner>,
}

#[derive(Debug)]
struct Owner {
    shared: Arc<Shared>,
    threads: usize,
}

#[derive(Debug, Default)]
struct Shared {
    queues: Mutex<Queues>,
    work: Condvar,
    hashes: AtomicU64,
}

impl Pool {
    /// Starts one thread for each core this process may use.
    ///
    /// # Errors
    /// When a thread cannot be made.
    pub fn start() -> io::Result<Self> {
        let threads = thread::available_parallelism()?.get();
        let shared = Arc::new(Shared::default());
        let pool = Pool { owner: Arc::new(Owner { shared: Arc::clone(&shared), threads }) };
        // Hashing takes all a core has for as long as it has some: whoever reads mail meanwhile comes first.
        ipc::threads::yielding("hash", threads, STACK, NICE, move || shared.work())?;
        Ok(pool)
    }

    /// How many hashes are computed at once.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.owner.threads
    }

    /// How many were computed since the start.
    #[must_use]
    pub fn hashes(&self) -> u64 {
        self.owner.shared.hashes.load(Ordering::Relaxed)
    }

    /// Is it this password? The receiver is told nothing when too many wait, and it has to give its place to another.
    #[must_use]
    pub fn check(
        &self,
        hash: Arc<Hash>,
        password: Password,
        place: Place,
    ) -> oneshot::Receiver<Result<bool, HashError>> {
        let (tell, told) = oneshot::channel();
        let job = Job::Check(hash, password, tell);
        // Who is given back learns of it by being dropped.
        drop(self.owner.push(|queues, most| queues.push_login(place, job, most)));
        told
    }

    /// Hashes a new password, in PHC form.
    ///
    /// # Errors
    /// When too many new passwords wait.
    pub fn make(&self, password: Password) -> Result<oneshot::Receiver<Result<String, HashError>>, Full> {
        let (tell, told) = oneshot::channel();
        let job = Job::Make(password, tell);
        match self.owner.push(|queues, most| queues.push_admin(job, most)) {
            None => Ok(told),
            Some(_given_back) => Err(Full),
        }
    }
}

impl Owner {
    /// Puts a job where it is to wait, and wakes a thread.
    fn push(&self, put: impl FnOnce(&mut Queues, usize) -> Option<Job>) -> Option<Job> {
        let most = WAITING_PER_THREAD.saturating_mul(self.threads);
        let given_back = put(&mut self.shared.lock(), most);
        self.shared.work.notify_one();
        given_back
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.shared.lock().state = State::Closed;
        self.shared.work.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        let mut memory = Vec::new();
        while let Some(job) = self.next() {
            self.hashes.fetch_add(1, Ordering::Relaxed);
            job.run(&mut memory);
        }
    }

    fn next(&self) -> Option<Job> {
        let mut queues = self.lock();
        loop {
            if queues.state == State::Closed {
                return None;
            }
            if let Some(job) = queues.pop() {
                return Some(job);
            }
            queues = self.work.wait(queues).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_bounded_and_the_rest_is_refused() {
        let pool = Pool::start().unwrap();
        let hash = Arc::new(Hash::of_nobody().unwrap());
        let room = WAITING_PER_THREAD * pool.threads();
        let place = Place::Stranger(ipc::network::Network::of(std::net::Ipv4Addr::LOCALHOST.into(), 24));
        let mut pushed: Vec<_> = (0..room * 2)
            .map(|number| pool.check(Arc::clone(&hash), Password(number.to_le_bytes().to_vec()), place))
            .collect();
        let (mut refused, mut done) = (0, 0);
        pushed.retain_mut(|told| match told.try_recv() {
            Err(oneshot::error::TryRecvError::Empty) => true,
            Err(oneshot::error::TryRecvError::Closed) => {
                refused += 1;
                false
            }
            Ok(_) => {
                done += 1;
                false
            }
        });
        assert!(refused <= room && refused > room / 2, "{refused} of {room}");
        assert!(pool.make(Password(b"x".to_vec())).is_ok(), "the other lane is free");
        drop(pool);
        // the threads end after the hash they are at, and whoever waits learns of it
        let told: Vec<_> = pushed.into_iter().map(oneshot::Receiver::blocking_recv).collect();
        assert!(
            told.last().unwrap().is_err() && done + told.iter().filter(|told| told.is_ok()).count() < room
        );
    }
}
