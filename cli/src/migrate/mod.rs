//! `bulkhead import` and `bulkhead export`: mail in from other programs, and out to them, message by message, over a session
//! that `auth` opened for the administrator. The suite runs meanwhile.

mod export;
mod identity;
mod imap;
mod import;
mod owner;
mod place;
mod progress;
mod session;
mod source;

use std::path::Path;

use ipc::channel::ChannelError;
use ipc::exit::{Exit, Failure};
use migrate::MigrateError;

use crate::command::{Export, Import};
use crate::connect::Suite;
use crate::output;
pub(crate) use place::Place;
use session::Session;
use source::{MaildirSource, MboxSource, Source};

/// Imports what the command names.
///
/// # Errors
/// When something cannot be read, or the suite does not take it. What was imported before is there; importing again goes
/// on from there.
pub(crate) fn import(suite: &Suite, what: Import) -> Result<(), Failure> {
    match what {
        Import::Maildir { address, path } => {
            import_files(suite, &address, &path, || MaildirSource::open(&path))
        }
        Import::Mbox { address, path, mailbox } => {
            import_files(suite, &address, &path, || MboxSource::open(&path, mailbox))
        }
        Import::Imap(what) => imap::import(suite, &what),
    }
}

fn import_files<S: Source>(
    suite: &Suite,
    address: &str,
    path: &Path,
    open: impl FnOnce() -> Result<S, Failure>,
) -> Result<(), Failure> {
    let auth = suite.auth()?;
    owner::become_owner_of(path)?;
    let address = address.to_lowercase();
    in_runtime(async move {
        let session = Session::open(auth, &address).await?;
        let totals = import::all(session, &address, open()?).await?;
        output::say(&format!("{totals}\n"))
    })
}

/// Exports to where the command says.
///
/// # Errors
/// When something cannot be written, or the suite does not give it. Exporting again goes on from there.
pub(crate) fn export(suite: &Suite, what: Export) -> Result<(), Failure> {
    let (address, path) = match &what {
        Export::Maildir { address, path } | Export::Mbox { address, path } => (address.clone(), path.clone()),
    };
    let auth = suite.auth()?;
    owner::become_owner_of(parent(&path))?;
    in_runtime(async move {
        let session = Session::open(auth, &address).await?;
        let totals = match what {
            Export::Maildir { path, .. } => export::maildir(session, &path).await?,
            Export::Mbox { path, .. } => export::mbox(session, &path).await?,
        };
        output::say(&format!("{totals}\n"))
    })
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn in_runtime(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::OsError, format!("the runtime: {error}")))?;
    tokio::task::LocalSet::new().block_on(&runtime, work)
}

fn lost(error: ChannelError) -> Failure {
    Failure::new(
        Exit::TempFail,
        format!("the session ended ({error}): once the suite runs again, do it again"),
    )
}

fn other_mail(error: MigrateError) -> Failure {
    let exit = match &error {
        MigrateError::Io { .. } => Exit::IoError,
        _ => Exit::DataError,
    };
    Failure::new(exit, output::printable(&error.to_string()))
}
