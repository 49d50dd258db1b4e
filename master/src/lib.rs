//! The master: reads the configuration, binds the ports, wires and starts the roles, restarts what dies.
//!
//! It reads nothing from the network and nothing of mail; from a role it reads frames of fixed size.

pub mod admin;
pub mod bind;
pub mod candidate;
pub mod check;
pub mod command;
pub mod config;
pub mod dirs;
pub mod files;
pub mod forward;
pub mod identity;
pub mod journal;
pub mod listening;
pub mod notify;
pub mod open_files;
pub mod perform;
pub mod prepare;
pub mod process;
pub mod reload;
pub mod run;
pub mod spawn;
pub mod supervise;
pub mod wire;
