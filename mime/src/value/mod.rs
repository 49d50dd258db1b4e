//! What stands in a header field: addresses, media types, parameters. Read leniently, never failing.

pub(crate) mod address;
pub(crate) mod content;
pub(crate) mod lexer;
