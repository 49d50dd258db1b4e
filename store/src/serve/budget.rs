//! Bytes in memory, counted over all sessions.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A budget. It counts in KiB, rounded up for each share.
#[derive(Debug)]
pub(crate) struct Budget {
    left: Arc<Semaphore>,
    whole: u32,
}

/// A part of it, given back when dropped.
#[derive(Debug, Default)]
pub(crate) struct Share {
    bytes: u64,
    permit: Option<OwnedSemaphorePermit>,
}

impl Budget {
    pub(crate) fn new(bytes: u64) -> Self {
        let most = u64::try_from(Semaphore::MAX_PERMITS).unwrap_or(u64::MAX).min(u32::MAX.into());
        let whole = u32::try_from((bytes / 1024).min(most)).unwrap_or(u32::MAX);
        Budget { left: Arc::new(Semaphore::new(usize::try_from(whole).unwrap_or(usize::MAX))), whole }
    }

    /// Makes the share larger by that many bytes; `false` when the budget is used up.
    pub(crate) fn grow(&self, share: &mut Share, bytes: usize) -> bool {
        let total = share.bytes.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        // The share is rounded, not each piece: a message in single bytes costs what it weighs.
        let more = total.div_ceil(1024).saturating_sub(share.bytes.div_ceil(1024));
        let more = u32::try_from(more).unwrap_or(u32::MAX);
        let Ok(permit) = Arc::clone(&self.left).try_acquire_many_owned(more) else { return false };
        share.bytes = total;
        match &mut share.permit {
            Some(all) => all.merge(permit),
            none => *none = Some(permit),
        }
        true
    }

    /// A share of that many bytes, or of the whole budget if it is smaller, as soon as it is to be had: first come,
    /// first served.
    pub(crate) async fn wait_for(&self, bytes: u64) -> Share {
        let kib = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX).min(self.whole);
        // The semaphore is never closed.
        let permit = Arc::clone(&self.left).acquire_many_owned(kib).await.ok();
        Share { bytes, permit }
    }

    #[cfg(test)]
    pub(crate) fn left_kib(&self) -> usize {
        self.left.available_permits()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_rounded_once_and_comes_back() {
        let budget = Budget::new(4096);
        let mut share = Share::default();
        for _ in 0..3000 {
            assert!(budget.grow(&mut share, 1));
        }
        assert_eq!(budget.left_kib(), 1);
        assert!(budget.grow(&mut share, 1096));
        assert!(!budget.grow(&mut share, 1));
        let mut other = Share::default();
        assert!(!budget.grow(&mut other, 1));
        drop(share);
        assert!(budget.grow(&mut other, 4096));
        drop(other);
        assert_eq!(budget.left_kib(), 4);
    }

    #[tokio::test]
    async fn more_than_everything_is_everything() {
        let budget = Budget::new(4096);
        let all = budget.wait_for(1 << 40).await;
        assert_eq!(budget.left_kib(), 0);
        drop(all);
        assert_eq!(budget.left_kib(), 4);
    }
}
