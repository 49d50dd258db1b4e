//! `[submission]` and `[lmtp]`: sections without which their roles are not there.

use std::path::{Path, PathBuf};

use toml::Spanned;

use super::resolve::{RECIPIENTS, Resolver};
use super::resolve_access::access;
use super::resolved::{Door, Lmtp, Submission, UnixSocket};
use super::written;

/// What a person with a list of a few hundred needs, and a thief of a password does not want.
const RECIPIENTS_PER_HOUR: u32 = 2000;
/// Whoever is of the socket's group may connect to it.
const UNIX_MODE: u32 = 0o660;
/// The longest path of a socket: `sun_path` less its NUL, unix(7).
const UNIX_PATH: usize = 107;

impl Resolver<'_> {
    /// Without the section nobody listens.
    pub(super) fn submission(&mut self, written: Option<&written::Submission>) -> Submission {
        let off =
            written::Submission { listen: Some(vec![]), listen_tls: Some(vec![]), ..Default::default() };
        let written = written.unwrap_or(&off);
        Submission {
            door: Door {
                listen: self.listen(written.listen.as_deref(), 587),
                listen_tls: self.listen(written.listen_tls.as_deref(), 465),
                workers: self.workers(written.workers.as_ref()),
                limits: self.limits(access!(written), (1000, 50)),
            },
            max_recipients: self.number(written.max_recipients.as_ref(), 1000, RECIPIENTS),
            recipients_per_hour: self.number(
                written.max_recipients_per_hour.as_ref(),
                RECIPIENTS_PER_HOUR,
                1..=1_000_000,
            ),
        }
    }

    /// Without the section nobody listens; with it, by default only on a path: who may deliver is to be said.
    pub(super) fn lmtp(&mut self, written: Option<&written::Lmtp>, run_dir: &Path) -> Lmtp {
        let off = written::Lmtp::default();
        let unix = written.and_then(|written| self.unix(written, run_dir));
        let written = written.unwrap_or(&off);
        Lmtp {
            door: Door {
                listen: self.listen(Some(written.listen.as_deref().unwrap_or_default()), 24),
                listen_tls: Vec::new(),
                workers: self.workers(written.workers.as_ref()),
                limits: self.limits(access!(written), (1000, 50)),
            },
            unix,
            max_recipients: self.number(written.max_recipients.as_ref(), 1000, RECIPIENTS),
        }
    }

    fn unix(&mut self, written: &written::Lmtp, run_dir: &Path) -> Option<UnixSocket> {
        let mode = written.unix_mode.as_ref().map_or(UNIX_MODE, |mode| self.mode(mode));
        let path = match &written.listen_unix {
            None => run_dir.join("lmtp.sock"),
            Some(none) if none.get_ref().as_os_str().is_empty() => return None,
            Some(path) => self.socket_path(path),
        };
        let group = written.unix_group.as_ref().map(|group| group.get_ref().clone());
        Some(UnixSocket { path, mode, group })
    }

    fn mode(&mut self, written: &Spanned<String>) -> u32 {
        let text = written.get_ref();
        match u32::from_str_radix(text, 8) {
            Ok(mode) if mode <= 0o777 && text.len() <= 4 => mode,
            _ => {
                let mistake = (format!("`{text}` is no mode"), "write three octal digits: \"0660\"".into());
                self.complain(written.span(), mistake);
                UNIX_MODE
            }
        }
    }

    fn socket_path(&mut self, written: &Spanned<PathBuf>) -> PathBuf {
        let path = written.get_ref();
        if path.as_os_str().len() > UNIX_PATH {
            let message = format!("`{}` is too long for a socket", path.display());
            self.complain(written.span(), (message, format!("it has {UNIX_PATH} bytes at most")));
        } else if !path.is_absolute() {
            let message = format!("`{}` is no absolute path", path.display());
            self.complain(written.span(), (message, "begin it with a /, or write \"\" for none".into()));
        }
        path.clone()
    }
}
