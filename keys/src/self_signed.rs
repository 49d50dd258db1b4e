//! A certificate of its own making, for a host that was given none: made once, kept, used again, so that a client that
//! has come to trust it is not asked anew.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use ipc::exit::{Exit, Failure};
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyUsagePurpose, SanType};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};
use zeroize::Zeroizing;

use crate::identity::KeyPair;
use crate::key_files::{CERTIFICATE_FILE_MAX, KEY_FILE_MAX, read_bounded};

/// The file with the certificate.
pub const CERTIFICATE: &str = "selfsigned.crt";
/// The file with its key, readable by nobody else.
pub const KEY: &str = "selfsigned.key";

/// The pair kept in `directory`, or a new one when there is none, or none for that host name.
///
/// # Errors
/// [`Exit::IoError`] when the files cannot be read, [`Exit::CannotCreate`] when they cannot be written,
/// [`Exit::Config`] when the host name cannot stand in a certificate.
pub fn load_or_make(directory: &Path, hostname: &str) -> Result<KeyPair, Failure> {
    match load(directory).map_err(|error| Failure::new(Exit::IoError, format!("own certificate: {error}")))? {
        Some(kept) if names(&kept, hostname) => return Ok(kept),
        Some(_) => {
            tracing::warn!(hostname, "the host's name has changed: making a new self-signed certificate")
        }
        None => tracing::info!(hostname, "making a self-signed certificate"),
    }
    let (certificate, key) = make(hostname)
        .map_err(|error| Failure::new(Exit::Config, format!("hostname {hostname:?}: {error}")))?;
    // The key first: a certificate without its key is never seen.
    write(directory, KEY, key.as_bytes())
        .and_then(|()| write(directory, CERTIFICATE, certificate.as_bytes()))
        .map_err(|error| Failure::new(Exit::CannotCreate, format!("own certificate: {error}")))?;
    KeyPair::from_pem(certificate.as_bytes(), key.as_bytes())
        .map_err(|error| Failure::new(Exit::Software, format!("own certificate: {error}")))
}

/// `None` when there is none, or none that works: after a crash between the two files, or damage.
fn load(directory: &Path) -> io::Result<Option<KeyPair>> {
    let Some(certificate) = read(&directory.join(CERTIFICATE), CERTIFICATE_FILE_MAX)? else {
        return Ok(None);
    };
    let Some(key) = read(&directory.join(KEY), KEY_FILE_MAX)? else { return Ok(None) };
    match KeyPair::from_pem(&certificate, &key) {
        Ok(pair) => Ok(Some(pair)),
        Err(error) => {
            tracing::warn!(%error, "the self-signed certificate is of no use any more");
            Ok(None)
        }
    }
}

fn read(path: &Path, most: usize) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    match File::open(path) {
        Ok(file) => read_bounded(&file, most),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn names(pair: &KeyPair, hostname: &str) -> bool {
    let Ok((_, leaf)) = X509Certificate::from_der(pair.leaf()) else { return false };
    leaf.subject_alternative_name().ok().flatten().is_some_and(|names| {
        let is_it = |name: &GeneralName<'_>| matches!(name, GeneralName::DNSName(it) if *it == hostname);
        names.value.general_names.iter().any(is_it)
    })
}

fn make(hostname: &str) -> Result<(String, Zeroizing<String>), rcgen::Error> {
    let mut params = CertificateParams::default();
    let localhost = (hostname != "localhost").then_some("localhost");
    for name in [hostname].into_iter().chain(localhost) {
        params.subject_alt_names.push(SanType::DnsName(name.try_into()?));
    }
    for address in [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)] {
        params.subject_alt_names.push(SanType::IpAddress(address));
    }
    params.distinguished_name.push(DnType::CommonName, hostname);
    // Long before and long after: no clock makes it invalid, and nobody is asked to renew it.
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2049, 12, 31);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
    let certificate = params.self_signed(&key)?;
    Ok((certificate.pem(), Zeroizing::new(key.serialize_pem())))
}

/// Whole or not at all: written beside, synced, renamed, and the directory synced.
fn write(directory: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    let beside = directory.join(format!("{name}.new"));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&beside, directory.join(name))?;
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn dir() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    #[test]
    fn made_once_and_kept() {
        let dir = dir();
        let first = load_or_make(dir.path(), "mail.example.org").unwrap();
        let again = load_or_make(dir.path(), "mail.example.org").unwrap();
        assert_eq!(first.leaf(), again.leaf());
        let mode = fs::metadata(dir.path().join(KEY)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let mut files: Vec<_> =
            fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        files.sort();
        assert_eq!(files, [CERTIFICATE, KEY]);
    }

    #[test]
    fn it_names_the_host_and_the_loopback() {
        let dir = dir();
        let pair = load_or_make(dir.path(), "mail.example.org").unwrap();
        let (_, leaf) = X509Certificate::from_der(pair.leaf()).unwrap();
        let names = leaf.subject_alternative_name().unwrap().unwrap().value.general_names.clone();
        assert_eq!(
            names,
            [
                GeneralName::DNSName("mail.example.org"),
                GeneralName::DNSName("localhost"),
                GeneralName::IPAddress(&[127, 0, 0, 1]),
                GeneralName::IPAddress(&Ipv6Addr::LOCALHOST.octets()),
            ]
        );
        assert_eq!(pair.public().schemes, [0x0403]);
    }

    #[test]
    fn another_name_damage_and_a_crash_halfway_make_a_new_one() {
        let dir = dir();
        let first = load_or_make(dir.path(), "a.example").unwrap();
        let second = load_or_make(dir.path(), "b.example").unwrap();
        assert_ne!(first.leaf(), second.leaf());
        fs::write(dir.path().join(CERTIFICATE), "damaged").unwrap();
        let third = load_or_make(dir.path(), "b.example").unwrap();
        assert_ne!(second.leaf(), third.leaf());
        fs::remove_file(dir.path().join(CERTIFICATE)).unwrap();
        let fourth = load_or_make(dir.path(), "b.example").unwrap();
        assert_eq!(fourth.leaf(), load_or_make(dir.path(), "b.example").unwrap().leaf());
    }

    #[test]
    fn a_directory_that_cannot_be_read_is_not_written_over() {
        let dir = dir();
        load_or_make(dir.path(), "a.example").unwrap();
        fs::remove_file(dir.path().join(KEY)).unwrap();
        fs::create_dir(dir.path().join(KEY)).unwrap();
        assert_eq!(load_or_make(dir.path(), "a.example").unwrap_err().exit, Exit::IoError);
    }
}
