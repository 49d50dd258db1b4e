//! The administrator's certificates and keys: opened here, read by the role `keys` alone.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use ipc::exit::{Exit, Failure};
use ipc::slice::RoleConfig;
use rustix::fs::{Mode, OFlags};

use crate::config::TlsFiles;

/// Opens all of them: of each certificate the chain, then the key.
///
/// # Errors
/// One is missing, unreadable or no regular file.
pub fn open(certificates: &[TlsFiles]) -> Result<Vec<File>, Failure> {
    let mut opened = Vec::with_capacity(certificates.len().saturating_mul(2));
    for (index, files) in certificates.iter().enumerate() {
        let section = if index == 0 { "tls" } else { "tls.certificates" };
        opened.push(regular(&files.certificate, &format!("{section}.certificate"))?);
        opened.push(regular(&files.key, &format!("{section}.key"))?);
    }
    Ok(opened)
}

/// Copies of them for whoever gets that slice, as many as it declares, each at its beginning.
///
/// # Errors
/// When the system refuses.
pub fn copies(opened: &[File], config: &RoleConfig) -> io::Result<Vec<OwnedFd>> {
    if config.descriptors().is_empty() {
        return Ok(Vec::new());
    }
    let copy = |file: &File| {
        // who has the descriptor moves our offset, too
        rustix::fs::seek(file, rustix::fs::SeekFrom::Start(0))?;
        Ok(file.try_clone()?.into())
    };
    opened.iter().map(copy).collect()
}

fn regular(path: &Path, key: &str) -> Result<File, Failure> {
    let refuse = |why: &str| Failure::new(Exit::Config, format!("{key}: {}: {why}", path.display()));
    // without waiting for a writer, should it be a pipe
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty()).map_err(|e| refuse(&e.to_string()))?);
    if !file.metadata().map_err(|e| refuse(&e.to_string()))?.is_file() {
        return Err(refuse("is no regular file"));
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_opened_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let certificate = dir.path().join("c.pem");
        std::fs::write(&certificate, "x").unwrap();
        let key = dir.path().to_path_buf();
        let failure = open(&[TlsFiles { certificate: certificate.clone(), key }]).unwrap_err();
        assert_eq!(failure.exit, Exit::Config);
        assert!(failure.message.starts_with("tls.key: ") && failure.message.ends_with("no regular file"));
        let key = dir.path().join("none");
        let failure = open(&[TlsFiles { certificate: certificate.clone(), key }]).unwrap_err();
        assert!(failure.message.contains("none: No such file"), "{failure}");
        let good = TlsFiles { certificate: certificate.clone(), key: certificate };
        assert_eq!(open(&[good.clone(), good]).map(|opened| opened.len()).unwrap(), 4);
    }
}
