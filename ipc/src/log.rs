//! Where a role's log goes: the journal's socket, or the pipe on standard error that the master forwards unread.
//!
//! Set up before the lock-down. A record is at most [`RECORD_MAX`] bytes; a role that says too much is cut short, and
//! says how much was left out. Never a password, never text of a message.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer as _;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::exit::Failure;
use crate::role::Instance;
use crate::service::control::{Log, LogLevel};

/// The most bytes of one record.
pub const RECORD_MAX: usize = 8 * 1024;
/// Records a second that a role may log for long.
const RATE: u32 = 2000;
/// Records it may log at once.
const BURST: u32 = 10_000;

/// Sets the process's log up.
///
/// # Errors
/// When the journal was asked for and is not there.
pub fn start(log: Log, instance: Instance) -> Result<(), Failure> {
    let level = match log.level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    let journal = if log.journal {
        let layer =
            tracing_journald::layer().map_err(|error| Failure::system("the journal's socket", error))?;
        Some(layer.with_syslog_identifier(format!("bulkhead-{}", instance.role)))
    } else {
        None
    };
    let pipe = journal.is_none().then(|| {
        tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .with_target(false)
            .with_writer(Pipe::new(format!("{instance}[{}]: ", std::process::id())))
    });
    // Only this suite's records: a library's own say little to an administrator.
    let ours = tracing_subscriber::filter::filter_fn(move |about| {
        about.target().starts_with("bulkhead") && *about.level() <= level
    });
    tracing_subscriber::registry()
        .with(journal.map(|layer| layer.with_filter(ours.clone())))
        .with(pipe.map(|layer| layer.with_filter(ours)))
        .try_init()
        .map_err(|error| Failure::system("the log", error))
}

/// Writes each record with one `write` to standard error, in front of it who says it.
#[derive(Debug)]
struct Pipe {
    name: String,
    allowance: Mutex<Allowance>,
}

#[derive(Debug)]
struct Allowance {
    left: u32,
    since: Instant,
    dropped: u64,
}

impl Pipe {
    fn new(name: String) -> Self {
        Pipe { name, allowance: Mutex::new(Allowance { left: BURST, since: Instant::now(), dropped: 0 }) }
    }

    /// `None`: over the rate. `Some(n)`: go ahead, n were left out before.
    fn admit(&self) -> Option<u64> {
        let mut allowance = self.allowance.lock().unwrap_or_else(PoisonError::into_inner);
        let elapsed = allowance.since.elapsed().as_millis();
        let earned = u32::try_from(elapsed.saturating_mul(RATE.into()) / 1000).unwrap_or(BURST);
        if earned > 0 {
            allowance.left = allowance.left.saturating_add(earned).min(BURST);
            allowance.since = Instant::now();
        }
        match allowance.left.checked_sub(1) {
            Some(left) => {
                allowance.left = left;
                Some(std::mem::take(&mut allowance.dropped))
            }
            None => {
                allowance.dropped = allowance.dropped.saturating_add(1);
                None
            }
        }
    }
}

impl<'a> MakeWriter<'a> for Pipe {
    type Writer = Record<'a>;

    fn make_writer(&'a self) -> Record<'a> {
        Record { pipe: self, bytes: self.name.clone().into_bytes() }
    }
}

/// One record, written out when it is dropped.
#[derive(Debug)]
struct Record<'a> {
    pipe: &'a Pipe,
    bytes: Vec<u8>,
}

impl Write for Record<'_> {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        let room = RECORD_MAX.saturating_sub(self.bytes.len());
        self.bytes.extend(more.iter().take(room));
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Record<'_> {
    fn drop(&mut self) {
        let Some(left_out) = self.pipe.admit() else { return };
        if self.bytes.last() != Some(&b'\n') {
            self.bytes.truncate(RECORD_MAX.saturating_sub(4));
            self.bytes.extend("…\n".as_bytes());
        }
        let mut stderr = io::stderr().lock();
        if left_out > 0 {
            let _ = writeln!(stderr, "{}{left_out} records were left out: too many at once", self.pipe.name);
        }
        // A full pipe loses the record rather than stop the role.
        let _ = stderr.write_all(&self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_records_are_counted_not_written() {
        let pipe = Pipe::new("x".into());
        let admitted = (0..BURST * 2).filter(|_| pipe.admit().is_some()).count();
        assert!(admitted >= BURST as usize && admitted < BURST as usize + RATE as usize, "{admitted}");
        pipe.allowance.lock().unwrap().since -= std::time::Duration::from_secs(1);
        assert!(pipe.admit().unwrap() > 0);
    }

    #[test]
    fn a_record_has_a_size() {
        let pipe = Pipe::new("x".into());
        let mut record = pipe.make_writer();
        record.write_all(&[b'a'; RECORD_MAX * 2]).unwrap();
        assert!(record.bytes.len() <= RECORD_MAX);
        record.bytes.clear();
    }
}
