//! A few threads for work that takes long: compressing on the way in, reading and decompressing on the way out.
//!
//! Made before the lock-down; as many as there are cores, each with its own zstd contexts.

use std::io;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use crate::log::{BodyError, Compressor, Decompressor};

/// What a thread of the pool works with.
pub struct Contexts {
    /// For bodies on their way in.
    pub compressor: Compressor,
    /// For bodies on their way out.
    pub decompressor: Decompressor,
}

type Task = Box<dyn FnOnce(&mut Contexts) + Send>;

/// The threads. Clones share them.
#[derive(Clone, Debug)]
pub struct Pool {
    tasks: Sender<Task>,
}

impl Pool {
    /// Starts the threads. `largest` is the most bytes a body has.
    ///
    /// # Errors
    /// When a thread or a context cannot be made.
    pub fn start(threads: usize, largest: usize) -> io::Result<Self> {
        let (tasks, waiting) = mpsc::channel::<Task>();
        let waiting = Arc::new(Mutex::new(waiting));
        for number in 0..threads.max(1) {
            let waiting = Arc::clone(&waiting);
            let mut contexts = contexts(largest).map_err(io::Error::other)?;
            std::thread::Builder::new().name(format!("pool-{number}")).spawn(move || {
                while let Some(task) = next(&waiting) {
                    task(&mut contexts);
                }
            })?;
        }
        Ok(Pool { tasks })
    }

    /// Has a thread do it; `None` when the threads are gone.
    pub async fn run<T: Send + 'static>(
        &self,
        task: impl FnOnce(&mut Contexts) -> T + Send + 'static,
    ) -> Option<T> {
        let (done, result) = oneshot::channel();
        let task: Task = Box::new(move |contexts| {
            let _ = done.send(task(contexts));
        });
        self.tasks.send(task).ok()?;
        result.await.ok()
    }
}

fn contexts(largest: usize) -> Result<Contexts, BodyError> {
    Ok(Contexts { compressor: Compressor::new()?, decompressor: Decompressor::new(largest)? })
}

fn next(waiting: &Mutex<Receiver<Task>>) -> Option<Task> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}
