//! One file a service: request, reply, client, what the server must do, and what a client does when the server dies.

pub mod admin;
pub mod control;
pub mod deliver;
pub mod directory;
pub mod handshake;
pub mod login;
pub mod mailbox;
pub mod outcome;
pub mod sessions;
pub mod submit;
pub mod upload;
