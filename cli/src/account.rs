//! `bulkhead account`

use std::io::{self, IsTerminal as _, Write as _};

use ipc::exit::{Exit, Failure};
use ipc::service::admin::{AccountRow, AuthReply, AuthRequest, Credential, NewAccount};

use crate::command::Account;
use crate::connect::{Auth, Suite};
use crate::output::{self, Cell};
use crate::{answer, import, password};

/// Does what is asked on accounts.
///
/// # Errors
/// It was refused, or the suite does not run.
pub(crate) fn perform(suite: &Suite, what: Account) -> Result<(), Failure> {
    match what {
        Account::Add { address, from } => {
            let credential = Credential::Password(password::new(from)?);
            let request = AuthRequest::AddAccounts(vec![NewAccount { address, credential }]);
            answer::done(suite.auth()?.ask(request)?)
        }
        Account::Passwd { address, from } => {
            let credential = Credential::Password(password::new(from)?);
            let request = AuthRequest::SetPassword { address, credential };
            answer::done(suite.auth()?.ask(request)?)
        }
        Account::Remove { address, yes } => {
            let auth = suite.auth()?;
            if !yes && !is_meant(&address)? {
                return Err(Failure::new(Exit::Usage, "nothing was removed"));
            }
            answer::done(auth.ask(AuthRequest::RemoveAccount { address })?)
        }
        Account::List { json } => {
            let accounts = all(&suite.auth()?)?;
            output::show(json.into(), ["ID", "ADDRESS"], &accounts, |row| {
                [Cell::from(row.id.0), Cell::from(&row.address)]
            })
        }
        Account::GiveUpLost => answer::done(suite.auth()?.ask(AuthRequest::GiveUpLost)?),
        Account::Import { file } => import::import(suite, &file),
    }
}

/// Asks a person; a script has said what it means.
fn is_meant(address: &str) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        return Ok(true);
    }
    let refused = |error| Failure::new(Exit::IoError, format!("the terminal: {error}"));
    let mut stderr = io::stderr().lock();
    write!(stderr, "Remove {} and all its mail? [y/N] ", output::printable(address)).map_err(refused)?;
    stderr.flush().map_err(refused)?;
    let mut line = String::new();
    io::stdin().read_line(&mut line).map_err(refused)?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}

fn all(auth: &Auth) -> Result<Vec<AccountRow>, Failure> {
    let mut accounts: Vec<AccountRow> = Vec::new();
    loop {
        let after = accounts.last().map(|row| row.address.clone());
        match auth.ask(AuthRequest::ListAccounts { after })? {
            AuthReply::Accounts { rows, more } => {
                let ends = !more || rows.is_empty();
                accounts.extend(rows);
                if ends {
                    return Ok(accounts);
                }
            }
            other => return Err(answer::not_that(other)),
        }
    }
}
