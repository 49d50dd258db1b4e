//! Mail in from another server.

use std::vec::IntoIter;

use ipc::exit::{Exit, Failure};
use ipc::mail::{Password, Uid};
use ipc::service::mailbox::SpecialUse;
use migrate::imap::{
    Bodies, Client, Examined, Fetched, ImapError, Plan, RemoteFolder, Row, Security, Trust, Wanted, connect,
};
use migrate::{Folder, LETTER_MAX, Letter};

use super::place::Place;
use super::session::Session;
use super::source::{Opened, Source, gone};
use super::{in_runtime, owner};
use crate::command::{FromStdin, ImportImap};
use crate::connect::Suite;
use crate::{output, password};

/// Imports an account of another server.
///
/// # Errors
/// When it is not reached, not trusted or does not let us in, or the suite does not take what it has.
pub(super) fn import(suite: &Suite, what: &ImportImap) -> Result<(), Failure> {
    let auth = suite.auth()?;
    let trust = trust(what)?;
    let password = password::existing(
        &format!("Password of {}: ", what.from),
        FromStdin { stdin: what.password_stdin },
    )?;
    owner::become_caller()?;
    let address = what.address.to_lowercase();
    in_runtime(async move {
        let mut session = Session::open(auth, &address).await?;
        let rows = session.mailboxes().await?.into_iter();
        let special: Vec<_> = rows.filter_map(|row| Some((row.special_use?, row.name))).collect();
        let source = ImapSource::open(what, &trust, &password, &special)?;
        let totals = super::import::all(session, &address, source).await?;
        output::say(&format!("{totals}\n"))
    })
}

fn trust(what: &ImportImap) -> Result<Trust, Failure> {
    let trust = match &what.ca {
        Some(file) => Trust::file(file),
        None if what.no_verify => {
            output::warn(
                "the server's certificate is not checked: anybody on the way there can read the password",
            );
            Trust::anybody()
        }
        None => Trust::system(),
    };
    trust.map_err(failure)
}

/// An account of another server.
struct ImapSource {
    /// None once it has said goodbye.
    client: Option<Client>,
    from: Place,
    folders: IntoIter<RemoteFolder>,
    subscribed: Vec<String>,
    /// The folder that is open: its name there, and its counters.
    open: (Vec<u8>, Examined),
    rows: Vec<Row>,
    next: usize,
    bodies: Bodies,
    remarks: Vec<String>,
}

impl ImapSource {
    fn open(
        what: &ImportImap,
        trust: &Trust,
        password: &Password,
        special: &[(SpecialUse, String)],
    ) -> Result<Self, Failure> {
        let (security, usual) =
            if what.starttls { (Security::Starttls, 143) } else { (Security::Implicit, 993) };
        let from = what.from.clone();
        let wanted = Wanted { only: what.folder.clone(), without: what.exclude.clone() };
        let begin = || -> Result<(Client, Plan), ImapError> {
            let mut client = connect(&from.host, from.port.unwrap_or(usual), security, trust)?;
            client.log_in(&from.user, &password.0)?;
            let namespaces = client.namespaces()?;
            let (listed, subscribed) = (client.list()?, client.subscribed()?);
            let plan = Plan::of(&listed, &subscribed, &namespaces, special, &wanted);
            Ok((client, plan))
        };
        let (client, plan) = begin().map_err(failure)?;
        let remarks = plan.nameless.iter();
        let remarks =
            remarks.map(|name| format!("{name}: cannot be the name of a mailbox here: passed over"));
        Ok(ImapSource {
            client: Some(client),
            from,
            remarks: remarks.collect(),
            folders: plan.folders.into_iter(),
            subscribed: plan.subscribed,
            open: (Vec::new(), Examined::default()),
            rows: Vec::new(),
            next: 0,
            bodies: Bodies::default(),
        })
    }

    /// Opens a folder and lists it; none if that cannot be had, which is remarked.
    fn enter(&mut self, folder: &RemoteFolder) -> Result<Option<Folder>, ImapError> {
        let Some(client) = &mut self.client else { return Ok(None) };
        let examined = match client.examine(&folder.there)? {
            Ok(examined) => examined,
            Err(why) => {
                self.remarks
                    .push(format!("{}: the server does not open it ({why}): passed over", folder.here));
                return Ok(None);
            }
        };
        if examined.uid_validity.is_none() {
            self.remarks.push(format!("{}: the server gives it no UIDs: passed over", folder.here));
            return Ok(None);
        }
        // some servers find that a mistake in an empty folder
        let rows = if examined.messages == 0 { Ok(Vec::new()) } else { client.rows() };
        self.rows = match rows {
            Ok(rows) => rows,
            Err(why @ ImapError::Refused { .. }) => {
                self.remarks.push(format!("{}: {why}: passed over", folder.here));
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        (self.open, self.next) = ((folder.there.clone(), examined), 0);
        self.bodies = Bodies::default();
        let (uid_validity, uid_next) = self.uids();
        Ok(Some(Folder { name: folder.here.clone(), uid_validity, uid_next, subscribed: None }))
    }

    fn letter(&self, row: &Row) -> Letter {
        let (folder, Examined { uid_validity, keeps_uids, .. }) = &self.open;
        Letter {
            identity: identity(&self.from, folder, uid_validity.unwrap_or_default(), row.uid),
            uid: Some(row.uid).filter(|_| *keeps_uids),
            flags: row.flags,
            keywords: row.keywords.clone(),
            internal_date: row.internal_date,
        }
    }
}

/// What a message is known by when it is imported again. The port is no part of it: a server has several that lead to the same.
fn identity(from: &Place, folder: &[u8], uid_validity: u32, uid: Uid) -> Vec<u8> {
    let (whose, which) = (format!("{}@{} ", from.user, from.host), format!(" {uid_validity} UID {uid}"));
    [whose.as_bytes(), folder, which.as_bytes()].concat()
}

impl Source for ImapSource {
    fn next_folder(&mut self) -> Result<Option<(Folder, Option<u64>)>, Failure> {
        while let Some(folder) = self.folders.next() {
            if let Some(folder) = self.enter(&folder).map_err(failure)? {
                return Ok(Some((folder, Some(self.rows.len() as u64))));
            }
        }
        if let Some(client) = self.client.take() {
            client.log_out();
        }
        Ok(None)
    }

    fn expect(&mut self, is_here: &dyn Fn(&Letter) -> bool) {
        let missing = self.rows.iter().filter(|row| row.size <= LETTER_MAX && !is_here(&self.letter(row)));
        self.bodies = Bodies::of(missing.map(|row| row.uid));
    }

    fn next_letter(&mut self) -> Result<Option<Letter>, Failure> {
        let Some(row) = self.rows.get(self.next) else { return Ok(None) };
        self.next = self.next.saturating_add(1);
        Ok(Some(self.letter(row)))
    }

    fn open(&mut self) -> Result<Result<Opened<'_>, String>, Failure> {
        let row = self.next.checked_sub(1).and_then(|current| self.rows.get(current));
        let (Some(row), Some(client)) = (row, &mut self.client) else { return Ok(Err(gone())) };
        if row.size > LETTER_MAX {
            return Ok(Err(format!("it has more than {LETTER_MAX} bytes")));
        }
        if self.bodies.next_uid() != Some(row.uid) {
            return Err(Failure::new(Exit::Software, "another message was asked for than is opened"));
        }
        Ok(match self.bodies.fetch(client).map_err(failure)? {
            Fetched::Message(body) => Ok((Box::new(body), None)),
            Fetched::Gone => Err(gone()),
            Fetched::Refused(why) => Err(format!("the server does not give it ({why})")),
        })
    }

    fn uids(&self) -> (Option<u32>, Option<u32>) {
        match self.open.1 {
            Examined { uid_validity, uid_next, keeps_uids: true, .. } => (uid_validity, uid_next),
            _ => (None, None),
        }
    }

    fn subscriptions(&self) -> Option<Vec<String>> {
        Some(self.subscribed.clone())
    }

    fn remarks(&mut self) -> Vec<String> {
        std::mem::take(&mut self.remarks)
    }
}

fn failure(error: ImapError) -> Failure {
    let exit = match &error {
        ImapError::Connect { .. } | ImapError::Io(_) | ImapError::Bye(_) => Exit::TempFail,
        ImapError::Roots(_) => Exit::NoInput,
        ImapError::Tls(_) | ImapError::Unsafe(_) | ImapError::Refused { .. } => Exit::Unavailable,
        ImapError::Login(_) => Exit::NoPermission,
        ImapError::Syntax(_) | ImapError::TooMuch { .. } => Exit::DataError,
    };
    Failure::new(exit, output::printable(&error.to_string()))
}
