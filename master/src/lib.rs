//! The master: reads the configuration once, binds the ports, wires and starts the roles, restarts what dies.
//!
//! It reads nothing from the network and nothing of mail; from a role it reads frames of fixed size.

pub mod config;
