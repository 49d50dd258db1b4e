//! redb trusts its own pages: one that was damaged on the disk can make it panic, today and at every start. Who panics in it
//! takes the file along, so that the next start makes it again from the log.

use std::cell::RefCell;
use std::sync::Arc;

use super::{Place, remove};

thread_local! {
    /// The tables that this thread is in.
    static IN: RefCell<Option<Arc<Place>>> = const { RefCell::new(None) };
}

/// Does something in the tables.
pub(super) fn within<T>(place: &Arc<Place>, work: impl FnOnce() -> T) -> T {
    IN.set(Some(Arc::clone(place)));
    let done = work();
    IN.set(None);
    done
}

/// From now on a panic in the tables removes their file, before whatever else a panic does.
pub fn set() {
    let then = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        spring();
        then(panic);
    }));
}

fn spring() {
    let place = IN.try_with(|place| place.try_borrow_mut().ok()?.take()).ok().flatten();
    if let Some(Place::File(path, _)) = place.as_deref() {
        tracing::error!("the index is damaged: it is made again from the log at the next start");
        if let Err(error) = remove(path) {
            tracing::error!(%error, "the index could not be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{NAME, Tables};
    use super::*;

    #[test]
    fn a_panic_in_the_tables_takes_the_file_along_and_one_elsewhere_does_not() {
        set();
        let place = tempfile::tempdir().unwrap();
        let tables = Tables::open(place.path()).unwrap();
        let there = || place.path().join(NAME).exists();
        assert!(there());
        let elsewhere = std::thread::spawn(|| panic!("elsewhere"));
        assert!(elsewhere.join().is_err() && there());
        within(&tables.place, || ());
        let inside = Arc::clone(&tables.place);
        let panicking = std::thread::spawn(move || within(&inside, || panic!("a page is not what it was")));
        assert!(panicking.join().is_err() && !there());
    }
}
