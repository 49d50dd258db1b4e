//! What comes on the standard error of the roles goes out on the master's own, unread.
//!
//! One thread writes, so that a reader of the master's standard error that is slow, or has stopped, stops nobody: what
//! it does not take in time is dropped. The master's own records go the same way. Each pipe has a rate, so that a role
//! in foreign hands cannot drown the others.

use std::io::{self, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use ipc::exit::Failure;
use rustix::pipe::PipeFlags;
use tokio::io::unix::AsyncFd;
use tokio::task::JoinHandle;

/// The most bytes moved at once: the size of a pipe.
const PIECE: usize = 64 * 1024;
/// Pieces that may wait for the reader of our standard error.
const WAITING: usize = 64;
/// Bytes a second that one role may write for long.
const RATE: u64 = 1024 * 1024;
/// Bytes it may write at once.
const BURST: u64 = 4 * 1024 * 1024;
/// How long the last records are waited for at the end.
const LAST: Duration = Duration::from_secs(1);

/// The standard error this process was started with, for a last word should the forwarding itself fail.
static ORIGINAL: OnceLock<OwnedFd> = OnceLock::new();

/// Moves bytes from pipes to standard error.
#[derive(Debug)]
pub struct Forwarder {
    pieces: SyncSender<Vec<u8>>,
    written: Receiver<()>,
    own: JoinHandle<()>,
}

impl Forwarder {
    /// Starts the thread that writes, and puts a pipe in the place of this process's standard error. Within a local
    /// set.
    ///
    /// # Errors
    /// When the system has no descriptors or threads left.
    pub fn start() -> Result<Self, Failure> {
        let refused = |error: io::Error| Failure::system("forwarding of logs", error);
        let stderr = io::stderr().as_fd().try_clone_to_owned().map_err(refused)?;
        let output = stderr.try_clone().map_err(refused)?;
        let _ = ORIGINAL.set(stderr);
        let (pieces, waiting) = sync_channel::<Vec<u8>>(WAITING);
        let (done, written) = sync_channel(1);
        std::thread::Builder::new()
            .name("stderr".into())
            .spawn(move || {
                write(waiting, output);
                let _ = done.send(());
            })
            .map_err(refused)?;
        let (reader, writer) = pipe().map_err(refused)?;
        rustix::io::ioctl_fionbio(&writer, true).map_err(|error| refused(error.into()))?;
        rustix::stdio::dup2_stderr(&writer).map_err(|error| refused(error.into()))?;
        // a panic is told where it can be read, and at once
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            restore();
            hook(panic);
        }));
        let own = tokio::task::spawn_local(forward(reader, pieces.clone()));
        Ok(Forwarder { pieces, written, own })
    }

    /// A pipe for a role's standard error: the end to write to.
    ///
    /// # Errors
    /// When the system has no descriptors left.
    pub fn pipe(&self) -> io::Result<OwnedFd> {
        let (reader, writer) = pipe()?;
        tokio::task::spawn_local(forward(reader, self.pieces.clone()));
        Ok(writer)
    }

    /// Gives this process its standard error back, and waits a moment for what is on its way.
    pub async fn finish(self) {
        restore();
        let _ = tokio::time::timeout(LAST, self.own).await;
        // the thread ends when the tasks of the roles' pipes have, too
        drop(self.pieces);
        let asked = Instant::now();
        while self.written.try_recv() == Err(TryRecvError::Empty) && asked.elapsed() < LAST {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

fn restore() {
    if let Some(original) = ORIGINAL.get() {
        let _ = rustix::stdio::dup2_stderr(original);
    }
}

/// The reading end does not block; the writing end does as its holder wishes.
fn pipe() -> io::Result<(AsyncFd<Arc<OwnedFd>>, OwnedFd)> {
    let (reader, writer) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
    rustix::io::ioctl_fionbio(&reader, true)?;
    #[expect(deprecated, reason = "unsound for types that may lie about their descriptor; an OwnedFd cannot")]
    let reader = AsyncFd::new(Arc::new(reader))?;
    Ok((reader, writer))
}

fn write(waiting: Receiver<Vec<u8>>, output: OwnedFd) {
    let mut output = std::fs::File::from(output);
    for piece in waiting {
        // nobody is left to be told of an error here
        let _ = output.write_all(&piece);
    }
}

async fn forward(reader: AsyncFd<Arc<OwnedFd>>, pieces: SyncSender<Vec<u8>>) {
    let mut buffer = vec![0; 4096];
    let mut allowance = Allowance::new(Instant::now());
    loop {
        let Ok(mut ready) = reader.readable().await else { return };
        let read = ready.try_io(|pipe| Ok(rustix::io::read(pipe.get_ref(), buffer.as_mut_slice())?));
        let got = match read {
            Ok(Ok(0)) => return,
            Ok(Ok(got)) => got,
            Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => continue,
            Ok(Err(_)) => return,
            Err(_would_block) => continue,
        };
        let piece = buffer.get(..got).unwrap_or_default();
        if allowance.admits(got, Instant::now())
            && let Err(TrySendError::Disconnected(_)) = pieces.try_send(piece.to_vec())
        {
            return;
        }
        if got == buffer.len() && got < PIECE {
            buffer.resize(got.saturating_mul(2).min(PIECE), 0);
        }
        tokio::task::yield_now().await;
    }
}

/// What one pipe may still say.
#[derive(Debug)]
struct Allowance {
    left: u64,
    since: Instant,
}

impl Allowance {
    fn new(now: Instant) -> Self {
        Allowance { left: BURST, since: now }
    }

    fn admits(&mut self, bytes: usize, now: Instant) -> bool {
        let millis = u64::try_from(now.saturating_duration_since(self.since).as_millis()).unwrap_or(u64::MAX);
        let earned = millis.saturating_mul(RATE) / 1000;
        if earned > 0 {
            self.left = self.left.saturating_add(earned).min(BURST);
            self.since = now;
        }
        match self.left.checked_sub(u64::try_from(bytes).unwrap_or(u64::MAX)) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_has_a_rate() {
        let start = Instant::now();
        let mut allowance = Allowance::new(start);
        let admitted = (0..100).filter(|_| allowance.admits(PIECE, start)).count();
        assert_eq!(admitted * PIECE, usize::try_from(BURST).unwrap());
        assert!(allowance.admits(PIECE, start + Duration::from_secs(1)));
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_reader_that_has_stopped_stops_nobody() {
        let local = tokio::task::LocalSet::new();
        local
            .run_until(async {
                let (pieces, waiting) = sync_channel(2);
                let (reader, writer) = pipe().unwrap();
                let task = tokio::task::spawn_local(forward(reader, pieces));
                let mut writer = std::fs::File::from(writer);
                for _ in 0..100 {
                    writer.write_all(&[b'x'; 4096]).unwrap();
                    tokio::task::yield_now().await;
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                drop(writer);
                task.await.unwrap();
                assert_eq!(waiting.iter().count(), 2, "what did not fit was dropped");
            })
            .await;
    }
}
