//! Listening sockets that whoever started the master has bound for it (sd_listen_fds(3)).
//!
//! One is known by its name (`FileDescriptorName=` of the socket unit) or else by its address, which has to be one that
//! the configuration says.

use std::net::SocketAddr;
use std::os::fd::{AsFd as _, OwnedFd};

use ipc::exit::{Exit, Failure};
use ipc::role::Role;
use ipc::socket::Kind;
use listenfd::ListenFd;

use crate::config::Config;

/// What the names mean: a role, and whether TLS begins with the first byte.
pub const NAMES: [(&str, Role, bool); 8] = [
    ("smtp", Role::Mx, false),
    ("submission", Role::Submission, false),
    ("submissions", Role::Submission, true),
    ("lmtp", Role::Lmtp, false),
    ("imap", Role::Imap, false),
    ("imaps", Role::Imap, true),
    ("pop3", Role::Pop3, false),
    ("pop3s", Role::Pop3, true),
];

/// A socket that was passed.
#[derive(Debug)]
pub struct Passed {
    /// What it was called; a socket unit calls it by the unit's own name when it says no other.
    pub name: String,
    /// What it is bound to.
    pub address: SocketAddr,
    /// Listening and non-blocking.
    pub socket: OwnedFd,
}

/// Whose a passed socket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// The role that is to accept on it.
    pub role: Role,
    /// TLS from the first byte.
    pub implicit_tls: bool,
    /// The configured address it stands for; none when its name says what it is.
    pub instead_of: Option<SocketAddr>,
}

/// Takes what was passed to this very process. Call it once, before anything is opened or started.
///
/// # Errors
/// Something was passed that is no listening TCP socket.
pub fn take() -> Result<Vec<Passed>, Failure> {
    // that of another process is not meant for us
    let ours = std::env::var("LISTEN_PID").is_ok_and(|pid| pid.parse() == Ok(std::process::id()));
    if !ours {
        return Ok(Vec::new());
    }
    let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
    let mut names = names.split(':');
    let mut sockets = ListenFd::from_env();
    let mut passed = Vec::with_capacity(sockets.len());
    for index in 0..sockets.len() {
        let name = names.next().unwrap_or_default().to_owned();
        let wrong = || {
            let what = if name.is_empty() { format!("number {index}") } else { format!("`{name}`") };
            Failure::new(
                Exit::Config,
                format!("the descriptor that was passed as {what} is no listening TCP socket"),
            )
        };
        let socket = sockets.take_tcp_listener(index).ok().flatten().ok_or_else(wrong)?;
        let address = socket.local_addr().map_err(|_| wrong())?;
        if !Kind::Listener.admits(socket.as_fd()) {
            return Err(wrong());
        }
        socket.set_nonblocking(true).map_err(|error| Failure::system("a passed socket", error))?;
        passed.push(Passed { name, address, socket: socket.into() });
    }
    Ok(passed)
}

/// Whose the socket is.
///
/// # Errors
/// Nobody's: neither its name nor its address says.
pub fn of_whom(name: &str, address: SocketAddr, config: &Config) -> Result<Match, Failure> {
    if let Some((_, role, implicit_tls)) = NAMES.iter().find(|(known, ..)| *known == name) {
        let begins_so = config.listeners(*role).iter().any(|(_, tls)| tls == implicit_tls);
        if begins_so {
            return Ok(Match { role: *role, implicit_tls: *implicit_tls, instead_of: None });
        }
    }
    for role in Role::STARTED.into_iter().filter(|role| role.is_reader()) {
        for (addresses, implicit_tls) in config.listeners(role) {
            if addresses.iter().any(|written| written.socket == address) {
                return Ok(Match { role, implicit_tls, instead_of: Some(address) });
            }
        }
    }
    let known: Vec<&str> = NAMES.iter().map(|(name, ..)| *name).collect();
    Err(Failure::new(
        Exit::Config,
        format!(
            "a socket was passed as `{name}`, bound to {address}: no role is configured to listen there; name it by what \
             it is for (FileDescriptorName=, one of {})",
            known.join(", ")
        ),
    ))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn config(more: &str) -> Config {
        let text = format!("hostname = \"h.example\"\ndomain = \"example.org\"\n{more}");
        crate::config::parse(Path::new("t.toml"), &text).unwrap()
    }

    #[test]
    fn known_by_its_name_or_else_by_its_address() {
        let config =
            config("[mx]\nlisten = [\"127.0.0.1:2525\"]\n[pop3]\nlisten_tls = [\"127.0.0.1:9995\"]\n");
        let of = |name: &str, address: &str| of_whom(name, address.parse().unwrap(), &config);
        let imaps = Match { role: Role::Imap, implicit_tls: true, instead_of: None };
        assert_eq!(of("imaps", "127.0.0.1:7").unwrap(), imaps);
        let address: SocketAddr = "127.0.0.1:2525".parse().unwrap();
        let smtp = Match { role: Role::Mx, implicit_tls: false, instead_of: Some(address) };
        assert_eq!(of("bulkhead.socket", "127.0.0.1:2525").unwrap(), smtp);
        let address: SocketAddr = "127.0.0.1:9995".parse().unwrap();
        let pop3s = Match { role: Role::Pop3, implicit_tls: true, instead_of: Some(address) };
        assert_eq!(of("bulkhead.socket", "127.0.0.1:9995").unwrap(), pop3s);
        let failure = of("bulkhead.socket", "127.0.0.1:2526").unwrap_err();
        assert_eq!(failure.exit, Exit::Config);
        assert!(failure.message.contains("127.0.0.1:2526") && failure.message.contains("smtp, submission"));
    }

    #[test]
    fn nothing_is_taken_that_is_for_another_process() {
        // cargo's own test process has no LISTEN_PID, or one that is not its own
        assert!(take().unwrap().is_empty());
    }
}
