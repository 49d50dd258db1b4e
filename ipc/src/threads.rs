//! Threads for work that takes long, which yield to whoever answers clients.

use std::io;
use std::sync::mpsc;
use std::thread;

/// Starts `count` threads, called by `name` and their number, each with so many bytes of stack, that yield to all other
/// threads of the host by `nice`, and returns when they do: after the lock-down no thread can lower itself. So for
/// `prepare` of a role.
///
/// # Errors
/// When the system gives no thread. That one cannot be lowered is no error: some hosts do not allow it, and are none the worse.
pub fn yielding(
    name: &str,
    count: usize,
    stack: usize,
    nice: i32,
    work: impl Fn() + Clone + Send + 'static,
) -> io::Result<()> {
    let (ready, are_ready) = mpsc::sync_channel(count);
    for number in 0..count {
        let (work, ready) = (work.clone(), ready.clone());
        let lowered = move || {
            let _ = rustix::process::nice(nice);
            let _ = ready.send(());
            drop(ready);
            work();
        };
        thread::Builder::new().name(format!("{name}-{number}")).stack_size(stack).spawn(lowered)?;
    }
    drop(ready);
    are_ready.iter().for_each(drop);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_lowered_and_the_caller_is_not() {
        let before = rustix::process::nice(0).unwrap();
        let (says, said) = mpsc::channel();
        let work = move || {
            says.send((thread::current().name().map(str::to_owned), rustix::process::nice(0).unwrap()))
                .unwrap()
        };
        yielding("worker", 2, 64 << 10, 3, work).unwrap();
        let mut threads: Vec<_> = said.iter().collect();
        threads.sort();
        let lowered = (before + 3).min(19);
        assert_eq!(threads, [(Some("worker-0".to_owned()), lowered), (Some("worker-1".to_owned()), lowered)]);
        assert_eq!(rustix::process::nice(0).unwrap(), before);
    }
}
