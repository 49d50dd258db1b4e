//! The threads that hash: as many as there are cores, made before the lock-down.
//!
//! Each hash takes 19 MiB and about 20 ms of a core, so their number is bounded (no more than one a core at once), and so
//! is the number of those that wait. Logins and an administrator's passwords wait in lanes of their own, served in
//! turn: a hundred new accounts take half of the threads at most while somebody logs in.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use ipc::mail::Password;
use tokio::sync::oneshot;

use super::lanes::{Job, Lane, Queues, State};
use super::phc::{Hash, HashError};

/// Hashes that may wait in each lane for each thread: about ten seconds of work, half a login's patience.
const WAITING_PER_THREAD: usize = 512;

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
        for number in 0..threads {
            let shared = Arc::clone(&shared);
            thread::Builder::new().name(format!("hash-{number}")).spawn(move || shared.work())?;
        }
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

    /// Is it this password?
    ///
    /// # Errors
    /// When too many logins wait.
    pub fn check(
        &self,
        hash: Arc<Hash>,
        password: Password,
    ) -> Result<oneshot::Receiver<Result<bool, HashError>>, Full> {
        let (tell, told) = oneshot::channel();
        self.push(Lane::Login, Job::Check(hash, password, tell))?;
        Ok(told)
    }

    /// Hashes a new password, in PHC form.
    ///
    /// # Errors
    /// When too many new passwords wait.
    pub fn make(&self, password: Password) -> Result<oneshot::Receiver<Result<String, HashError>>, Full> {
        let (tell, told) = oneshot::channel();
        self.push(Lane::Admin, Job::Make(password, tell))?;
        Ok(told)
    }

    fn push(&self, lane: Lane, job: Job) -> Result<(), Full> {
        let shared = &self.owner.shared;
        let mut queues = shared.lock();
        let queue = queues.lane(lane);
        if queue.len() >= WAITING_PER_THREAD.saturating_mul(self.owner.threads) {
            return Err(Full);
        }
        queue.push_back(job);
        drop(queues);
        shared.work.notify_one();
        Ok(())
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
        let pushed: Vec<_> = (0..room * 2)
            .map(|number| pool.check(Arc::clone(&hash), Password(number.to_le_bytes().to_vec())))
            .collect();
        let taken = pushed.iter().filter(|pushed| pushed.is_ok()).count();
        assert!(taken >= room && taken < room + room / 2, "{taken} of {room}");
        assert!(pool.make(Password(b"x".to_vec())).is_ok(), "the other lane is free");
        drop(pool);
        // the threads end after the hash they are at, and whoever waits learns of it
        let told: Vec<_> = pushed.into_iter().flatten().map(|told| told.blocking_recv()).collect();
        assert!(told.last().unwrap().is_err() && told.iter().filter(|told| told.is_ok()).count() < room);
    }
}
