//! Bytes in memory, counted over all sessions.

use std::sync::Arc;

use tokio::sync::Semaphore;

/// A budget. It counts in KiB.
#[derive(Debug)]
pub(crate) struct Budget {
    left: Arc<Semaphore>,
}

/// A part of it, given back when dropped.
#[derive(Debug, Default)]
pub(crate) struct Share {
    permits: Vec<tokio::sync::OwnedSemaphorePermit>,
}

impl Budget {
    pub(crate) fn new(bytes: u64) -> Self {
        let kib = usize::try_from(bytes / 1024).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Budget { left: Arc::new(Semaphore::new(kib)) }
    }

    /// Makes the share larger; `false` when the budget is used up.
    pub(crate) fn grow(&self, share: &mut Share, bytes: usize) -> bool {
        let kib = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX);
        match Arc::clone(&self.left).try_acquire_many_owned(kib) {
            Ok(permit) => {
                // One permit a share: a body of many chunks does not make a list of them.
                match share.permits.first_mut() {
                    Some(first) => first.merge(permit),
                    None => share.permits.push(permit),
                }
                true
            }
            Err(_used_up) => false,
        }
    }
}
