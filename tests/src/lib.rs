//! What the test suites share. The suites themselves are in `tests/`.

pub mod attack;
pub mod boundary;
pub mod clients;
pub mod dovecot;
pub mod folders;
pub mod mail;
pub mod suite;
