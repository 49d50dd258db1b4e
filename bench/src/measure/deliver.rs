//! Mail by SMTP or LMTP: until it is acknowledged, and until it can be read.

use std::cell::Cell;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use rustix::fs::{SeekFrom, seek};

use super::{Clock, Figure, Outcome, Plan, together};
use crate::client::{Greeting, Imap, Smtp};
use crate::failure::{Failure, Result};
use crate::mail::{self, Message, Random};
use crate::suite::{ACCOUNTS, Account, Suite};

/// Bytes of a block.
const BLOCK: u64 = 4096;
/// Different messages.
const POOL: u64 = 200;
/// How long what was acknowledged may take to be seen.
const PATIENCE: Duration = Duration::from_secs(300);

/// What is sent, and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    pub(super) protocol: Greeting,
    /// Bytes of a message.
    pub(super) size: usize,
    /// Connections, each of which sends one message after the other.
    pub(super) connections: usize,
}

impl Load {
    fn messages(self, plan: Plan) -> usize {
        let slower = if self.connections == 1 || self.size > 16 << 10 { 3 } else { 1 };
        plan.messages / slower
    }
}

pub(super) async fn run(suite: &Rc<Suite>, plan: Plan, load: Load) -> Result<Outcome> {
    let place = match load.protocol {
        Greeting::Smtp => Some(&suite.places.smtp),
        Greeting::Lmtp => suite.places.lmtp.as_ref(),
    };
    let Some(place) = place.cloned() else { return Ok(Outcome::Absent("not there yet")) };
    let mut mailboxes = Mailboxes::watch(suite).await?;
    let messages: Vec<Message> =
        (0..POOL).map(|seed| mail::message(&mut Random::new(seed), load.size)).collect();
    let count = load.messages(plan);
    let disk = size_on_disk(&suite.mail);
    let clock = Clock::start(suite)?;
    let next = Cell::new(0);
    together(load.connections, async move |_| {
        let mut smtp = Smtp::connect(&place, load.protocol).await?;
        while next.get() < count {
            let number = next.replace(next.get() + 1);
            let message = messages.get(number % messages.len()).map(Vec::as_slice).unwrap_or_default();
            smtp.deliver(&Account::receiving(number).address, message).await?;
        }
        smtp.quit().await
    })
    .await?;
    let accepted = count as f64 / clock.elapsed();
    mailboxes.arrived(count).await?;
    let visible = count as f64 / clock.elapsed();
    let cpu = clock.cpu(suite)? * 1000.0 / count as f64;
    let disk = (size_on_disk(&suite.mail) as f64 - disk as f64) / count as f64;
    Ok(Outcome::Figures(vec![
        Figure::rate("accepted", "messages/s", accepted),
        Figure::rate("in the mailbox", "messages/s", visible),
        Figure::cost("CPU", "s per 1000", cpu),
        Figure::cost("disk", "B a message", disk),
    ]))
}

/// The mailboxes of those who get mail, looked at from outside.
struct Mailboxes(Vec<(Imap, u64)>);

impl Mailboxes {
    async fn watch(suite: &Suite) -> Result<Self> {
        let mut watched = Vec::new();
        for account in (0..ACCOUNTS).map(Account::receiving) {
            let mut imap = Imap::login(suite.imap_plain(), &account.address, &account.password).await?;
            let before = imap.messages().await?;
            watched.push((imap, before));
        }
        Ok(Mailboxes(watched))
    }

    /// Waits until each has its share of that many.
    async fn arrived(&mut self, count: usize) -> Result<()> {
        let begun = Instant::now();
        for (number, (imap, before)) in self.0.iter_mut().enumerate() {
            let share = (count + ACCOUNTS - 1 - number) / ACCOUNTS;
            while imap.messages().await? < *before + share as u64 {
                if begun.elapsed() > PATIENCE {
                    return Err(Failure::Late("mail that was acknowledged"));
                }
                tokio::time::sleep(Duration::from_millis(25)).await;
            }
        }
        Ok(())
    }
}

/// The data in the files of a directory, in bytes of whole blocks. What a file has set aside for later is none, whether
/// as a hole, as space without content or as zeros: that is not the cost of a message.
fn size_on_disk(directory: &Path) -> u64 {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => size_on_disk(&entry.path()),
            Ok(kind) if kind.is_file() => File::open(entry.path()).map_or(0, |file| data(&file)),
            _ => 0,
        })
        .sum()
}

fn data(file: &File) -> u64 {
    let (mut sum, mut at) = (0, 0);
    // The end of the file is an error, and a hole.
    while let Ok(begin) = seek(file, SeekFrom::Data(at)) {
        at = seek(file, SeekFrom::Hole(begin)).unwrap_or(begin);
        if at <= begin {
            break;
        }
        sum += BLOCK * written(file, begin, at);
    }
    sum
}

/// How many blocks of a run have more than zeros in them.
fn written(file: &File, begin: u64, end: u64) -> u64 {
    const ZEROS: [u8; BLOCK as usize] = [0; BLOCK as usize];
    let mut buffer = vec![0; 64 * ZEROS.len()];
    let (mut blocks, mut at) = (0, begin);
    while at < end {
        let room = usize::try_from(end - at).unwrap_or(usize::MAX).min(buffer.len());
        let Some(room) = buffer.get_mut(..room) else { break };
        match file.read_at(room, at) {
            Ok(0) | Err(_) => break,
            Ok(count) => {
                let read = room.chunks(ZEROS.len()).take(count.div_ceil(ZEROS.len()));
                blocks += read.filter(|block| !ZEROS.starts_with(block)).count() as u64;
                at += count as u64;
            }
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, Write};

    use super::*;

    #[test]
    fn what_is_set_aside_takes_no_room() {
        let directory = std::env::temp_dir().join(format!("bulkhead-bench-{}", std::process::id()));
        fs::create_dir_all(directory.join("below")).expect("a directory");
        let mut file = File::create(directory.join("below/file")).expect("a file");
        file.write_all(&[1; 5000]).expect("written");
        file.seek(std::io::SeekFrom::Start(1 << 20)).expect("a hole");
        file.write_all(b"x").expect("written");
        file.write_all(&[0; 100_000]).expect("written");
        file.set_len(1 << 30).expect("a tail");
        let size = size_on_disk(&directory);
        fs::remove_dir_all(&directory).expect("removed");
        assert_eq!(size, 3 * BLOCK);
    }
}
