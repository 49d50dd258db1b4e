//! Threads beside the one that serves: what would hold that one up for longer than a turn is done there. They are made
//! before the lock-down, for none can be made after it.
//!
//! A TLS handshake is such work (a signature is waited for), and whatever goes through more than [`LARGE`] bytes, or
//! takes more than [`LONG`].

mod queue;

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use ipc::budget;
use tokio::sync::{Semaphore, oneshot};

use queue::Queue;

/// Work that goes through more bytes than this is for a helper.
pub const LARGE: usize = budget::TURN_BYTES;
/// Work that takes longer than this is for a helper.
pub const LONG: Duration = budget::TURN;
/// By how much helpers yield to others.
const NICE: i32 = 5;

/// The helpers of one process; clones are the same ones.
#[derive(Clone, Debug)]
pub struct Helpers {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    queue: Arc<Queue>,
    /// One permit for each piece of work that may wait: who finds none waits where it costs nothing.
    room: Arc<Semaphore>,
}

/// The work panicked. Its session ends; the helper goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("work on a helper thread panicked")]
pub struct Panicked;

impl Helpers {
    /// Starts [`budget::HELPERS`] threads. For `prepare` of a role: before the seal.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start() -> io::Result<Self> {
        let queue = Arc::new(Queue::default());
        let work = {
            let queue = Arc::clone(&queue);
            move || {
                while let Some(job) = queue.next() {
                    job();
                }
            }
        };
        // What takes long waits for what does not, also where both want the same core.
        ipc::threads::yielding("helper", budget::HELPERS, budget::HELPER_STACK, NICE, work)?;
        let room = Arc::new(Semaphore::new(budget::HELPER_QUEUE));
        Ok(Helpers { shared: Arc::new(Shared { queue, room }) })
    }

    /// Has `work` done by a helper, and waits for it without holding up the thread. When the returned future is dropped
    /// before the work was begun, it is not done.
    ///
    /// # Errors
    /// When the work panics.
    pub async fn run<T, F>(&self, work: F) -> Result<T, Panicked>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        // closed never
        let place = Arc::clone(&self.shared.room).acquire_owned().await.map_err(|_| Panicked)?;
        let (done, outcome) = oneshot::channel();
        self.shared.queue.push(Box::new(move || {
            if !done.is_closed()
                && let Ok(value) = catch_unwind(AssertUnwindSafe(work))
            {
                let _ = done.send(value);
            }
            drop(place);
        }));
        outcome.await.map_err(|_| Panicked)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.queue.close();
    }
}

#[cfg(test)]
mod tests;
