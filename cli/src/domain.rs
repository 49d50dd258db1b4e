//! `bulkhead domain`

use ipc::exit::Failure;
use ipc::service::admin::{AuthReply, AuthRequest};

use crate::answer;
use crate::command::Domain;
use crate::connect::Suite;
use crate::output::{self, Cell};

/// Does what is asked on domains.
///
/// # Errors
/// It was refused, or the suite does not run.
pub(crate) fn perform(suite: &Suite, what: Domain) -> Result<(), Failure> {
    let auth = suite.auth()?;
    match what {
        Domain::Add { domain } => answer::done(auth.ask(AuthRequest::AddDomain { domain })?),
        Domain::Remove { domain } => answer::done(auth.ask(AuthRequest::RemoveDomain { domain })?),
        Domain::List { json } => match auth.ask(AuthRequest::ListDomains)? {
            AuthReply::Domains(domains) => {
                output::show(json.into(), ["DOMAIN"], &domains, |d| [Cell::from(d)])
            }
            other => Err(answer::not_that(other)),
        },
    }
}
