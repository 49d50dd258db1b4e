//! A configuration that was read while the suite runs, and is not yet in force.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;

use ipc::role::{Instance, Role};
use ipc::service::control::{Preparation, ReloadRefusal};

use crate::config::Config;
use crate::files;
use crate::listening::Change;
use crate::supervise::No;

/// It, and everything that was opened for it. Dropped, it was nothing.
#[derive(Debug)]
pub struct Candidate {
    /// What the administrator wants.
    pub config: Config,
    /// Of each certificate the chain, then the key.
    pub certificates: Vec<File>,
    /// What is listened on.
    pub change: Change,
    /// What could not be as the configuration says.
    pub notes: Vec<String>,
}

impl Candidate {
    /// What a role is asked about it, and the descriptors that go along.
    ///
    /// # Errors
    /// The role has no slice; or a file cannot be gone back to the beginning of.
    pub fn preparation(&self, role: Role) -> io::Result<(Preparation, Vec<OwnedFd>)> {
        let config = self.config.slice(role).ok_or(io::ErrorKind::InvalidInput)?;
        let descriptors = files::copies(&self.certificates, &config)?;
        Ok((Preparation { level: self.config.log, config }, descriptors))
    }

    /// Why it is not in force, with the name of the file at fault where a role has found one.
    #[must_use]
    pub fn refused(&self, no: &No) -> String {
        match no {
            No::Refused(Instance { role: Role::Keys, .. }, ReloadRefusal::Certificate { index, fault }) => {
                match self.config.tls.get(usize::from(*index)) {
                    Some(files) if fault.blames_chain() => {
                        format!("{}: {fault}", files.certificate.display())
                    }
                    Some(files) => format!("{}: {fault}", files.key.display()),
                    None => format!("the certificate that keys made: {fault}"),
                }
            }
            no => no.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use ipc::service::control::CertificateFault;

    use super::*;

    #[test]
    fn the_file_at_fault_is_named() {
        let text = "hostname = \"h.example\"\ndomain = \"example.org\"\n[tls]\ncertificate = \"/c.pem\"\nkey = \"/k.pem\"\n";
        let config = crate::config::parse(Path::new("t.toml"), text).unwrap();
        let candidate =
            Candidate { config, certificates: Vec::new(), change: Change::default(), notes: Vec::new() };
        let keys = Instance { role: Role::Keys, worker: 0 };
        let said = |fault| {
            let refusal = ReloadRefusal::Certificate { index: 0, fault };
            candidate.refused(&No::Refused(keys, refusal))
        };
        assert!(said(CertificateFault::Chain).starts_with("/c.pem: "));
        assert!(said(CertificateFault::Mismatch).starts_with("/k.pem: the key is not that"));
        assert_eq!(candidate.refused(&No::Refused(keys, ReloadRefusal::Restart)), "keys: it takes a restart");
    }
}
