//! The role `auth`: who exists, who may log in, which address is whose.
//!
//! It is the only compartment that holds password hashes, and it never hands one out: it answers "is this the
//! password" (service `login`) and "where does mail for this address go" (service `directory`). What an administrator
//! changes comes over connections the master accepted and found permitted (service `admin`).

pub mod address;
pub mod admin;
pub mod auth;
pub mod credentials;
pub mod database;
pub mod directory;
pub mod guessing;
pub mod hashing;
pub mod login;
pub mod outstanding;
pub mod resolve;
pub mod role;
pub mod senders;
pub mod store;
pub mod wiring;

#[cfg(test)]
mod tests;
