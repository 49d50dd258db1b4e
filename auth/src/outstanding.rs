//! How many questions of one client are being answered.

use std::sync::Arc;

use ipc::control::{Entered, Gauge};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// One client's.
#[derive(Debug)]
pub struct Outstanding {
    room: Arc<Semaphore>,
    gauge: Arc<Gauge>,
}

/// A question that is being answered, until this is dropped.
#[derive(Debug)]
pub struct Question {
    _permit: OwnedSemaphorePermit,
    _entered: Entered,
}

impl Outstanding {
    /// At most that many; they count as sessions of the role.
    #[must_use]
    pub fn new(most: usize, gauge: Arc<Gauge>) -> Self {
        Outstanding { room: Arc::new(Semaphore::new(most)), gauge }
    }

    /// One more, if there is room.
    #[must_use]
    pub fn begin(&self) -> Option<Question> {
        let permit = Arc::clone(&self.room).try_acquire_owned().ok()?;
        Some(Question { _permit: permit, _entered: self.gauge.enter() })
    }
}
