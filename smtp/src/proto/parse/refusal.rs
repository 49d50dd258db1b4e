//! Why a line is no command.

use thiserror::Error;

use crate::proto::reply::Reply;

/// What is wrong with a command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The verb means nothing here.
    #[error("command not recognized")]
    UnknownCommand,
    /// The client speaks another protocol than SMTP.
    #[error("this is not SMTP")]
    OtherProtocol,
    /// Arguments are missing, too many, or garbled.
    #[error("syntax error in the arguments")]
    Arguments,
    /// EHLO or HELO without a usable name.
    #[error("a domain name is wanted")]
    ClientName,
    /// The reverse path is none.
    #[error("bad sender address")]
    ReversePath,
    /// The forward path is none.
    #[error("bad recipient address")]
    ForwardPath,
    /// A path over 256 octets.
    #[error("path too long")]
    PathTooLong,
    /// A recipient's local part over 64 octets.
    #[error("local part too long")]
    LocalPartTooLong,
    /// An address that needs SMTPUTF8.
    #[error("address is not ASCII")]
    NotAscii,
    /// BDAT without a count of octets.
    #[error("bad chunk")]
    Chunk,
    /// A known parameter with a bad value, or twice.
    #[error("bad parameter")]
    Parameter,
    /// A parameter of no extension that was offered.
    #[error("parameter not recognized")]
    UnknownParameter,
}

impl Refusal {
    /// The reply that says so.
    pub(in crate::proto) fn reply(self) -> Reply {
        let (code, status, text) = match self {
            Refusal::UnknownCommand => (500, (5, 5, 1), "Command not recognized"),
            Refusal::OtherProtocol => (500, (5, 5, 1), "This is SMTP, good bye"),
            Refusal::Arguments => (501, (5, 5, 4), "Syntax error in the arguments"),
            Refusal::ClientName => (501, (5, 5, 4), "Domain name wanted"),
            Refusal::ReversePath => (501, (5, 1, 7), "Bad sender address syntax"),
            Refusal::ForwardPath => (501, (5, 1, 3), "Bad recipient address syntax"),
            Refusal::PathTooLong => (501, (5, 5, 4), "Path too long"),
            Refusal::LocalPartTooLong => (501, (5, 1, 3), "Local part too long"),
            // RFC 6531 section 3.5, of a server that was not asked for SMTPUTF8
            Refusal::NotAscii => (553, (5, 6, 7), "Non-ASCII addresses are not supported"),
            Refusal::Chunk => (501, (5, 5, 4), "Bad BDAT, good bye"),
            Refusal::Parameter => (501, (5, 5, 4), "Bad parameter"),
            // RFC 5321 section 4.1.1.11: "If the server SMTP does not recognize or cannot implement one or more of the
            // parameters associated with a particular MAIL FROM or RCPT TO command, it will return code 555."
            Refusal::UnknownParameter => (555, (5, 5, 4), "Parameter not recognized"),
        };
        Reply::new(code, status, text)
    }
}
