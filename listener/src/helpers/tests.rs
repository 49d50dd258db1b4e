use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use super::*;

#[tokio::test]
async fn the_thread_that_asks_is_not_held_up() {
    let helpers = Helpers::start().unwrap();
    let (free, wait) = mpsc::channel::<()>();
    let asked = helpers.run(move || wait.recv().is_ok());
    tokio::pin!(asked);
    let ticked = tokio::select! {
        biased;
        _ = &mut asked => false,
        () = tokio::time::sleep(Duration::from_millis(20)) => true,
    };
    assert!(ticked);
    free.send(()).unwrap();
    assert_eq!(asked.await, Ok(true));
}

#[tokio::test]
async fn a_panic_is_its_own_works_end() {
    let helpers = Helpers::start().unwrap();
    for _ in 0..budget::HELPERS * 2 {
        let outcome: Result<(), Panicked> = helpers.run(|| panic!("as asked")).await;
        assert_eq!(outcome, Err(Panicked));
    }
    assert_eq!(helpers.run(|| 7).await, Ok(7));
}

#[tokio::test]
async fn as_much_is_done_at_once_as_there_are_helpers() {
    let helpers = Helpers::start().unwrap();
    let started = Instant::now();
    let nap = || helpers.run(|| thread::sleep(Duration::from_millis(200)));
    let (one, two) = tokio::join!(nap(), nap());
    assert_eq!((one, two), (Ok(()), Ok(())));
    assert!(started.elapsed() < Duration::from_millis(390), "{:?}", started.elapsed());
}

#[tokio::test]
async fn what_nobody_waits_for_any_more_is_not_done_and_frees_its_place() {
    let helpers = Helpers::start().unwrap();
    let gates: Vec<_> = (0..budget::HELPERS)
        .map(|_| {
            let (free, wait) = mpsc::channel::<()>();
            let helpers = helpers.clone();
            (free, tokio::spawn(async move { helpers.run(move || wait.recv()).await }))
        })
        .collect();
    while helpers.shared.room.available_permits() > budget::HELPER_QUEUE - budget::HELPERS {
        tokio::task::yield_now().await;
    }
    let done = Arc::new(AtomicUsize::new(0));
    for _ in 0..budget::HELPER_QUEUE * 2 {
        let done = Arc::clone(&done);
        let given_up = helpers.run(move || done.fetch_add(1, Ordering::SeqCst));
        assert!(tokio::time::timeout(Duration::ZERO, given_up).await.is_err());
    }
    assert_eq!(helpers.shared.room.available_permits(), 0, "no more than that wait");
    for (free, task) in gates {
        free.send(()).unwrap();
        assert!(task.await.unwrap().unwrap().is_ok());
    }
    assert_eq!(helpers.run(|| 1).await, Ok(1));
    assert_eq!(done.load(Ordering::SeqCst), 0);
    while helpers.shared.room.available_permits() < budget::HELPER_QUEUE {
        tokio::task::yield_now().await;
    }
}
