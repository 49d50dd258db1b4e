//! Bodies on their way into the store: chunks under credits.
//!
//! The sender starts with [`CREDITS`] credits and spends one a chunk; the store gives credits back as it has taken
//! chunks in. So a body is never larger in flight than `CREDITS` chunks, however slow the disk is.

mod client;
mod stream;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

pub use client::{Answered, Upload, UploadClient};
pub use stream::{Delivered, Ending, UploadReply, UploadRequest};

/// Chunks in flight for one body.
pub const CREDITS: u8 = 4;
/// The most bytes of an encoded structure that go with a body; larger ones are left out and computed when needed.
pub const STRUCTURE_MAX: usize = 64 * 1024;

/// How long a commit may take before it is given up as unknown.
pub const COMMIT_PATIENCE: Duration = Duration::from_secs(120);

/// The sender's credits of one body.
#[derive(Clone, Debug)]
pub struct Credits {
    left: Arc<Semaphore>,
}

impl Default for Credits {
    fn default() -> Self {
        Credits { left: Arc::new(Semaphore::new(CREDITS.into())) }
    }
}

impl Credits {
    /// Takes one, waiting for it. `false` when the body has been given up by the store.
    pub async fn take(&self) -> bool {
        match self.left.acquire().await {
            Ok(permit) => {
                permit.forget();
                true
            }
            Err(_closed) => false,
        }
    }

    /// Takes one if it is there.
    #[must_use]
    pub fn try_take(&self) -> bool {
        self.left.try_acquire().map(tokio::sync::SemaphorePermit::forget).is_ok()
    }

    /// The store gave some back. `false` when it gave more than it was owed, which is out of form.
    #[must_use]
    pub fn give(&self, chunks: u8) -> bool {
        let fits = self.left.available_permits().saturating_add(chunks.into()) <= CREDITS.into();
        if fits {
            self.left.add_permits(chunks.into());
        }
        fits
    }

    /// Nobody waits for credits of this body any more.
    pub fn close(&self) {
        self.left.close();
    }
}
