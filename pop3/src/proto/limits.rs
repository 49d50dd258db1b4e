//! What bounds a session.

use std::time::Duration;

/// Octets of a line with its end. RFC 2449 section 4 says 255, which a long passphrase exceeds, and a response of SASL
/// (RFC 5034 section 4) by PLAIN is as long as two names and a password in base64.
pub(super) const LINE: usize = 4096;

/// How long a client may take to log in. The ten minutes of RFC 1939 section 3 are for those who have; anybody can connect.
pub(super) const LOGIN_PATIENCE: Duration = Duration::from_secs(60);

/// Logins that may fail.
pub(super) const LOGINS: u32 = 3;

/// Commands before a login.
pub(super) const COMMANDS_BEFORE_LOGIN: u32 = 100;

/// Commands in a row that were wrong, or named what is not there.
pub(super) const BAD_COMMANDS: u32 = 20;

/// Messages of a maildrop.
pub(super) const MAILDROP: usize = 500_000;

/// Mailboxes of an account that are looked at to find INBOX.
pub(super) const MAILBOXES: usize = 20_000;

/// Output that waits to be sent before more is made.
pub(super) const PENDING_OUTPUT: usize = 64 * 1024;

/// Octets of a message that are first asked for to answer TOP; each time that was not enough, twice as many.
pub(super) const TOP_WINDOW: u32 = 64 * 1024;
