//! `bulkhead alias`

use ipc::exit::Failure;
use ipc::service::admin::{AliasRow, AuthReply, AuthRequest};

use crate::answer;
use crate::command::Alias;
use crate::connect::{Auth, Suite};
use crate::output::{self, Cell};

/// Does what is asked on aliases.
///
/// # Errors
/// It was refused, or the suite does not run.
pub(crate) fn perform(suite: &Suite, what: Alias) -> Result<(), Failure> {
    let auth = suite.auth()?;
    match what {
        Alias::Set { alias, targets } => answer::done(auth.ask(AuthRequest::SetAlias { alias, targets })?),
        Alias::Remove { alias } => answer::done(auth.ask(AuthRequest::RemoveAlias { alias })?),
        Alias::List { json } => output::show(json.into(), ["ALIAS", "LEADS TO"], &all(&auth)?, |row| {
            [Cell::from(&row.alias), Cell::from(row.targets.join(", "))]
        }),
    }
}

fn all(auth: &Auth) -> Result<Vec<AliasRow>, Failure> {
    let mut aliases: Vec<AliasRow> = Vec::new();
    loop {
        let after = aliases.last().map(|row| row.alias.clone());
        match auth.ask(AuthRequest::ListAliases { after })? {
            AuthReply::Aliases { rows, more } => {
                let ends = !more || rows.is_empty();
                aliases.extend(rows);
                if ends {
                    return Ok(aliases);
                }
            }
            other => return Err(answer::not_that(other)),
        }
    }
}
