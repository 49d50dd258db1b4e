//! A listening socket in the file system. A path cannot be bound twice: the workers of its role share one socket.

use std::fs;
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::path::Path;

use ipc::exit::{Exit, Failure};
use nix::unistd::Group;
use rustix::fs::{AtFlags, FileType, OFlags};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use crate::config::UnixSocket;

/// Connections that wait in the kernel while no worker accepts.
const BACKLOG: i32 = 1024;

/// Binds the path.
///
/// # Errors
/// The path is taken or cannot be had, or there is no such group.
pub fn bind(unix: &UnixSocket) -> Result<OwnedFd, Failure> {
    let refused = |error: io::Error| {
        Failure::new(Exit::OsError, format!("cannot listen on {}: {error}", unix.path.display()))
    };
    let group = unix.group.as_deref().map(gid).transpose()?;
    make(unix, group).map_err(refused)
}

fn gid(name: &str) -> Result<u32, Failure> {
    match Group::from_name(name) {
        Ok(Some(group)) => Ok(group.gid.as_raw()),
        Ok(None) => Err(Failure::new(Exit::Config, format!("there is no group {name} (unix_group)"))),
        Err(error) => Err(Failure::system(&format!("looking up the group {name}"), error)),
    }
}

fn make(unix: &UnixSocket, group: Option<u32>) -> io::Result<OwnedFd> {
    clear(&unix.path)?;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    rustix::net::bind(&socket, &SocketAddrUnix::new(&unix.path)?)?;
    // nobody can connect before listen(2): until then it may have the mode that the umask left
    let file = made(&unix.path)?;
    let group = group.map(rustix::fs::Gid::from_raw);
    rustix::fs::chownat(&file, "", None, group, AtFlags::EMPTY_PATH)?;
    // of that very file, which chmod(2) cannot be told otherwise
    let descriptor = format!("/proc/self/fd/{}", file.as_raw_fd());
    fs::set_permissions(descriptor, fs::Permissions::from_mode(unix.mode))?;
    rustix::net::listen(&socket, BACKLOG)?;
    Ok(socket)
}

/// The socket that was made there, and nothing that somebody who may write to the directory has put in its place since: its
/// owner and mode are changed with our rights.
fn made(path: &Path) -> io::Result<OwnedFd> {
    let file =
        rustix::fs::open(path, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, rustix::fs::Mode::empty())?;
    let about = rustix::fs::fstat(&file)?;
    let is_ours = about.st_uid == rustix::process::geteuid().as_raw();
    if is_ours && FileType::from_raw_mode(about.st_mode) == FileType::Socket {
        Ok(file)
    } else {
        Err(io::Error::new(io::ErrorKind::AlreadyExists, "somebody has put something else there"))
    }
}

/// Removes the socket that an earlier instance left behind, and nothing else.
fn clear(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(about) if !about.file_type().is_socket() => {
            Err(io::Error::new(io::ErrorKind::AlreadyExists, "something that is no socket is there"))
        }
        Ok(_) if UnixStream::connect(path).is_ok() => {
            Err(io::Error::new(io::ErrorKind::AddrInUse, "another program listens there"))
        }
        Ok(_) => fs::remove_file(path),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::os::unix::net::UnixListener;

    use super::*;

    fn at(directory: &tempfile::TempDir) -> UnixSocket {
        UnixSocket { path: directory.path().join("lmtp.sock"), mode: 0o620, group: None }
    }

    #[test]
    fn what_was_left_behind_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let unix = at(&directory);
        for _ in 0..2 {
            let socket = bind(&unix).unwrap();
            assert_eq!(fs::metadata(&unix.path).unwrap().permissions().mode() & 0o7777, 0o620);
            let mut client = UnixStream::connect(&unix.path).unwrap();
            let (mut accepted, _) = UnixListener::from(socket).accept().unwrap();
            accepted.write_all(b"220").unwrap();
            drop(accepted);
            let mut said = String::new();
            client.read_to_string(&mut said).unwrap();
            assert_eq!(said, "220");
        }
    }

    #[test]
    fn what_is_somebody_elses_stays() {
        let directory = tempfile::tempdir().unwrap();
        let unix = at(&directory);
        fs::write(&unix.path, "a file").unwrap();
        let failure = bind(&unix).unwrap_err();
        assert!(failure.message.contains("no socket is there"), "{failure:?}");
        assert_eq!(fs::read_to_string(&unix.path).unwrap(), "a file");
        fs::remove_file(&unix.path).unwrap();

        let _other = UnixListener::bind(&unix.path).unwrap();
        let failure = bind(&unix).unwrap_err();
        assert!(failure.message.ends_with("another program listens there"), "{failure:?}");
    }

    #[test]
    fn only_what_was_made_gets_the_mode() {
        let directory = tempfile::tempdir().unwrap();
        let unix = at(&directory);
        let _made = bind(&unix).unwrap();
        assert!(made(&unix.path).is_ok());
        let (victim, link) = (directory.path().join("victim"), directory.path().join("link"));
        fs::write(&victim, "x").unwrap();
        std::os::unix::fs::symlink(&unix.path, &link).unwrap();
        for other in [&victim, &link] {
            assert_eq!(made(other).unwrap_err().kind(), io::ErrorKind::AlreadyExists, "{other:?}");
        }
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(&unix.path, Some(64_401), None).unwrap();
            assert_eq!(made(&unix.path).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        }
    }

    #[test]
    fn a_group_is_given() {
        let directory = tempfile::tempdir().unwrap();
        let own = rustix::process::getegid().as_raw();
        let _made = make(&at(&directory), Some(own)).unwrap();
        assert_eq!(std::os::unix::fs::MetadataExt::gid(&fs::metadata(at(&directory).path).unwrap()), own);
    }

    #[test]
    fn a_group_has_to_be_there() {
        let directory = tempfile::tempdir().unwrap();
        let unix = UnixSocket { group: Some("no-such-group".into()), ..at(&directory) };
        let failure = bind(&unix).unwrap_err();
        assert_eq!(failure.exit, Exit::Config);
        assert!(failure.message.contains("no-such-group") && !unix.path.exists());
    }
}
