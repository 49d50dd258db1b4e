//! The administrator's certificate and key, which arrive as open files.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;

use ipc::exit::{Exit, Failure};
use ipc::service::control::{CertificateFault, ReloadRefusal};
use zeroize::Zeroizing;

use crate::identity::KeyPair;

/// The most bytes of the file with the certificates.
pub const CERTIFICATE_FILE_MAX: usize = 256 * 1024;
/// The most bytes of the file with the key, which may hold certificates, too.
pub const KEY_FILE_MAX: usize = 256 * 1024;

/// Why files are not taken: for the log, and for the master.
#[derive(Debug, thiserror::Error)]
#[error("{failure}")]
pub struct Unfit {
    /// A sentence that names the file at fault: [`Exit::Config`] when its content is, [`Exit::IoError`] when it cannot
    /// be read.
    pub failure: Failure,
    /// The same without words.
    pub refusal: ReloadRefusal,
}

/// Reads all certificates with their keys, and finds that they belong together. `files` are chain and key of each, in
/// the order of `names`, which is what the administrator called them.
///
/// # Errors
/// The first that is of no use.
pub fn load_all(files: Vec<OwnedFd>, names: &[(String, String)]) -> Result<Vec<KeyPair>, Unfit> {
    let mut files = files.into_iter();
    let mut pairs = Vec::with_capacity(names.len());
    for (index, (chain, key)) in (0..=u16::MAX).zip(names) {
        let (Some(chain_file), Some(key_file)) = (files.next(), files.next()) else {
            let failure = Failure::new(Exit::Software, "fewer files than the slice says");
            return Err(Unfit { failure, refusal: ReloadRefusal::System });
        };
        let pair = load(chain_file, key_file, (chain, key)).map_err(|(failure, fault)| Unfit {
            failure,
            refusal: ReloadRefusal::Certificate { index, fault },
        })?;
        pairs.push(pair);
    }
    Ok(pairs)
}

fn load(
    certificate: OwnedFd,
    key: OwnedFd,
    names: (&str, &str),
) -> Result<KeyPair, (Failure, CertificateFault)> {
    let (certificate_name, key_name) = names;
    let unread = |fault| move |failure| (failure, fault);
    let certificate =
        read(certificate, CERTIFICATE_FILE_MAX, certificate_name).map_err(unread(CertificateFault::Chain))?;
    let key = read(key, KEY_FILE_MAX, key_name).map_err(unread(CertificateFault::Key))?;
    KeyPair::from_pem(&certificate, &key).map_err(|error| {
        let name = if error.fault().blames_chain() { certificate_name } else { key_name };
        (Failure::new(Exit::Config, format!("{name}: {error}")), error.fault())
    })
}

fn read(file: OwnedFd, most: usize, name: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    match read_bounded(&File::from(file), most) {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => Err(Failure::new(Exit::Config, format!("{name}: larger than {most} bytes"))),
        Err(error) => Err(Failure::new(Exit::IoError, format!("{name}: {error}"))),
    }
}

/// The whole file; `None` when it is larger. The buffer has its final size from the start, so that no copy of a key is
/// left behind by its growing. Positions are explicit: the master may hand the same open file to the next process.
pub(crate) fn read_bounded(file: &File, most: usize) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let mut bytes = Zeroizing::new(vec![0; most.saturating_add(1)]);
    let mut filled = 0usize;
    while let Some(room) = bytes.get_mut(filled..).filter(|room| !room.is_empty()) {
        match file.read_at(room, u64::try_from(filled).unwrap_or(u64::MAX)) {
            Ok(0) => break,
            Ok(count) => filled = filled.saturating_add(count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    if filled > most {
        return Ok(None);
    }
    bytes.truncate(filled);
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn file(content: &[u8]) -> OwnedFd {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        file.into()
    }

    #[test]
    fn a_file_has_a_size() {
        assert_eq!(**read_bounded(&File::from(file(b"four")), 4).unwrap().unwrap(), *b"four");
        assert!(read_bounded(&File::from(file(b"fives")), 4).unwrap().is_none());
    }

    #[test]
    fn the_file_at_fault_is_named() {
        let made = rcgen::generate_simple_self_signed(["a.example".to_owned()]).unwrap();
        let (chain, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        let names = ("/c.pem", "/k.pem");
        let load = |c: &str, k: &str| load(file(c.as_bytes()), file(k.as_bytes()), names);
        assert!(load(&chain, &key).is_ok());
        for (c, k, blamed, expected) in [
            ("", key.as_str(), "/c.pem: ", CertificateFault::Chain),
            (&chain, "", "/k.pem: ", CertificateFault::Key),
            (&chain, &chain, "/k.pem: ", CertificateFault::Key),
        ] {
            let (failure, fault) = load(c, k).unwrap_err();
            assert_eq!((failure.exit, fault), (Exit::Config, expected));
            assert!(failure.message.starts_with(blamed), "{}", failure.message);
        }
    }

    #[test]
    fn of_several_the_first_that_is_of_no_use_is_told() {
        let made = || rcgen::generate_simple_self_signed(["a.example".to_owned()]).unwrap();
        let (one, two) = (made(), made());
        let name = |n: &str| (format!("/{n}.crt"), format!("/{n}.key"));
        let files = |second: &str| {
            [&one.cert.pem(), &one.signing_key.serialize_pem(), &two.cert.pem(), second]
                .map(|text| file(text.as_bytes()))
                .into()
        };
        let names = [name("one"), name("two")];
        assert_eq!(load_all(files(&two.signing_key.serialize_pem()), &names).unwrap().len(), 2);
        let unfit = load_all(files(&one.signing_key.serialize_pem()), &names).unwrap_err();
        assert!(unfit.failure.message.starts_with("/two.key: "), "{unfit}");
        let fault = CertificateFault::Mismatch;
        assert_eq!(unfit.refusal, ReloadRefusal::Certificate { index: 1, fault });
        assert!(load_all(vec![], &names).is_err());
    }
}
