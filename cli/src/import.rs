//! `bulkhead account import`: many accounts in one call.

mod lines;

use std::fs::File;
use std::io::{self, IsTerminal as _, Read, Write as _};
use std::path::Path;

use ipc::exit::{Exit, Failure};
use ipc::service::admin::{AuthReply, AuthRequest, Credential, NewAccount, ROWS_MAX};
use zeroize::Zeroizing;

use crate::connect::{Auth, Suite};
use crate::output;

/// The most bytes of a file.
const SIZE_MAX: u64 = 64 * 1024 * 1024;
/// Bytes of the accounts of one request, well below what a message may have.
const BATCH_BYTES: usize = 64 * 1024;
/// From how many accounts on a person is shown how far it is.
const MANY: usize = 1000;

/// Checks the whole file, then adds its accounts, as many at a time as one request takes.
///
/// # Errors
/// A line is wrong: nothing was added. Or a request was refused: the accounts of the requests before it are there.
pub(crate) fn import(suite: &Suite, path: &Path) -> Result<(), Failure> {
    let text = read(path)?;
    let name = if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() };
    let accounts = lines::accounts(&text)
        .map_err(|(line, why)| Failure::new(Exit::DataError, format!("{name}:{line}: {why}")))?;
    let added = add(&suite.auth()?, &name, accounts)?;
    output::say(&format!("{added} accounts added\n"))
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut text = Zeroizing::new(Vec::new());
    let most = SIZE_MAX.saturating_add(1);
    let got = if path == Path::new("-") {
        io::stdin().lock().take(most).read_to_end(&mut text)
    } else {
        File::open(path).and_then(|file| file.take(most).read_to_end(&mut text))
    };
    let got = got.map_err(|error| Failure::new(Exit::IoError, format!("{}: {error}", path.display())))?;
    if u64::try_from(got).unwrap_or(u64::MAX) > SIZE_MAX {
        return Err(Failure::new(Exit::DataError, format!("{}: more than {SIZE_MAX} bytes", path.display())));
    }
    Ok(text)
}

fn add(auth: &Auth, name: &str, accounts: Vec<(usize, NewAccount)>) -> Result<usize, Failure> {
    let total = accounts.len();
    let shows = total > MANY && io::stderr().is_terminal();
    let mut added = 0_usize;
    for batch in batches(accounts) {
        let lines = (batch.first().map(|(line, _)| *line), batch.last().map(|(line, _)| *line));
        let count = batch.len();
        let rows = batch.into_iter().map(|(_, account)| account).collect();
        let failed = match auth.ask(AuthRequest::AddAccounts(rows)) {
            Ok(AuthReply::Done) => None,
            Ok(other) => Some(crate::answer::not_that(other)),
            Err(failure) => Some(failure),
        };
        if let (Some(failure), (Some(first), Some(last))) = (failed, lines) {
            let message =
                format!("{name}:{first}-{last}: {failure} ({added} of {total} accounts were added before)");
            return Err(Failure::new(failure.exit, message));
        }
        added = added.saturating_add(count);
        if shows {
            let _ = write!(io::stderr(), "\r{added} of {total}");
        }
    }
    if shows {
        let _ = writeln!(io::stderr());
    }
    Ok(added)
}

/// As many accounts as one request takes, in their order.
fn batches(accounts: Vec<(usize, NewAccount)>) -> Vec<Vec<(usize, NewAccount)>> {
    let mut batches: Vec<Vec<_>> = Vec::new();
    let mut bytes = 0_usize;
    for (line, account) in accounts {
        let size = size(&account);
        match batches.last_mut() {
            Some(batch) if batch.len() < ROWS_MAX && bytes.saturating_add(size) <= BATCH_BYTES => {
                bytes = bytes.saturating_add(size);
                batch.push((line, account));
            }
            _ => {
                bytes = size;
                batches.push(vec![(line, account)]);
            }
        }
    }
    batches
}

fn size(account: &NewAccount) -> usize {
    let credential = match &account.credential {
        Credential::Password(password) => password.0.len(),
        Credential::Hash(hash) => hash.len(),
    };
    // with the lengths and the variant that are sent along
    account.address.len().saturating_add(credential).saturating_add(32)
}

#[cfg(test)]
mod tests {
    use ipc::frame;
    use ipc::mail::Password;
    use ipc::rpc::Call;
    use ipc::service::admin::AuthAdmin;
    use ipc::service::login::{LOGIN_MAX, PASSWORD_MAX};

    use super::*;

    #[test]
    fn every_batch_fits_into_a_message() {
        let account = |n: usize, password: usize| {
            let address = format!("{n:0width$}", width = LOGIN_MAX);
            (n, NewAccount { address, credential: Credential::Password(Password(vec![b'x'; password])) })
        };
        for password in [1, PASSWORD_MAX] {
            let batches = batches((0..1000).map(|n| account(n, password)).collect());
            assert_eq!(batches.iter().map(Vec::len).sum::<usize>(), 1000);
            let mut next = 0;
            for batch in batches {
                assert!(batch.len() <= ROWS_MAX && batch[0].0 == next, "in order");
                next += batch.len();
                let rows = batch.into_iter().map(|(_, account)| account).collect();
                assert!(frame::message(&Call::<AuthAdmin>::new(0, AuthRequest::AddAccounts(rows))).is_ok());
            }
        }
    }
}
