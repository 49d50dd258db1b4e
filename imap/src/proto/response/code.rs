//! Response codes: RFC 3501 section 7.1, RFC 4315, RFC 5530, RFC 6154, RFC 7889.

use ipc::mail::UidRange;

use super::mailbox::{PermanentFlags, permanent_flags};
use super::string::{self, atom};

/// The code in brackets before the text of a status response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code<'a> {
    /// There already, RFC 5530.
    AlreadyExists,
    /// Where the appended message went, RFC 4315.
    AppendUid {
        /// UIDVALIDITY of the mailbox.
        validity: u32,
        /// The UID.
        uid: u32,
    },
    /// Wrong name or password, RFC 5530.
    AuthenticationFailed,
    /// May not act for that user, RFC 5530.
    AuthorizationFailed,
    /// The character set is unknown; these are known.
    BadCharset(&'a [&'a str]),
    /// Never possible here, RFC 5530.
    Cannot,
    /// What this server can do.
    Capability(&'a [&'a str]),
    /// Only an administrator can help, RFC 5530.
    ContactAdmin,
    /// What became of copied messages, RFC 4315: the n-th of the one set is the n-th of the other.
    CopyUid {
        /// UIDVALIDITY of the mailbox they are in now.
        validity: u32,
        /// Their UIDs where they were, rising.
        source: &'a [UidRange],
        /// Their UIDs where they are now, rising.
        copies: &'a [UidRange],
    },
    /// A message named is gone, RFC 5530.
    ExpungeIssued,
    /// Too many of something, RFC 5530.
    Limit,
    /// No such mailbox, RFC 5530.
    Nonexistent,
    /// Over quota, RFC 5530.
    OverQuota,
    /// Flags that can be changed for good.
    PermanentFlags(PermanentFlags<'a>),
    /// Needs TLS, RFC 5530.
    PrivacyRequired,
    /// The mailbox is selected read-only.
    ReadOnly,
    /// The mailbox is selected read-write.
    ReadWrite,
    /// Our fault, RFC 5530.
    ServerBug,
    /// Larger than is accepted, RFC 7889.
    TooBig,
    /// The mailbox could be created.
    TryCreate,
    /// The next UID.
    UidNext(u32),
    /// The validity of UIDs.
    UidValidity(u32),
    /// Not for now, RFC 5530.
    Unavailable,
    /// The first message without \Seen.
    Unseen(u32),
    /// The special use cannot be had, RFC 6154.
    UseAttr,
}

impl Code<'_> {
    /// Appends the code, in its brackets.
    pub(super) fn encode(self, out: &mut Vec<u8>) {
        out.push(b'[');
        out.extend_from_slice(self.name().as_bytes());
        self.arguments(out);
        out.push(b']');
    }

    fn name(self) -> &'static str {
        match self {
            Code::AlreadyExists => "ALREADYEXISTS",
            Code::AppendUid { .. } => "APPENDUID",
            Code::AuthenticationFailed => "AUTHENTICATIONFAILED",
            Code::AuthorizationFailed => "AUTHORIZATIONFAILED",
            Code::BadCharset(_) => "BADCHARSET",
            Code::Cannot => "CANNOT",
            Code::Capability(_) => "CAPABILITY",
            Code::ContactAdmin => "CONTACTADMIN",
            Code::CopyUid { .. } => "COPYUID",
            Code::ExpungeIssued => "EXPUNGEISSUED",
            Code::Limit => "LIMIT",
            Code::Nonexistent => "NONEXISTENT",
            Code::OverQuota => "OVERQUOTA",
            Code::PermanentFlags(_) => "PERMANENTFLAGS",
            Code::PrivacyRequired => "PRIVACYREQUIRED",
            Code::ReadOnly => "READ-ONLY",
            Code::ReadWrite => "READ-WRITE",
            Code::ServerBug => "SERVERBUG",
            Code::TooBig => "TOOBIG",
            Code::TryCreate => "TRYCREATE",
            Code::UidNext(_) => "UIDNEXT",
            Code::UidValidity(_) => "UIDVALIDITY",
            Code::Unavailable => "UNAVAILABLE",
            Code::Unseen(_) => "UNSEEN",
            Code::UseAttr => "USEATTR",
        }
    }

    fn arguments(self, out: &mut Vec<u8>) {
        match self {
            Code::AppendUid { validity, uid } => {
                out.extend_from_slice(format!(" {validity} {uid}").as_bytes())
            }
            Code::CopyUid { validity, source, copies } => {
                out.extend_from_slice(format!(" {validity} ").as_bytes());
                uid_set(source, out);
                out.push(b' ');
                uid_set(copies, out);
            }
            Code::BadCharset(charsets) if !charsets.is_empty() => {
                out.push(b' ');
                string::list(charsets, out, |charset, out| atom(charset, out));
            }
            Code::Capability(capabilities) => {
                for capability in capabilities {
                    out.push(b' ');
                    atom(capability, out);
                }
            }
            Code::PermanentFlags(flags) => {
                out.push(b' ');
                permanent_flags(flags, out);
            }
            Code::UidNext(number) | Code::UidValidity(number) | Code::Unseen(number) => {
                out.extend_from_slice(format!(" {number}").as_bytes());
            }
            _ => {}
        }
    }
}

/// `uid-set`, RFC 4315 section 4
fn uid_set(runs: &[UidRange], out: &mut Vec<u8>) {
    for (at, UidRange { first, last }) in runs.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.extend_from_slice(first.to_string().as_bytes());
        if last > first {
            out.extend_from_slice(format!(":{last}").as_bytes());
        }
    }
}
