//! IMAP4rev1 (RFC 3501) without input and output: the grammar of commands and of responses.

pub mod parse;
pub mod response;
