//! Where a role's log goes: the journal's socket, or the pipe on standard error that the master forwards unread.
//!
//! Set up before the lock-down. A record is at most [`RECORD_MAX`] bytes; a role that says too much is cut short, and
//! says how much was left out. Never a password, never text of a message.

use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
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
    set_level(log.level);
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
    let ours = tracing_subscriber::filter::filter_fn(|about| {
        about.target().starts_with("bulkhead") && *about.level() <= level()
    });
    tracing_subscriber::registry()
        .with(journal.map(|layer| layer.with_filter(ours.clone())))
        .with(pipe.map(|layer| layer.with_filter(ours)))
        .try_init()
        .map_err(|error| Failure::system("the log", error))
}

/// How much is logged, as an index into `LEVELS`.
static LEVEL: AtomicUsize = AtomicUsize::new(0);

const LEVELS: [LevelFilter; 4] =
    [LevelFilter::ERROR, LevelFilter::WARN, LevelFilter::INFO, LevelFilter::DEBUG];

/// From now on, so much is logged.
pub fn set_level(level: LogLevel) {
    let index = match level {
        LogLevel::Error => 0,
        LogLevel::Warn => 1,
        LogLevel::Info => 2,
        LogLevel::Debug => 3,
    };
    LEVEL.store(index, Ordering::Relaxed);
    // what each place in the code was told once is asked again
    tracing::callsite::rebuild_interest_cache();
}

fn level() -> LevelFilter {
    LEVELS.get(LEVEL.load(Ordering::Relaxed)).copied().unwrap_or(LevelFilter::ERROR)
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
    /// The last record was cut off by a full pipe: what comes next begins on a line of its own.
    torn: bool,
}

impl Pipe {
    fn new(name: String) -> Self {
        let allowance = Allowance { left: BURST, since: Instant::now(), dropped: 0, torn: false };
        Pipe { name, allowance: Mutex::new(allowance) }
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
        let record = line(std::mem::take(&mut self.bytes));
        let mut stderr = io::stderr().lock();
        if left_out > 0 {
            let name = &self.pipe.name;
            let text = format!("{name}{left_out} records were left out: too many at once\n");
            self.pipe.say(&mut stderr, text.as_bytes());
        }
        self.pipe.say(&mut stderr, &record);
    }
}

impl Pipe {
    /// One `write`. A full pipe loses the record, or its end, rather than stop the role.
    fn say(&self, stderr: &mut impl Write, line: &[u8]) {
        let torn = self.allowance.lock().unwrap_or_else(PoisonError::into_inner).torn;
        let fresh = torn.then(|| [b"\n", line].concat());
        let line = fresh.as_deref().unwrap_or(line);
        let torn = match stderr.write(line) {
            Ok(0) | Err(_) => torn,
            Ok(written) => written < line.len(),
        };
        self.allowance.lock().unwrap_or_else(PoisonError::into_inner).torn = torn;
    }
}

/// A record is one line, whatever texts of others are in it: none of them can look like a record of its own, or speak
/// to a terminal.
fn line(mut record: Vec<u8>) -> Vec<u8> {
    let end: &[u8] = match record.pop() {
        Some(b'\n') => b"\n",
        Some(last) => {
            record.push(last);
            record.truncate(RECORD_MAX.saturating_sub(4));
            "…\n".as_bytes()
        }
        None => b"\n",
    };
    for byte in &mut record {
        if byte.is_ascii_control() {
            *byte = b'?';
        }
    }
    record.extend(end);
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_one_line() {
        assert_eq!(line(b"a \"b\"\n".to_vec()), b"a \"b\"\n");
        assert_eq!(line(b"a\nauth[1]: logged in\r\x1b[2J\n".to_vec()), b"a?auth[1]: logged in??[2J\n");
        let long = line(vec![b'x'; RECORD_MAX]);
        assert!(long.len() <= RECORD_MAX && long.ends_with("…\n".as_bytes()));
    }

    #[test]
    fn a_record_behind_one_that_was_cut_off_begins_a_line() {
        /// A pipe with little room.
        struct Room(usize, Vec<u8>);
        impl Write for Room {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                let taken = bytes.len().min(self.0);
                if taken == 0 {
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                self.0 -= taken;
                self.1.extend(&bytes[..taken]);
                Ok(taken)
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (pipe, mut room) = (Pipe::new("x".into()), Room(8, Vec::new()));
        for text in ["first\n", "second\n", "third\n"] {
            pipe.say(&mut room, text.as_bytes());
        }
        room.0 = 100;
        pipe.say(&mut room, b"fourth\n");
        pipe.say(&mut room, b"fifth\n");
        assert_eq!(String::from_utf8(room.1).unwrap(), "first\nse\nfourth\nfifth\n");
    }

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
